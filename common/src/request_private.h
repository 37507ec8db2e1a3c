/* request_private.h - what the dispatch keeps of a request between the two threads. It belongs to
 * the loop's thread, but for the time between post and done, when it is the store thread's. */
#ifndef PIA_REQUEST_PRIVATE_H
#define PIA_REQUEST_PRIVATE_H

#include "pia/header.h"
#include "pia/request.h"
#include "pia/service.h"
#include "session.h"

typedef struct pia_dispatch pia_dispatch_t;

enum { PIA_BODY_MAX = 1 << 20, PIA_HASH_SIZE = 32 };

/* Where the answer goes. */
typedef struct {
    pia_session_t *session; /* not owned */
    uint64_t generation;    /* of the session when the request came */
    zmq_msg_t client;       /* owned until the answer is sent */
    uint8_t id[16];
} pia_reply_t;

struct pia_request {
    pia_job_t job; /* first */
    pia_dispatch_t *dispatch;
    const pia_route_t *route;
    pia_principal_t principal;
    json_t *body;                /* owned */
    void *fields;                /* owned; its texts are the body's */
    const char *idempotency_key; /* the body's, or NULL */
    uint8_t hash[PIA_HASH_SIZE]; /* of the body without the key, if there is one */
    int64_t deadline_ms;         /* monotonic */
    pia_reply_t reply;

    bool deferred;    /* a control message that the store thread answers */
    json_t *counters; /* owned: what service.stats has gathered on the loop's thread */

    bool answered;
    char *answer; /* JSON text, owned; NULL: the problem is the answer */
    size_t answer_size;
    char *kept; /* JSON text, owned: what a repeat gets; NULL: the answer itself */
    int64_t version;
    pia_problem_t problem;
    json_t *present; /* owned: what a conflict shows; NULL */
};

/* Forgets an answer, before a job runs (again). */
void pia_request_reset(pia_request_t *request);

/* Answers with a text that is already JSON (a stored answer); copies it. */
void pia_request_repeat(pia_request_t *request, const char *text, size_t size, int64_t version);

/* Frees it and its parts, but not what the reply owns. */
void pia_request_destroy(pia_request_t **request_p);

#endif
