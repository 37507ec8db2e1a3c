/* shorten.h - a failing walk made as short as it still fails likewise, and told. */
#ifndef SHORTEN_H
#define SHORTEN_H

#include "options.h"
#include "walk.h"

/* Where all walks take place; made before the workers are forked. */
typedef struct {
    world_t world;
    starts_t starts;
} place_t;

/* A walk of a seed, not yet gone. */
walk_t shorten_walk(place_t *place, const options_t *options, uint64_t seed);

/* Tells on stdout why it failed, the shortest trace that fails likewise, and how to walk it again.
 * Overwrites `steps`, those of the failed walk. */
void shorten_tell(
    place_t *place, const options_t *options, const walk_t *failed, int *steps, size_t count);

#endif
