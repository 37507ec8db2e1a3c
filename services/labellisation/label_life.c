/* label_life.c - how long a label is valid, and what its definition may ask about that. */
#include "label_life.h"

#include <stdio.h>
#include <string.h>

#include "definition_internal.h"
#include "legal_clock.h"
#include "pia/clock.h"
#include "pia/json.h"

/* Facts that these functions record beside those that the definition names. */
static const char UNTIL[] = "until";           /* the first day without */
static const char RENEWABLE[] = "renewable";   /* the same, while no renewal is decided */
static const char AWARDED_UNTIL[] = "awarded"; /* what it was before any extension */
static const char ENDED_UNTIL[] = "ended";     /* what it was before the label was ended */

static const char SQL_STATES[] = "SELECT to_state FROM history WHERE matter = $1 "
                                 "ORDER BY number DESC LIMIT 1000";

static void set_day(matter_t *matter, const char *fact, int64_t day)
{
    char text[DAY_TEXT_SIZE];
    day_format(day, text);
    json_object_set_new(matter->facts, fact, json_string(text));
}

bool label_day(const matter_t *matter, const char *fact, int64_t *ret_day)
{
    const char *text = pia_json_text(matter->facts, fact);
    return text && pia_date_parse(text, ret_day);
}

bool label_has_ended(const char *standing)
{
    static const char *const ends[] = {"repealed", "withdrawn", "renounced", "expired"};
    for (size_t i = 0; standing && i < sizeof ends / sizeof ends[0]; i++)
        if (strcmp(ends[i], standing) == 0)
            return true;
    return false;
}

pia_status_t label_standing(pia_db_t *db, const matter_t *label, const char **ret_standing)
{
    const machine_t *machine = label->machine;
    *ret_standing = machine->states[label->state].standing;
    if (*ret_standing)
        return PIA_OK;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_STATES);
    pia_stmt_text(stmt, 1, label->id);
    pia_status_t status = PIA_OK;
    while (!*ret_standing && (status = pia_stmt_step(stmt)) == PIA_OK) {
        int state = machine_state(machine, pia_stmt_column_text(stmt, 0));
        *ret_standing = state == STATE_NONE ? NULL : machine->states[state].standing;
    }
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* Guards */

pia_status_t guard_fact_among(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const char *fact = pia_json_text(act->matter->facts, pia_json_text(parameters, "fact"));
    if (fact && names_have(json_object_get(parameters, "by"), fact))
        return PIA_OK;
    return pia_problem_set(problem, PIA_CONFLICT, "/transition", "%s is %s",
                           pia_json_text(parameters, "fact"), fact ? fact : "not recorded");
}

pia_status_t guard_datum_is_fact(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const char *datum = pia_json_text(parameters, "data");
    const char *value = act->data ? pia_json_text(act->data, datum) : NULL;
    const char *fact = pia_json_text(act->matter->facts, pia_json_text(parameters, "fact"));
    char at[PIA_POINTER_MAX];
    if (!value || (fact && strcmp(fact, value) == 0))
        return PIA_OK;
    (void)snprintf(at, sizeof at, "/data/%s", datum);
    return pia_problem_set(problem, PIA_CONFLICT, at, "%s is %s, and not what this says",
                           pia_json_text(parameters, "fact"), fact ? fact : "not recorded");
}

/* The last day of a rule's period from a day in Paris. */
static pia_status_t
last_day(const char *name, int64_t from, legal_deadline_t *ret_deadline, pia_problem_t *problem)
{
    legal_facts_t facts = {.rule = legal_rule_find(name), .from = from};
    (void)place_find(NULL, &facts.place);
    (void)place_find(NULL, &facts.court);
    return legal_clock(&facts, ret_deadline, problem);
}

pia_status_t guard_within_rule(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const char *datum = pia_json_text(parameters, "data"),
               *rule = pia_json_text(parameters, "rule");
    const char *value = act->data ? pia_json_text(act->data, datum) : NULL;
    legal_deadline_t deadline;
    if (!value || strcmp(value, pia_json_text(parameters, "value")) != 0)
        return PIA_OK;
    pia_status_t status = last_day(rule, day_of(act->matter->created_ms), &deadline, problem);
    if (status != PIA_OK || act->effective_ms < deadline.ends_ms)
        return status;
    char at[PIA_POINTER_MAX], day[DAY_TEXT_SIZE];
    (void)snprintf(at, sizeof at, "/data/%s", datum);
    day_format(deadline.last_day, day);
    return pia_problem_set(problem, PIA_CONFLICT, at, "for %s until %s only (%s)", value, day,
                           legal_rule_find(rule)->article);
}

