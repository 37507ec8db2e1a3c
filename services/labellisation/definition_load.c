/* definition_load.c - JSON to structs. The schema (proto/process_definition.schema.json) checks the
 * shape; here names become indices and functions; definition_check.c then looks at the whole. */
#include "definition_internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "legal_clock.h"
#include "pia/memory.h"
#include "pia/principal.h"
#include "proto/process_definition.h"
#include "rule.h"

pia_status_t
definition_fault(pia_problem_t *problem, const char *at, const char *member, const char *detail)
{
    char pointer[PIA_POINTER_MAX];
    (void)snprintf(pointer, sizeof pointer, "%s/%s", at, member);
    return pia_problem_set(problem, PIA_INVALID, pointer, "%s", detail);
}

void definition_item(char ret_pointer[PIA_POINTER_MAX], const char *at, const char *list, size_t i)
{
    (void)snprintf(ret_pointer, PIA_POINTER_MAX, "%s/%s/%zu", at, list, i);
}

/* A part of what the whole schema has checked already. */
static void read_part(const pia_schema_t *schema, const json_t *json, void *ret_fields)
{
    pia_status_t status = pia_schema_decode(schema, json, PIA_UNKNOWN_REFUSED, ret_fields, NULL);
    assert(status == PIA_OK);
}

static pia_status_t check_name(const char *name, const char *at, pia_problem_t *problem)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (name[size] == '\0' && name[0] >= 'a' && name[0] <= 'z')
        return PIA_OK;
    return definition_fault(problem, at, "name",
                            "a name is lower-case letters, digits and _, a letter first");
}

static pia_status_t read_states(const machine_t *machine,
                                const json_t *names,
                                const char *at,
                                uint64_t *ret_set,
                                pia_problem_t *problem)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        int state = machine_state(machine, json_string_value(json_array_get(names, i)));
        char index[24];
        (void)snprintf(index, sizeof index, "%zu", i);
        if (state == STATE_NONE)
            return definition_fault(problem, at, index, "there is no state of this name");
        *ret_set |= (uint64_t)1 << state;
    }
    return PIA_OK;
}

static pia_status_t
read_roles(const json_t *names, const char *at, uint32_t *ret_roles, pia_problem_t *problem)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        uint32_t role = pia_role_parse(json_string_value(json_array_get(names, i)));
        char index[24];
        (void)snprintf(index, sizeof index, "%zu", i);
        if (role == 0)
            return definition_fault(problem, at, index, "there is no role of this name");
        *ret_roles |= role;
    }
    return PIA_OK;
}

static pia_status_t
load_state(machine_t *machine, const json_t *json, const char *at, pia_problem_t *problem)
{
    pia_definition_state_t fields;
    read_part(&pia_definition_state_schema, json, &fields);
    if (machine_state(machine, fields.name) != STATE_NONE)
        return definition_fault(problem, at, "name", "another state has this name");
    machine->states[machine->state_count++] = (state_t){
        .name = fields.name,
        .label = fields.label,
        .initial = fields.initial,
        .final = fields.final,
        .standing = fields.standing,
    };
    return check_name(fields.name, at, problem);
}

static datum_type_t datum_type(const char *text)
{
    datum_type_t type = DATUM_TEXT;
    while (strcmp(datum_type_name(type), text) != 0)
        type++;
    return type;
}

/* Bounds that a datum of this type has if it names none. */
static void default_bounds(datum_t *datum)
{
    static const int64_t json_integer_max = ((int64_t)1 << 53) - 1;
    datum->min = datum->type == DATUM_INTEGER ? -json_integer_max : 1;
    datum->max = datum->type == DATUM_INTEGER ? json_integer_max : datum_items_max(datum->type);
    if (datum->type == DATUM_TEXT)
        datum->max = DATUM_TEXT_MAX;
}

static pia_status_t
load_datum(transition_t *transition, const json_t *json, const char *at, pia_problem_t *problem)
{
    pia_definition_datum_t fields;
    read_part(&pia_definition_datum_schema, json, &fields);
    if (transition_datum(transition, fields.name))
        return definition_fault(problem, at, "name", "another datum has this name");
    datum_t *datum = &transition->data[transition->datum_count++];
    datum->name = fields.name;
    datum->label = fields.label;
    datum->type = datum_type(fields.type);
    datum->optional = fields.optional;
    datum->values = fields.values;
    default_bounds(datum);
    if (fields.has_min)
        datum->min = fields.min;
    if (fields.has_max)
        datum->max = fields.max;
    pia_status_t status = check_name(fields.name, at, problem);
    return status == PIA_OK ? definition_check_datum(datum, json, at, problem) : status;
}

