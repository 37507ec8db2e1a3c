/* fuzz_record.c - a damaged row of the journal, and a cursor that someone made up. */
#include "fuzz.h"

#include "batch.h"

/* Whatever the bytes are, a batch gives only what lies in them, in order. */
static void check_batch(const batch_t *batch)
{
    record_t record;
    attributes_t values;
    size_t size = 0;
    FUZZ_CHECK(batch->good <= batch->count);
    FUZZ_CHECK(!batch_find(batch, batch->first + batch->good, &record));
    for (uint64_t i = batch->first; i < batch->first + batch->good; i++) {
        FUZZ_CHECK(batch_find(batch, i, &record) && record.cursor.sequence == i);
        FUZZ_CHECK(record.wire + record.wire_size <= batch->bytes + batch->size);
        batch_attributes(batch, i, &values);
        for (size_t n = 0; n < ATTRIBUTE_COUNT; n++)
            FUZZ_CHECK(!values.value[n] || strlen(values.value[n]) < batch->attributes_size);
        FUZZ_CHECK(batch_bytes(batch, batch->first, i, &size) == batch->bytes);
        FUZZ_CHECK(size == (size_t)(record.wire + record.wire_size - batch->bytes));
    }
}

static void check_row(const uint8_t *data, size_t size)
{
    fuzz_t fuzz = {data, size};
    uint8_t chain[CHAIN_SIZE] = {0};
    uint32_t count = fuzz_word(&fuzz);
    uint32_t first = fuzz_byte(&fuzz);
    size_t attributes_size = 0;
    size_t bytes_size = 0;
    uint8_t *attributes = fuzz_block(&fuzz, fuzz_word(&fuzz), &attributes_size);
    uint8_t *bytes = fuzz_block(&fuzz, size, &bytes_size);
    batch_t *batch = batch_new(&(batch_row_t){.first = first,
                                              .count = count,
                                              .epoch = 1,
                                              .chain_before = chain,
                                              .bytes = bytes,
                                              .size = bytes_size,
                                              .attributes = attributes,
                                              .attributes_size = attributes_size});
    check_batch(batch);
    batch_release(&batch);
    free(attributes);
    free(bytes);
}

static void check_records(const uint8_t *bytes, size_t size)
{
    size_t offset = 0;
    record_t record;
    record_run_t run = {0};
    attributes_t values;
    while (record_read(bytes, size, &offset, &record))
        FUZZ_CHECK(offset <= size && record.wire + record.wire_size == bytes + offset &&
                   (record.event == NULL) == (record.hash != NULL));
    offset = 0;
    while (record_read_run(bytes, size, &offset, &run)) {
        FUZZ_CHECK(offset <= size && run.bytes + run.size <= bytes + offset);
        (void)record_read_attributes(run, &values);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t fuzz = {data, size};
    size_t taken = 0;
    uint8_t *bytes = fuzz_block(&fuzz, size, &taken);
    check_row(data, size);
    check_records(bytes, taken);
    cursor_t cursor;
    if (cursor_parse((const char *)bytes, taken, &cursor)) {
        char text[CURSOR_TEXT_SIZE];
        cursor_format(&cursor, text);
        FUZZ_CHECK(strlen(text) == taken && memcmp(text, bytes, taken) == 0);
    }
    free(bytes);
    return 0;
}
