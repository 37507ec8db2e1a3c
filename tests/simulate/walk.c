/* walk.c - beginning, going through and ending a walk. */
#include "walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "choose.h"
#include "pia/clock.h"
#include "request.h"

enum { START_STREAM = 1 << 20, CHOICE_STREAM, END_STREAM, EMPOWER_STREAM };

/* 2026-01-05T08:00:00Z; a walk begins within four years from then. */
static const int64_t epoch_ms = INT64_C(1767600000000);

void walk_say(walk_t *self, const char *format, ...)
{
    char now[PIA_TIME_TEXT_SIZE];
    if (!self->trace)
        return;
    va_list arguments;
    va_start(arguments, format);
    pia_time_format(self->world->now_ms, now);
    (void)printf("%4d  %s  ", self->step, now);
    (void)vprintf(format, arguments);
    (void)putchar('\n');
    va_end(arguments);
}

bool walk_commit(walk_t *self)
{
    if (!world_commit(self->world))
        return fail(&self->failure, "commit", "%s", pia_db_error(self->world->service.db));
    return true;
}

/* Who may sign from the first day on; others may follow, and these may end. */
static bool empower(walk_t *self)
{
    static const struct {
        uint32_t role;
        size_t which; /* of those with the role */
        const char *capacity;
    } rows[] = {{PIA_ROLE_SIGNATORY, 0, "ministre"},
                {PIA_ROLE_SIGNATORY, 1, "ism"},
                {PIA_ROLE_SECRETARIAT, 0, "ism"}};
    const machine_t *machine = &self->definition->machines[MACHINE_AUTHORITY];
    matter_t about = {
        .kind = MACHINE_AUTHORITY, .definition = self->definition, .machine = machine};
    creation_t creation = {.kind = MACHINE_AUTHORITY,
                           .definition = self->definition,
                           .transition = machine_creation(machine),
                           .actor = world_holder(self->world, PIA_ROLE_SECRETARIAT, 0)};
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = PIA_OK;
    for (size_t i = 0; creation.transition && i < sizeof rows / sizeof rows[0]; i++) {
        creation.person = world_holder(self->world, rows[i].role, rows[i].which)->principal.person;
        creation.capacity = rows[i].capacity;
        creation.facts = json_pack("{s:s}", "from", "2020-01-01");
        creation.data = choose_data(self->world, &about, creation.transition, &self->rng);
        status = request_create(self->world, &creation, &problem);
        json_decref(creation.facts);
        json_decref(creation.data);
        if (status != PIA_OK)
            return fail(&self->failure, "empower", "%s", problem.detail);
    }
    return model_follow(&self->model, self->world, &self->failure);
}

bool walk_open(walk_t *self, const start_t *start, size_t definition)
{
    rng_t rng;
    world_t *world = self->world;
    const int64_t day_ms = INT64_C(86400000), days = INT64_C(1460);
    rng_init(&rng, self->seed, START_STREAM);
    seams_set_random(self->seed, START_STREAM);
    seams_set_fault(FAULT_NONE);
    seams_fail(0);
    if (!start)
        world_open(world, NULL, 0,
                   epoch_ms + rng_between(&rng, 0, days) * day_ms +
                       rng_between(&rng, 0, day_ms - 1));
    else
        world_open(world, start->image, start->size, start->now_ms);
    if (library_find(world->service.library, world->service.db, world->definitions[definition], 0,
                     &self->definition, NULL) != PIA_OK)
        return fail(&self->failure, "definition", "%s is not there",
                    world->definitions[definition]);
    if (start)
        starts_copy(start, self->definition, &self->model);
    else
        model_init(&self->model);
    if (self->starts)
        self->made = (const made_t *)&self->starts->made[definition];
    self->model.coverage = self->coverage;
    self->model.trace = self->trace;
    rng_init(&self->rng, self->seed, EMPOWER_STREAM);
    return start || empower(self);
}

void walk_close(walk_t *self)
{
    seams_engine(false);
    model_clear(&self->model);
    world_close(self->world);
}

/* Mostly somewhere on the way, else before the first filing. */
static bool start(walk_t *self)
{
    rng_t rng;
    rng_init(&rng, self->seed, CHOICE_STREAM);
    size_t count = self->starts ? self->starts->count : 0;
    if (count > 0 && rng_chance(&rng, 80)) {
        const start_t *at = starts_draw(self->starts, &rng);
        return walk_open(self, at, at->definition);
    }
    size_t which = rng_chance(&rng, 85) ? 0 : rng_below(&rng, self->world->definition_count);
    return walk_open(self, NULL, which);
}

/* After the last step, where each entry was followed: sometimes the whole history again, and the
 * checks of the service's own. */
static bool end(walk_t *self)
{
    self->step = -1;
    rng_init(&self->rng, self->seed, END_STREAM);
    return walk_commit(self) &&
           (!rng_chance(&self->rng, 30) ||
            model_again(&self->model, self->world, &self->failure)) &&
           (!rng_chance(&self->rng, 30) || check_log(self->world, 0, &self->failure)) &&
           (!rng_chance(&self->rng, 15) || check_chains(self->world, &self->model, &self->failure));
}

bool walk_run(walk_t *self, const int *steps, size_t count)
{
    bool good = start(self);
    seams_set_fault(self->fault);
    for (size_t i = 0; good && i < count; i++) {
        self->step = steps[i];
        rng_init(&self->rng, self->seed, (uint64_t)steps[i]);
        seams_set_random(self->seed, (uint64_t)steps[i]);
        good = walk_step(self);
    }
    good = good && end(self);
    walk_close(self);
    return good;
}
