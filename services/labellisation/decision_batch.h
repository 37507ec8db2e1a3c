/* decision_batch.h - what a batch of one asker has done, so that a repeat does not do it again.
 * Store thread. */
#ifndef DECISION_BATCH_H
#define DECISION_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "pia/db.h"

typedef struct {
    const char *name, *actor, *dossier, *transition;
} batch_key_t;

/* Whether it was done, and as which entry of the history; PIA_CONFLICT (and not
 * pia_db_is_retryable): the batch did something else with the dossier. */
pia_status_t batch_find(pia_db_t *db, const batch_key_t *key, bool *ret_done, int64_t *ret_number);

/* Notes that it was done. */
pia_status_t batch_note(pia_db_t *db, const batch_key_t *key, int64_t number, int64_t made_ms);

#endif
