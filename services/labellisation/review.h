/* review.h - who is to review a dossier, and what they filed: a row for each review (a matter of
 * its own), which says what its reviewer may read. A round ends when its reviews are closed; only
 * open ones count. Store thread. */
#ifndef REVIEW_H
#define REVIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "matter.h"

typedef struct {
    const char *opinion;
    int64_t points;       /* of the grid (grid.h) */
    const json_t *scores; /* [{"criterion", "score", "justification": hash of the text}] */
    const char *text_hash;
    int64_t filed_ms;
} review_report_t;

/* What a person's latest review of a dossier lets it read, whatever other roles it has. */
typedef enum {
    REVIEW_NONE,       /* none that is open: its other roles alone say */
    REVIEW_ASKED,      /* nothing: it has not declared its interests */
    REVIEW_DECLARED,   /* the dossier, no report of others: its own is awaited */
    REVIEW_FILED,      /* as its roles say */
    REVIEW_INTERESTED, /* nothing: it has an interest, or is recused by a committee */
} review_standing_t;

typedef struct {
    int64_t open, accepted, filed;
} review_counts_t;

/* Of a review (a matter), from its creation on. An open one that is filed may be filed anew:
 * PIA_CONFLICT if it was not accepted, or is closed. review_end closes it; `interested`: because of
 * an interest in the dossier. */
pia_status_t review_open(pia_db_t *db, const matter_t *review, int64_t asked_ms);
pia_status_t review_declare(pia_db_t *db, const char *id, int64_t declared_ms);
pia_status_t review_accept(pia_db_t *db, const char *id, int64_t accepted_ms);
pia_status_t review_file(pia_db_t *db, const char *id, const review_report_t *report);
pia_status_t review_show(pia_db_t *db, const char *id, int64_t shown_ms);
pia_status_t review_end(pia_db_t *db, const char *id, bool interested);

/* Whether the person has accepted an open review of the dossier: it is its reviewer. */
pia_status_t
review_is_assigned(pia_db_t *db, const char *dossier, const char *person, bool *ret_assigned);
/* Whether the person has an open review of the dossier other than `id`. */
pia_status_t review_has_other(
    pia_db_t *db, const char *dossier, const char *person, const char *id, bool *ret_has);
/* Notes that a member of a committee is recused from a dossier in a meeting, or not any more. */
pia_status_t review_recuse(
    pia_db_t *db, const char *dossier, const char *person, const char *session, bool recused);
pia_status_t review_standing(pia_db_t *db,
                             const char *dossier,
                             const char *person,
                             review_standing_t *ret_standing);

/* The open ones of a dossier but `except` ("": all of them). */
pia_status_t
review_count(pia_db_t *db, const char *dossier, const char *except, review_counts_t *ret_counts);
/* Ends a round: the reviews, and the candidate's answer to them. */
pia_status_t review_close(pia_db_t *db, const char *dossier);

/* Ids of the persons that have accepted one, in the order in which they were asked; the caller owns
 * the array. */
pia_status_t review_persons(pia_db_t *db, const char *dossier, json_t **ret_persons);

#endif
