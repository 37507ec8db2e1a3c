/* step.c - what a step may be: somebody asks for something that is offered; time goes on; the store
 * fails; the process ends. */
#include "step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "pia/clock.h"
#include "request.h"

enum { TICKS_MAX = 50, STATEMENTS_MAX = 40 };

static const int64_t second_ms = 1000, day_ms = 86400000;
/* A walk that came here by long jumps goes on in small ones. */
static const int64_t late_ms = INT64_C(2524608000000); /* 2050 */

/* A matter in a line of the trace: its kind and how many were made before it. */
static const char *name_of(const walk_t *self, const char *id, char ret_name[64])
{
    size_t i = 0;
    while (i < self->model.count && strcmp(self->model.items[i].matter.id, id) != 0)
        i++;
    const char *kind = i < self->model.count ? self->model.items[i].matter.machine->name : "matter";
    (void)snprintf(ret_name, 64, "%s %zu", kind, i + 1);
    return ret_name;
}

void step_say(walk_t *self,
              const request_t *request,
              pia_status_t status,
              const pia_problem_t *problem)
{
    char name[64];
    if (!self->trace)
        return;
    char *data = request->data ? json_dumps(request->data, JSON_COMPACT) : NULL;
    walk_say(self, "%s: %s at version %lld: %s %s -> %s %s", request->actor->label,
             name_of(self, request->id, name), (long long)request->version, request->transition,
             data ? data : "", pia_status_text(status), status == PIA_OK ? "" : problem->detail);
    free(data);
}

/* What every request must come to, whatever it asked. */
bool step_check_answer(walk_t *self, pia_status_t status, const pia_problem_t *problem)
{
    if (status == PIA_INTERNAL || status == PIA_UNAVAILABLE)
        return fail(&self->failure, "no failure of its own", "%s: %s", pia_status_text(status),
                    problem->detail);
    return true;
}

bool step_check(walk_t *self)
{
    int64_t from = self->model.position;
    return model_follow(&self->model, self->world, &self->failure) &&
           (self->model.position == from || !rng_chance(&self->rng, 10) ||
            check_log(self->world, from, &self->failure));
}

/* Asks, and sees that it was made, or refused without a trace. */
bool step_ask(walk_t *self,
              const request_t *request,
              pia_status_t *ret_status,
              pia_problem_t *problem)
{
    standing_t before = check_standing(self->world, rng_chance(&self->rng, 1));
    *problem = (pia_problem_t){.status = PIA_OK};
    *ret_status = request_move(self->world, request, problem);
    step_say(self, request, *ret_status, problem);
    if (!step_check_answer(self, *ret_status, problem))
        return false;
    if (*ret_status != PIA_OK)
        return check_unchanged(self->world, &before, request->transition, &self->failure);
    return step_check(self);
}

request_t step_request(const matter_t *matter, const transition_t *transition, const actor_t *actor)
{
    request_t request = {.kind = matter->kind,
                         .transition = transition->name,
                         .actor = actor,
                         .version = matter->version};
    memcpy(request.id, matter->id, sizeof request.id);
    return request;
}

bool step_draw(walk_t *self, request_t *ret_request)
{
    enum { TRIES = 4 };
    const replica_t *replica;
    const transition_t *transition;
    const actor_t *actor = NULL;
    json_t *data = NULL;
    bool offered = false, rare = self->straight || rng_chance(&self->rng, 60);
    for (int i = 0; !offered && i < TRIES; i++) {
        if (!choose_offered(&self->model, rare ? self->made : NULL, &self->rng, &replica,
                            &transition))
            return false;
        json_decref(data);
        data = choose_data(self->world, &replica->matter, transition, &self->rng);
        actor = choose_actor(self->world, &replica->matter, transition, data, &self->rng, &offered);
        offered = offered || (!self->straight && rng_chance(&self->rng, 10));
    }
    if (!actor) {
        json_decref(data);
        return false;
    }
    *ret_request = step_request(&replica->matter, transition, actor);
    ret_request->data = data;
    return true;
}

