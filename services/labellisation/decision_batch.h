/* decision_batch.h - what a batch of one asker has done, so that a repeat does not do it again.
 * Store thread. */
#ifndef DECISION_BATCH_H
#define DECISION_BATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "pia/db.h"
#include "pia/problem.h"

typedef struct {
    const char *name, *actor, *dossier, *transition;
    const json_t *data; /* NULL: none; BLAKE2b-256 of them is kept, not they */
} batch_key_t;

/* Whether it was done, and as which entry of the history; PIA_CONFLICT with `problem` filled (and
 * not pia_db_is_retryable): the batch did something else with the dossier, or with other data. */
pia_status_t batch_find(pia_db_t *db,
                        const batch_key_t *key,
                        bool *ret_done,
                        int64_t *ret_number,
                        pia_problem_t *problem);

/* Notes that it was done. */
pia_status_t batch_note(pia_db_t *db, const batch_key_t *key, int64_t number, int64_t made_ms);

#endif
