/* streams.c - what subscribers follow. */
#include "streams.h"

#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/memory.h"

#include "streams_private.h"

streams_t *streams_new(peers_t *peers,
                       ring_t *ring,
                       reader_t *reader,
                       damage_t *damage,
                       void (*on_ready)(void *arg),
                       void *arg)
{
    streams_t *self = pia_alloc(sizeof *self);
    self->peers = peers;
    self->ring = ring;
    self->reader = reader;
    self->damage = damage;
    self->on_ready = on_ready;
    self->on_ready_arg = arg;
    self->frames = frame_cache_new();
    self->outflows = outflow_hub_new(OUTFLOWS_MAX);
    return self;
}

void streams_destroy(streams_t **self_p)
{
    streams_t *self = *self_p;
    if (!self)
        return;
    while (self->all)
        streams_close_all(self, self->all->peer);
    buffer_free(&self->records);
    frame_cache_destroy(&self->frames);
    outflow_hub_destroy(&self->outflows);
    free(self);
    *self_p = NULL;
}

size_t streams_count(const streams_t *self)
{
    return self->count;
}

size_t streams_bytes(streams_t *self)
{
    return outflow_hub_size(self->outflows);
}

uint64_t streams_waits(streams_t *self)
{
    return outflow_hub_waits(self->outflows);
}

void stream_make_ready(streams_t *self, stream_t *stream)
{
    if (stream->ready)
        return;
    stream->ready = true;
    stream->next_ready = NULL;
    stream->previous_ready = self->last_ready;
    if (self->last_ready)
        self->last_ready->next_ready = stream;
    else
        self->first_ready = stream;
    self->last_ready = stream;
}

static void drop_ready(streams_t *self, stream_t *stream)
{
    if (!stream->ready)
        return;
    stream->ready = false;
    if (stream->previous_ready)
        stream->previous_ready->next_ready = stream->next_ready;
    else
        self->first_ready = stream->next_ready;
    if (stream->next_ready)
        stream->next_ready->previous_ready = stream->previous_ready;
    else
        self->last_ready = stream->previous_ready;
}

void stream_drop_page(stream_t *stream)
{
    for (size_t i = stream->page_next; i < stream->page_count; i++)
        batch_release(&stream->page[i]);
    stream->page_count = stream->page_next = 0;
}

static stream_t *find(const peer_t *peer, uint32_t id)
{
    stream_t *stream = peer->streams;
    while (stream && stream->id != id)
        stream = stream->next_of_peer;
    return stream;
}

static void unlink_stream(streams_t *self, stream_t *stream)
{
    stream_t **at = &stream->peer->streams;
    while (*at != stream)
        at = &(*at)->next_of_peer;
    *at = stream->next_of_peer;
    stream->peer->stream_count--;
    if (stream->previous)
        stream->previous->next = stream->next;
    else
        self->all = stream->next;
    if (stream->next)
        stream->next->previous = stream->previous;
    self->count--;
    drop_ready(self, stream);
}

void stream_close(streams_t *self, stream_t *stream)
{
    unlink_stream(self, stream);
    if (stream->reading)
        reader_cancel(self->reader, stream->reading);
    stream_drop_page(stream);
    outflow_close(&stream->outflow);
    filter_destroy(&stream->filter);
    free(stream);
}

void stream_end(streams_t *self, stream_t *stream, const pia_problem_t *problem)
{
    if (!peer_send_error(self->peers, stream->peer, stream->id, problem))
        stream->peer->lost = true; /* it would wait for ever: it is told by its next heartbeat */
    stream_close(self, stream);
}

void streams_close(streams_t *self, const peer_t *peer, uint32_t id)
{
    stream_t *stream = find(peer, id);
    if (stream)
        stream_close(self, stream);
}

void streams_close_all(streams_t *self, peer_t *peer)
{
    for (stream_t *stream = peer->streams, *next = NULL; stream; stream = next) {
        next = stream->next_of_peer;
        stream_close(self, stream);
    }
}

/* An error says that a stream has ended: so a number that is used twice ends both. */
static pia_status_t
check_room(streams_t *self, const peer_t *peer, uint32_t id, pia_problem_t *problem)
{
    stream_t *open = find(peer, id);
    if (open) {
        stream_close(self, open);
        return pia_problem_set(problem, PIA_CONFLICT, "", "This stream was open already.");
    }
    if (peer->stream_count >= STREAMS_PER_PEER_MAX)
        return pia_problem_set(problem, PIA_RATE_LIMITED, "",
                               "A connection has at most 64 streams.");
    if (self->count >= STREAMS_MAX)
        return pia_problem_set(problem, PIA_UNAVAILABLE, "", "There are too many streams now.");
    return PIA_OK;
}

