/* fuzz_record.c - a damaged row of the journal, and a cursor that someone made up. */
#include "fuzz.h"

#include "cursor.h"
#include "record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t fuzz = {data, size};
    size_t taken = 0;
    uint8_t *bytes = fuzz_block(&fuzz, size, &taken);
    size_t offset = 0;
    record_t record;
    while (record_read(bytes, taken, &offset, &record)) {
        FUZZ_CHECK(offset <= taken);
        FUZZ_CHECK(record.event >= bytes && record.event + record.event_size <= bytes + taken);
        for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
            FUZZ_CHECK(record.attributes.value[i] == NULL ||
                       strlen(record.attributes.value[i]) < taken);
        }
    }
    cursor_t cursor;
    if (cursor_parse((const char *)bytes, taken, &cursor)) {
        char text[CURSOR_TEXT_SIZE];
        cursor_format(&cursor, text);
        FUZZ_CHECK(strlen(text) == taken && memcmp(text, bytes, taken) == 0);
    }
    free(bytes);
    return 0;
}
