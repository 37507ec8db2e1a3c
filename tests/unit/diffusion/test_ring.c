/* test_ring.c - recent batches without a hole. */
#include "pia_test.h"

#include "ring.h"

static batch_t *make_batch(uint64_t first, uint32_t count)
{
    static const uint8_t chain[CHAIN_SIZE];
    buffer_t bytes = {0};
    buffer_t attributes = {0};
    attributes_t values = {{0}};
    values.value[ATTRIBUTE_SOURCE] = "s";
    values.value[ATTRIBUTE_TYPE] = "t";
    values.value[ATTRIBUTE_VISIBILITY] = "public";
    for (uint64_t i = first; i < first + count; i++) {
        record_t record = {
            .cursor = {1, i, (uint32_t)i}, .event = (const uint8_t *)"{}", .event_size = 2};
        record_write(&bytes, &record);
        record_write_attributes(&attributes, &values);
    }
    batch_t *batch = batch_new(&(batch_row_t){.first = first,
                                              .count = count,
                                              .epoch = 1,
                                              .chain_before = chain,
                                              .bytes = bytes.bytes,
                                              .size = bytes.size,
                                              .attributes = attributes.bytes,
                                              .attributes_size = attributes.size});
    buffer_free(&bytes);
    buffer_free(&attributes);
    return batch;
}

static bool add(ring_t *ring, uint64_t first, uint32_t count)
{
    batch_t *batch = make_batch(first, count);
    bool added = ring_add(ring, batch);
    batch_release(&batch);
    return added;
}

static void only_what_comes_next_is_added(void **state)
{
    (void)state;
    ring_t *ring = ring_new(1 << 20);
    ring_start(ring, &(cursor_t){1, 10, 10});
    assert_false(add(ring, 12, 1));
    assert_true(add(ring, 11, 3));
    assert_false(add(ring, 11, 3));
    assert_false(add(ring, 13, 3));
    assert_true(add(ring, 14, 1));
    assert_int_equal(ring_head(ring)->sequence, 14);
    assert_null(ring_find(ring, 10));
    assert_int_equal(ring_find(ring, 11)->first, 11);
    assert_int_equal(ring_find(ring, 13)->first, 11);
    assert_int_equal(ring_find(ring, 14)->first, 14);
    assert_null(ring_find(ring, 15));
    ring_destroy(&ring);
}

static void the_oldest_go_when_it_is_full(void **state)
{
    (void)state;
    ring_t *ring = ring_new(4096);
    for (uint64_t i = 0; i < 1000; i++) {
        assert_true(add(ring, 3 * i + 1, 3));
        assert_int_equal(ring_find(ring, 3 * i + 2)->first, 3 * i + 1);
    }
    uint64_t oldest = 3000;
    while (ring_find(ring, oldest - 1))
        oldest--;
    assert_true(oldest > 2000);
    for (uint64_t i = oldest; i <= 3000; i++)
        assert_true(ring_find(ring, i)->first <= i && i <= batch_last(ring_find(ring, i)));
    ring_destroy(&ring);
}

static void the_last_batch_stays_however_large(void **state)
{
    (void)state;
    ring_t *ring = ring_new(1);
    assert_true(add(ring, 1, 100));
    assert_non_null(ring_find(ring, 50));
    assert_true(add(ring, 101, 1));
    assert_null(ring_find(ring, 100));
    ring_destroy(&ring);
}

static void many_small_batches_fit(void **state)
{
    (void)state;
    ring_t *ring = ring_new(1 << 20);
    for (uint64_t i = 1; i <= 500; i++)
        assert_true(add(ring, i, 1));
    for (uint64_t i = 1; i <= 500; i++)
        assert_int_equal(ring_find(ring, i)->first, i);
    ring_destroy(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_comes_next_is_added),
        cmocka_unit_test(the_oldest_go_when_it_is_full),
        cmocka_unit_test(the_last_batch_stays_however_large),
        cmocka_unit_test(many_small_batches_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
