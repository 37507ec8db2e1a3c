/* test_record.c - the stored form of events, and what damage does to it. */
#include "pia_test.h"

#include <stdlib.h>
#include <string.h>

#include "batch.h"

typedef struct {
    buffer_t bytes, attributes;
} row_t;

static void write_one(row_t *row, uint64_t sequence, const char *event, const char *visibility)
{
    record_t record = {.cursor = {1, sequence, (uint32_t)sequence * 7},
                       .recorded_ms = 1234567,
                       .event = (const uint8_t *)event,
                       .event_size = strlen(event)};
    attributes_t values = {{0}};
    values.value[ATTRIBUTE_SOURCE] = "/poles/cnidep";
    values.value[ATTRIBUTE_TYPE] = "publication.published";
    values.value[ATTRIBUTE_VISIBILITY] = visibility;
    values.value[ATTRIBUTE_THEMES] = "habitat,arts";
    values.value[ATTRIBUTE_HOME] = "44";
    record_write(&row->bytes, &record);
    record_write_attributes(&row->attributes, &values);
}

static void clear(row_t *row)
{
    buffer_free(&row->bytes);
    buffer_free(&row->attributes);
}

static batch_t *make_batch(const row_t *row, uint64_t first, uint32_t count)
{
    static const uint8_t chain[CHAIN_SIZE];
    return batch_new(&(batch_row_t){.first = first,
                                    .count = count,
                                    .epoch = 1,
                                    .chain_before = chain,
                                    .bytes = row->bytes.bytes,
                                    .size = row->bytes.size,
                                    .attributes = row->attributes.bytes,
                                    .attributes_size = row->attributes.size});
}

static void a_record_is_read_as_it_was_written(void **state)
{
    (void)state;
    row_t row = {.bytes = {0}};
    size_t offset = 0;
    record_t record;
    write_one(&row, 1, "{\"a\":1}", "public");
    write_one(&row, 2, "{}", "public");
    const buffer_t *bytes = &row.bytes;
    assert_true(record_read(bytes->bytes, bytes->size, &offset, &record));
    assert_int_equal(record.cursor.sequence, 1);
    assert_int_equal(record.cursor.chain, 7);
    assert_int_equal(record.recorded_ms, 1234567);
    assert_int_equal(record.event_size, 7);
    assert_memory_equal(record.event, "{\"a\":1}", 7);
    assert_int_equal(record.wire_size, RECORD_HEAD_SIZE + 7);
    assert_true(record_read(bytes->bytes, bytes->size, &offset, &record));
    assert_int_equal(offset, bytes->size);
    assert_false(record_read(bytes->bytes, bytes->size, &offset, &record));
    clear(&row);
}

static void attributes_that_repeat_are_stored_once(void **state)
{
    (void)state;
    row_t row = {.bytes = {0}};
    row_t packed = {.bytes = {0}};
    attributes_t values;
    write_one(&row, 1, "{}", "public");
    write_one(&row, 2, "{}", "public");
    write_one(&row, 3, "{}", "network");
    record_pack_attributes(&packed.attributes, row.attributes.bytes, row.attributes.size);
    size_t one = row.attributes.size / 3; /* "network" is a byte longer */
    assert_int_equal(packed.attributes.size, row.attributes.size - one + 4);
    buffer_add(&packed.bytes, row.bytes.bytes, row.bytes.size);
    batch_t *batch = make_batch(&packed, 1, 3);
    assert_int_equal(batch->good, 3);
    assert_ptr_equal(batch_run(batch, 1).bytes, batch_run(batch, 2).bytes);
    assert_ptr_not_equal(batch_run(batch, 2).bytes, batch_run(batch, 3).bytes);
    batch_attributes(batch, 2, &values);
    assert_string_equal(values.value[ATTRIBUTE_THEMES], "habitat,arts");
    assert_string_equal(values.value[ATTRIBUTE_HOME], "44");
    assert_string_equal(values.value[ATTRIBUTE_VISIBILITY], "public");
    assert_null(values.value[ATTRIBUTE_KIND]);
    batch_attributes(batch, 3, &values);
    assert_string_equal(values.value[ATTRIBUTE_VISIBILITY], "network");
    assert_int_equal(batch->visibilities, BATCH_PUBLIC | BATCH_NETWORK);
    batch_release(&batch);
    clear(&row);
    clear(&packed);
}

