/* fuzz_server.h - the server's side of a client that is fuzzed over a socket: it waits for the
 * client's first message, answers with frames that the fuzzer chooses, and throws the rest away. */
#ifndef PIA_TEST_FUZZ_SERVER_H
#define PIA_TEST_FUZZ_SERVER_H

#include <zmq.h>

#include "fuzz.h"
#include "pia/frames.h"

enum { FUZZ_SERVER_WAIT_MS = 1000 };

/* Adds a frame that the fuzzer chooses. */
typedef void fuzz_frame_fn(fuzz_t *fuzz, pia_frames_t *message);

/* Waits for the first message of the connection, which names it. */
static inline void fuzz_server_greet(void *server, pia_frames_t *ret_peer)
{
    zmq_pollitem_t item = {.socket = server, .events = ZMQ_POLLIN};
    FUZZ_CHECK(zmq_poll(&item, 1, FUZZ_SERVER_WAIT_MS) == 1);
    FUZZ_CHECK(pia_frames_recv(ret_peer, server) == PIA_OK);
}

/* Sends the peer a message of 1 to `frames_max` frames. */
static inline void fuzz_server_send(
    fuzz_t *fuzz, void *server, const pia_frames_t *peer, size_t frames_max, fuzz_frame_fn *add)
{
    pia_frames_t message;
    pia_frames_init(&message);
    pia_frames_add(&message, pia_frames_data(peer, 0), pia_frames_size(peer, 0));
    size_t frames = fuzz_byte(fuzz) % frames_max + 1;
    for (size_t i = 0; i < frames; i++) {
        add(fuzz, &message);
    }
    (void)pia_frames_send(&message, server); /* a connection that was given up is gone */
}

static inline void fuzz_server_drain(void *server)
{
    pia_frames_t message;
    pia_frames_init(&message);
    while (pia_frames_recv(&message, server) == PIA_OK) {
        pia_frames_clear(&message);
    }
}

#endif
