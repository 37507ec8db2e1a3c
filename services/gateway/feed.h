/* feed.h - the journal as server-sent events: one stream a client, with the client's own rights,
 * cursor and filter. Credit is given as the client's socket drains, so a slow client costs its own
 * credit; one that does not drain at all is closed, and resumes by its last id. Loop's thread. */
#ifndef GATEWAY_FEED_H
#define GATEWAY_FEED_H

#include <event2/event.h>
#include <jansson.h>

#include "auth.h"
#include "http.h"

typedef struct feed feed_t;

typedef struct {
    bus_t *bus;           /* not owned */
    auth_t *auth;         /* not owned */
    const char *endpoint; /* the journal's */
    int64_t heartbeat_ms; /* a comment at least so often */
    int64_t stall_ms;     /* a client that takes nothing for so long is closed */
} feed_options_t;

typedef struct {
    uint64_t opened, events, stalled, lost; /* lost: connections to the journal, a client each */
    unsigned clients;
} feed_stats_t;

feed_t *feed_new(struct event_base *base, const feed_options_t *options);
/* Drain first, and destroy the bus: no client may be left. */
void feed_destroy(feed_t **feed_p);

typedef struct {
    json_t *filter;     /* taken */
    const char *cursor; /* "head": from now; "": from the beginning; or an id that was given */
    const char *key;    /* API key, or NULL: anonymous */
} feed_request_t;

/* Answers with a stream, or with a problem. Takes the request. */
void feed_open(feed_t *feed, http_request_t **request_p, const feed_request_t *wanted);

/* Ends all streams; new ones are refused. */
void feed_drain(feed_t *feed);

const feed_stats_t *feed_stats(const feed_t *feed);

#endif
