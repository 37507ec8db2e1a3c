/* dispatch.h - a request's way: header, message, token, roles, JSON, schema, deadline; then the
 * store thread: idempotency and the handler; then, after the commit, the answer. Loop thread. */
#ifndef PIA_DISPATCH_H
#define PIA_DISPATCH_H

#include "request_private.h"

/* Outcomes by status, since the start. */
typedef struct {
    uint64_t received, plain, late;
    uint64_t answered[PIA_TIMEOUT + 1];
} pia_dispatch_stats_t;

typedef struct {
    const pia_service_t *service;
    pia_verifier_t *verifier;
    /* The common loop's own messages, handled on the loop's thread; ends with a NULL message. */
    const pia_route_t *control;
    void *host; /* self of the control handlers */
    /* Called on the loop's thread after a mutating request was answered PIA_OK. */
    void (*changed)(void *host);
} pia_dispatch_options_t;

pia_dispatch_t *pia_dispatch_new(const pia_dispatch_options_t *options);
void pia_dispatch_destroy(pia_dispatch_t **dispatch_p);

/* From now on (NULL: no more) the service's own messages are handled; else they are refused as
 * unavailable and only the control messages are answered. */
void pia_dispatch_use(pia_dispatch_t *dispatch, pia_executor_t *executor);

/* A session's request; `arg` is the dispatch. */
void pia_dispatch_receive(void *arg, pia_session_t *session, pia_frames_t *message);

/* From a control handler: lets the route's handler answer in the store thread instead (self is the
 * host there too). Takes the request. */
void pia_dispatch_defer(pia_request_t **request_p, const pia_route_t *route);

size_t pia_dispatch_in_flight(const pia_dispatch_t *dispatch);
const pia_dispatch_stats_t *pia_dispatch_stats(const pia_dispatch_t *dispatch);

#endif
