/* definition_timers.c - timers name what exists, and say what they count from in one way. */
#include <stdio.h>
#include <string.h>

#include "definition_internal.h"
#include "legal_clock.h"

/* A timer, and where it stands. */
typedef struct {
    const machine_t *machine;
    const timer_rule_t *timer;
    const char *at;
    pia_problem_t *problem;
} use_t;

static pia_status_t fault(const use_t *use, const char *member, const char *detail)
{
    return definition_fault(use->problem, use->at, member, detail);
}

static bool is_empty(const period_t *period)
{
    return period->years == 0 && period->months == 0 && period->weeks == 0 && period->days == 0;
}

static pia_status_t check_names(const use_t *use, const json_t *names, const char *list)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        char index[64];
        (void)snprintf(index, sizeof index, "%s/%zu", list, i);
        if (!machine_transition(use->machine, json_string_value(json_array_get(names, i))))
            return fault(use, index, "there is no transition of this name");
    }
    return PIA_OK;
}

static pia_status_t check_transition(const use_t *use)
{
    const transition_t *transition = &use->machine->transitions[use->timer->transition];
    if ((use->timer->states & ~transition->from) != 0)
        return fault(use, "states", "the transition is not allowed from all of them");
    if (definition_asks_for_data(transition) || transition->guard_count > 0 ||
        transition->roles != 0)
        return fault(use, "transition",
                     "the clock alone makes it: no role, no guard, no required data");
    return PIA_OK;
}

static bool has_date(const timer_rule_t *timer)
{
    return timer->on != NULL || timer->of != TIMER_NONE;
}

/* How long before or after what. */
static pia_status_t check_offset(const use_t *use)
{
    const timer_rule_t *timer = use->timer;
    bool before = !is_empty(&timer->before), after = !is_empty(&timer->after);
    if (before && !has_date(timer))
        return fault(use, "before", "is before the date of a fact or the end of a timer");
    if (before && after)
        return fault(use, "before", "either before or after");
    if (timer->of != TIMER_NONE && !before && !after)
        return fault(use, "of", "says how long before or after");
    if (!has_date(timer) && !timer->rule && !after)
        return fault(use, "after", "a rule, a period, the date of a fact or the end of a timer");
    return PIA_OK;
}

/* One of: a rule of law, the date of a fact, the end of another timer, a period. */
static pia_status_t check_basis(const use_t *use)
{
    const timer_rule_t *timer = use->timer;
    if (timer->on && timer->of != TIMER_NONE)
        return fault(use, "of", "either the date of a fact or the end of a timer");
    if (timer->rule && has_date(timer))
        return fault(use, "rule", "a rule counts from the start of its own clock");
    if (has_date(timer) && (timer->since || timer->suspended_in))
        return fault(use, timer->on ? "on" : "of", "the date of a fact or timer has no clock");
    if (timer->on && !definition_records(use->machine, timer->on, true))
        return fault(use, "on", "no effect records this fact as a date");
    return check_offset(use);
}

static pia_status_t check_rule(const use_t *use)
{
    const timer_rule_t *timer = use->timer;
    if (timer->rule && !is_empty(&timer->after) && !timer->reference)
        return fault(use, "reference",
                     "another period than the rule's needs the text that orders it");
    if (timer->rule && timer->rule->way == LEGAL_WORKING && !is_empty(&timer->after))
        return fault(use, "after", "working days have the rule's own period");
    return PIA_OK;
}

static pia_status_t check_completion(const use_t *use)
{
    const timer_rule_t *timer = use->timer;
    if (!timer->requested)
        return timer->rule && timer->suspended_in
                   ? fault(use, "suspended_in", "a rule is suspended by requests for pieces")
                   : PIA_OK;
    if (!timer->rule ||
        (timer->rule->way != LEGAL_REJECTION && timer->rule->way != LEGAL_ACCEPTANCE))
        return fault(use, "completion", "only silence knows missing pieces");
    if (!definition_records(use->machine, timer->until, true))
        return fault(use, "completion/until", "no effect records this fact as a date");
    if (timer->indispensable && !definition_records(use->machine, timer->indispensable, false))
        return fault(use, "completion/indispensable", "no effect records this fact");
    pia_status_t status = check_names(use, timer->requested, "completion/requested");
    return status == PIA_OK ? check_names(use, timer->produced, "completion/produced") : status;
}

pia_status_t definition_check_timer(const machine_t *machine,
                                    const timer_rule_t *timer,
                                    const char *at,
                                    pia_problem_t *problem)
{
    const use_t use = {machine, timer, at, problem};
    for (const timer_rule_t *other = machine->timers; other < timer; other++)
        if (strcmp(other->name, timer->name) == 0)
            return fault(&use, "name", "another timer has this name");
    pia_status_t status = check_transition(&use);
    if (status == PIA_OK)
        status = check_basis(&use);
    if (status == PIA_OK)
        status = check_rule(&use);
    if (status == PIA_OK)
        status = check_completion(&use);
    return status == PIA_OK ? check_names(&use, timer->since, "since") : status;
}
