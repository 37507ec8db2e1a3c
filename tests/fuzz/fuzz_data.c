/* fuzz_data.c - the data that someone gives with a transition of the procedure as it is shipped. */
#include "fuzz.h"

#include "data.h"
#include "pia/schema.h"

static const definition_t *shipped(void)
{
    extern const char label_pia_v1[];
    static definition_t *definition;
    if (definition == NULL) {
        pia_status_t status =
            definition_load(label_pia_v1, strlen(label_pia_v1), &definition, NULL);
        FUZZ_CHECK(status == PIA_OK);
    }
    return definition;
}

/* Which machine, which transition, the data. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t fuzz = {data, size};
    const machine_t *machine = &shipped()->machines[fuzz_byte(&fuzz) % MACHINE_COUNT];
    if (machine->transition_count == 0) {
        return 0;
    }
    const transition_t *transition =
        &machine->transitions[fuzz_byte(&fuzz) % machine->transition_count];
    size_t json_size = 0;
    uint8_t *bytes = fuzz_block(&fuzz, size, &json_size);
    json_t *json = NULL;
    pia_problem_t problem = {.detail = ""};
    if (pia_json_parse(bytes, json_size, &json, NULL) == PIA_OK) {
        pia_status_t status = data_check(transition, json, &problem);
        FUZZ_CHECK(status == PIA_OK || problem.detail[0] != '\0');
        json_decref(json);
    }
    free(bytes);
    return 0;
}
