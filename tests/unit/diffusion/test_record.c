/* test_record.c - the stored form of events, and what damage does to it. */
#include "pia_test.h"

#include <stdlib.h>
#include <string.h>

#include "batch.h"

static void write_one(buffer_t *buffer, uint64_t sequence, const char *event)
{
    record_t record = {.cursor = {1, sequence, (uint32_t)sequence * 7},
                       .recorded_ms = 1234567,
                       .event = (const uint8_t *)event,
                       .event_size = strlen(event)};
    record.attributes.value[ATTRIBUTE_SOURCE] = "/poles/cnidep";
    record.attributes.value[ATTRIBUTE_TYPE] = "publication.published";
    record.attributes.value[ATTRIBUTE_VISIBILITY] = "public";
    record.attributes.value[ATTRIBUTE_THEMES] = "habitat,arts";
    record.attributes.value[ATTRIBUTE_HOME] = "44";
    record_write(buffer, &record);
}

static void a_record_is_read_as_it_was_written(void **state)
{
    (void)state;
    buffer_t buffer = {0};
    size_t offset = 0;
    record_t record;
    write_one(&buffer, 1, "{\"a\":1}");
    write_one(&buffer, 2, "{}");
    assert_true(record_read(buffer.bytes, buffer.size, &offset, &record));
    assert_int_equal(record.cursor.sequence, 1);
    assert_int_equal(record.cursor.chain, 7);
    assert_int_equal(record.recorded_ms, 1234567);
    assert_int_equal(record.event_size, 7);
    assert_memory_equal(record.event, "{\"a\":1}", 7);
    assert_string_equal(record.attributes.value[ATTRIBUTE_THEMES], "habitat,arts");
    assert_string_equal(record.attributes.value[ATTRIBUTE_HOME], "44");
    assert_null(record.attributes.value[ATTRIBUTE_KIND]);
    assert_int_equal(record.wire_size, RECORD_WIRE_HEAD + 7);
    assert_true(record_read(buffer.bytes, buffer.size, &offset, &record));
    assert_int_equal(offset, buffer.size);
    assert_false(record_read(buffer.bytes, buffer.size, &offset, &record));
    buffer_free(&buffer);
}

/* Each cut goes into a block of exactly its size, so that a sanitizer sees any step outside. */
static void no_cut_is_read_outside(void **state)
{
    (void)state;
    buffer_t buffer = {0};
    write_one(&buffer, 1, "{\"a\":1}");
    for (size_t size = 0; size < buffer.size; size++) {
        uint8_t *cut = malloc(size + 1);
        memcpy(cut, buffer.bytes, size);
        size_t offset = 0;
        record_t record;
        assert_false(record_read(cut, size, &offset, &record));
        assert_int_equal(offset, 0);
        free(cut);
    }
    buffer_free(&buffer);
}

static void no_flipped_byte_is_read_outside(void **state)
{
    (void)state;
    buffer_t buffer = {0};
    write_one(&buffer, 1, "{\"a\":1}");
    write_one(&buffer, 2, "{}");
    for (size_t i = 0; i < buffer.size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            uint8_t *copy = malloc(buffer.size);
            memcpy(copy, buffer.bytes, buffer.size);
            copy[i] ^= (uint8_t)(1 << bit);
            size_t offset = 0;
            record_t record;
            while (record_read(copy, buffer.size, &offset, &record))
                assert_true(offset <= buffer.size);
            free(copy);
        }
    }
    buffer_free(&buffer);
}

static void a_batch_finds_its_records(void **state)
{
    (void)state;
    buffer_t buffer = {0};
    for (uint64_t i = 10; i < 20; i++)
        write_one(&buffer, i, "{}");
    batch_t *batch = batch_new(buffer.bytes, buffer.size);
    batch->first = 10;
    batch->count = 10;
    record_t record;
    size_t offset = 0;
    assert_int_equal(batch_last(batch), 19);
    assert_true(batch_find(batch, 19, &record, &offset));
    assert_int_equal(offset, buffer.size);
    assert_false(batch_find(batch, 20, &record, NULL));
    batch_t *second = batch_retain(batch);
    batch_release(&batch);
    assert_true(batch_find(second, 10, &record, NULL));
    batch_release(&second);
    assert_null(second);
    buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_read_as_it_was_written),
        cmocka_unit_test(no_cut_is_read_outside),
        cmocka_unit_test(no_flipped_byte_is_read_outside),
        cmocka_unit_test(a_batch_finds_its_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
