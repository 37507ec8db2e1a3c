/* matter.c - creating and moving matters. */
#include "matter.h"

#include <stdio.h>
#include <string.h>

#include "announce.h"
#include "data.h"
#include "engine.h"
#include "history.h"
#include "renewal.h"
#include "review.h"
#include "rule.h"
#include "store_matter.h"

/* What follows by itself from one command. Automatic transitions do not come back to a state (the
 * definition is checked); timers may: a year of daily ones fits. */
enum { AUTOMATIC_MAX = MACHINE_STATES_MAX, TIMERS_MAX = 400 };

static const char nobody[] = "/services/labellisation";

void matter_clear(matter_t *matter)
{
    json_decref(matter->card);
    json_decref(matter->facts);
    json_decref(matter->clocks);
    matter->card = matter->facts = matter->clocks = NULL;
}

pia_status_t matter_load(pia_db_t *db,
                         library_t *library,
                         machine_kind_t kind,
                         const char *id,
                         matter_t *ret_matter,
                         pia_problem_t *problem)
{
    return store_matter_find(db, library, kind, id, ret_matter, problem);
}

pia_status_t matter_roles(pia_db_t *db,
                          const matter_t *matter,
                          const pia_principal_t *principal,
                          uint32_t *ret_roles)
{
    bool reviews = (principal->roles & PIA_ROLE_REVIEWER) != 0 && principal->person[0] != '\0';
    bool assigned = reviews && strcmp(matter->person, principal->person) == 0;
    pia_status_t status = PIA_OK;
    if (reviews && !assigned)
        status = review_is_assigned(db, matter->id, principal->person, &assigned);
    *ret_roles = engine_roles(principal, matter->structure, assigned);
    if (kinds[matter->kind].inner)
        *ret_roles &= ~(uint32_t)(PIA_ROLE_CANDIDAT | PIA_ROLE_POLE);
    return status;
}

pia_status_t matter_guards(const act_t *act, pia_problem_t *problem)
{
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < act->transition->guard_count; i++) {
        const guard_t *guard = &act->transition->guards[i];
        status = guard->kind->test(act, guard->parameters, problem);
    }
    return status;
}

/* Those that change the matter itself, or (`others`) those that wait until it is stored. */
static pia_status_t run_effects(act_t *act, bool others, pia_problem_t *problem)
{
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < act->transition->effect_count; i++) {
        const effect_t *effect = &act->transition->effects[i];
        if (effect->kind->others == others)
            status = effect->kind->run(act, effect->parameters, problem);
    }
    return status;
}

static pia_status_t append_history(const act_t *act, int from)
{
    const machine_t *machine = act->matter->machine;
    history_entry_t entry = {
        .transition = act->transition->name,
        .from = from == STATE_NONE ? NULL : machine->states[from].name,
        .to = machine->states[act->matter->state].name,
        .actor = act->principal ? act->principal->subject : nobody,
        .effective_ms = act->effective_ms,
        .recorded_ms = act->recorded_ms,
        .data = act->record,
    };
    return history_append(act->db, act->matter, &entry);
}

/* State, clocks and times after the transition. */
static pia_status_t enter(act_t *act, int from, pia_problem_t *problem)
{
    matter_t *matter = act->matter;
    const engine_step_t step = {
        .transition = act->transition,
        .from = from,
        .effective_ms = act->effective_ms,
        .fired = act->timer,
        .fired_ms = act->due_ms,
    };
    pia_status_t status = engine_run_clocks(matter, &step, problem);
    matter->changed_ms = act->effective_ms;
    if (matter->state != from)
        matter->entered_ms = act->effective_ms;
    return status;
}

/* What is left once the next version is ours. */
static pia_status_t carry_out(act_t *act, int from, pia_problem_t *problem)
{
    matter_t *matter = act->matter;
    if (act->transition->to != STATE_NONE)
        matter->state = act->transition->to;
    json_t *record = NULL;
    act->from = from;
    pia_status_t status =
        data_record(act->db, matter->id, act->transition, act->data, act->recorded_ms, &record);
    act->record = record;
    if (status == PIA_OK && act->origin)
        json_object_set(record, "origin", (json_t *)act->origin);
    if (status == PIA_OK)
        status = run_effects(act, false, problem);
    if (status == PIA_OK)
        status = enter(act, from, problem);
    if (status == PIA_OK)
        status = append_history(act, from);
    if (status == PIA_OK)
        status = store_matter_save(act->db, matter);
    if (status == PIA_OK)
        status = announce_transition(act, from);
    if (status == PIA_OK)
        status = run_effects(act, true, problem);
    json_decref(record);
    act->record = NULL;
    return status;
}

/* One transition that nothing stands against any more. */
static pia_status_t make(act_t *act, pia_problem_t *problem)
{
    int from = act->matter->state;
    pia_status_t status = store_matter_claim(act->db, act->matter);
    if (status == PIA_CONFLICT)
        return pia_problem_set(problem, status, "/version",
                               "someone else changed it at the same moment: look again");
    return status == PIA_OK ? carry_out(act, from, problem) : status;
}

