/* walk.h - one seed: a walk of many steps through a procedure by everybody at once. A step draws
 * its chance from the seed and its own number, so that a walk without some of its steps is a walk,
 * too: that is how a failing one is made short. */
#ifndef WALK_H
#define WALK_H

#include "check.h"
#include "choose.h"
#include "model.h"
#include "seams.h"
#include "starts.h"

enum { STEPS_MAX = 1024 };

typedef struct {
    world_t *world;
    const starts_t *starts; /* NULL: from the first filing */
    model_t model;
    coverage_t *coverage; /* NULL: nobody counts */
    const made_t *made;   /* goes where few have been; NULL: anywhere */
    bool straight;        /* nothing goes wrong, and nothing is let lapse */
    uint64_t seed;
    fault_t fault;
    bool trace;        /* say on stdout what is done */
    int step;          /* that is being made */
    rng_t rng;         /* of this step */
    failure_t failure; /* the first */
    const definition_t *definition;
    bool tampered; /* an entry was changed behind the engine's back */
} walk_t;

/* Walks the steps whose numbers are given. True: all held. */
bool walk_run(walk_t *self, const int *steps, size_t count);

/* For walk_step.c: notes what a step does; shown with `trace`. */
void walk_say(walk_t *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The world at a start (NULL: fresh, under this definition); false: it failed. */
bool walk_open(walk_t *self, const start_t *start, size_t definition);
void walk_close(walk_t *self);

/* One step, chosen by chance. */
bool walk_step(walk_t *self);

/* Ends the transaction, kept. */
bool walk_commit(walk_t *self);

#endif
