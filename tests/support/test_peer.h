/* test_peer.h - a ROUTER that plays the broker or the journal in the test's own loop, and waiting
 * for something to come true with a deadline. */
#ifndef PIA_TEST_PEER_H
#define PIA_TEST_PEER_H

#include <stdbool.h>

#include "pia/frames.h"
#include "pia/loop.h"

enum { TEST_PEER_ROOM = 1024 };

typedef struct {
    pia_loop_t *loop; /* not owned */
    void *socket;
    char endpoint[96];
    pia_frames_t messages[TEST_PEER_ROOM]; /* received, frame 0 is the sender's identity */
    size_t received, taken;
} test_peer_t;

/* Binds to a socket of its own in the folder for temporary files. */
test_peer_t *test_peer_new(void *zmq, pia_loop_t *loop);
void test_peer_destroy(test_peer_t **peer_p);

/* Runs the loop until a message has come that was not taken yet; fails the test after 10 s. The
 * message is the peer's. */
const pia_frames_t *test_peer_take(test_peer_t *peer);

/* The same for the next message whose frame `index` (the command) is this one byte; others are
 * skipped. */
const pia_frames_t *test_peer_take_command(test_peer_t *peer, uint8_t command);

/* Begins an answer to the sender of `message`. */
void test_peer_begin(pia_frames_t *frames, const pia_frames_t *message);
void test_peer_send(test_peer_t *peer, pia_frames_t *frames);

/* Runs the loop until it is true; fails the test after 10 s. */
void test_loop_until(pia_loop_t *loop, bool (*is_true)(void *arg), void *arg);

#endif
