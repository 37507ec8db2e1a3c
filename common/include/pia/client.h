/* client.h - asks services through the broker: many requests in flight on one DEALER, answers
 * matched by id, each with its deadline. One thread. */
#ifndef PIA_CLIENT_H
#define PIA_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

#include "pia/problem.h"
#include "pia/schema.h"

typedef struct pia_client pia_client_t;

/* An answer: PIA_OK with `body`, or with its bytes unread if the call asked for that, or another
 * status with `problem` filled (and `body` its JSON, which may have more members, or NULL).
 * `version` is the resource's or 0. Borrowed for the call. */
typedef struct {
    pia_status_t status;
    const json_t *body; /* NULL if unread */
    const void *bytes;  /* NULL if read */
    size_t size;
    int64_t version;
    pia_problem_t problem;
} pia_answer_t;
typedef void pia_answer_fn(void *arg, const pia_answer_t *answer);

/* Connects (in the background) to the broker at `endpoint`. `zmq` is the process's context. */
pia_client_t *pia_client_new(void *zmq, const char *endpoint);
/* Every request still in flight is answered PIA_UNAVAILABLE first. */
void pia_client_destroy(pia_client_t **client_p);

typedef struct {
    const char *service; /* MDP service name; NULL: the first word of the message's name */
    const pia_message_t *message;
    const void *token; /* may be NULL with token_size 0: anonymous */
    size_t token_size;
    int64_t timeout_ms; /* 1..60000 */
    bool unread;        /* the answer's bytes are wanted, for items.h: pia_client_send only */
} pia_call_t;

/* Sends `body` (borrowed); `answered` is called exactly once, from process or expire (or from
 * here, if the broker's queue is full). */
void pia_client_send(pia_client_t *client,
                     const pia_call_t *call,
                     const json_t *body,
                     pia_answer_fn *answered,
                     void *arg);

/* Whether a second worker may be given it when the first is lost: what changes nothing, and what a
 * key makes harmless to repeat. */
bool pia_client_may_repeat(const pia_message_t *message, const json_t *body);

/* For an event loop: the socket, what to do when it may be readable, and the time. */
void *pia_client_socket(pia_client_t *client);
void pia_client_process(pia_client_t *client);
/* Ends what is past its deadline with PIA_TIMEOUT; ms until the next one, -1 if none. */
int64_t pia_client_expire(pia_client_t *client);

/* Sends and waits. *ret_body is the caller's; on another status than PIA_OK it is untouched and
 * `problem` says why. Mutating messages without idempotency_key get one, and are tried again once
 * after PIA_UNAVAILABLE within the timeout. */
pia_status_t pia_client_call(pia_client_t *client,
                             const pia_call_t *call,
                             const json_t *body,
                             json_t **ret_body,
                             pia_problem_t *problem);

#endif
