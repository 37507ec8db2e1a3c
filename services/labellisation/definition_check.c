/* definition_check.c - what a definition must be as a whole. */
#include <stdio.h>
#include <string.h>

#include "definition_internal.h"
#include "pia/principal.h"

static pia_status_t check_values(const json_t *values, const char *at, pia_problem_t *problem)
{
    for (size_t i = 0; i < json_array_size(values); i++)
        for (size_t j = 0; j < i; j++)
            if (json_equal(json_array_get(values, i), json_array_get(values, j)))
                return definition_fault(problem, at, "values", "a value is given twice");
    return PIA_OK;
}

pia_status_t definition_check_datum(const datum_t *datum,
                                    const json_t *json,
                                    const char *at,
                                    pia_problem_t *problem)
{
    bool choice = datum->type == DATUM_CHOICE;
    bool bounded = datum_is_bounded(datum->type);
    const char *given = json_object_get(json, "min") ? "min" : "max";
    if (choice != (datum->values != NULL))
        return definition_fault(problem, at, "values", "a choice has values, and nothing else has");
    if (!bounded && json_object_get(json, given))
        return definition_fault(problem, at, given, "this type has no bounds");
    if (bounded && datum->min > datum->max)
        return definition_fault(problem, at, "min", "min is above max");
    if (datum->type != DATUM_INTEGER && datum->min < 0)
        return definition_fault(problem, at, "min", "a size is not negative");
    if (datum->type == DATUM_TEXT && datum->max > DATUM_TEXT_MAX)
        return definition_fault(problem, at, "max", "a text has at most 65536 bytes");
    int64_t items_max = datum_items_max(datum->type);
    if (items_max > 0 && datum->max > items_max)
        return definition_fault(problem, at, "max",
                                items_max == DATUM_PERSONS_MAX
                                    ? "at most 32 persons or pieces are named"
                                    : "at most 64 items are given");
    return check_values(datum->values, at, problem);
}

bool definition_asks_for_data(const transition_t *transition)
{
    for (size_t i = 0; i < transition->datum_count; i++)
        if (!transition->data[i].optional)
            return true;
    return false;
}

/* Whether a timer makes this transition, or an effect. */
static bool is_made_by_rule(const definition_t *definition,
                            const machine_t *machine,
                            const transition_t *transition)
{
    for (size_t i = 0; i < machine->timer_count; i++)
        if (&machine->transitions[machine->timers[i].transition] == transition)
            return true;
    return definition_moves(definition, machine, transition);
}

static pia_status_t check_creation(const machine_t *machine,
                                   const transition_t *transition,
                                   const char *at,
                                   pia_problem_t *problem)
{
    if (transition->to == STATE_NONE || !machine->states[transition->to].initial)
        return definition_fault(problem, at, "to", "a creation leads to an initial state");
    if (transition->automatic)
        return definition_fault(problem, at, "automatic", "a creation is not automatic");
    if (transition->roles == 0 && definition_asks_for_data(transition))
        return definition_fault(problem, at, "requires",
                                "a creation that nobody makes by hand has no data");
    return PIA_OK;
}

/* The states that automatic transitions alone lead to from `state`. */
static uint64_t automatic_states(const machine_t *machine, int state)
{
    uint64_t reached = (uint64_t)1 << state, before;
    do {
        before = reached;
        for (size_t i = 0; i < machine->transition_count; i++) {
            const transition_t *transition = &machine->transitions[i];
            bool open = transition->automatic && (transition->from & reached) != 0;
            if (open && transition->to != STATE_NONE)
                reached |= (uint64_t)1 << transition->to;
        }
    } while (reached != before);
    return reached;
}

static pia_status_t check_automatic(const machine_t *machine,
                                    const transition_t *transition,
                                    const char *at,
                                    pia_problem_t *problem)
{
    if (transition->roles != 0)
        return definition_fault(problem, at, "roles", "nobody makes an automatic transition");
    if (definition_asks_for_data(transition))
        return definition_fault(problem, at, "requires", "an automatic transition has no data");
    if (transition->to == STATE_NONE ||
        (transition->from & automatic_states(machine, transition->to)) != 0)
        return definition_fault(problem, at, "to",
                                "automatic transitions alone lead back to where it starts");
    return PIA_OK;
}

static pia_status_t
check_notify(const transition_t *transition, const char *at, pia_problem_t *problem)
{
    for (size_t i = 0; i < json_array_size(transition->notify); i++) {
        const char *name = json_string_value(json_array_get(transition->notify, i));
        char index[40];
        (void)snprintf(index, sizeof index, "notify/%zu", i);
        if (pia_role_parse(name) == 0 && strcmp(name, "structure") != 0 &&
            strcmp(name, "reviewers") != 0 && strcmp(name, "person") != 0 &&
            strcmp(name, "members") != 0)
            return definition_fault(problem, at, index,
                                    "is not a role, \"structure\", \"reviewers\", \"person\" or "
                                    "\"members\"");
    }
    return PIA_OK;
}

