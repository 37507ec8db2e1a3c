/* definition.c - looking things up in a definition, and its end. */
#include "definition.h"

#include <stdlib.h>
#include <string.h>

const char *const machine_names[MACHINE_COUNT] = {"dossier", "label"};

int machine_state(const machine_t *machine, const char *name)
{
    for (size_t i = 0; i < machine->state_count; i++)
        if (strcmp(machine->states[i].name, name) == 0)
            return (int)i;
    return STATE_NONE;
}

const transition_t *machine_transition(const machine_t *machine, const char *name)
{
    for (size_t i = 0; i < machine->transition_count; i++)
        if (strcmp(machine->transitions[i].name, name) == 0)
            return &machine->transitions[i];
    return NULL;
}

const transition_t *machine_creation(const machine_t *machine)
{
    for (size_t i = 0; i < machine->transition_count; i++)
        if (machine->transitions[i].from == 0 && machine->transitions[i].roles != 0)
            return &machine->transitions[i];
    return NULL;
}

bool transition_starts_in(const transition_t *transition, int state)
{
    if (state == STATE_NONE)
        return transition->from == 0;
    return (transition->from >> state & 1) != 0;
}

const datum_t *transition_datum(const transition_t *transition, const char *name)
{
    for (size_t i = 0; i < transition->datum_count; i++)
        if (strcmp(transition->data[i].name, name) == 0)
            return &transition->data[i];
    return NULL;
}

bool names_have(const json_t *names, const char *name)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *item = json_string_value(json_array_get(names, i));
        if (item && strcmp(item, name) == 0)
            return true;
    }
    return false;
}

static void free_machine(machine_t *machine)
{
    for (size_t i = 0; i < machine->transition_count; i++) {
        free(machine->transitions[i].guards);
        free(machine->transitions[i].effects);
        free(machine->transitions[i].data);
    }
    free(machine->states);
    free(machine->transitions);
    free(machine->timers);
}

void definition_destroy(definition_t **definition_p)
{
    definition_t *definition = *definition_p;
    if (!definition)
        return;
    for (size_t i = 0; i < MACHINE_COUNT; i++)
        free_machine(&definition->machines[i]);
    json_decref(definition->json);
    free(definition);
    *definition_p = NULL;
}