static void link_stream(streams_t *self, stream_t *stream)
{
    stream->next_of_peer = stream->peer->streams;
    stream->peer->streams = stream;
    stream->peer->stream_count++;
    stream->next = self->all;
    if (self->all)
        self->all->previous = stream;
    self->all = stream;
    self->count++;
}

static cursor_t start_of(const streams_t *self, const piad_subscribe_t *subscribe)
{
    if (subscribe->from == PIAD_FROM_CURSOR)
        return subscribe->cursor;
    if (subscribe->from == PIAD_FROM_HEAD)
        return *ring_head(self->ring);
    return (cursor_t){.epoch = 1};
}

pia_status_t streams_open(streams_t *self,
                          peer_t *peer,
                          uint32_t id,
                          const pia_principal_t *principal,
                          const piad_subscribe_t *subscribe,
                          pia_problem_t *problem)
{
    filter_t *filter = NULL;
    pia_status_t status = check_room(self, peer, id, problem);
    if (status == PIA_OK)
        status = filter_compile(subscribe->filter, &filter, problem);
    if (status != PIA_OK)
        return status;
    stream_t *stream = pia_alloc(sizeof *stream);
    stream->peer = peer;
    stream->id = id;
    stream->principal = *principal;
    stream->end_ms = tenure_end(principal);
    stream->filter = filter;
    stream->view = frame_view(filter, &stream->principal);
    stream->outflow = outflow_new(self->outflows, stream);
    stream->credit = subscribe->credit;
    stream->sent = stream->seen = start_of(self, subscribe);
    stream->located = subscribe->from != PIAD_FROM_CURSOR;
    stream->sent_ms = pia_clock_monotonic();
    link_stream(self, stream);
    stream_make_ready(self, stream);
    return PIA_OK;
}

bool streams_credit(streams_t *self, peer_t *peer, uint32_t id, uint32_t amount)
{
    stream_t *stream = find(peer, id);
    if (!stream)
        return false;
    uint32_t room = PIAD_CREDIT_MAX - stream->credit;
    stream->credit += amount < room ? amount : room;
    stream_make_ready(self, stream);
    return true;
}

bool streams_renew(streams_t *self, const peer_t *peer, uint32_t id, tenure_t *tenure)
{
    stream_t *stream = find(peer, id);
    if (stream && !tenure_renew(tenure, &stream->principal, &stream->end_ms))
        stream_end(self, stream, &tenure->problem);
    return stream != NULL;
}

void streams_wake(streams_t *self)
{
    for (stream_t *stream = self->all; stream; stream = stream->next)
        stream_make_ready(self, stream);
}

int streams_descriptor(const streams_t *self)
{
    return outflow_hub_descriptor(self->outflows);
}

void streams_drained(streams_t *self)
{
    stream_t *stream = NULL;
    while ((stream = outflow_hub_take(self->outflows)))
        stream_make_ready(self, stream);
}

bool streams_run(streams_t *self)
{
    for (int i = 0; i < RUN_BUDGET && self->first_ready; i++) {
        stream_t *stream = self->first_ready;
        drop_ready(self, stream);
        if (stream_pump(self, stream) == PUMP_AGAIN)
            stream_make_ready(self, stream);
    }
    return self->first_ready != NULL;
}

bool streams_are_blocked(const streams_t *self)
{
    return self->blocked;
}

void streams_retry(streams_t *self)
{
    self->blocked = false;
    for (stream_t *stream = self->all; stream; stream = stream->next) {
        if (stream->blocked)
            stream_make_ready(self, stream);
        stream->blocked = false;
    }
}

void streams_tick(streams_t *self, int64_t now_ms)
{
    for (stream_t *stream = self->all, *next = NULL; stream; stream = next) {
        next = stream->next;
        if (now_ms >= stream->end_ms) {
            stream_expire(self, stream);
            continue;
        }
        stream_make_ready(self, stream);
        stream_progress(self, stream, now_ms);
    }
}

void streams_forget(streams_t *self)
{
    frame_cache_clear(self->frames);
    for (stream_t *stream = self->all; stream; stream = stream->next) {
        stream_drop_page(stream);
        if (stream->reading)
            reader_cancel(self->reader, stream->reading);
        stream->reading = NULL;
        stream_make_ready(self, stream);
    }
}

void streams_revoke(streams_t *self, const char *subject)
{
    pia_problem_t problem = {0};
    (void)pia_problem_set(&problem, PIA_UNAUTHENTICATED, "", "The rights were revoked.");
    stream_t *stream = self->all;
    while (stream) {
        stream_t *next = stream->next;
        if (strcmp(stream->principal.subject, subject) == 0)
            stream_end(self, stream, &problem);
        stream = next;
    }
}
