/* listeners.h - the receiving side of the story: ZeroMQ subscribers, SSE clients and webhook
 * receivers, all in one thread, each remembering what came. */
#ifndef LISTENERS_H
#define LISTENERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pia/problem.h"

enum { LISTENERS_MAX = 16, LISTENER_ITEMS_MAX = 64 };

typedef struct listeners listeners_t;

typedef struct {
    const char *kind;  /* "formation"; "" if the event has none */
    const char *title; /* of the publication, or the event's type */
} listener_item_t;

/* `diffusion` is the ZeroMQ endpoint of the streams, `web` the gateway's "http://127.0.0.1:8080".
 * Opens a webhook receiver on a free loopback port. */
pia_status_t listeners_new(const char *diffusion,
                           const char *web,
                           listeners_t **ret_listeners,
                           pia_problem_t *problem);
void listeners_destroy(listeners_t **self_p);

/* A ZeroMQ subscriber from now on, with a filter (borrowed). Returns its number. */
size_t listeners_add_stream(listeners_t *self, const json_t *filter);

/* An SSE client of /v1/stream with a query ("kinds=guide&themes=arts"). */
size_t listeners_add_sse(listeners_t *self, const char *query);

/* A webhook receiver; its address is `listeners_url`, and its deliveries count only if signed with
 * the secret given by listeners_trust ("whsec_…", Standard Webhooks). */
size_t listeners_add_webhook(listeners_t *self);
const char *listeners_url(const listeners_t *self, size_t listener);
void listeners_trust(listeners_t *self, size_t listener, const char *secret);

/* Whether the subscription is known to be in place (from there on nothing is missed). */
bool listeners_ready(const listeners_t *self, size_t listener);

/* The journal's sequence up to which this stream or SSE client has been told everything. */
uint64_t listeners_covered(const listeners_t *self, size_t listener);

/* What came so far. Borrowed until destroy. */
size_t listeners_count(const listeners_t *self, size_t listener);
listener_item_t listeners_item(const listeners_t *self, size_t listener, size_t index);

/* Receives for at most `timeout_ms`, less if something comes. */
void listeners_pump(listeners_t *self, int timeout_ms);

#endif