/* What is refused is tried again, perhaps by another and with other data. */
static bool try_offered(walk_t *self, int tries)
{
    request_t request;
    pia_problem_t problem;
    pia_status_t status = PIA_CONFLICT;
    if (!step_draw(self, &request))
        return true;
    for (int i = 0; status != PIA_OK && i < tries; i++) {
        const replica_t *replica = model_find(&self->model, request.id);
        const matter_t *matter = &replica->matter;
        const transition_t *transition = machine_transition(matter->machine, request.transition);
        if (i > 0) {
            json_t *data = choose_data(self->world, matter, transition, &self->rng);
            const actor_t *actor =
                choose_actor(self->world, matter, transition, data, &self->rng, NULL);
            json_decref(request.data);
            request = step_request(matter, transition, actor);
            request.data = data;
        }
        if (!step_ask(self, &request, &status, &problem)) {
            json_decref(request.data);
            return false;
        }
    }
    json_decref(request.data);
    return true;
}

static bool step_offered(walk_t *self)
{
    return try_offered(self, 2);
}

/* Due timers are applied until none is left; then none may be. */
bool step_ticks(walk_t *self)
{
    if (!walk_commit(self))
        return false;
    for (int i = 0; i < TICKS_MAX; i++) {
        int64_t position = self->model.position;
        pia_status_t status = request_tick(self->world);
        if (status != PIA_OK)
            return fail(&self->failure, "no failure of its own", "tick: %s",
                        pia_status_text(status));
        if (!walk_commit(self) || !step_check(self))
            return false;
        walk_say(self, "tick: %lld entries", (long long)(self->model.position - position));
        if (self->model.position == position)
            break;
    }
    for (size_t i = 0; i < self->model.count; i++) {
        int64_t due_ms = model_due(&self->model.items[i]);
        if (due_ms != 0 && due_ms <= self->world->now_ms)
            return fail(&self->failure, "timers in time", "%s is due and was not applied",
                        self->model.items[i].matter.id);
    }
    return true;
}

/* The instant of some matter's next timer, 0 if none runs. */
static int64_t draw_due(walk_t *self)
{
    size_t first = rng_below(&self->rng, self->model.count);
    for (size_t i = 0; i < self->model.count; i++) {
        int64_t due_ms = model_due(&self->model.items[(first + i) % self->model.count]);
        if (due_ms > self->world->now_ms)
            return due_ms;
    }
    return 0;
}

static int64_t draw_instant(walk_t *self)
{
    int64_t now_ms = self->world->now_ms, due_ms = draw_due(self);
    rng_t *rng = &self->rng;
    if (self->straight) /* on the straight way nothing is let lapse */
        return now_ms + rng_between(rng, 1, 5) * day_ms;
    if (now_ms > late_ms)
        return now_ms + rng_between(rng, 1, 60) * second_ms;
    if (due_ms != 0 && rng_chance(rng, 60))
        switch (rng_below(rng, 4)) {
        case 0:
            return due_ms - 1 > now_ms ? due_ms - 1 : due_ms;
        case 1:
            return due_ms;
        case 2:
            return due_ms + rng_between(rng, 1, second_ms);
        default:
            return due_ms + rng_between(rng, 1, 90) * day_ms;
        }
    switch (rng_below(rng, 3)) {
    case 0:
        return now_ms + rng_between(rng, 1, 86400) * second_ms;
    case 1:
        return now_ms + rng_between(rng, 1, 20) * day_ms;
    default:
        return now_ms + rng_between(rng, 20, 200) * day_ms;
    }
}

static bool step_time(walk_t *self)
{
    world_set_time(self->world, draw_instant(self));
    walk_say(self, "time goes on");
    return rng_chance(&self->rng, 55) ? step_ticks(self) : true;
}

