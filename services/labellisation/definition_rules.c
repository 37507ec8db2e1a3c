/* definition_rules.c - guards and effects have the parameters that their functions need. */
#include <stdio.h>
#include <string.h>

#include "definition_internal.h"
#include "legal_clock.h"
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
    machine_kind_t of; /* of an effect: whose transition it names */
    const json_t *value;
    pia_problem_t *problem;
} use_t;

static pia_status_t fault(const use_t *use, const char *detail)
{
    return definition_fault(use->problem, use->at, use->parameter->name, detail);
}

static const datum_t *named_datum(const use_t *use, const json_t *name)
{
    const char *text = json_string_value(name);
    return text ? transition_datum(use->transition, text) : NULL;
}

static pia_status_t check_datum(const use_t *use)
{
    static const datum_type_t types[] = {
        [PARAMETER_CHOICE] = DATUM_CHOICE, [PARAMETER_INTEGER] = DATUM_INTEGER,
        [PARAMETER_TEXT] = DATUM_TEXT,     [PARAMETER_PERSONS] = DATUM_PERSONS,
        [PARAMETER_DATE] = DATUM_DATE,     [PARAMETER_PIECES] = DATUM_PIECES,
        [PARAMETER_SCORES] = DATUM_SCORES,
    };
    const datum_t *datum = named_datum(use, use->value);
    if (!datum)
        return fault(use, "the transition asks for no datum of this name");
    if (datum->optional && use->parameter->kind != PARAMETER_DATUM)
        return fault(use, "this datum may be absent");
    if (use->parameter->kind == PARAMETER_DATUM)
        return datum->type != DATUM_TEXT && datum->type != DATUM_PERSONS &&
                       datum->type != DATUM_PIECES && datum->type != DATUM_SCORES
                   ? PIA_OK
                   : fault(use, "a text, persons, pieces or scores cannot be recorded as a fact");
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

/* A transition of this machine that only rules make; a creation if `creates`. */
static bool is_for_rules(const machine_t *machine, const json_t *name, bool creates)
{
    const transition_t *transition = machine_transition(machine, json_string_value(name));
    if (!transition || transition->roles != 0 || transition->automatic)
        return false;
    for (size_t i = 0; i < transition->datum_count; i++)
        if (!transition->data[i].optional)
            return false;
    return creates == (transition->from == 0);
}

static pia_status_t check_creation(const use_t *use)
{
    const machine_t *machine = &use->definition->machines[use->of];
    if (use->machine == machine || !is_for_rules(machine, use->value, true))
        return fault(use, "is not a creation without roles or required data of that machine");
    return PIA_OK;
}

static pia_status_t check_sibling(const use_t *use)
{
    return is_for_rules(use->machine, use->value, true)
               ? PIA_OK
               : fault(use, "is not a creation without roles or required data of this machine");
}

static pia_status_t check_other(const use_t *use, machine_kind_t kind)
{
    if (!is_for_rules(&use->definition->machines[kind], use->value, false))
        return fault(use, "is not a transition of that machine without roles and required data, "
                          "for rules to make");
    return PIA_OK;
}

static pia_status_t check_of_parent(const use_t *use)
{
    uint32_t parents = kinds[use->machine->kind].parents;
    pia_status_t status = PIA_OK;
    if (parents == 0)
        return fault(use, "what this machine runs has no parent");
    for (machine_kind_t kind = 0; status == PIA_OK && kind < MACHINE_COUNT; kind++)
        if ((parents & kind_bit(kind)) != 0 && use->definition->machines[kind].state_count > 0)
            status = check_other(use, kind);
    return status;
}

static pia_status_t check_of_a_parent(const use_t *use)
{
    uint32_t parents = kinds[use->machine->kind].parents;
    for (machine_kind_t kind = 0; kind < MACHINE_COUNT; kind++)
        if ((parents & kind_bit(kind)) != 0 &&
            is_for_rules(&use->definition->machines[kind], use->value, false))
            return PIA_OK;
    return fault(use, "is no transition of what the matter may belong to, for rules to make");
}

static pia_status_t check_kind(const use_t *use)
{
    machine_kind_t kind = definition_child_kind(use->rule);
    if (kind == MACHINE_NONE || (kinds[kind].parents & kind_bit(use->machine->kind)) == 0)
        return fault(use, "is not a kind whose parent is of this machine");
    return PIA_OK;
}

static pia_status_t check_of_child(const use_t *use)
{
    machine_kind_t kind = definition_child_kind(use->rule);
    return kind == MACHINE_NONE ? fault(use, "goes with `kind`") : check_other(use, kind);
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
    return definition_records(use->machine, fact, false)
               ? PIA_OK
               : fault(use, "no effect records this fact");
}

static pia_status_t check_silence(const use_t *use)
{
    const legal_rule_t *rule = legal_rule_find(json_string_value(use->value));
    bool silence = rule && (rule->way == LEGAL_REJECTION || rule->way == LEGAL_ACCEPTANCE);
    return silence ? PIA_OK : fault(use, "is not a rule by which silence decides");
}

static pia_status_t check_opinion(const use_t *use)
{
    const machine_t *machine = &use->definition->machines[use->of];
    const transition_t *transition = machine_transition(machine, json_string_value(use->value));
    if (!transition || transition->roles != 0 || transition->automatic || transition->from == 0)
        return fault(use, "is not a transition of that machine for rules to make");
    const datum_t *opinion = transition_datum(transition, "avis");
    const datum_t *text = transition_datum(transition, "texte");
    if (!opinion || opinion->type != DATUM_CHOICE || !text || text->type != DATUM_TEXT ||
        transition->datum_count != 2)
        return fault(use, "asks for the choice `avis` and the text `texte`, and for nothing else");
    return PIA_OK;
}

/* A datum that may be absent. */
static pia_status_t check_maybe(const use_t *use, datum_type_t type)
{
    const datum_t *datum = named_datum(use, use->value);
    if (!datum)
        return fault(use, "the transition asks for no datum of this name");
    return datum->type == type ? PIA_OK : fault(use, "the datum is of another type");
}

static pia_status_t check_rule_of_law(const use_t *use)
{
    return legal_rule_find(json_string_value(use->value))
               ? PIA_OK
               : fault(use, "there is no rule of law of this name");
}

static pia_status_t check_plain(const use_t *use)
{
    const legal_rule_t *rule = legal_rule_find(json_string_value(use->value));
    return rule && rule->way == LEGAL_PLAIN ? PIA_OK
                                            : fault(use, "is not a rule from date to date");
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
        return check_creation(use);
    case PARAMETER_SIBLING:
        return check_sibling(use);
    case PARAMETER_TRANSITION:
        return check_other(use, use->of);
    case PARAMETER_OF_PARENT:
        return check_of_parent(use);
    case PARAMETER_OF_A_PARENT:
        return check_of_a_parent(use);
    case PARAMETER_KIND:
        return check_kind(use);
    case PARAMETER_OF_CHILD:
        return check_of_child(use);
    case PARAMETER_PERIOD:
        return check_period(use);
    case PARAMETER_SILENCE:
        return check_silence(use);
    case PARAMETER_OPINION:
        return check_opinion(use);
    case PARAMETER_MAYBE:
        return check_maybe(use, DATUM_CHOICE);
    case PARAMETER_MAYBE_TEXT:
        return check_maybe(use, DATUM_TEXT);
    case PARAMETER_MAYBE_DATE:
        return check_maybe(use, DATUM_DATE);
    case PARAMETER_RULE:
        return check_rule_of_law(use);
    case PARAMETER_PLAIN:
        return check_plain(use);
    case PARAMETER_NEW_FACT:
    case PARAMETER_VALUE:
    case PARAMETER_NAMES:
    case PARAMETER_DAY:
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
        bool optional = use->parameter->optional || use->parameter->kind == PARAMETER_MAP;
        if (!use->value && !optional)
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

pia_status_t definition_check_needs(const transition_t *transition,
                                    const struct need *need,
                                    const char *at,
                                    pia_problem_t *problem)
{
    for (; need && need->name; need++) {
        const datum_t *datum = transition_datum(transition, need->name);
        if (!datum && need->optional)
            continue;
        if (!datum || datum->type != need->type || (datum->optional && !need->optional))
            return pia_problem_set(problem, PIA_INVALID, at,
                                   "the transition asks for %s, of type %s, for this rule",
                                   need->name, datum_type_name(need->type));
    }
    return PIA_OK;
}

/* A rule that looks at who asks stands where somebody does, one about a kind in its machine. */
static pia_status_t check_place(const use_t *use, bool personal, uint32_t where)
{
    if (personal && use->transition->roles == 0)
        return definition_fault(use->problem, use->at, "name",
                                "looks at who asks, and nobody makes this transition");
    if (where != 0 && (where & kind_bit(use->machine->kind)) == 0)
        return definition_fault(use->problem, use->at, "name",
                                "is not for the transitions of this machine");
    return PIA_OK;
}

static pia_status_t check_guard(use_t *use, const guard_t *guard)
{
    const guard_kind_t *kind = guard->kind;
    use->rule = guard->parameters;
    pia_status_t status = check_place(use, kind->personal, kind->kinds);
    if (status == PIA_OK)
        status = definition_check_needs(use->transition, kind->needs, use->at, use->problem);
    return status == PIA_OK ? check_rule(use, kind->parameters) : status;
}

static pia_status_t check_effect(use_t *use, const effect_t *effect)
{
    const effect_kind_t *kind = effect->kind;
    use->rule = effect->parameters;
    use->of = kind->of;
    pia_status_t status = check_place(use, kind->personal, kind->kinds);
    if (status == PIA_OK)
        status = definition_check_needs(use->transition, kind->needs, use->at, use->problem);
    if (status == PIA_OK)
        status = check_rule(use, kind->parameters);
    const place_of_rule_t place = {use->definition, use->machine, use->transition, use->at};
    if (status == PIA_OK && kind->check)
        status = kind->check(&place, effect->parameters, use->problem);
    return status;
}

pia_status_t definition_check_rules(const definition_t *definition,
                                    const machine_t *machine,
                                    const transition_t *transition,
                                    const char *at,
                                    pia_problem_t *problem)
{
    char item[PIA_POINTER_MAX];
    use_t use = {
        .definition = definition,
        .machine = machine,
        .transition = transition,
        .at = item,
        .problem = problem,
    };
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < transition->guard_count; i++) {
        definition_item(item, at, "guards", i);
        status = check_guard(&use, &transition->guards[i]);
    }
    for (size_t i = 0; status == PIA_OK && i < transition->effect_count; i++) {
        definition_item(item, at, "effects", i);
        status = check_effect(&use, &transition->effects[i]);
    }
    return status;
}
