/* append.h - the one way into the journal: rights, publishers, journal, projections. Store thread.
 */
#ifndef DIFFUSION_APPEND_H
#define DIFFUSION_APPEND_H

#include <jansson.h>

#include "diffusion.h"

typedef struct {
    const pia_principal_t *principal;
    entry_t *entries;
    size_t count;
    receipt_t *receipts; /* filled: one for each entry */
    int64_t now_ms;      /* legal time: what projections note */
} append_t;

/* Appends all or none; `db` is the database, or NULL: without it (journal_log.h), if they change
 * nothing but the journal. The problem's pointer begins with the index of the bad event. On failure
 * the caller lets the savepoint be undone. */
pia_status_t
diffusion_append(diffusion_t *self, pia_db_t *db, const append_t *append, pia_problem_t *problem);

#endif
