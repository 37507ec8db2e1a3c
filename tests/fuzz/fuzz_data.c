/* fuzz_data.c - the data that someone gives with a transition of the procedure as it is shipped,
 * and grids against its specification. */
#include "fuzz.h"

#include "data.h"
#include "grid.h"
#include "pia/json.h"

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

static const json_t *criteria(void)
{
    extern const char cahier_pia_v1[];
    static json_t *specification;
    if (specification == NULL) {
        specification = json_loads(cahier_pia_v1, 0, NULL);
        FUZZ_CHECK(specification != NULL);
    }
    return specification;
}

/* Scores of the right shape: refused by name, or a total within bounds. */
static void check_grid(const json_t *scores)
{
    pia_problem_t problem = {.detail = ""};
    if (grid_check(criteria(), scores, 10, "/data/x", &problem) != PIA_OK) {
        FUZZ_CHECK(problem.pointer[0] == '/');
        return;
    }
    int64_t points = grid_points(criteria(), scores), max = grid_points_max(criteria());
    FUZZ_CHECK(points >= 0 && points <= max);
    FUZZ_CHECK(grid_total(points, max) >= 0 && grid_total(points, max) <= 10000);
    (void)grid_is_met(criteria(), scores);
    json_t *missing = grid_missing(criteria(), scores, 10);
    FUZZ_CHECK(json_array_size(missing) == 0);
    json_decref(missing);
    json_t *lines = grid_lines(criteria(), scores);
    FUZZ_CHECK(json_array_size(lines) == json_array_size(scores));
    json_decref(lines);
}

static void check_scores(const transition_t *transition, const json_t *data)
{
    for (size_t i = 0; i < transition->datum_count; i++) {
        if (transition->data[i].type == DATUM_SCORES) {
            check_grid(json_object_get(data, transition->data[i].name));
        }
    }
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
        if (status == PIA_OK) {
            check_scores(transition, json);
        }
        json_decref(json);
    }
    free(bytes);
    return 0;
}
