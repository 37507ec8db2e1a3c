/* test_frames.c - multipart messages, whole or not at all, and the options of every socket. */
#include "pia/frames.h"

#include <stdlib.h>

#include "pia_test.h"

typedef struct {
    void *zmq, *left, *right;
} pair_t;

static int set_up(void **state)
{
    pair_t *pair = calloc(1, sizeof *pair);
    assert_non_null(pair);
    pair->zmq = zmq_ctx_new();
    pair->left = zmq_socket(pair->zmq, ZMQ_PAIR);
    pair->right = zmq_socket(pair->zmq, ZMQ_PAIR);
    assert_int_equal(zmq_bind(pair->left, "inproc://frames"), 0);
    assert_int_equal(zmq_connect(pair->right, "inproc://frames"), 0);
    *state = pair;
    return 0;
}

static int tear_down(void **state)
{
    pair_t *pair = *state;
    pia_socket_close(&pair->left, 0);
    pia_socket_close(&pair->right, 0);
    pia_socket_close(&pair->right, 0); /* nothing is fine */
    zmq_ctx_term(pair->zmq);
    free(pair);
    return 0;
}

static void a_message_arrives_with_all_its_frames(void **state)
{
    const pair_t *pair = *state;
    pia_frames_t sent, got;
    pia_frames_init(&sent);
    pia_frames_init(&got);
    pia_frames_add_text(&sent, "PIAW01");
    pia_frames_add_empty(&sent);
    pia_frames_add(&sent, "\x00\x01", 2);
    pia_frames_add_message(&sent, &sent.frame[0]);
    assert_int_equal(pia_frames_send(&sent, pair->left), PIA_OK);
    assert_int_equal(sent.count, 0);
    assert_int_equal(pia_frames_recv(&got, pair->right), PIA_OK);
    assert_int_equal(got.count, 4);
    assert_true(pia_frames_equal_text(&got, 0, "PIAW01"));
    assert_true(pia_frames_equal(&got, 1, "", 0));
    assert_true(pia_frames_equal(&got, 2, "\x00\x01", 2));
    assert_true(pia_frames_equal_text(&got, 3, "PIAW01"));
    assert_false(pia_frames_equal_text(&got, 3, "PIAW02"));
    assert_false(pia_frames_equal_text(&got, 4, ""));
    pia_frames_clear(&got);
}

static void nothing_there_is_a_timeout(void **state)
{
    const pair_t *pair = *state;
    pia_frames_t got;
    pia_frames_init(&got);
    assert_int_equal(pia_frames_recv(&got, pair->right), PIA_TIMEOUT);
    assert_int_equal(got.count, 0);
}

static void a_message_with_too_many_parts_is_read_to_its_end(void **state)
{
    const pair_t *pair = *state;
    for (int i = 0; i < PIA_FRAMES_MAX + 5; i++)
        assert_int_equal(zmq_send(pair->left, "x", 1, i < PIA_FRAMES_MAX + 4 ? ZMQ_SNDMORE : 0), 1);
    assert_int_equal(zmq_send(pair->left, "next", 4, 0), 4);
    pia_frames_t got;
    pia_frames_init(&got);
    assert_int_equal(pia_frames_recv(&got, pair->right), PIA_TOO_LARGE);
    assert_int_equal(got.count, PIA_FRAMES_MAX);
    pia_frames_clear(&got);
    assert_int_equal(pia_frames_recv(&got, pair->right), PIA_OK);
    assert_true(pia_frames_equal_text(&got, 0, "next"));
    pia_frames_clear(&got);
}

static void as_many_parts_as_there_is_room_for_are_fine(void **state)
{
    const pair_t *pair = *state;
    pia_frames_t sent, got;
    pia_frames_init(&sent);
    pia_frames_init(&got);
    for (int i = 0; i < PIA_FRAMES_MAX; i++)
        pia_frames_add_empty(&sent);
    assert_int_equal(pia_frames_send(&sent, pair->left), PIA_OK);
    assert_int_equal(pia_frames_recv(&got, pair->right), PIA_OK);
    assert_int_equal(got.count, PIA_FRAMES_MAX);
    pia_frames_clear(&got);
}

static int option_of(void *socket, int option)
{
    int value = -12345;
    size_t size = sizeof value;
    assert_int_equal(zmq_getsockopt(socket, option, &value, &size), 0);
    return value;
}

static void a_router_says_when_the_peer_is_unknown(void **state)
{
    const pair_t *pair = *state;
    void *router = zmq_socket(pair->zmq, ZMQ_ROUTER);
    pia_socket_prepare(router, 1024);
    pia_frames_t sent;
    pia_frames_init(&sent);
    pia_frames_add_text(&sent, "nobody");
    pia_frames_add_text(&sent, "hello");
    assert_int_equal(pia_frames_send(&sent, router), PIA_NOT_FOUND);
    assert_int_equal(sent.count, 0);
    pia_socket_close(&router, 0);
}

static void a_socket_has_our_limits_and_no_zmtp_heartbeats(void **state)
{
    const pair_t *pair = *state;
    void *dealer = zmq_socket(pair->zmq, ZMQ_DEALER);
    pia_socket_prepare(dealer, 2 << 20);
    int64_t max = 0;
    size_t size = sizeof max;
    assert_int_equal(zmq_getsockopt(dealer, ZMQ_MAXMSGSIZE, &max, &size), 0);
    assert_int_equal(max, 2 << 20);
    assert_int_equal(option_of(dealer, ZMQ_HEARTBEAT_IVL), 0);
    assert_int_equal(option_of(dealer, ZMQ_SNDHWM), 4096);
    assert_int_equal(option_of(dealer, ZMQ_RECONNECT_IVL_MAX), 10000);
    pia_socket_close(&dealer, 0);
    assert_null(dealer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_message_arrives_with_all_its_frames, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_there_is_a_timeout, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_message_with_too_many_parts_is_read_to_its_end, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(as_many_parts_as_there_is_room_for_are_fine, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_router_says_when_the_peer_is_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_socket_has_our_limits_and_no_zmtp_heartbeats, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