pia_status_t guard_date_at_least(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const char *datum = pia_json_text(parameters, "data"),
               *rule = pia_json_text(parameters, "rule");
    const char *value = act->data ? pia_json_text(act->data, datum) : NULL;
    legal_deadline_t deadline;
    int64_t given;
    if (!value || !pia_date_parse(value, &given))
        return PIA_OK;
    pia_status_t status = last_day(rule, day_of(act->effective_ms), &deadline, problem);
    if (status != PIA_OK || given >= deadline.last_day)
        return status;
    char at[PIA_POINTER_MAX], day[DAY_TEXT_SIZE];
    (void)snprintf(at, sizeof at, "/data/%s", datum);
    day_format(deadline.last_day, day);
    return pia_problem_set(problem, PIA_CONFLICT, at, "is at the earliest %s (%s)", day,
                           legal_rule_find(rule)->article);
}

pia_status_t guard_day_reached(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const char *fact = pia_json_text(parameters, "fact");
    int64_t day;
    if (label_day(act->matter, fact, &day) && act->effective_ms >= day_start(day))
        return PIA_OK;
    return pia_problem_set(problem, PIA_CONFLICT, "/transition", "%s is not reached", fact);
}

pia_status_t guard_day_to_come(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const char *datum = pia_json_text(parameters, "data");
    const char *value = act->data ? pia_json_text(act->data, datum) : NULL;
    char at[PIA_POINTER_MAX];
    int64_t day;
    if (!value || !pia_date_parse(value, &day) || day >= day_of(act->effective_ms))
        return PIA_OK;
    (void)snprintf(at, sizeof at, "/data/%s", datum);
    return pia_problem_set(problem, PIA_INVALID, at, "is today at the earliest");
}

/* Effects */

pia_status_t run_record_left_state(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)problem;
    const machine_t *machine = act->matter->machine;
    if (act->from != STATE_NONE)
        json_object_set_new(act->matter->facts, pia_json_text(parameters, "fact"),
                            json_string(machine->states[act->from].name));
    return PIA_OK;
}

pia_status_t run_set_date(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)problem;
    period_t after;
    definition_read_period(json_object_get(parameters, "after"), &after);
    set_day(act->matter, pia_json_text(parameters, "fact"),
            day_add(day_of(act->effective_ms), &after));
    return PIA_OK;
}

pia_status_t run_end_label(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)problem;
    matter_t *label = act->matter;
    json_t *until = json_object_get(label->facts, UNTIL);
    if (until)
        json_object_set(label->facts, ENDED_UNTIL, until);
    if (strcmp(pia_json_text(parameters, "day"), "start") == 0)
        json_object_set(label->facts, UNTIL, json_object_get(label->facts, "from"));
    else
        set_day(label, UNTIL, day_of(act->effective_ms));
    return PIA_OK;
}

pia_status_t run_restore_label(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    (void)problem;
    json_t *ended = json_object_get(act->matter->facts, ENDED_UNTIL);
    if (ended)
        json_object_set(act->matter->facts, UNTIL, ended);
    json_object_del(act->matter->facts, ENDED_UNTIL);
    return PIA_OK;
}

pia_status_t run_extend_label(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    matter_t *label = act->matter;
    const char *datum = pia_json_text(parameters, "data");
    int64_t last = 0, until = 0, awarded = 0;
    period_t within;
    char at[PIA_POINTER_MAX], bound[DAY_TEXT_SIZE];
    (void)snprintf(at, sizeof at, "/data/%s", datum);
    definition_read_period(json_object_get(parameters, "within"), &within);
    if (!label_day(label, UNTIL, &until) || !pia_date_parse(pia_json_text(act->data, datum), &last))
        return pia_problem_set(problem, PIA_INTERNAL, at, "the label has no end");
    if (last < until)
        return pia_problem_set(problem, PIA_INVALID, at, "is no later than its present last day");
    if (!label_day(label, AWARDED_UNTIL, &awarded))
        awarded = until;
    day_format(day_add(awarded, &within) - 1, bound);
    if (last >= day_add(awarded, &within))
        return pia_problem_set(problem, PIA_INVALID, at, "an extension goes to %s at most", bound);
    set_day(label, AWARDED_UNTIL, awarded);
    set_day(label, UNTIL, last + 1);
    set_day(label, RENEWABLE, last + 1);
    return PIA_OK;
}
