/* fuzz_definition.c - a process definition of any bytes: refused with a reason, or sound. */
#include "fuzz.h"

#include "definition.h"
#include "json_line.h"

static void check_machine(const machine_t *machine)
{
    FUZZ_CHECK(machine->state_count <= MACHINE_STATES_MAX);
    for (size_t i = 0; i < machine->transition_count; i++) {
        const transition_t *transition = &machine->transitions[i];
        FUZZ_CHECK(transition->to >= STATE_NONE && transition->to < (int)machine->state_count);
        FUZZ_CHECK(machine_transition(machine, transition->name) != NULL);
        for (int state = STATE_NONE; state < (int)machine->state_count; state++) {
            (void)transition_starts_in(transition, state);
        }
    }
    for (size_t i = 0; i < machine->timer_count; i++) {
        FUZZ_CHECK(machine->timers[i].transition < machine->transition_count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t fuzz = {data, size};
    size_t taken = 0;
    char *bytes = (char *)fuzz_block(&fuzz, size, &taken);
    definition_t *definition = NULL;
    pia_problem_t problem = {.detail = ""};
    if (definition_load(bytes, taken, &definition, &problem) == PIA_OK) {
        for (size_t i = 0; i < MACHINE_COUNT; i++) {
            check_machine(&definition->machines[i]);
        }
        (void)machine_creation(&definition->machines[MACHINE_DOSSIER]);
    } else {
        FUZZ_CHECK(definition == NULL && problem.detail[0] != '\0');
        FUZZ_CHECK(json_line(bytes, taken, problem.pointer) >= 1);
    }
    definition_destroy(&definition);
    free(bytes);
    return 0;
}
