/* session.h - a worker's session with the broker in the dialect PIAW01 (proto/README.md): READY
 * with a window, heartbeats, and a new socket with a new READY when the broker is lost or says
 * DISCONNECT. Loop thread. */
#ifndef PIA_SESSION_H
#define PIA_SESSION_H

#include "pia/frames.h"
#include "pia/loop.h"

typedef struct pia_session pia_session_t;

/* A REQUEST: frame PIA_SESSION_CLIENT is the client's address, the body begins at
 * PIA_SESSION_BODY (there is at least one body frame). Borrowed for the call. */
typedef void pia_session_fn(void *arg, pia_session_t *session, pia_frames_t *message);

enum { PIA_SESSION_CLIENT = 2, PIA_SESSION_BODY = 4 };

typedef struct {
    pia_loop_t *loop;
    void *zmq;
    const char *endpoint; /* the broker's */
    const char *name;     /* MDP service name; copied, as the endpoint */
    int window;           /* requests in flight, 1..4096 */
    pia_session_fn *on_request;
    void *arg;
} pia_session_options_t;

/* Connects in the background and says READY. */
pia_session_t *pia_session_new(const pia_session_options_t *options);

/* Closes after `linger_ms` at most for what is still to be sent. */
void pia_session_destroy(pia_session_t **session_p, int linger_ms);

/* Counts the sockets this session has had: an answer goes out only on the one its request came
 * by (the broker has forgotten what it gave to an older one). */
uint64_t pia_session_generation(const pia_session_t *session);

/* Sends FINAL. Takes `client` and the frames of the body, sent or not. */
void pia_session_answer(pia_session_t *session,
                        uint64_t generation,
                        zmq_msg_t *client,
                        pia_frames_t *body);

/* Says DISCONNECT: no new requests come, what is in flight is still answered. */
void pia_session_leave(pia_session_t *session);

/* Whether the broker has confirmed that nothing is in flight any more, or is not there. */
bool pia_session_has_left(const pia_session_t *session);

#endif
