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
        if (!as_date || effect->kind->dates || (datum && datum->type == DATUM_DATE))
            return true;
    }
    return false;
}

bool definition_records(const machine_t *machine, const char *fact, bool as_date)
{
    if (kind_gives(machine->kind, fact))
        return true;
    for (size_t i = 0; i < machine->transition_count; i++) {
        const transition_t *transition = &machine->transitions[i];
        for (size_t j = 0; j < transition->effect_count; j++)
            if (effect_records(transition, &transition->effects[j], fact, as_date))
                return true;
    }
    return false;
}

static machine_kind_t child_kind(const json_t *rule)
{
    return kind_parse(json_string_value(json_object_get(rule, "kind")));
}

/* The kinds of which a parameter names a transition. */
static uint32_t
named_kinds(const machine_t *machine, const effect_t *effect, const parameter_t *parameter)
{
    switch (parameter->kind) {
    case PARAMETER_CREATION:
    case PARAMETER_TRANSITION:
    case PARAMETER_OPINION:
        return kind_bit(effect->kind->of);
    case PARAMETER_SIBLING:
        return kind_bit(machine->kind);
    case PARAMETER_OF_PARENT:
        return kinds[machine->kind].parents;
    case PARAMETER_OF_CHILD:
        return kind_bit(child_kind(effect->parameters));
    default:
        return 0;
    }
}

static bool effect_moves(const machine_t *machine,
                         const effect_t *effect,
                         const machine_t *other,
                         const char *transition)
{
    for (const parameter_t *parameter = effect->kind->parameters; parameter->name; parameter++) {
        const char *name = json_string_value(json_object_get(effect->parameters, parameter->name));
        if ((named_kinds(machine, effect, parameter) & kind_bit(other->kind)) != 0 && name &&
            strcmp(name, transition) == 0)
            return true;
    }
    return false;
}

static bool machine_moves(const machine_t *machine, const machine_t *other, const char *transition)
{
    for (size_t i = 0; i < machine->transition_count; i++)
        for (size_t j = 0; j < machine->transitions[i].effect_count; j++)
            if (effect_moves(machine, &machine->transitions[i].effects[j], other, transition))
                return true;
    return false;
}

bool definition_moves(const definition_t *definition,
                      const machine_t *machine,
                      const transition_t *transition)
{
    for (size_t i = 0; i < MACHINE_COUNT; i++)
        if (machine_moves(&definition->machines[i], machine, transition->name))
            return true;
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

static pia_status_t check_kind(const use_t *use)
{
    machine_kind_t kind = child_kind(use->rule);
    if (kind == MACHINE_NONE || (kinds[kind].parents & kind_bit(use->machine->kind)) == 0)
        return fault(use, "is not a kind whose parent is of this machine");
    return PIA_OK;
}

static pia_status_t check_of_child(const use_t *use)
{
    machine_kind_t kind = child_kind(use->rule);
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

/* The data that the rule reads by name. */
static pia_status_t check_needs(const use_t *use, const need_t *need)
{
    for (; need && need->name; need++) {
        const datum_t *datum = transition_datum(use->transition, need->name);
        if (!datum && need->optional)
            continue;
        if (!datum || datum->type != need->type || (datum->optional && !need->optional))
            return pia_problem_set(use->problem, PIA_INVALID, use->at,
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
        use.rule = transition->guards[i].parameters;
        const guard_kind_t *kind = transition->guards[i].kind;
        status = check_place(&use, kind->personal, kind->kinds);
        if (status == PIA_OK)
            status = check_needs(&use, kind->needs);
        if (status == PIA_OK)
            status = check_rule(&use, kind->parameters);
    }
    for (size_t i = 0; status == PIA_OK && i < transition->effect_count; i++) {
        definition_item(item, at, "effects", i);
        use.rule = transition->effects[i].parameters;
        const effect_kind_t *kind = transition->effects[i].kind;
        use.of = kind->of;
        status = check_place(&use, kind->personal, kind->kinds);
        if (status == PIA_OK)
            status = check_needs(&use, kind->needs);
        if (status == PIA_OK)
            status = check_rule(&use, kind->parameters);
    }
    return status;
}