/* A kind of message for those whom nobody tells is a fault. */
static pia_status_t
check_notice(const transition_t *transition, const char *at, pia_problem_t *problem)
{
    bool structure = names_have(transition->notify, "structure");
    bool others = json_array_size(transition->notify) > (size_t)structure;
    if (json_object_get(transition->notice, "structure") && !structure)
        return definition_fault(problem, at, "notice/structure",
                                "`notify` does not name the structure");
    if (json_object_get(transition->notice, "others") && !others)
        return definition_fault(problem, at, "notice/others",
                                "`notify` names nobody but the structure");
    return PIA_OK;
}

static pia_status_t check_transition(const definition_t *definition,
                                     const machine_t *machine,
                                     const transition_t *transition,
                                     const char *at,
                                     pia_problem_t *problem)
{
    pia_status_t status = PIA_OK;
    if (transition->from == 0)
        status = check_creation(machine, transition, at, problem);
    if (status == PIA_OK && transition->automatic)
        status = check_automatic(machine, transition, at, problem);
    if (status == PIA_OK && !transition->automatic && transition->roles == 0 &&
        !is_made_by_rule(definition, machine, transition))
        status = definition_fault(problem, at, "roles",
                                  "nobody makes it: no role, not automatic, no timer or effect");
    if (status == PIA_OK)
        status = check_notify(transition, at, problem);
    if (status == PIA_OK)
        status = check_notice(transition, at, problem);
    if (status == PIA_OK)
        status = definition_check_rules(definition, machine, transition, at, problem);
    return status;
}

/* The states that some chain of transitions leads to. */
static uint64_t reached_states(const machine_t *machine)
{
    uint64_t reached = 0, before;
    do {
        before = reached;
        for (size_t i = 0; i < machine->transition_count; i++) {
            const transition_t *transition = &machine->transitions[i];
            bool open = transition->from == 0 || (transition->from & reached) != 0;
            if (open && transition->to != STATE_NONE)
                reached |= (uint64_t)1 << transition->to;
        }
    } while (reached != before);
    return reached;
}

/* The states that some transition leaves; one that stays where it is may be made in a final state,
 * too. */
static uint64_t left_states(const machine_t *machine)
{
    uint64_t left = 0;
    for (size_t i = 0; i < machine->transition_count; i++)
        if (machine->transitions[i].to != STATE_NONE)
            left |= machine->transitions[i].from;
    return left;
}

static pia_status_t check_states(const machine_t *machine, const char *at, pia_problem_t *problem)
{
    uint64_t reached = reached_states(machine), left = left_states(machine);
    for (size_t i = 0; i < machine->state_count; i++) {
        bool final = machine->states[i].final, is_left = (left >> i & 1) != 0;
        char item[PIA_POINTER_MAX];
        definition_item(item, at, "states", i);
        if ((reached >> i & 1) == 0)
            return definition_fault(problem, item, "name", "no transition leads to this state");
        if (final && is_left)
            return definition_fault(problem, item, "final", "a transition leaves this state");
        if (!final && !is_left)
            return definition_fault(problem, item, "final",
                                    "no transition leaves this state, and it is not final");
    }
    return PIA_OK;
}

static pia_status_t
check_machine(const definition_t *definition, const machine_t *machine, pia_problem_t *problem)
{
    char at[PIA_POINTER_MAX], item[PIA_POINTER_MAX];
    (void)snprintf(at, sizeof at, "/machines/%s", machine->name);
    pia_status_t status = check_states(machine, at, problem);
    for (size_t i = 0; status == PIA_OK && i < machine->transition_count; i++) {
        definition_item(item, at, "transitions", i);
        status = check_transition(definition, machine, &machine->transitions[i], item, problem);
    }
    for (size_t i = 0; status == PIA_OK && i < machine->timer_count; i++) {
        definition_item(item, at, "timers", i);
        status = definition_check_timer(machine, &machine->timers[i], item, problem);
    }
    return status;
}

pia_status_t definition_check(const definition_t *definition, pia_problem_t *problem)
{
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < MACHINE_COUNT; i++)
        if (definition->machines[i].state_count > 0)
            status = check_machine(definition, &definition->machines[i], problem);
    if (status == PIA_OK && definition->authority_required &&
        !machine_creation(&definition->machines[MACHINE_AUTHORITY]))
        return definition_fault(problem, "/signatures", "authority",
                                "nobody can record one: there is no creation of an authority");
    if (status == PIA_OK && !machine_creation(&definition->machines[MACHINE_DOSSIER]))
        return definition_fault(problem, "/machines/dossier", "transitions",
                                "nobody can open a dossier: no creation has a role");
    return status;
}
