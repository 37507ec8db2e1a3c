/* machine.c - looking things up in a machine. */
#include "machine.h"

#include <string.h>

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

const transition_t *machine_creation_named(const machine_t *machine, const char *name)
{
    return name ? machine_transition(machine, name) : machine_creation(machine);
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

int64_t datum_items_max(datum_type_t type)
{
    if (type == DATUM_PERSONS || type == DATUM_PIECES)
        return DATUM_PERSONS_MAX;
    return type >= DATUM_CODES ? DATUM_LIST_MAX : 0;
}

bool datum_is_bounded(datum_type_t type)
{
    return type == DATUM_TEXT || type == DATUM_INTEGER || datum_items_max(type) > 0;
}

const char *datum_type_name(datum_type_t type)
{
    static const char *const names[] = {
        [DATUM_TEXT] = "text",         [DATUM_INTEGER] = "integer",
        [DATUM_BOOLEAN] = "boolean",   [DATUM_CHOICE] = "choice",
        [DATUM_DATE] = "date",         [DATUM_PERSONS] = "persons",
        [DATUM_PIECES] = "pieces",     [DATUM_CODES] = "codes",
        [DATUM_DOSSIERS] = "dossiers", [DATUM_ATTENDANCES] = "attendances",
        [DATUM_VOTES] = "votes",       [DATUM_SCORES] = "scores",
    };
    return names[type];
}
