/* effects_review.h - effects and guards about reviews and their reports. Store thread. */
#ifndef EFFECTS_REVIEW_H
#define EFFECTS_REVIEW_H

#include "rule.h"

/* Of a dossier: asks reviewers, each by a creation of a review; ends the round; keeps the answer to
 * the reports. */
effect_fn run_assign_reviewers, run_close_reviews, run_answer_reviews;

/* Of a review, from its creation to its end. file_review checks the grid and may replace an earlier
 * report; drop_draft: no other will be written; the last two ask other reviewers, and say to the
 * dossier that they have or cannot. */
effect_fn run_open_review, run_declare_review, run_accept_review, run_end_review, run_file_review,
    run_drop_draft, run_show_review, run_replace_review, run_judge_divergence;

/* The review's person is a reviewer, independent of the candidate, without another open review of
 * the dossier, and the quota leaves room. */
guard_fn reviewer_eligible;
/* Of a dossier: the quota's reports are there and none that was accepted is missing; none diverge,
 * or one more than the quota is there, or it was waived. */
guard_fn reviews_filed, divergence_settled;

#endif
