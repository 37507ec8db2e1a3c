/* test_peer.c - a ROUTER in the test's loop. */
#include "test_peer.h"

#include <stdio.h>
#include <stdlib.h>

#include "pia/clock.h"
#include "pia/uuid.h"
#include "pia_test.h"

enum { DEADLINE_MS = 10000, CHECK_MS = 2 };

static void receive(void *arg)
{
    test_peer_t *peer = arg;
    for (;;) {
        assert_true(peer->received < TEST_PEER_ROOM);
        pia_frames_t *message = &peer->messages[peer->received];
        pia_frames_init(message);
        if (pia_frames_recv(message, peer->socket) != PIA_OK)
            return;
        peer->received++;
    }
}

test_peer_t *test_peer_new(void *zmq, pia_loop_t *loop)
{
    char uuid[PIA_UUID_TEXT_SIZE];
    test_peer_t *peer = calloc(1, sizeof *peer);
    assert_non_null(peer);
    pia_uuid7_text(uuid);
    snprintf(peer->endpoint, sizeof peer->endpoint, "ipc://%s/pia-peer-%s", P_tmpdir, uuid);
    peer->loop = loop;
    peer->socket = zmq_socket(zmq, ZMQ_ROUTER);
    assert_non_null(peer->socket);
    pia_socket_prepare(peer->socket, 8 << 20);
    assert_int_equal(zmq_bind(peer->socket, peer->endpoint), 0);
    pia_loop_add_socket(loop, peer->socket, receive, peer);
    return peer;
}

void test_peer_destroy(test_peer_t **peer_p)
{
    test_peer_t *peer = *peer_p;
    pia_loop_remove_socket(peer->loop, peer->socket);
    pia_socket_close(&peer->socket, 0);
    for (size_t i = 0; i < peer->received; i++)
        pia_frames_clear(&peer->messages[i]);
    free(peer);
    *peer_p = NULL;
}

typedef struct {
    pia_loop_t *loop;
    bool (*is_true)(void *arg);
    void *arg;
    int64_t deadline_ms;
    bool came_true;
} waiting_t;

static void check(void *arg)
{
    waiting_t *waiting = arg;
    waiting->came_true = waiting->is_true(waiting->arg);
    if (waiting->came_true || pia_clock_monotonic() > waiting->deadline_ms)
        pia_loop_stop(waiting->loop);
}

void test_loop_until(pia_loop_t *loop, bool (*is_true)(void *arg), void *arg)
{
    waiting_t waiting = {.loop = loop,
                         .is_true = is_true,
                         .arg = arg,
                         .deadline_ms = pia_clock_monotonic() + DEADLINE_MS};
    int timer_id = pia_loop_add_timer(loop, CHECK_MS, check, &waiting);
    pia_loop_run(loop);
    pia_loop_remove_timer(loop, timer_id);
    assert_true(waiting.came_true);
}

static bool has_message(void *arg)
{
    const test_peer_t *peer = arg;
    return peer->received > peer->taken;
}

const pia_frames_t *test_peer_take(test_peer_t *peer)
{
    if (!has_message(peer))
        test_loop_until(peer->loop, has_message, peer);
    return &peer->messages[peer->taken++];
}

const pia_frames_t *test_peer_take_command(test_peer_t *peer, uint8_t command)
{
    for (;;) {
        const pia_frames_t *message = test_peer_take(peer);
        if (pia_frames_equal(message, 2, &command, 1))
            return message;
    }
}

void test_peer_begin(pia_frames_t *frames, const pia_frames_t *message)
{
    pia_frames_init(frames);
    pia_frames_add(frames, pia_frames_data(message, 0), pia_frames_size(message, 0));
    pia_frames_add(frames, pia_frames_data(message, 1), pia_frames_size(message, 1));
}

void test_peer_send(test_peer_t *peer, pia_frames_t *frames)
{
    assert_int_equal(pia_frames_send(frames, peer->socket), PIA_OK);
}
