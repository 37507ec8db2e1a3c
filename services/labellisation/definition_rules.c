/* definition_rules.c - guards and effects have the parameters that their functions need. */
#include <stdio.h>
#include <string.h>

#include "definition_internal.h"
#include "pia/principal.h"
#include "rule.h"

/* A parameter of a rule, and where it stands. */
typedef struct {
    const definition_t *definition;
    const machine_t *machine;
    const transition_t *transition;
    const json_t *rule;
    const char *at; /* of the rule */
    const parameter_t *parameter;
    const json_t *value;
    pia_problem_t *problem;
} use_t;

static pia_status_t fault(const use_t *use, const char *detail)
{
    return definition_fault(use->problem, use->at, use->parameter->name, detail);
}

/* What the award of a label records on the label itself. */
static bool is_award_fact(const char *fact)
{
    return strcmp(fact, "from") == 0 || strcmp(fact, "until") == 0;
}

static bool effect_records(const transition_t *transition,
                           const effect_t *effect,
                           const char *fact,
                           bool as_date)
{
    for (const parameter_t *parameter = effect->kind->parameters; parameter->name; parameter++) {
        const char *value = json_string_value(json_object_get(effect->parameters, parameter->name));
        if (parameter->kind != PARAMETER_NEW_FACT || !value || strcmp(value, fact) != 0)
            continue;
        const char *data = json_string_value(json_object_get(effect->parameters, "data"));
        const datum_t *datum = data ? transition_datum(transition, data) : NULL;
        if (!as_date || (datum && datum->type == DATUM_DATE))
            return true;
    }
    return false;
}

bool definition_records(const definition_t *definition,
                        const machine_t *machine,
                        const char *fact,
                        bool as_date)
{
    if (machine == &definition->machines[MACHINE_LABEL] && is_award_fact(fact))
        return true;
    for (size_t i = 0; i < machine->transition_count; i++) {
        const transition_t *transition = &machine->transitions[i];
        for (size_t j = 0; j < transition->effect_count; j++)
            if (effect_records(transition, &transition->effects[j], fact, as_date))
                return true;
    }
    return false;
}

static const datum_t *named_datum(const use_t *use, const json_t *name)
{
    const char *text = json_string_value(name);
    return text ? transition_datum(use->transition, text) : NULL;
}

static pia_status_t check_datum(const use_t *use)
{
    static const datum_type_t types[] = {
        [PARAMETER_CHOICE] = DATUM_CHOICE,
        [PARAMETER_INTEGER] = DATUM_INTEGER,
        [PARAMETER_TEXT] = DATUM_TEXT,
        [PARAMETER_PERSONS] = DATUM_PERSONS,
    };
    const datum_t *datum = named_datum(use, use->value);
    if (!datum)
        return fault(use, "the transition asks for no datum of this name");
    if (datum->optional)
        return fault(use, "this datum may be absent");
    if (use->parameter->kind == PARAMETER_DATUM)
        return datum->type != DATUM_TEXT && datum->type != DATUM_PERSONS
                   ? PIA_OK
                   : fault(use, "a text or persons cannot be recorded as a fact");
    return datum->type == types[use->parameter->kind] ? PIA_OK
                                                      : fault(use, "the datum is of another type");
}

/* The datum that the rule names beside, which must be a choice. */
static const datum_t *beside(const use_t *use)
{
    const datum_t *datum = named_datum(use, json_object_get(use->rule, "data"));
    return datum && datum->type == DATUM_CHOICE ? datum : NULL;
}

static pia_status_t check_map(const use_t *use)
{
    const datum_t *datum = beside(use);
    if (!datum)
        return fault(use, "goes with `data`, a choice");
    const char *key;
    json_t *text;
    json_object_foreach((json_t *)use->value, key, text)
    {
        if (!names_have(datum->values, key))
            return fault(use, "a member is not a value of the choice");
        if (!json_is_string(text))
            return fault(use, "a member is not a text");
    }
    return PIA_OK;
}

