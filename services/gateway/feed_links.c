/* feed_links.c - a pool of connections to the journal's socket. */
#include "feed_links.h"

#include <assert.h>
#include <stdlib.h>

#include "pia/log.h"
#include "pia/memory.h"
#include "timing.h"

enum {
    PLACES = 64,     /* streams a connection, the journal's own bound (PIAD01) */
    LINKS_MAX = 128, /* 8192 streams */
    TICK_MS = 500,
};

typedef struct link link_t;

struct feed_place {
    link_t *link;        /* not owned */
    uint32_t stream;     /* the number of the open stream, 0 if none is */
    feed_links_fn *told; /* NULL: the place is free */
    void *arg;
};

struct link {
    feed_links_t *links; /* not owned */
    pia_stream_t *stream;
    struct event *readable;
    uint32_t last; /* number of a stream */
    feed_place_t places[PLACES];
};

struct feed_links {
    struct event_base *base; /* not owned */
    char *endpoint;
    struct event *timer;
    size_t count;
    link_t *links[LINKS_MAX];
};

static void on_tick(evutil_socket_t descriptor, short what, void *arg)
{
    (void)descriptor;
    (void)what;
    feed_links_t *self = arg;
    for (size_t i = 0; i < self->count; i++)
        pia_stream_tick(self->links[i]->stream);
}

feed_links_t *feed_links_new(struct event_base *base, const char *endpoint)
{
    feed_links_t *self = pia_alloc(sizeof *self);
    self->base = base;
    self->endpoint = pia_strdup(endpoint);
    self->timer = timing_every(base, TICK_MS, on_tick, self);
    return self;
}

void feed_links_destroy(feed_links_t **links_p)
{
    feed_links_t *self = *links_p;
    *links_p = NULL;
    if (self == NULL)
        return;
    for (size_t i = 0; i < self->count; i++) {
        event_free(self->links[i]->readable);
        pia_stream_destroy(&self->links[i]->stream);
        free(self->links[i]);
    }
    event_free(self->timer);
    free(self->endpoint);
    free(self);
}

static void tell(feed_place_t *place, const pia_stream_message_t *message)
{
    if (message->kind == PIA_STREAM_LOST || message->kind == PIA_STREAM_ERROR ||
        message->kind == PIA_STREAM_EPOCH)
        place->stream = 0;
    place->told(place->arg, message);
}

static void tell_all(link_t *link, const pia_stream_message_t *message)
{
    for (size_t i = 0; i < PLACES; i++)
        if (link->places[i].told != NULL && link->places[i].stream != 0)
            tell(&link->places[i], message);
}

static void on_message(void *arg, const pia_stream_message_t *message)
{
    link_t *link = arg;
    if (message->kind == PIA_STREAM_LOST) {
        tell_all(link, message);
        return;
    }
    if (message->kind == PIA_STREAM_ERROR && message->stream == 0) {
        pia_log(PIA_LOG_WARN, "the journal refuses the connection: %s", message->problem->detail);
        return;
    }
    for (size_t i = 0; i < PLACES; i++)
        if (link->places[i].told != NULL && link->places[i].stream == message->stream) {
            tell(&link->places[i], message);
            return;
        }
}

static void on_readable(evutil_socket_t descriptor, short what, void *arg)
{
    (void)descriptor;
    (void)what;
    link_t *link = arg;
    pia_stream_process(link->stream);
}

static link_t *link_new(feed_links_t *self)
{
    link_t *link = pia_alloc(sizeof *link);
    link->links = self;
    link->stream = pia_stream_new(self->endpoint, on_message, link);
    link->readable = event_new(self->base, pia_stream_descriptor(link->stream),
                               EV_READ | EV_PERSIST, on_readable, link);
    int rc = link->readable ? event_add(link->readable, NULL) : -1;
    assert(rc == 0);
    for (size_t i = 0; i < PLACES; i++)
        link->places[i].link = link;
    self->links[self->count++] = link;
    return link;
}

static feed_place_t *free_place(link_t *link)
{
    for (size_t i = 0; i < PLACES; i++)
        if (link->places[i].told == NULL)
            return &link->places[i];
    return NULL;
}

feed_place_t *feed_place_take(feed_links_t *links, feed_links_fn *told, void *arg)
{
    feed_place_t *place = NULL;
    for (size_t i = 0; place == NULL && i < links->count; i++)
        place = free_place(links->links[i]);
    if (place == NULL && links->count < LINKS_MAX)
        place = free_place(link_new(links));
    if (place != NULL) {
        place->told = told;
        place->arg = arg;
    }
    return place;
}

void feed_place_release(feed_place_t **place_p)
{
    feed_place_t *place = *place_p;
    *place_p = NULL;
    if (place == NULL)
        return;
    feed_place_close(place);
    place->told = NULL;
}

void feed_place_open(feed_place_t *place, const pia_subscribe_t *options)
{
    assert(place->stream == 0);
    if (++place->link->last == 0)
        place->link->last = 1;
    place->stream = place->link->last;
    pia_stream_subscribe(place->link->stream, place->stream, options);
}

void feed_place_close(feed_place_t *place)
{
    if (place->stream == 0)
        return;
    pia_stream_unsubscribe(place->link->stream, place->stream);
    place->stream = 0;
}

bool feed_place_is_open(const feed_place_t *place)
{
    return place->stream != 0;
}

void feed_place_renew(feed_place_t *place, const void *token, size_t size)
{
    if (place->stream == 0)
        return;
    pia_stream_renew(place->link->stream, place->stream, token, size);
}

void feed_place_credit(feed_place_t *place, uint32_t events)
{
    if (place->stream == 0)
        return;
    pia_stream_credit(place->link->stream, place->stream, events);
}
