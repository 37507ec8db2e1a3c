/* check.h - what must hold whatever was done: nothing has changed, the log verifies. */
#ifndef CHECK_H
#define CHECK_H

#include "model.h"

/* A digest over every row of every table, but for definitions. */
uint64_t check_digest(world_t *world);

/* That a refused request has changed nothing: counted always, and row by row with a digest. */
typedef struct {
    int64_t entries, told, versions; /* of the log, of the outbox, of all matters */
    uint64_t digest;                 /* 0: not taken */
} standing_t;

standing_t check_standing(world_t *world, bool digest);
bool check_unchanged(world_t *world,
                     const standing_t *before,
                     const char *what,
                     failure_t *failure);

/* Chains, tree, signed heads and texts from this entry on. */
bool check_log(world_t *world, int64_t from, failure_t *failure);

/* Each matter's own chain, and that its end is in the log. */
bool check_chains(world_t *world, const model_t *model, failure_t *failure);

#endif
