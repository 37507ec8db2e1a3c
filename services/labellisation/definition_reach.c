/* definition_reach.c - what rules reach: facts that they record, transitions that they make. */
#include <string.h>

#include "definition_internal.h"
#include "rule.h"

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

machine_kind_t definition_child_kind(const json_t *rule)
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
    case PARAMETER_OF_A_PARENT:
        return kinds[machine->kind].parents;
    case PARAMETER_OF_CHILD:
        return kind_bit(definition_child_kind(effect->parameters));
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
