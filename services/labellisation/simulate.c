/* simulate.c - replays a history under another definition, in memory. */
#include "simulate.h"

#include <stdio.h>
#include <string.h>

#include "data.h"
#include "engine.h"
#include "history.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "rule.h"

enum { PAGE = 200, TIMERS_MAX = 400, REASON_SIZE = 256 };

typedef struct {
    pia_db_t *db;
    matter_t matter;            /* as the definition would have it */
    int64_t number;             /* of the entry being replayed */
    int64_t differs_from;       /* number of the first entry that would have been different; 0 */
    char reason[REASON_SIZE];   /* why */
    const json_t *entry, *next; /* the present entry and the one after it, or NULL */
} replay_t;

static void diverge(replay_t *replay, const char *transition, const char *why)
{
    if (replay->differs_from != 0)
        return;
    replay->differs_from = replay->number;
    (void)snprintf(replay->reason, sizeof replay->reason, "%s: %s", transition, why);
}

static bool is_nobody(const json_t *entry)
{
    return strncmp(pia_json_text_or(entry, "actor", ""), "/services/", 10) == 0;
}

/* Whether those conditions hold that look at nothing but the facts. */
static bool guards_hold(const act_t *act, bool *ret_known)
{
    bool hold = true;
    *ret_known = true;
    for (size_t i = 0; hold && i < act->transition->guard_count; i++) {
        const guard_t *guard = &act->transition->guards[i];
        if (guard->kind->pure)
            hold = guard->kind->test(act, guard->parameters, NULL) == PIA_OK;
        else
            *ret_known = false;
    }
    return hold;
}

/* The transition is made: state, facts, clocks. */
static void make(replay_t *replay, act_t *act)
{
    matter_t *matter = &replay->matter;
    pia_problem_t problem = {.detail = ""};
    const engine_step_t step = {
        .transition = act->transition,
        .from = matter->state,
        .effective_ms = act->effective_ms,
        .fired = act->timer,
        .fired_ms = act->due_ms,
    };
    act->from = step.from;
    if (act->transition->to != STATE_NONE)
        matter->state = act->transition->to;
    for (size_t i = 0; i < act->transition->effect_count; i++) {
        const effect_t *effect = &act->transition->effects[i];
        if (effect->kind->pure)
            (void)effect->kind->run(act, effect->parameters, &problem);
    }
    if (engine_run_clocks(matter, &step, &problem) != PIA_OK)
        diverge(replay, act->transition->name, problem.detail);
    matter->changed_ms = act->effective_ms;
    if (matter->state != step.from)
        matter->entered_ms = act->effective_ms;
}

/* Whether the entry is this transition, made by nobody. */
static bool is_made_by_nobody(const json_t *entry, const transition_t *transition)
{
    return entry && is_nobody(entry) &&
           strcmp(pia_json_text_or(entry, "transition", ""), transition->name) == 0;
}

/* Makes what follows by itself; what the history holds as its next entry waits for its turn. */
static void make_automatic(replay_t *replay, int64_t effective_ms)
{
    const machine_t *machine = replay->matter.machine;
    for (size_t i = 0; i < machine->transition_count; i++) {
        bool known;
        act_t act = {
            .matter = &replay->matter,
            .transition = &machine->transitions[i],
            .effective_ms = effective_ms,
        };
        if (!act.transition->automatic ||
            !transition_starts_in(act.transition, replay->matter.state) ||
            !guards_hold(&act, &known) || !known)
            continue;
        if (is_made_by_nobody(replay->next, act.transition))
            return;
        diverge(replay, act.transition->name, "would follow by itself");
        make(replay, &act);
        i = (size_t)-1; /* from the first again: a definition's automatic ones come to an end */
    }
}

/* The timer's transition, which is the present entry or a difference. */
static void fire(replay_t *replay, const timer_rule_t *timer, int64_t due_ms)
{
    matter_t *matter = &replay->matter;
    act_t act = {
        .matter = matter,
        .transition = &matter->machine->transitions[timer->transition],
        .effective_ms = due_ms > matter->changed_ms ? due_ms : matter->changed_ms,
        .timer = timer,
        .due_ms = due_ms,
    };
    if (act.transition->to != STATE_NONE) /* a reminder more or less decides nothing */
        diverge(replay, act.transition->name, "the clock would make it first");
    make(replay, &act);
    make_automatic(replay, act.effective_ms);
}

