/* starts.h - where walks begin: stores in which a procedure has got as far as each of its states,
 * found once: the ends of paths (play.h), and what walks reach from there on which nothing goes
 * wrong. Short walks from there reach what long ones from the first filing seldom do. The same for
 * the same definitions, whatever the seed. */
#ifndef STARTS_H
#define STARTS_H

#include "model.h"

enum { STARTS_MAX = 200 };

typedef struct {
    void *image; /* of the database */
    size_t size;
    int64_t now_ms;
    size_t definition; /* index in world_t */
    int visits;        /* while starts are looked for */
    const char *path;  /* whose end it is; NULL: chance came here */
    model_t model;     /* its definitions are not to be followed: they may be gone */
} start_t;

typedef struct {
    start_t items[STARTS_MAX];
    size_t count;
    coverage_t made; /* on the ways to them */
} starts_t;

/* One of them for a walk: the end of a path as often as any other. */
const start_t *starts_draw(const starts_t *self, rng_t *rng);

void starts_find(starts_t *self, world_t *world);
void starts_clear(starts_t *self);

/* A model of one's own of a start, under the definition as it is loaded now. */
void starts_copy(const start_t *self, const definition_t *definition, model_t *ret_model);

#endif
