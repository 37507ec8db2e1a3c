/* engine.c - interprets a definition. */
#include "engine.h"

#include <string.h>

#include "pia/clock.h"

enum { OWN_ROLES = PIA_ROLE_CANDIDAT | PIA_ROLE_POLE };

uint32_t engine_roles(const pia_principal_t *principal, const char *structure, bool assigned)
{
    uint32_t roles = principal->roles;
    if (principal->structure[0] == '\0' || strcmp(principal->structure, structure) != 0)
        roles &= ~(uint32_t)OWN_ROLES;
    if (!assigned)
        roles &= ~(uint32_t)PIA_ROLE_REVIEWER;
    return roles;
}

bool engine_sees(const machine_t *machine, uint32_t roles)
{
    uint32_t sight = machine->readers & ~(uint32_t)(OWN_ROLES | PIA_ROLE_REVIEWER);
    return (roles & (sight | OWN_ROLES | PIA_ROLE_REVIEWER | PIA_ROLE_SERVICE)) != 0;
}

bool engine_reads(const machine_t *machine, const char *name, uint32_t roles, bool is_actor)
{
    const transition_t *transition = machine_transition(machine, name);
    if (is_actor || (roles & (machine->readers | PIA_ROLE_SERVICE)) != 0)
        return true;
    if (!transition)
        return false;
    if ((roles & OWN_ROLES) != 0 && names_have(transition->notify, "structure"))
        return true;
    return (roles & PIA_ROLE_REVIEWER) != 0 && names_have(transition->notify, "reviewers");
}

pia_status_t engine_allows(const machine_t *machine,
                           const transition_t *transition,
                           int state,
                           uint32_t roles,
                           pia_problem_t *problem)
{
    if ((transition->roles & roles) == 0)
        return pia_problem_set(problem, PIA_FORBIDDEN, "/transition",
                               "none of your roles may make the transition %s", transition->name);
    if (!transition_starts_in(transition, state))
        return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                               "the transition %s is not allowed in the state %s", transition->name,
                               state == STATE_NONE ? "before creation"
                                                   : machine->states[state].name);
    return PIA_OK;
}

static bool has_state(uint64_t set, int state)
{
    return state != STATE_NONE && (set >> state & 1) != 0;
}

static void start_clock(matter_t *matter, const timer_rule_t *timer, int64_t effective_ms)
{
    json_object_set_new(matter->clocks, timer->name,
                        json_pack("{s:I, s:i}", "since", (json_int_t)effective_ms, "suspended", 0));
}

/* A clock that was suspended in the state just left gets the days of that state. */
static void resume_clock(matter_t *matter, const timer_rule_t *timer, int64_t effective_ms)
{
    json_t *clock = json_object_get(matter->clocks, timer->name);
    if (!clock)
        return;
    int64_t days = day_of(effective_ms) - day_of(matter->entered_ms);
    int64_t before = json_integer_value(json_object_get(clock, "suspended"));
    json_object_set_new(clock, "suspended", json_integer(before + days));
}

static bool starts_clock(const matter_t *matter,
                         const timer_rule_t *timer,
                         const transition_t *transition,
                         int from)
{
    if (timer->since)
        return names_have(timer->since, transition->name);
    return has_state(timer->states, matter->state) && !has_state(timer->states, from);
}

static void run_clock(matter_t *matter,
                      const timer_rule_t *timer,
                      const transition_t *transition,
                      int from,
                      int64_t effective_ms)
{
    if (timer->on)
        return;
    if (starts_clock(matter, timer, transition, from))
        start_clock(matter, timer, effective_ms);
    else if (from != matter->state && has_state(timer->suspended_in, from))
        resume_clock(matter, timer, effective_ms);
    else if (!timer->since && !has_state(timer->states, matter->state))
        json_object_del(matter->clocks, timer->name);
}

void engine_run_clocks(matter_t *matter,
                       const transition_t *transition,
                       int from,
                       int64_t effective_ms)
{
    const machine_t *machine = matter->machine;
    for (size_t i = 0; i < machine->timer_count; i++)
        run_clock(matter, &machine->timers[i], transition, from, effective_ms);
    const timer_rule_t *next = engine_next_timer(matter);
    matter->due_ms = next ? engine_due(matter, next) : 0;
}

int64_t engine_due(const matter_t *matter, const timer_rule_t *timer)
{
    if (!timer->enabled || !has_state(timer->states, matter->state))
        return 0;
    if (timer->on) {
        const char *date = json_string_value(json_object_get(matter->facts, timer->on));
        int64_t day;
        return date && pia_date_parse(date, &day) ? day_start(day) : 0;
    }
    const json_t *clock = json_object_get(matter->clocks, timer->name);
    if (!clock)
        return 0;
    int64_t since = json_integer_value(json_object_get(clock, "since"));
    int64_t suspended = json_integer_value(json_object_get(clock, "suspended"));
    int64_t last = day_add(day_of(since), &timer->after) + suspended;
    return day_start(last + 1); /* 24:00 of the last day */
}

const timer_rule_t *engine_next_timer(const matter_t *matter)
{
    const timer_rule_t *next = NULL;
    int64_t next_ms = 0;
    for (size_t i = 0; i < matter->machine->timer_count; i++) {
        const timer_rule_t *timer = &matter->machine->timers[i];
        int64_t due_ms = engine_due(matter, timer);
        if (due_ms != 0 && (!next || due_ms < next_ms)) {
            next = timer;
            next_ms = due_ms;
        }
    }
    return next;
}
