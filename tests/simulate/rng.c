/* rng.c - SplitMix64. */
#include "rng.h"

#include <string.h>

void rng_init(rng_t *self, uint64_t seed, uint64_t stream)
{
    self->state = seed * UINT64_C(0x9e3779b97f4a7c15) ^ (stream + 1) * UINT64_C(0xd1342543de82ef95);
    (void)rng_next(self);
}

uint64_t rng_next(rng_t *self)
{
    uint64_t z = self->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

size_t rng_below(rng_t *self, size_t count)
{
    return count == 0 ? 0 : (size_t)(rng_next(self) % count);
}

int64_t rng_between(rng_t *self, int64_t min, int64_t max)
{
    return min + (int64_t)rng_below(self, (size_t)(max - min) + 1);
}

bool rng_chance(rng_t *self, unsigned percent)
{
    return rng_below(self, 100) < percent;
}

void rng_fill(rng_t *self, void *ret_bytes, size_t size)
{
    unsigned char *at = ret_bytes;
    while (size > 0) {
        uint64_t word = rng_next(self);
        size_t part = size < sizeof word ? size : sizeof word;
        memcpy(at, &word, part);
        at += part;
        size -= part;
    }
}
