/* test_outflow.c - what a stream may have in this process, and who is told when it has left. */
#include "pia_test.h"

#include <poll.h>
#include <stdlib.h>

#include "outflow.h"

enum { PART = OUTFLOW_MAX / 4, HUB_MAX = 5 * PART };

typedef struct {
    outflow_hub_t *hub;
    outflow_t *outflow;
    int owner; /* only its address counts */
    int released;
    zmq_msg_t sent[8];
    atomic_uint messages[8]; /* with each part */
} bench_t;

static void release(void *keeper)
{
    bench_t *bench = keeper;
    bench->released++;
}

static const uint8_t bytes[PART];

static void open_bench(bench_t *bench)
{
    *bench = (bench_t){.hub = outflow_hub_new(HUB_MAX)};
    bench->outflow = outflow_new(bench->hub, &bench->owner);
}

/* Message `at` carries part `what`. */
static void send_part(bench_t *bench, outflow_t *outflow, int at, int what)
{
    const outflow_part_t part = {.bytes = bytes,
                                 .size = PART,
                                 .messages = &bench->messages[what],
                                 .release = release,
                                 .keeper = bench};
    outflow_message(outflow, &bench->sent[at], &part);
}

static void fill(bench_t *bench, int parts)
{
    for (int i = 0; i < parts; i++)
        send_part(bench, bench->outflow, i, i);
}

static void leave(bench_t *bench, int from, int to)
{
    for (int i = from; i < to; i++)
        zmq_msg_close(&bench->sent[i]);
}

static bool is_readable(const bench_t *bench)
{
    struct pollfd poll_for = {.fd = outflow_hub_descriptor(bench->hub), .events = POLLIN};
    return poll(&poll_for, 1, 0) == 1;
}

static void a_message_is_the_bytes_themselves(void **state)
{
    (void)state;
    bench_t bench;
    open_bench(&bench);
    fill(&bench, 1);
    assert_ptr_equal(zmq_msg_data(&bench.sent[0]), bytes);
    assert_int_equal(bench.released, 0);
    assert_int_equal(outflow_hub_size(bench.hub), PART);
    leave(&bench, 0, 1);
    assert_int_equal(bench.released, 1);
    assert_int_equal(outflow_hub_size(bench.hub), 0);
    outflow_close(&bench.outflow);
    outflow_hub_destroy(&bench.hub);
}

static void who_was_full_is_told_when_half_has_left(void **state)
{
    (void)state;
    bench_t bench;
    open_bench(&bench);
    fill(&bench, 3);
    assert_false(outflow_is_full(bench.outflow));
    send_part(&bench, bench.outflow, 3, 3);
    assert_true(outflow_is_full(bench.outflow));
    leave(&bench, 0, 1);
    assert_false(is_readable(&bench));
    leave(&bench, 1, 2);
    assert_true(is_readable(&bench));
    assert_false(outflow_is_full(bench.outflow));
    assert_ptr_equal(outflow_hub_take(bench.hub), &bench.owner);
    assert_null(outflow_hub_take(bench.hub));
    assert_false(is_readable(&bench));
    leave(&bench, 2, 4);
    assert_false(is_readable(&bench)); /* nobody waits for it */
    outflow_close(&bench.outflow);
    outflow_hub_destroy(&bench.hub);
}

/* Full, told, and full again before the loop has looked. */
static void who_is_told_twice_is_listed_once(void **state)
{
    (void)state;
    bench_t bench;
    open_bench(&bench);
    for (int round = 0; round < 2; round++) {
        fill(&bench, 4);
        assert_true(outflow_is_full(bench.outflow));
        leave(&bench, 0, 4);
    }
    assert_ptr_equal(outflow_hub_take(bench.hub), &bench.owner);
    assert_null(outflow_hub_take(bench.hub));
    outflow_close(&bench.outflow);
    outflow_hub_destroy(&bench.hub);
}

/* Messages that are still in a socket when the stream, and then the loop, are gone. */
static void messages_outlive_all(void **state)
{
    (void)state;
    bench_t bench;
    open_bench(&bench);
    fill(&bench, 5);
    assert_true(outflow_is_full(bench.outflow));
    outflow_close(&bench.outflow);
    leave(&bench, 0, 4);
    assert_null(outflow_hub_take(bench.hub)); /* its owner is gone */
    outflow_hub_destroy(&bench.hub);
    leave(&bench, 4, 5);
    assert_int_equal(bench.released, 5);
}

static void what_two_send_is_in_memory_once(void **state)
{
    (void)state;
    bench_t bench;
    open_bench(&bench);
    outflow_t *other = outflow_new(bench.hub, &bench.released);
    send_part(&bench, bench.outflow, 0, 0);
    send_part(&bench, other, 1, 0);
    assert_int_equal(outflow_hub_size(bench.hub), PART);
    leave(&bench, 0, 1);
    assert_int_equal(outflow_hub_size(bench.hub), PART);
    leave(&bench, 1, 2);
    assert_int_equal(outflow_hub_size(bench.hub), 0);
    assert_int_equal(bench.released, 2);
    outflow_close(&other);
    outflow_close(&bench.outflow);
    outflow_hub_destroy(&bench.hub);
}

/* One has all that there is for all; another has one part at a time, and is told each time. */
static void where_all_have_too_much_each_has_one_frame(void **state)
{
    (void)state;
    bench_t bench;
    open_bench(&bench);
    outflow_t *other = outflow_new(bench.hub, &bench.released);
    fill(&bench, 5);
    assert_true(outflow_is_full(bench.outflow));
    for (int round = 0; round < 3; round++) {
        assert_false(outflow_is_full(other));
        send_part(&bench, other, 5, 5);
        assert_true(outflow_is_full(other));
        assert_true(outflow_is_crowded(other));
        leave(&bench, 5, 6);
        assert_true(is_readable(&bench));
        assert_ptr_equal(outflow_hub_take(bench.hub), &bench.released);
        assert_null(outflow_hub_take(bench.hub));
    }
    assert_int_equal(outflow_hub_waits(bench.hub), 3);
    leave(&bench, 0, 5); /* there is room again */
    send_part(&bench, other, 5, 5);
    assert_false(outflow_is_full(other));
    leave(&bench, 5, 6);
    outflow_close(&other);
    outflow_close(&bench.outflow);
    outflow_hub_destroy(&bench.hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_the_bytes_themselves),
        cmocka_unit_test(who_was_full_is_told_when_half_has_left),
        cmocka_unit_test(who_is_told_twice_is_listed_once),
        cmocka_unit_test(messages_outlive_all),
        cmocka_unit_test(what_two_send_is_in_memory_once),
        cmocka_unit_test(where_all_have_too_much_each_has_one_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
