/* effects_review.h - effects and guards about reviewers and their reports. Store thread. */
#ifndef EFFECTS_REVIEW_H
#define EFFECTS_REVIEW_H

#include "rule.h"

/* Of a dossier: assigns directly, ends all, files, and takes a reviewer's declaration, which ends
 * the assignment of one who has an interest. */
effect_fn run_assign_reviewers, run_close_reviews, run_file_review, run_declare_interests;

/* Of a review: its person is assigned to the dossier, or no longer. file_review is for both: a
 * review's report may take the place of an earlier one. */
effect_fn run_accept_review, run_end_review;

/* The review's person is a reviewer, not of the candidate structure, and has no other open review
 * of the dossier. */
guard_fn reviewer_eligible;

#endif