/* Each cut goes into a block of exactly its size, so that a sanitizer sees any step outside. */
static void no_cut_is_read_outside(void **state)
{
    (void)state;
    row_t row = {.bytes = {0}};
    write_one(&row, 1, "{\"a\":1}", "public");
    for (size_t size = 0; size < row.bytes.size; size++) {
        uint8_t *cut = malloc(size + 1);
        memcpy(cut, row.bytes.bytes, size);
        size_t offset = 0;
        record_t record;
        assert_false(record_read(cut, size, &offset, &record));
        assert_int_equal(offset, 0);
        free(cut);
    }
    for (size_t size = 0; size < row.attributes.size; size++) {
        uint8_t *cut = malloc(size + 1);
        memcpy(cut, row.attributes.bytes, size);
        size_t offset = 0;
        record_run_t run = {0};
        assert_false(record_read_run(cut, size, &offset, &run));
        assert_int_equal(offset, 0);
        free(cut);
    }
    clear(&row);
}

/* Reads all that a batch of these bytes says it has. */
static void read_all(const row_t *row)
{
    batch_t *batch = make_batch(row, 1, 2);
    record_t record;
    attributes_t values;
    for (uint64_t i = 1; batch_find(batch, i, &record); i++)
        batch_attributes(batch, i, &values);
    assert_true(batch->good <= 2);
    batch_release(&batch);
}

static void flip_each_bit(const row_t *row, buffer_t *buffer)
{
    for (size_t i = 0; i < 8 * buffer->size; i++) {
        buffer->bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        read_all(row);
        buffer->bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
}

static void no_flipped_byte_is_read_outside(void **state)
{
    (void)state;
    row_t row = {.bytes = {0}};
    write_one(&row, 1, "{\"a\":1}", "public");
    write_one(&row, 2, "{}", "public");
    flip_each_bit(&row, &row.bytes);
    flip_each_bit(&row, &row.attributes);
    clear(&row);
}

/* A number out of order, or a first entry that says "the same". */
static void a_batch_is_good_up_to_its_first_damage(void **state)
{
    (void)state;
    row_t row = {.bytes = {0}};
    record_t record;
    write_one(&row, 1, "{}", "public");
    write_one(&row, 3, "{}", "public");
    batch_t *batch = make_batch(&row, 1, 2);
    assert_int_equal(batch->good, 1);
    assert_true(batch_find(batch, 1, &record));
    assert_false(batch_find(batch, 2, &record));
    batch_release(&batch);
    buffer_reset(&row.attributes);
    buffer_add_u32(&row.attributes, 0);
    batch = make_batch(&row, 1, 1);
    assert_int_equal(batch->good, 0);
    batch_release(&batch);
    batch = make_batch(&row, 1, UINT32_MAX);
    assert_int_equal(batch->good, 0);
    batch_release(&batch);
    clear(&row);
}

static void a_batch_finds_its_records(void **state)
{
    (void)state;
    row_t row = {.bytes = {0}};
    for (uint64_t i = 10; i < 20; i++)
        write_one(&row, i, "{}", "public");
    batch_t *batch = make_batch(&row, 10, 10);
    record_t record;
    size_t size = 0;
    assert_int_equal(batch_last(batch), 19);
    assert_true(batch_find(batch, 19, &record));
    assert_false(batch_find(batch, 9, &record));
    assert_false(batch_find(batch, 20, &record));
    assert_ptr_equal(batch_bytes(batch, 10, 19, &size), batch->bytes);
    assert_int_equal(size, row.bytes.size);
    assert_ptr_equal(batch_bytes(batch, 12, 13, &size), batch->bytes + 2 * row.bytes.size / 10);
    assert_int_equal(size, 2 * row.bytes.size / 10);
    batch_t *second = batch_retain(batch);
    batch_release(&batch);
    assert_true(batch_find(second, 10, &record));
    batch_release(&second);
    assert_null(second);
    clear(&row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_read_as_it_was_written),
        cmocka_unit_test(attributes_that_repeat_are_stored_once),
        cmocka_unit_test(no_cut_is_read_outside),
        cmocka_unit_test(no_flipped_byte_is_read_outside),
        cmocka_unit_test(a_batch_is_good_up_to_its_first_damage),
        cmocka_unit_test(a_batch_finds_its_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