/* What the clock makes up to an instant. True: the present entry is the last of it. */
static bool run_clock(replay_t *replay, int64_t until_ms)
{
    for (int i = 0; i < TIMERS_MAX; i++) {
        const timer_rule_t *timer = engine_next_timer(&replay->matter);
        int64_t due_ms = timer ? engine_due(&replay->matter, timer) : 0;
        if (!timer || due_ms > until_ms)
            return false;
        const transition_t *transition = &replay->matter.machine->transitions[timer->transition];
        if (replay->entry && is_made_by_nobody(replay->entry, transition) && due_ms == until_ms) {
            act_t act = {
                .matter = &replay->matter,
                .transition = transition,
                .effective_ms = until_ms,
                .timer = timer,
                .due_ms = due_ms,
            };
            make(replay, &act);
            make_automatic(replay, until_ms);
            return true;
        }
        fire(replay, timer, due_ms);
    }
    return false;
}

/* Why the definition would not let the entry be made; NULL: it would. */
static const char *refusal(const replay_t *replay,
                           const transition_t *transition,
                           const json_t *data,
                           pia_problem_t *problem)
{
    bool nobody = is_nobody(replay->entry), known;
    const act_t act = {
        .matter = (matter_t *)&replay->matter, .transition = transition, .data = data};
    if (!transition)
        return "there is no such transition";
    if (!transition_starts_in(transition, replay->matter.state))
        return "is not allowed in the state that the dossier would have";
    if (!nobody && transition->roles == 0)
        return "nobody makes it by hand";
    if (nobody && !transition->automatic)
        return "does not follow by itself then";
    if (!nobody && data_fits(transition, data, problem) != PIA_OK)
        return problem->detail;
    return guards_hold(&act, &known) ? NULL : "a condition does not hold";
}

static void replay_entry(replay_t *replay)
{
    int64_t effective_ms = 0;
    const char *name = pia_json_text_or(replay->entry, "transition", "");
    const json_t *data = json_object_get(replay->entry, "data");
    const transition_t *transition = machine_transition(replay->matter.machine, name);
    (void)pia_time_parse(pia_json_text_or(replay->entry, "effective_at", ""), &effective_ms);
    if (replay->matter.state != STATE_NONE && run_clock(replay, effective_ms))
        return;
    pia_problem_t problem = {.detail = ""};
    const char *why = refusal(replay, transition, data, &problem);
    if (why) {
        if (!transition || transition->to != STATE_NONE || !is_nobody(replay->entry))
            diverge(replay, name, why);
        return;
    }
    act_t act = {
        .matter = &replay->matter,
        .transition = transition,
        .data = data,
        .record = (json_t *)data,
        .effective_ms = effective_ms,
    };
    make(replay, &act);
    make_automatic(replay, effective_ms);
}

static pia_status_t replay_history(replay_t *replay, const matter_t *recorded)
{
    const history_reader_t reader = {recorded->machine, PIA_ROLE_SERVICE, ""};
    bool more = true;
    pia_status_t status = PIA_OK;
    while (more && status == PIA_OK) {
        json_t *page = NULL;
        status = history_page(replay->db, recorded->id, &reader, replay->number, PAGE, &page);
        const json_t *items = json_object_get(page, "items");
        for (size_t i = 0; i < json_array_size(items); i++) {
            replay->entry = json_array_get(items, i);
            replay->next = json_array_get(items, i + 1);
            replay->number++;
            replay_entry(replay);
        }
        more = json_object_get(page, "next") != NULL;
        json_decref(page);
    }
    replay->entry = replay->next = NULL;
    return status;
}

static json_t *outcome_of(const replay_t *replay, const matter_t *recorded)
{
    const matter_t *matter = &replay->matter;
    const char *was = recorded->machine->states[recorded->state].name;
    const char *would =
        matter->state == STATE_NONE ? NULL : matter->machine->states[matter->state].name;
    json_t *json =
        json_pack("{s:s, s:s*, s:s, s:s*, s:b}", "dossier", recorded->id, "title",
                  json_string_value(json_object_get(recorded->card, "title")), "recorded", was,
                  "simulated", would, "differs", !would || strcmp(was, would) != 0);
    if (replay->differs_from != 0) {
        json_object_set_new(json, "number", json_integer(replay->differs_from));
        json_object_set_new(json, "reason", json_string(replay->reason));
    }
    return json;
}

pia_status_t simulate(pia_db_t *db,
                      const matter_t *matter,
                      const definition_t *definition,
                      int64_t now_ms,
                      json_t **ret_outcome)
{
    replay_t replay = {
        .db = db,
        .matter =
            {
                .kind = matter->kind,
                .definition = definition,
                .machine = &definition->machines[matter->kind],
                .state = STATE_NONE,
                .card = json_incref(matter->card),
                .facts = json_object(),
                .clocks = json_object(),
            },
    };
    pia_status_t status = replay_history(&replay, matter);
    if (status == PIA_OK) {
        replay.number++;
        if (replay.matter.state != STATE_NONE)
            (void)run_clock(&replay, now_ms);
        *ret_outcome = outcome_of(&replay, matter);
    }
    matter_clear(&replay.matter);
    return status;
}