static pia_status_t
load_data(transition_t *transition, const json_t *list, const char *at, pia_problem_t *problem)
{
    transition->data = pia_alloc((json_array_size(list) + 1) * sizeof *transition->data);
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < json_array_size(list); i++) {
        char item[PIA_POINTER_MAX];
        definition_item(item, at, "requires", i);
        status = load_datum(transition, json_array_get(list, i), item, problem);
    }
    return status;
}

static pia_status_t
load_guards(transition_t *transition, const json_t *list, const char *at, pia_problem_t *problem)
{
    transition->guards = pia_alloc((json_array_size(list) + 1) * sizeof *transition->guards);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *json = json_array_get(list, i);
        char item[PIA_POINTER_MAX];
        definition_item(item, at, "guards", i);
        const guard_kind_t *kind = guard_find(json_string_value(json_object_get(json, "name")));
        if (!kind)
            return definition_fault(problem, item, "name", "there is no guard of this name");
        transition->guards[transition->guard_count++] = (guard_t){kind, json};
    }
    return PIA_OK;
}

static pia_status_t
load_effects(transition_t *transition, const json_t *list, const char *at, pia_problem_t *problem)
{
    transition->effects = pia_alloc((json_array_size(list) + 1) * sizeof *transition->effects);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *json = json_array_get(list, i);
        char item[PIA_POINTER_MAX];
        definition_item(item, at, "effects", i);
        const effect_kind_t *kind = effect_find(json_string_value(json_object_get(json, "name")));
        if (!kind)
            return definition_fault(problem, item, "name", "there is no effect of this name");
        transition->effects[transition->effect_count++] = (effect_t){kind, json};
    }
    return PIA_OK;
}

static pia_status_t read_ends(const machine_t *machine,
                              transition_t *transition,
                              const pia_definition_transition_t *fields,
                              const char *at,
                              pia_problem_t *problem)
{
    char from[PIA_POINTER_MAX];
    (void)snprintf(from, sizeof from, "%s/from", at);
    transition->to = fields->to ? machine_state(machine, fields->to) : STATE_NONE;
    if (fields->to && transition->to == STATE_NONE)
        return definition_fault(problem, at, "to", "there is no state of this name");
    return read_states(machine, fields->from, from, &transition->from, problem);
}

static pia_status_t
load_transition(machine_t *machine, const json_t *json, const char *at, pia_problem_t *problem)
{
    pia_definition_transition_t fields;
    read_part(&pia_definition_transition_schema, json, &fields);
    if (machine_transition(machine, fields.name))
        return definition_fault(problem, at, "name", "another transition has this name");
    transition_t *transition = &machine->transitions[machine->transition_count++];
    transition->name = fields.name;
    transition->label = fields.label;
    transition->reference = fields.reference;
    transition->automatic = fields.automatic;
    transition->notify = fields.notify;
    transition->notice = fields.notice;
    char roles[PIA_POINTER_MAX];
    (void)snprintf(roles, sizeof roles, "%s/roles", at);
    pia_status_t status = check_name(fields.name, at, problem);
    if (status == PIA_OK)
        status = read_ends(machine, transition, &fields, at, problem);
    if (status == PIA_OK)
        status = read_roles(fields.roles, roles, &transition->roles, problem);
    if (status == PIA_OK)
        status = load_data(transition, fields.requires, at, problem);
    if (status == PIA_OK)
        status = load_guards(transition, fields.guards, at, problem);
    if (status == PIA_OK)
        status = load_effects(transition, fields.effects, at, problem);
    return status;
}

void definition_read_period(const json_t *json, period_t *ret_period)
{
    ret_period->years = json_integer_value(json_object_get(json, "years"));
    ret_period->months = json_integer_value(json_object_get(json, "months"));
    ret_period->weeks = json_integer_value(json_object_get(json, "weeks"));
    ret_period->days = json_integer_value(json_object_get(json, "days"));
}

static void read_before(const json_t *json, period_t *ret_period)
{
    definition_read_period(json, ret_period);
    ret_period->years = -ret_period->years;
    ret_period->months = -ret_period->months;
    ret_period->weeks = -ret_period->weeks;
    ret_period->days = -ret_period->days;
}

