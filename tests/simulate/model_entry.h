/* model_entry.h - one entry of a history, applied to the model. */
#ifndef MODEL_ENTRY_H
#define MODEL_ENTRY_H

#include "model.h"

/* Applies an entry; `before`: the one before it in what is applied together, or NULL. */
bool model_apply(
    model_t *self, world_t *world, const json_t *entry, const json_t *before, failure_t *failure);

/* Whether nothing is left that would follow by itself. */
bool model_rests(const replica_t *replica, failure_t *failure);

#endif