static pia_status_t check_capacities(const use_t *use)
{
    const datum_t *datum = beside(use);
    if (!datum)
        return fault(use, "goes with `data`, a choice");
    if (json_object_size(use->value) != json_array_size(datum->values))
        return fault(use, "has a member for each value of the choice");
    for (size_t i = 0; i < json_array_size(datum->values); i++) {
        const char *value = json_string_value(json_array_get(datum->values, i));
        uint32_t roles = 0;
        const json_t *names = json_object_get(use->value, value);
        if (!pia_roles_parse(names, &roles) || roles == 0)
            return fault(use, "a member for each value of the choice holds names of roles");
    }
    return PIA_OK;
}

static pia_status_t check_award(const use_t *use)
{
    const machine_t *label = &use->definition->machines[MACHINE_LABEL];
    const transition_t *creation = machine_transition(label, json_string_value(use->value));
    if (use->machine == label || !creation || creation->from != 0 || creation->roles != 0)
        return fault(use, "is not a creation without roles of the label's machine");
    return PIA_OK;
}

static pia_status_t check_period(const use_t *use)
{
    period_t period;
    definition_read_period(use->value, &period);
    return period.years + period.months + period.weeks + period.days > 0
               ? PIA_OK
               : fault(use, "the period is empty");
}

static pia_status_t check_fact(const use_t *use)
{
    const char *fact = json_string_value(use->value);
    return definition_records(use->definition, use->machine, fact, false)
               ? PIA_OK
               : fault(use, "no effect records this fact");
}

static pia_status_t check_day(const use_t *use)
{
    return use->machine == &use->definition->machines[MACHINE_LABEL]
               ? PIA_OK
               : fault(use, "only a label ends");
}

static pia_status_t check_value(const use_t *use)
{
    switch (use->parameter->kind) {
    case PARAMETER_FACT:
        return check_fact(use);
    case PARAMETER_MAP:
        return check_map(use);
    case PARAMETER_CAPACITIES:
        return check_capacities(use);
    case PARAMETER_CREATION:
        return check_award(use);
    case PARAMETER_PERIOD:
        return check_period(use);
    case PARAMETER_DAY:
        return check_day(use);
    case PARAMETER_NEW_FACT:
    case PARAMETER_VALUE:
    case PARAMETER_NAMES:
        return PIA_OK; /* any: the schema has checked them */
    default:
        return check_datum(use);
    }
}

/* Every parameter that the rule needs is there and right, and nothing else is. */
static pia_status_t check_rule(use_t *use, const parameter_t *parameters)
{
    size_t known = 1; /* the name */
    for (use->parameter = parameters; use->parameter->name; use->parameter++) {
        use->value = json_object_get(use->rule, use->parameter->name);
        if (!use->value && use->parameter->kind != PARAMETER_MAP)
            return fault(use, "is missing");
        if (!use->value)
            continue;
        known++;
        pia_status_t status = check_value(use);
        if (status != PIA_OK)
            return status;
    }
    if (json_object_size(use->rule) != known)
        return definition_fault(use->problem, use->at, "name",
                                "has parameters that it does not take");
    return PIA_OK;
}

/* A rule that looks at who asks stands where somebody does. */
static pia_status_t check_personal(const use_t *use, bool personal)
{
    if (personal && use->transition->roles == 0)
        return definition_fault(use->problem, use->at, "name",
                                "looks at who asks, and nobody makes this transition");
    return PIA_OK;
}

pia_status_t definition_check_rules(const definition_t *definition,
                                    const machine_t *machine,
                                    const transition_t *transition,
                                    const char *at,
                                    pia_problem_t *problem)
{
    char item[PIA_POINTER_MAX];
    use_t use = {definition, machine, transition, NULL, item, NULL, NULL, problem};
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < transition->guard_count; i++) {
        definition_item(item, at, "guards", i);
        use.rule = transition->guards[i].parameters;
        status = check_personal(&use, transition->guards[i].kind->personal);
        if (status == PIA_OK)
            status = check_rule(&use, transition->guards[i].kind->parameters);
    }
    for (size_t i = 0; status == PIA_OK && i < transition->effect_count; i++) {
        definition_item(item, at, "effects", i);
        use.rule = transition->effects[i].parameters;
        status = check_personal(&use, transition->effects[i].kind->personal);
        if (status == PIA_OK)
            status = check_rule(&use, transition->effects[i].kind->parameters);
    }
    return status;
}