/* The automatic transition whose time has come; NULL if there is none. */
static pia_status_t find_automatic(act_t *act)
{
    const machine_t *machine = act->matter->machine;
    for (size_t i = 0; i < machine->transition_count; i++) {
        act->transition = &machine->transitions[i];
        if (!act->transition->automatic ||
            !transition_starts_in(act->transition, act->matter->state))
            continue;
        pia_problem_t ignored;
        pia_status_t status = matter_guards(act, &ignored);
        if (status == PIA_OK || pia_db_is_retryable(act->db))
            return status;
        if (status != PIA_CONFLICT && status != PIA_FORBIDDEN)
            return status;
    }
    act->transition = NULL;
    return PIA_OK;
}

static pia_status_t make_automatic(const act_t *cause, pia_problem_t *problem)
{
    act_t act = {
        .db = cause->db,
        .library = cause->library,
        .matter = cause->matter,
        .effective_ms = cause->effective_ms,
        .recorded_ms = cause->recorded_ms,
        .depth = cause->depth,
    };
    for (int i = 0; i < AUTOMATIC_MAX; i++) {
        pia_status_t status = find_automatic(&act);
        if (status != PIA_OK || !act.transition)
            return status;
        status = make(&act, problem);
        if (status != PIA_OK)
            return status;
    }
    return pia_problem_set(problem, PIA_INTERNAL, NULL,
                           "the definition's automatic transitions do not end");
}

/* A timer's transition, and what follows. What happens to a label depends on its renewal. */
static pia_status_t fire(act_t *act, pia_problem_t *problem)
{
    pia_status_t status = PIA_OK;
    if (act->matter->kind == MACHINE_LABEL)
        status = renewal_catch_up(act, problem);
    if (status == PIA_OK)
        status = make(act, problem);
    return status == PIA_OK ? make_automatic(act, problem) : status;
}

pia_status_t matter_catch_up(
    pia_db_t *db, library_t *library, matter_t *matter, int64_t now_ms, pia_problem_t *problem)
{
    const act_t at = {.db = db, .library = library, .effective_ms = now_ms, .recorded_ms = now_ms};
    return matter_catch_up_to(&at, matter, problem);
}

pia_status_t matter_catch_up_to(const act_t *at, matter_t *matter, pia_problem_t *problem)
{
    for (int i = 0; i < TIMERS_MAX; i++) {
        const timer_rule_t *timer = engine_next_timer(matter);
        int64_t due_ms = timer ? engine_due(matter, timer) : 0;
        if (!timer || due_ms > at->effective_ms)
            return PIA_OK;
        act_t act = {
            .db = at->db,
            .library = at->library,
            .matter = matter,
            .transition = &matter->machine->transitions[timer->transition],
            .effective_ms = due_ms > matter->changed_ms ? due_ms : matter->changed_ms,
            .recorded_ms = at->recorded_ms,
            .depth = at->depth,
            .timer = timer,
            .due_ms = due_ms,
        };
        pia_status_t status = fire(&act, problem);
        if (status != PIA_OK)
            return status;
    }
    return pia_problem_set(problem, PIA_INTERNAL, NULL, "its timers do not come to an end");
}

pia_status_t matter_create(act_t *act, pia_problem_t *problem)
{
    matter_t *matter = act->matter;
    matter->machine = &matter->definition->machines[matter->kind];
    matter->state = act->transition->to;
    matter->version = 1;
    matter->created_ms = matter->changed_ms = matter->entered_ms = act->effective_ms;
    if (!matter->facts)
        matter->facts = json_object();
    matter->clocks = json_object();
    history_no_chain(matter->chain);
    pia_status_t status = data_check(act->transition, act->data, problem);
    if (status == PIA_OK)
        status = matter_guards(act, problem);
    if (status == PIA_OK)
        status = store_matter_insert(act->db, matter);
    if (status == PIA_OK)
        status = carry_out(act, STATE_NONE, problem);
    return status == PIA_OK ? make_automatic(act, problem) : status;
}

static pia_status_t check_version(const matter_t *matter, int64_t version, pia_problem_t *problem)
{
    if (version == matter->version)
        return PIA_OK;
    return pia_problem_set(problem, PIA_CONFLICT, "/version",
                           "the present version is %lld, in the state %s",
                           (long long)matter->version, matter->machine->states[matter->state].name);
}

pia_status_t matter_move(act_t *act, int64_t version, pia_problem_t *problem)
{
    matter_t *matter = act->matter;
    uint32_t roles = 0;
    pia_status_t status = check_version(matter, version, problem);
    if (status == PIA_OK)
        status = matter_roles(act->db, matter, act->principal, &roles);
    if (status == PIA_OK)
        status = engine_allows(matter->machine, act->transition, matter->state, roles, problem);
    if (status == PIA_OK)
        status = data_check(act->transition, act->data, problem);
    if (status == PIA_OK)
        status = matter_guards(act, problem);
    if (status == PIA_OK)
        status = make(act, problem);
    return status == PIA_OK ? make_automatic(act, problem) : status;
}

pia_status_t matter_follow(act_t *act, pia_problem_t *problem)
{
    const matter_t *matter = act->matter;
    pia_status_t status = matter_guards(act, problem);
    if (status == PIA_OK && !transition_starts_in(act->transition, matter->state))
        return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                               "the transition %s is not allowed in the state %s of its %s",
                               act->transition->name, matter->machine->states[matter->state].name,
                               matter->machine->name);
    if (status == PIA_OK)
        status = make(act, problem);
    return status == PIA_OK ? make_automatic(act, problem) : status;
}
