/* review.h - who is to review a dossier, and what they filed. A round ends when its reviews are
 * closed; only open ones count. Store thread. */
#ifndef REVIEW_H
#define REVIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "pia/db.h"

typedef struct {
    const char *opinion;
    int64_t score;
    const char *text_hash;
    int64_t filed_ms;
    bool again; /* may take the place of one that is filed */
} review_report_t;

typedef struct {
    int64_t assigned, filed;
} review_counts_t;

/* Adds an assignment of the present round. */
pia_status_t
review_assign(pia_db_t *db, const char *matter, const char *reviewer, int64_t assigned_ms);

/* Whether the person has an open assignment, and whether its report is still missing. */
pia_status_t review_find(
    pia_db_t *db, const char *matter, const char *person, bool *ret_assigned, bool *ret_pending);

/* The person has no interest in the dossier, says it: from then on it may read what is inside. */
pia_status_t
review_declare(pia_db_t *db, const char *matter, const char *person, int64_t declared_ms);
pia_status_t
review_has_declared(pia_db_t *db, const char *matter, const char *person, bool *ret_declared);

/* Ends the person's open assignment, if its report is not filed. */
pia_status_t review_end(pia_db_t *db, const char *matter, const char *person);

/* Files the report of an assignment that is pending; PIA_CONFLICT if none is. */
pia_status_t
review_file(pia_db_t *db, const char *matter, const char *person, const review_report_t *report);

pia_status_t review_count(pia_db_t *db, const char *matter, review_counts_t *ret_counts);
pia_status_t review_close(pia_db_t *db, const char *matter);

/* Ids of the persons assigned in the present round, in order; the caller owns the array. */
pia_status_t review_persons(pia_db_t *db, const char *matter, json_t **ret_persons);

/* All reviews as proto's dossier_review_list, or only those of `person`; the caller owns it. */
pia_status_t review_list(pia_db_t *db, const char *matter, const char *person, json_t **ret_list);

#endif
