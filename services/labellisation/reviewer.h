/* reviewer.h - what reviewers know, how much they have to do, when they are away, and to whom they
 * are linked; whom to propose for a dossier. Store thread. */
#ifndef REVIEWER_H
#define REVIEWER_H

#include <jansson.h>
#include <stdint.h>

#include "matter.h"
#include "pia/db.h"

/* Stores what proto's reviewer says of a person, instead of what was known. */
pia_status_t
reviewer_put(pia_db_t *db, const char *person, const json_t *content, int64_t changed_ms);

/* What is known of a person, with its open reviews as `open`; the caller owns it. PIA_NOT_FOUND. */
pia_status_t reviewer_find(pia_db_t *db, const char *person, json_t **ret_reviewer);

/* The declared link of a person with a structure that counts on this day: its kind, static; NULL if
 * there is none. */
pia_status_t reviewer_link(
    pia_db_t *db, const char *person, const char *structure, int64_t day, const char **ret_kind);

/* Proto's review_proposal for a dossier: who fits, the best first, as many as `quota` still wants
 * marked. The same facts give the same answer. The caller owns it. */
pia_status_t reviewer_propose(
    pia_db_t *db, const matter_t *dossier, int64_t quota, int64_t day, json_t **ret_proposal);

#endif
