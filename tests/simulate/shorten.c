/* shorten.c - leaving out steps while the same thing fails. */
#include "shorten.h"

#include <stdio.h>
#include <string.h>

walk_t shorten_walk(place_t *place, const options_t *options, uint64_t seed)
{
    return (walk_t){
        .world = &place->world, .starts = &place->starts, .seed = seed, .fault = options->fault};
}

/* A walk that fails, and how. */
typedef struct {
    place_t *place;
    const options_t *options;
    uint64_t seed;
    int *steps;
    size_t count;
    failure_t failure;
} failing_t;

/* Whether the same fails with these steps. */
static bool fails_so(failing_t *self, const int *steps, size_t count)
{
    walk_t walk = shorten_walk(self->place, self->options, self->seed);
    if (walk_run(&walk, steps, count) || strcmp(walk.failure.name, self->failure.name) != 0)
        return false;
    self->failure = walk.failure;
    return true;
}

/* Without each part of this many steps that the failure does not need; true: some went. */
static bool leave_out(failing_t *self, size_t part)
{
    static int fewer[STEPS_MAX];
    bool shorter = false;
    for (size_t at = 0; at + part <= self->count;) {
        size_t left = self->count - part;
        memcpy(fewer, self->steps, at * sizeof *fewer);
        memcpy(fewer + at, self->steps + at + part, (left - at) * sizeof *fewer);
        if (!fails_so(self, fewer, left)) {
            at += part;
            continue;
        }
        memcpy(self->steps, fewer, left * sizeof *fewer);
        self->count = left;
        shorter = true;
    }
    return shorter;
}

/* Halves, then quarters, … then single steps. */
static void shorten(failing_t *self)
{
    for (size_t part = self->count / 2; part > 0; part = part / 2)
        while (leave_out(self, part))
            continue;
}

void shorten_tell(
    place_t *place, const options_t *options, const walk_t *failed, int *steps, size_t count)
{
    failing_t failing = {place, options, failed->seed, steps, count, failed->failure};
    for (size_t i = 0; i < count; i++)
        if (steps[i] == failed->step)
            failing.count = i + 1;
    (void)printf("\nseed %llu fails after %zu steps: %s: %s\n", (unsigned long long)failed->seed,
                 failing.count, failed->failure.name, failed->failure.detail);
    shorten(&failing);
    (void)printf("the shortest trace, of %zu steps: %s: %s\n", failing.count, failing.failure.name,
                 failing.failure.detail);
    walk_t walk = shorten_walk(place, options, failed->seed);
    walk.trace = true;
    (void)walk_run(&walk, steps, failing.count);
    (void)printf("again: --seed %llu --trace --steps ", (unsigned long long)failed->seed);
    for (size_t i = 0; i < failing.count; i++)
        (void)printf("%s%d", i ? "," : "", steps[i]);
    if (options->fault != FAULT_NONE)
        (void)printf(" --fault %s", fault_name(options->fault));
    (void)printf("\n");
    (void)fflush(stdout);
}
