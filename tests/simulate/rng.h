/* rng.h - the simulator's chance: the same seed and stream give the same numbers everywhere. */
#ifndef RNG_H
#define RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t state;
} rng_t;

void rng_init(rng_t *self, uint64_t seed, uint64_t stream);
uint64_t rng_next(rng_t *self);
/* 0 to `count` - 1; 0 for a count of 0. */
size_t rng_below(rng_t *self, size_t count);
/* From `min` to `max`, both possible. */
int64_t rng_between(rng_t *self, int64_t min, int64_t max);
bool rng_chance(rng_t *self, unsigned percent);
void rng_fill(rng_t *self, void *ret_bytes, size_t size);

#endif