/* A statement fails in the midst of a request: it is refused as a whole. */
static bool step_failure(walk_t *self)
{
    request_t request;
    pia_problem_t problem = {.status = PIA_OK};
    if (!step_draw(self, &request))
        return true;
    standing_t before = check_standing(self->world, rng_chance(&self->rng, 6));
    seams_fail(rng_between(&self->rng, 1, STATEMENTS_MAX));
    pia_status_t status = request_move(self->world, &request, &problem);
    bool failed = seams_has_failed();
    seams_fail(0);
    step_say(self, &request, status, &problem);
    json_decref(request.data);
    if (failed && status == PIA_OK)
        return fail(&self->failure, "failures are not swallowed", "%s was made",
                    request.transition);
    if (!failed && !step_check_answer(self, status, &problem))
        return false;
    return status == PIA_OK
               ? step_check(self)
               : check_unchanged(self->world, &before, request.transition, &self->failure);
}

/* The process ends in the midst of a request, or before the commit: what was committed is there,
 * and nothing else. */
static bool step_crash(walk_t *self)
{
    request_t request;
    pia_problem_t problem = {.status = PIA_OK};
    if (!walk_commit(self))
        return false;
    standing_t before = check_standing(self->world, rng_chance(&self->rng, 10));
    if (rng_chance(&self->rng, 80) && step_draw(self, &request)) {
        seams_fail(rng_between(&self->rng, 1, STATEMENTS_MAX));
        pia_status_t status = request_move(self->world, &request, &problem);
        seams_fail(0);
        step_say(self, &request, status, &problem);
        json_decref(request.data);
    }
    bool definitions = rng_chance(&self->rng, 10);
    char name[64];
    (void)snprintf(name, sizeof name, "%s", self->definition->name);
    walk_say(self, "the process ends and begins anew");
    seams_engine(true);
    world_crash(self->world, definitions);
    seams_engine(false);
    world_t *world = self->world;
    if (library_find(world->service.library, world->service.db, name, 0, &self->definition, NULL) !=
        PIA_OK)
        return fail(&self->failure, "definition", "%s is not there", name);
    return check_unchanged(self->world, &before, "crash", &self->failure) &&
           model_again(&self->model, self->world, &self->failure);
}

/* Only with its fault: somebody changes what was recorded. */
static void tamper(walk_t *self)
{
    static const char sql[] =
        "UPDATE history SET effective_at = effective_at + 1000 WHERE position = $1";
    if (self->fault != FAULT_TAMPERED || self->tampered || self->model.position == 0)
        return;
    pia_stmt_t *stmt = pia_db_prepare(self->world->service.db, sql);
    pia_stmt_integer(stmt, 1, (int64_t)rng_below(&self->rng, (size_t)self->model.position));
    self->tampered = pia_stmt_run(stmt, NULL) == PIA_OK;
}

bool step_straight(walk_t *self)
{
    if (!model_has(&self->model, MACHINE_DOSSIER) || rng_chance(&self->rng, 12))
        return step_create(self);
    return rng_chance(&self->rng, 88) ? try_offered(self, 5) : step_time(self);
}

typedef bool step_fn(walk_t *self);

static const struct {
    unsigned weight;
    step_fn *run;
} steps[] = {
    {49, step_offered}, {10, step_create}, {10, step_wrong}, {8, step_race},
    {18, step_time},    {3, step_failure}, {2, step_crash},
};

bool walk_step(walk_t *self)
{
    unsigned drawn = (unsigned)rng_below(&self->rng, 100), sum = 0;
    if (!model_has(&self->model, MACHINE_DOSSIER))
        return step_create(self);
    tamper(self);
    if (rng_chance(&self->rng, 60) && !walk_commit(self))
        return false;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        sum += steps[i].weight;
        if (drawn < sum)
            return steps[i].run(self);
    }
    return step_offered(self);
}
