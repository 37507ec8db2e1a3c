/* starts.c - walking the straight way, and keeping what is reached first. */
#include "starts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "play.h"
#include "step.h"

enum { WALKS_OF_A_TRANSITION = 1, LENGTH = 8, KEPT_OF_A_STATE = 2 };
enum { PATH_SEED = 1000000, PATH_STREAMS = 64 };

/* How often a state was reached, of a kind of one definition. */
typedef uint8_t reached_t[MACHINE_COUNT][MACHINE_STATES_MAX];

/* Whether a matter has just come to a state that few have been in, or by a transition that had
 * never been made. */
static bool is_new(const walk_t *walk, reached_t reached, size_t *known)
{
    size_t count = 0;
    bool found = false;
    for (size_t i = 0; i < walk->model.count; i++) {
        const matter_t *matter = &walk->model.items[i].matter;
        uint8_t *times = &reached[matter->kind][matter->state];
        if (*times < KEPT_OF_A_STATE && !matter->machine->states[matter->state].final) {
            (*times)++;
            found = true;
        }
    }
    for (int kind = 0; kind < MACHINE_COUNT; kind++)
        for (int i = 0; i < TRANSITIONS_MAX; i++)
            count += (*walk->made)[kind][i] > 0;
    found = found || count > *known;
    *known = count;
    return found;
}

static void copy_model(const model_t *from, const definition_t *definition, model_t *ret_model)
{
    *ret_model = *from;
    ret_model->given = json_deep_copy(from->given);
    for (size_t i = 0; i < from->count; i++) {
        matter_t *matter = &ret_model->items[i].matter;
        matter->card = json_deep_copy(matter->card);
        matter->facts = json_deep_copy(matter->facts);
        matter->clocks = json_deep_copy(matter->clocks);
        matter->definition = definition;
        matter->machine = &definition->machines[matter->kind];
    }
}

static void keep(starts_t *self, walk_t *walk, size_t definition, const char *path)
{
    start_t *start = &self->items[self->count];
    if (self->count == STARTS_MAX)
        return;
    start->image = world_image(walk->world, &start->size);
    start->now_ms = walk->world->now_ms;
    start->definition = definition;
    start->visits = 0;
    start->path = path;
    copy_model(&walk->model, walk->definition, &start->model);
    self->count++;
}

/* The start from which the fewest walks have gone on, the latest of those. */
static const start_t *draw_start(starts_t *self, size_t definition)
{
    start_t *best = NULL;
    for (size_t i = 0; i < self->count; i++) {
        start_t *start = &self->items[i];
        if (start->definition == definition && (!best || start->visits <= best->visits))
            best = start;
    }
    if (best)
        best->visits++;
    return best;
}

static void
walk_straight(starts_t *self, walk_t *walk, size_t definition, uint64_t seed, reached_t reached)
{
    rng_t rng;
    size_t known = 0;
    (void)is_new(walk, reached, &known);
    rng_init(&rng, seed, LENGTH);
    walk->seed = seed;
    const start_t *start = rng_chance(&rng, 90) ? draw_start(self, definition) : NULL;
    bool good = walk_open(walk, start, definition);
    for (int i = 0; good && i < LENGTH; i++) {
        walk->step = i;
        rng_init(&walk->rng, seed, (uint64_t)i);
        seams_set_random(seed, (uint64_t)i);
        good = step_straight(walk) && walk_commit(walk);
        if (good && is_new(walk, reached, &known))
            keep(self, walk, definition, NULL);
    }
    walk_close(walk);
}

static const start_t *find_path(const starts_t *self, size_t definition, const char *path)
{
    for (size_t i = 0; path && i < self->count; i++)
        if (self->items[i].definition == definition && self->items[i].path &&
            strcmp(self->items[i].path, path) == 0)
            return &self->items[i];
    return NULL;
}

/* A path that cannot be gone is a fault of the path, or of what it goes through. */
static void go_path(starts_t *self, walk_t *walk, size_t definition, const path_t *path)
{
    walk->seed = PATH_SEED;
    bool good = walk_open(walk, find_path(self, definition, path->from), definition);
    for (size_t i = 0; good && i < path->count; i++) {
        walk->step = (int)i;
        rng_init(&walk->rng, walk->seed, (uint64_t)(self->count * PATH_STREAMS + i));
        seams_set_random(walk->seed, (uint64_t)(self->count * PATH_STREAMS + i));
        good = play(walk, &path->plays[i]);
    }
    if (!good) {
        (void)fprintf(stderr, "simulate: path %s: %s: %s\n", path->name, walk->failure.name,
                      walk->failure.detail);
        exit(EXIT_FAILURE);
    }
    keep(self, walk, definition, path->name);
    walk_close(walk);
}

static void go_paths(starts_t *self, walk_t *walk, size_t definition)
{
    size_t count;
    const path_t *paths = paths_of(walk->world->definitions[definition], &count);
    for (size_t i = 0; i < count; i++)
        go_path(self, walk, definition, &paths[i]);
}

static size_t count_transitions(const definition_t *definition)
{
    size_t count = 0;
    for (int kind = 0; kind < MACHINE_COUNT; kind++)
        count += definition->machines[kind].transition_count;
    return count;
}

void starts_find(starts_t *self, world_t *world)
{
    for (size_t i = 0; i < world->definition_count; i++) {
        reached_t reached = {{0}};
        walk_t walk = {.world = world,
                       .coverage = &self->made,
                       .made = (const made_t *)&self->made[i],
                       .straight = true};
        uint64_t seed = 0;
        go_paths(self, &walk, i);
        do
            walk_straight(self, &walk, i, seed++, reached);
        while (seed < WALKS_OF_A_TRANSITION * count_transitions(walk.definition));
    }
}

const start_t *starts_draw(const starts_t *self, rng_t *rng)
{
    enum { TRIES = 32 };
    bool path = rng_chance(rng, 50);
    const start_t *drawn = &self->items[rng_below(rng, self->count)];
    for (int i = 0; path && !drawn->path && i < TRIES; i++)
        drawn = &self->items[rng_below(rng, self->count)];
    return drawn;
}

void starts_clear(starts_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free(self->items[i].image);
        model_clear(&self->items[i].model);
    }
    self->count = 0;
}

void starts_copy(const start_t *self, const definition_t *definition, model_t *ret_model)
{
    copy_model(&self->model, definition, ret_model);
}
