/* model_entry.h - one entry of a history, applied to the model. */
#ifndef MODEL_ENTRY_H
#define MODEL_ENTRY_H

#include "model.h"

/* An entry among those that are applied together. */
typedef struct {
    const json_t *entry;
    const json_t *before; /* the one before it; NULL: it is the first */
    bool last;            /* of its matter */
} placed_t;

bool model_apply(model_t *self, world_t *world, const placed_t *placed, failure_t *failure);

/* Whether nothing is left that would follow by itself. */
bool model_rests(const replica_t *replica, failure_t *failure);

#endif
