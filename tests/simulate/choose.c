/* choose.c - drawing matters, transitions and actors. */
#include "choose.h"

#include <stdio.h>
#include <string.h>

#include "engine.h"

enum { OFFERS_MAX = 1024 };

uint32_t choose_roles(const matter_t *matter, const actor_t *actor)
{
    const char *structure = kinds[matter->kind].inner ? "" : matter->structure;
    bool own = matter->person[0] == '\0' || strcmp(matter->person, actor->principal.person) == 0;
    return engine_roles(&actor->principal, structure, own);
}

enum { GOES_ON = 4 /* times as gladly with what moved last */ };

/* How gladly it is made: what ends a matter seldom, what changes nothing sometimes. */
static unsigned weight(const machine_t *machine, const transition_t *transition, int state)
{
    if (transition->to == STATE_NONE)
        return machine->states[state].final  ? 1
               : transition->guard_count > 0 ? 10 /* it waited for something */
                                             : 4;
    return machine->states[transition->to].final ? 2 : 12;
}

typedef struct {
    const replica_t *replica;
    const transition_t *transition;
    unsigned until; /* sum of the weights up to here */
} offer_t;

/* Whether somebody may ask for it. Who signs on the straight way, signs to its end. */
static bool is_open(const matter_t *matter, const transition_t *transition, bool straight)
{
    return transition->roles != 0 && transition_starts_in(transition, matter->state) &&
           !(straight && matter->kind == MACHINE_AUTHORITY);
}

/* Of a weight: on the straight way the less, the more often it was made. */
static unsigned share(unsigned drawn, const made_t *made, machine_kind_t kind, size_t transition)
{
    return made ? 1 + drawn / (1 + (*made)[kind][transition]) : drawn;
}

bool choose_offered(const model_t *model,
                    const made_t *made,
                    rng_t *rng,
                    const replica_t **ret_replica,
                    const transition_t **ret_transition)
{
    static offer_t offers[OFFERS_MAX];
    size_t count = 0, at = 0;
    unsigned sum = 0, goes_on = rng_chance(rng, 60) ? GOES_ON : 1;
    for (size_t i = 0; i < model->count; i++) {
        const matter_t *matter = &model->items[i].matter;
        for (size_t j = 0; j < matter->machine->transition_count && count < OFFERS_MAX; j++) {
            const transition_t *transition = &matter->machine->transitions[j];
            if (!is_open(matter, transition, made != NULL))
                continue;
            unsigned drawn = 16 * weight(matter->machine, transition, matter->state);
            if (i == model->last)
                drawn *= goes_on;
            sum += share(drawn, made, matter->kind, j);
            offers[count++] = (offer_t){&model->items[i], transition, sum};
        }
    }
    if (count == 0)
        return false;
    unsigned at_most = (unsigned)rng_below(rng, sum);
    while (offers[at].until <= at_most)
        at++;
    *ret_replica = offers[at].replica;
    *ret_transition = offers[at].transition;
    return true;
}

/* Whether they hold; what they write by the way (a call's due timers) is undone. */
static bool guards_hold(const act_t *act)
{
    pia_problem_t problem = {.status = PIA_OK};
    if (act->matter->version == 0 || act->transition->guard_count == 0)
        return true;
    if (pia_db_savepoint(act->db) != PIA_OK)
        return false;
    bool hold = matter_guards(act, &problem) == PIA_OK;
    pia_db_rollback_to(act->db);
    return hold;
}

/* Whether the service would show it to the actor as possible. */
static bool is_offered(world_t *world,
                       const matter_t *matter,
                       const transition_t *transition,
                       const json_t *data,
                       const actor_t *actor)
{
    uint32_t roles = 0;
    const act_t act = {.db = world->service.db,
                       .library = world->service.library,
                       .matter = (matter_t *)matter,
                       .transition = transition,
                       .principal = &actor->principal,
                       .data = data,
                       .effective_ms = world->now_ms,
                       .recorded_ms = world->now_ms};
    return matter_roles(act.db, matter, act.principal, &roles) == PIA_OK &&
           (roles & transition->roles) != 0 && guards_hold(&act);
}

const actor_t *choose_actor(world_t *world,
                            const matter_t *matter,
                            const transition_t *transition,
                            const json_t *data,
                            rng_t *rng,
                            bool *ret_offered)
{
    const actor_t *second = NULL;
    size_t first = rng_below(rng, ACTORS);
    if (ret_offered)
        *ret_offered = true;
    for (size_t i = 0; i < ACTORS; i++) {
        const actor_t *actor = &world->actors[(first + i) % ACTORS];
        if ((choose_roles(matter, actor) & transition->roles) == 0)
            continue;
        if (is_offered(world, matter, transition, data, actor))
            return actor;
        second = second ? second : actor;
    }
    if (ret_offered)
        *ret_offered = false;
    return second;
}

const char *choose_person(const world_t *world, uint32_t role, rng_t *rng)
{
    size_t first = rng_below(rng, ACTORS), i = 0;
    bool any = rng_chance(rng, 10);
    while (!any && i < ACTORS && (world->actors[(first + i) % ACTORS].principal.roles & role) == 0)
        i++;
    return world->actors[(first + i) % ACTORS].principal.person;
}

void choose_day(const world_t *world, rng_t *rng, char ret_day[DAY_TEXT_SIZE])
{
    static const int days[] = {-3, 0, 1, 2, 7, 14, 20, 35, 60, 100, 200, 400};
    size_t which = rng_below(rng, sizeof days / sizeof days[0]);
    int64_t later = days[which] + (int64_t)rng_below(rng, 3);
    if (rng_chance(rng, 30)) /* several days of one request are often the same: that it is made */
        later = 0;
    day_format(day_of(world->now_ms) + later, ret_day);
}
