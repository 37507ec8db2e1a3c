/* test_loop.c - timers, sockets and descriptors, also when handlers add and remove others. */
#include "pia/loop.h"

#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

#include "pia/clock.h"
#include "pia/frames.h"
#include "pia_test.h"

typedef struct {
    pia_loop_t *loop;
    void *socket;
    int descriptor, other;
    int timer_id;
    int calls, other_calls;
    int stop_after;
} seen_t;

static void count_and_stop(void *arg)
{
    seen_t *seen = arg;
    if (++seen->calls >= seen->stop_after)
        pia_loop_stop(seen->loop);
}

static void a_timer_is_called_again_and_again(void **state)
{
    (void)state;
    seen_t seen = {.loop = pia_loop_new(), .stop_after = 3};
    int64_t started = pia_clock_monotonic();
    (void)pia_loop_add_timer(seen.loop, 10, count_and_stop, &seen);
    pia_loop_run(seen.loop);
    assert_int_equal(seen.calls, 3);
    assert_true(pia_clock_monotonic() - started >= 29);
    pia_loop_destroy(&seen.loop);
    assert_null(seen.loop);
}

static void remove_self(void *arg)
{
    seen_t *seen = arg;
    seen->other_calls++;
    pia_loop_remove_timer(seen->loop, seen->timer_id);
}

static void a_timer_may_remove_itself(void **state)
{
    (void)state;
    seen_t seen = {.loop = pia_loop_new(), .stop_after = 1};
    seen.timer_id = pia_loop_add_timer(seen.loop, 1, remove_self, &seen);
    (void)pia_loop_add_timer(seen.loop, 30, count_and_stop, &seen);
    pia_loop_run(seen.loop);
    assert_int_equal(seen.other_calls, 1);
    pia_loop_destroy(&seen.loop);
}

static void read_number(int descriptor)
{
    uint64_t number;
    assert_int_equal(read(descriptor, &number, sizeof number), sizeof number);
}

static void write_number(int descriptor)
{
    uint64_t number = 1;
    assert_int_equal(write(descriptor, &number, sizeof number), sizeof number);
}

static void must_not_be_called(void *arg)
{
    (void)arg;
    fail_msg("a removed source was called");
}

static void remove_the_other(void *arg)
{
    seen_t *seen = arg;
    read_number(seen->descriptor);
    seen->calls++;
    pia_loop_remove_descriptor(seen->loop, seen->other);
    (void)pia_loop_add_timer(seen->loop, 5, count_and_stop, seen);
}

static void what_a_handler_removes_is_not_called_in_the_same_round(void **state)
{
    (void)state;
    seen_t seen = {.loop = pia_loop_new(),
                   .descriptor = eventfd(0, EFD_NONBLOCK),
                   .other = eventfd(0, EFD_NONBLOCK),
                   .stop_after = 2};
    pia_loop_add_descriptor(seen.loop, seen.descriptor, remove_the_other, &seen);
    pia_loop_add_descriptor(seen.loop, seen.other, must_not_be_called, &seen);
    write_number(seen.descriptor);
    write_number(seen.other);
    pia_loop_run(seen.loop);
    assert_int_equal(seen.calls, 2);
    pia_loop_destroy(&seen.loop);
    close(seen.descriptor);
    close(seen.other);
}

static void receive_one(void *arg)
{
    seen_t *seen = arg;
    pia_frames_t frames;
    pia_frames_init(&frames);
    assert_int_equal(pia_frames_recv(&frames, seen->socket), PIA_OK);
    pia_frames_clear(&frames);
    count_and_stop(seen);
}

/* Leaving messages behind is fine: the next round goes on. */
static void a_socket_is_called_until_it_is_empty(void **state)
{
    (void)state;
    void *zmq = zmq_ctx_new();
    seen_t seen = {.loop = pia_loop_new(), .stop_after = 50};
    seen.socket = zmq_socket(zmq, ZMQ_PULL);
    void *push = zmq_socket(zmq, ZMQ_PUSH);
    assert_int_equal(zmq_bind(seen.socket, "inproc://loop"), 0);
    assert_int_equal(zmq_connect(push, "inproc://loop"), 0);
    pia_loop_add_socket(seen.loop, seen.socket, receive_one, &seen);
    for (int i = 0; i < 50; i++)
        assert_int_equal(zmq_send(push, "x", 1, 0), 1);
    pia_loop_run(seen.loop);
    assert_int_equal(seen.calls, 50);
    pia_loop_remove_socket(seen.loop, seen.socket);
    pia_loop_destroy(&seen.loop);
    pia_socket_close(&push, 0);
    pia_socket_close(&seen.socket, 0);
    zmq_ctx_term(zmq);
}

static void add_many(void *arg)
{
    seen_t *seen = arg;
    pia_loop_remove_timer(seen->loop, seen->timer_id);
    for (int i = 0; i < 100; i++)
        (void)pia_loop_add_timer(seen->loop, 1, count_and_stop, seen);
}

static void a_handler_may_add_many_timers(void **state)
{
    (void)state;
    seen_t seen = {.loop = pia_loop_new(), .stop_after = 100};
    seen.timer_id = pia_loop_add_timer(seen.loop, 1, add_many, &seen);
    pia_loop_run(seen.loop);
    assert_true(seen.calls >= 100);
    pia_loop_destroy(&seen.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_is_called_again_and_again),
        cmocka_unit_test(a_timer_may_remove_itself),
        cmocka_unit_test(what_a_handler_removes_is_not_called_in_the_same_round),
        cmocka_unit_test(a_socket_is_called_until_it_is_empty),
        cmocka_unit_test(a_handler_may_add_many_timers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