static void read_completion(const json_t *json, timer_rule_t *timer)
{
    timer->requested = json_object_get(json, "requested");
    timer->produced = json_object_get(json, "produced");
    timer->until = json_string_value(json_object_get(json, "until"));
    timer->indispensable = json_string_value(json_object_get(json, "indispensable"));
}

/* The rule, and the timer before this one, that it names. */
static pia_status_t find_basis(const machine_t *machine,
                               timer_rule_t *timer,
                               const pia_definition_timer_t *fields,
                               const char *at,
                               pia_problem_t *problem)
{
    timer->rule = fields->rule ? legal_rule_find(fields->rule) : NULL;
    if (fields->rule && !timer->rule)
        return definition_fault(problem, at, "rule", "there is no rule of this name");
    for (int i = 0; fields->of && &machine->timers[i] < timer; i++)
        if (strcmp(machine->timers[i].name, fields->of) == 0)
            timer->of = i;
    if (fields->of && timer->of == TIMER_NONE)
        return definition_fault(problem, at, "of", "there is no timer of this name before it");
    return PIA_OK;
}

static pia_status_t
load_timer(machine_t *machine, const json_t *json, const char *at, pia_problem_t *problem)
{
    pia_definition_timer_t fields;
    read_part(&pia_definition_timer_schema, json, &fields);
    timer_rule_t *timer = &machine->timers[machine->timer_count++];
    const transition_t *transition = machine_transition(machine, fields.transition);
    if (!transition)
        return definition_fault(problem, at, "transition", "there is no transition of this name");
    timer->name = fields.name;
    timer->label = fields.label;
    timer->reference = fields.reference;
    timer->enabled = !fields.has_enabled || fields.enabled;
    timer->since = fields.since;
    timer->on = fields.on;
    timer->transition = (size_t)(transition - machine->transitions);
    definition_read_period(fields.after, &timer->after);
    read_before(fields.before, &timer->before);
    read_completion(fields.completion, timer);
    timer->of = TIMER_NONE;
    char pointer[PIA_POINTER_MAX];
    (void)snprintf(pointer, sizeof pointer, "%s/states", at);
    pia_status_t status = read_states(machine, fields.states, pointer, &timer->states, problem);
    (void)snprintf(pointer, sizeof pointer, "%s/suspended_in", at);
    if (status == PIA_OK)
        status = read_states(machine, fields.suspended_in, pointer, &timer->suspended_in, problem);
    if (status == PIA_OK)
        status = find_basis(machine, timer, &fields, at, problem);
    return status == PIA_OK ? check_name(fields.name, at, problem) : status;
}

typedef pia_status_t load_fn(machine_t *, const json_t *, const char *at, pia_problem_t *);

static pia_status_t load_list(machine_t *machine,
                              const json_t *json,
                              const char *at,
                              const char *list,
                              load_fn *load,
                              pia_problem_t *problem)
{
    const json_t *items = json_object_get(json, list);
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < json_array_size(items); i++) {
        char item[PIA_POINTER_MAX];
        definition_item(item, at, list, i);
        status = load(machine, json_array_get(items, i), item, problem);
    }
    return status;
}

pia_status_t definition_load_machine(machine_t *machine,
                                     const json_t *json,
                                     const char *at,
                                     pia_problem_t *problem)
{
    pia_definition_machine_t fields;
    read_part(&pia_definition_machine_schema, json, &fields);
    machine->states = pia_alloc(json_array_size(fields.states) * sizeof *machine->states);
    machine->transitions =
        pia_alloc(json_array_size(fields.transitions) * sizeof *machine->transitions);
    machine->timers = pia_alloc((json_array_size(fields.timers) + 1) * sizeof *machine->timers);
    char readers[PIA_POINTER_MAX];
    (void)snprintf(readers, sizeof readers, "%s/readers", at);
    pia_status_t status = read_roles(fields.readers, readers, &machine->readers, problem);
    if (status == PIA_OK)
        status = load_list(machine, json, at, "states", load_state, problem);
    if (status == PIA_OK)
        status = load_list(machine, json, at, "transitions", load_transition, problem);
    if (status == PIA_OK)
        status = load_list(machine, json, at, "timers", load_timer, problem);
    return status;
}
