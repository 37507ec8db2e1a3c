/* step_wrong.c - what must be refused: what is not offered, and whoever comes second. */
#include "step.h"

#include <string.h>

/* A wrong request, and what it must be answered if no timer comes first; PIA_OK: anything but that.
 */
typedef struct {
    request_t request;
    pia_status_t expected;
    const char *pointer;
} wrong_t;

static void wrong_version(walk_t *self, const matter_t *matter, wrong_t *wrong)
{
    bool old = matter->version > 1 && rng_chance(&self->rng, 60);
    wrong->request.version = old ? matter->version - 1 : matter->version + 1000;
    wrong->expected = PIA_CONFLICT;
    wrong->pointer = "/version";
}

static void
wrong_actor(walk_t *self, const matter_t *matter, const transition_t *transition, wrong_t *wrong)
{
    const actor_t *actor = &self->world->actors[rng_below(&self->rng, ACTORS)];
    if ((choose_roles(matter, actor) & transition->roles) != 0)
        return;
    wrong->request.actor = actor;
    wrong->expected = PIA_FORBIDDEN;
    wrong->pointer = "/transition";
}

/* A transition that cannot be made here: in another state only, or by nobody. */
static void wrong_transition(walk_t *self, const matter_t *matter, wrong_t *wrong)
{
    const machine_t *machine = matter->machine;
    const transition_t *transition =
        &machine->transitions[rng_below(&self->rng, machine->transition_count)];
    if (transition_starts_in(transition, matter->state) && transition->roles != 0)
        return;
    uint32_t roles = choose_roles(matter, wrong->request.actor);
    json_decref(wrong->request.data);
    wrong->request.data = choose_data(self->world, matter, transition, &self->rng);
    wrong->request.transition = transition->name;
    wrong->expected = (roles & transition->roles) == 0 ? PIA_FORBIDDEN : PIA_CONFLICT;
    wrong->pointer = "/transition";
}

static void
wrong_data(walk_t *self, const matter_t *matter, const transition_t *transition, wrong_t *wrong)
{
    json_decref(wrong->request.data);
    wrong->request.data = choose_wrong_data(self->world, matter, transition, &self->rng);
    wrong->expected = PIA_INVALID;
    wrong->pointer = "/data";
}

/* A reviewer who is not assigned after all is told so before anything else. */
static bool is_doubtful(const wrong_t *wrong)
{
    return (wrong->request.actor->principal.roles & PIA_ROLE_REVIEWER) != 0 &&
           wrong->expected != PIA_FORBIDDEN && strcmp(wrong->pointer, "/version") != 0;
}

static bool check_wrong(walk_t *self,
                        const wrong_t *wrong,
                        int64_t due_ms,
                        pia_status_t status,
                        const pia_problem_t *problem)
{
    const request_t *request = &wrong->request;
    bool surprised = due_ms != 0 && due_ms <= self->world->now_ms;
    if (status == PIA_OK && !(surprised && wrong->expected == PIA_CONFLICT))
        return fail(&self->failure, "wrong requests are refused", "%s %s at version %lld was made",
                    request->id, request->transition, (long long)request->version);
    if (surprised || is_doubtful(wrong) || status == PIA_OK)
        return true;
    if (status != wrong->expected ||
        strncmp(problem->pointer, wrong->pointer, strlen(wrong->pointer)) != 0)
        return fail(&self->failure, "refused for its reason", "%s: %s %s, not %s at %s",
                    request->transition, pia_status_text(status), problem->detail,
                    pia_status_text(wrong->expected), wrong->pointer);
    return true;
}

bool step_wrong(walk_t *self)
{
    wrong_t wrong = {.pointer = ""};
    pia_problem_t problem;
    pia_status_t status;
    if (!step_draw(self, &wrong.request))
        return true;
    const replica_t *replica = model_find(&self->model, wrong.request.id);
    const matter_t *matter = &replica->matter;
    const transition_t *transition = machine_transition(matter->machine, wrong.request.transition);
    int64_t due_ms = model_due(replica);
    switch (rng_below(&self->rng, 4)) {
    case 0:
        wrong_version(self, matter, &wrong);
        break;
    case 1:
        wrong_actor(self, matter, transition, &wrong);
        break;
    case 2:
        wrong_transition(self, matter, &wrong);
        break;
    default:
        wrong_data(self, matter, transition, &wrong);
        break;
    }
    bool good = step_ask(self, &wrong.request, &status, &problem);
    if (good && wrong.expected != PIA_OK)
        good = check_wrong(self, &wrong, due_ms, status, &problem);
    json_decref(wrong.request.data);
    return good;
}

/* What another wants of the same matter at the same time: another transition, or the same. */
static request_t draw_rival(walk_t *self, const request_t *first)
{
    const matter_t *matter = &model_find(&self->model, first->id)->matter;
    request_t rival = *first;
    rival.data = json_incref(first->data);
    for (size_t i = 0; i < matter->machine->transition_count; i++) {
        const transition_t *other = &matter->machine->transitions[i];
        if (other->roles == 0 || !transition_starts_in(other, matter->state) ||
            !rng_chance(&self->rng, 40))
            continue;
        const actor_t *actor = choose_actor(self->world, matter, other, NULL, &self->rng, NULL);
        if (!actor)
            continue;
        json_decref(rival.data);
        rival = step_request(matter, other, actor);
        rival.data = choose_data(self->world, matter, other, &self->rng);
        break;
    }
    return rival;
}

/* `loaded`: what the rival read before; NULL: it names the old version only. */
static bool come_second(walk_t *self, const request_t *rival, matter_t *loaded)
{
    standing_t before = check_standing(self->world, rng_chance(&self->rng, 2));
    pia_problem_t why = {.status = PIA_OK};
    pia_status_t status = loaded ? request_move_loaded(self->world, rival, loaded, &why)
                                 : request_move(self->world, rival, &why);
    step_say(self, rival, status, &why);
    bool told = status == PIA_CONFLICT && strcmp(why.pointer, "/version") == 0;
    if (status == PIA_OK || (!loaded && !told))
        return fail(&self->failure, "who comes second is told", "%s -> %s %s", rival->transition,
                    pia_status_text(status), why.detail);
    return step_check_answer(self, status, &why) &&
           check_unchanged(self->world, &before, rival->transition, &self->failure);
}

/* Two have seen the same version: who comes second is told so. */
bool step_race(walk_t *self)
{
    request_t first;
    matter_t loaded;
    pia_problem_t problem;
    pia_status_t status;
    if (!step_draw(self, &first))
        return true;
    bool has_loaded =
        rng_chance(&self->rng, 50) && request_load(self->world, &first, &loaded) == PIA_OK;
    request_t rival = draw_rival(self, &first);
    bool good = step_ask(self, &first, &status, &problem);
    if (good && status == PIA_OK)
        good = come_second(self, &rival, has_loaded ? &loaded : NULL);
    if (has_loaded)
        matter_clear(&loaded);
    json_decref(rival.data);
    json_decref(first.data);
    return good;
}
