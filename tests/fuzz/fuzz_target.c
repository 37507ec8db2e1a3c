/* fuzz_target.c - a request target: what is taken apart is clean text. */
#include "fuzz.h"

#include "target.h"

static void check_text(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        FUZZ_CHECK((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t fuzz = {data, size};
    char *raw = fuzz_text(&fuzz);
    target_t target;
    const char *reason = NULL;
    if (target_parse(raw, &target, &reason)) {
        FUZZ_CHECK(target.segments <= TARGET_SEGMENTS_MAX);
        FUZZ_CHECK(target.parameters <= TARGET_PARAMETERS_MAX);
        for (size_t i = 0; i < target.segments; i++) {
            check_text(target.segment[i]);
        }
        for (size_t i = 0; i < target.parameters; i++) {
            check_text(target.parameter[i].name);
            check_text(target.parameter[i].value);
            FUZZ_CHECK(target_parameter(&target, target.parameter[i].name) != NULL);
        }
        target_clear(&target);
    } else {
        FUZZ_CHECK(reason != NULL);
    }
    free(raw);
    return 0;
}
