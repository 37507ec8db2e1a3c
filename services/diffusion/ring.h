/* ring.h - the last batches of the journal in memory, without a hole: who follows or comes back
 * after a short absence is served from here and reads nothing from disk. Loop thread. */
#ifndef DIFFUSION_RING_H
#define DIFFUSION_RING_H

#include "batch.h"

typedef struct ring ring_t;

/* Keeps at least the last batch and at most about `size_max` bytes. */
ring_t *ring_new(size_t size_max);
void ring_destroy(ring_t **self_p);

/* Begins after this place, with nothing in it. */
void ring_start(ring_t *self, const cursor_t *head);

/* Adds the batch (by a reference of its own) if it begins right after the head; false if not:
 * either it is there already, or something between is missing. */
bool ring_add(ring_t *self, batch_t *batch);

/* Lets go of the batches that hold events up to this one: they were changed in the journal. */
void ring_forget(ring_t *self, uint64_t sequence);

/* The place after the last event. */
const cursor_t *ring_head(const ring_t *self);

/* The batch that holds event `sequence`, borrowed until the next add; NULL if it is not here. */
batch_t *ring_find(const ring_t *self, uint64_t sequence);

#endif
