/* fuzz_filter.c - a filter as it is stored: what the short way reads, jansson reads too. */
#include "fuzz.h"

#include <jansson.h>

#include "filter_text.h"
#include "match_terms.h"

typedef struct {
    const json_t *json;
    size_t told[CRITERION_COUNT];
} check_t;

static void check_value(void *arg, criterion_t criterion, const char *value)
{
    check_t *check = arg;
    const json_t *array = json_object_get(check->json, criterion_member(criterion));
    const char *expected = json_string_value(json_array_get(array, check->told[criterion]++));
    FUZZ_CHECK(!check->json || (expected && strcmp(expected, value) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = calloc(1, size + 1);
    memcpy(text, data, size);
    check_t check = {.json = json_loads(text, JSON_REJECT_DUPLICATES, NULL)};
    uint32_t asks = 0;
    check_t unchecked = {.json = NULL};
    if (filter_text_read(text, check_value, &unchecked, &asks) && check.json) {
        FUZZ_CHECK(filter_text_read(text, check_value, &check, &asks));
        for (criterion_t c = 0; c < CRITERION_COUNT; c++) {
            const json_t *array = json_object_get(check.json, criterion_member(c));
            FUZZ_CHECK(!array == !(asks >> c & 1));
            FUZZ_CHECK(json_array_size(array) == check.told[c]);
        }
    }
    json_decref((json_t *)check.json);
    match_index_t *index = match_index_new();
    match_terms_t terms = {0};
    (void)match_terms_of(&terms, index, text, &asks);
    match_terms_free(&terms);
    match_index_destroy(&index);
    free(text);
    return 0;
}
