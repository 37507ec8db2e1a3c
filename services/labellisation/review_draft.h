/* review_draft.h - the report that a reviewer is writing: saved as often as wanted, its reviewer's
 * alone, no part of the history, gone once the report is filed or the review is over. Store thread.
 */
#ifndef REVIEW_DRAFT_H
#define REVIEW_DRAFT_H

#include <jansson.h>
#include <stdint.h>

#include "pia/db.h"

typedef struct {
    const char *review;
    int64_t base;          /* the version that the writer has seen; 0: none */
    const json_t *content; /* proto's review_draft_content */
    int64_t matter;        /* the review's version as it was read: it stays so until the commit */
    int64_t saved_ms;
} review_draft_save_t;

/* Saves it over `base`, as base + 1. PIA_CONFLICT: there is another version, or the review has
 * moved on. */
pia_status_t review_draft_save(pia_db_t *db, const review_draft_save_t *save);

/* Its version, when it was saved (ms), its content, which the caller owns; PIA_NOT_FOUND. */
pia_status_t review_draft_find(pia_db_t *db,
                               const char *review,
                               int64_t *ret_version,
                               int64_t *ret_saved_ms,
                               json_t **ret_content);

/* Deletes it; PIA_OK also if there is none. */
pia_status_t review_draft_drop(pia_db_t *db, const char *review);

#endif
