/* listeners_internal.h - shared by listeners.c (memory, ZeroMQ) and listeners_http.c (SSE,
 * webhooks). */
#ifndef LISTENERS_INTERNAL_H
#define LISTENERS_INTERNAL_H

#include <curl/curl.h>
#include <event2/event.h>
#include <event2/http.h>

#include "listeners.h"
#include "pia/stream.h"

typedef enum { LISTENER_STREAM, LISTENER_SSE, LISTENER_WEBHOOK } listener_kind_t;

typedef struct {
    char *kind, *title;
    char id[64]; /* webhooks: webhook-id */
} remembered_t;

typedef struct {
    listener_kind_t kind;
    size_t number;
    listeners_t *owner;
    bool ready;
    uint64_t covered;
    char cursor[PIA_CURSOR_SIZE];
    remembered_t items[LISTENER_ITEMS_MAX];
    size_t item_count;
    json_t *filter; /* streams */
    char *url;      /* SSE: what to get; webhooks: where it listens */
    CURL *easy;     /* SSE */
    char *line;     /* SSE: the line that is not yet whole */
    size_t line_size;
    char *secret; /* webhooks */
} listener_t;

struct listeners {
    char *web;
    pia_stream_t *stream;
    CURLM *curl;
    struct event_base *base;
    struct evhttp *http;
    int receiver_descriptor;
    unsigned receiver_port;
    listener_t listeners[LISTENERS_MAX];
    size_t count;
};

listener_t *listeners_add(listeners_t *self, listener_kind_t kind);
uint64_t listener_sequence(const char *cursor);
void listener_cover(listener_t *listener, const char *cursor);
void listener_remember(listener_t *listener, const json_t *event);

void listeners_on_stream(void *arg, const pia_stream_message_t *message);
void listeners_resubscribe(listeners_t *self);

bool listeners_open_receiver(listeners_t *self);
void listeners_reconnect(listeners_t *self);

#endif
