/* gate.c - the filter between a socket and evhttp: admits, delays, refuses, cuts. */
#include "gate.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "gate_refusal.h"
#include "pia/memory.h"
#include "strict.h"
#include "timing.h"

enum {
    BUCKETS = 1024,    /* of the table of connections; a power of 2 */
    HELD_MAX = 65536,  /* pipelined bytes read ahead; then the socket is not read any more */
    LINGER_MS = 1000,  /* how long a refused client may go on sending, to read why */
    SMALL_MAX = 32768, /* bytes of a request that pass whatever the others hold: any head does */
};

typedef enum {
    GATE_IDLE,
    GATE_READING,
    GATE_WAITING,
    GATE_WRITING,
    GATE_STREAMING,
    GATE_LINGERING
} gate_mode_t;

struct gate {
    LIST_ENTRY(gate) link;
    gates_t *gates;            /* not owned */
    struct bufferevent *outer; /* the filter, evhttp's; not owned: it owns the gate */
    struct bufferevent *inner; /* the socket's; owned by outer */
    struct event *timer;       /* the deadline of the present mode */
    struct event *kick;        /* runs the filter again */
    struct event *cut;
    struct event *writable; /* made when the kernel's buffer is full for the first time */
    gate_mode_t mode;
    bool flushing; /* output passes only from within kick */
    size_t held;   /* bytes of the present request */
    strict_t strict;
};

struct gates {
    gate_limits_t limits;
    gate_stats_t stats;
    size_t held; /* of all gates */
    bool draining;
    LIST_HEAD(, gate) buckets[BUCKETS];
};

static size_t bucket_of(const struct bufferevent *bufferevent)
{
    return ((uintptr_t)bufferevent / 64) % BUCKETS;
}

gates_t *gates_new(const gate_limits_t *limits)
{
    gates_t *self = pia_alloc(sizeof *self);
    self->limits = *limits;
    for (size_t i = 0; i < BUCKETS; i++)
        LIST_INIT(&self->buckets[i]);
    return self;
}

void gates_destroy(gates_t **gates_p)
{
    if (*gates_p == NULL)
        return;
    assert((*gates_p)->stats.open == 0);
    free(*gates_p);
    *gates_p = NULL;
}

const gate_stats_t *gates_stats(const gates_t *gates)
{
    return &gates->stats;
}

gate_t *gates_find(gates_t *gates, struct bufferevent *bufferevent)
{
    gate_t *gate;
    LIST_FOREACH(gate, &gates->buckets[bucket_of(bufferevent)], link)
    if (gate->outer == bufferevent)
        break;
    assert(gate != NULL);
    return gate;
}

void gates_drain(gates_t *gates)
{
    gates->draining = true;
    for (size_t i = 0; i < BUCKETS; i++) {
        gate_t *gate;
        LIST_FOREACH(gate, &gates->buckets[i], link)
        if (gate->mode == GATE_IDLE)
            gate_cut(gate);
    }
}

static void enter(gate_t *self, gate_mode_t mode)
{
    int64_t timeout_ms = 0;
    const gate_limits_t *limits = &self->gates->limits;
    self->mode = mode;
    if (mode == GATE_IDLE)
        timeout_ms = limits->idle_timeout_ms;
    else if (mode == GATE_READING)
        timeout_ms = limits->request_timeout_ms;
    else if (mode == GATE_WRITING)
        timeout_ms = limits->answer_timeout_ms;
    else if (mode == GATE_LINGERING)
        timeout_ms = LINGER_MS;
    (void)event_del(self->timer);
    if (timeout_ms > 0) {
        struct timeval timeout = timing(timeout_ms);
        (void)event_add(self->timer, &timeout);
    }
}

/* Whether evhttp has let go of the connection, which is then freed at the end of this round. */
static bool abandoned(const gate_t *self)
{
    bufferevent_event_cb event_cb;
    bufferevent_getcb(self->outer, NULL, NULL, &event_cb, NULL);
    return event_cb == NULL;
}

static void refuse(gate_t *self, int status, const char *reason)
{
    self->gates->stats.refused++;
    gate_refusal_send(bufferevent_getfd(self->inner), status, reason, self->strict.head);
    enter(self, GATE_LINGERING);
}

/* Counts what has passed; false if a large request is too much beside the others. */
static bool hold(gate_t *self, size_t size)
{
    self->held += size;
    self->gates->held += size;
    return self->held <= SMALL_MAX || self->gates->held <= self->gates->limits.requests_max;
}

static void let_go(gate_t *self)
{
    self->gates->held -= self->held;
    self->held = 0;
}

/* The filter's input side: lets pass what the state machine admits. */
static enum bufferevent_filter_result admit(struct evbuffer *source,
                                            struct evbuffer *target,
                                            ev_ssize_t limit,
                                            enum bufferevent_flush_mode mode,
                                            void *arg)
{
    (void)limit;
    (void)mode;
    gate_t *self = arg;
    if (self->mode == GATE_LINGERING)
        (void)evbuffer_drain(source, evbuffer_get_length(source));
    if (self->mode > GATE_READING)
        return BEV_NEED_MORE;
    struct evbuffer_iovec piece;
    if (evbuffer_peek(source, -1, NULL, &piece, 1) < 1 || piece.iov_len == 0)
        return BEV_NEED_MORE;
    if (self->mode == GATE_IDLE)
        enter(self, GATE_READING);
    size_t admitted;
    strict_verdict_t verdict = strict_feed(&self->strict, piece.iov_base, piece.iov_len, &admitted);
    (void)evbuffer_remove_buffer(source, target, admitted);
    bool room = hold(self, admitted);
    if (verdict == STRICT_COMPLETE)
        enter(self, GATE_WAITING);
    if (verdict == STRICT_MORE && !room)
        refuse(self, 503, "There is no room for a request of this size now");
    if (verdict == STRICT_REJECTED)
        refuse(self, self->strict.status, self->strict.reason);
    return admitted > 0 ? BEV_OK : BEV_NEED_MORE;
}

static void on_writable(evutil_socket_t descriptor, short what, void *arg)
{
    (void)descriptor;
    (void)what;
    gate_t *self = arg;
    event_active(self->kick, EV_TIMEOUT, 0);
}

static void wait_writable(gate_t *self, evutil_socket_t descriptor)
{
    if (self->writable == NULL)
        self->writable =
            event_new(bufferevent_get_base(self->outer), descriptor, EV_WRITE, on_writable, self);
    (void)event_add(self->writable, NULL);
}

/* The filter's output side: to the kernel or nowhere, so that "written" means written. */
static enum bufferevent_filter_result emit(struct evbuffer *source,
                                           struct evbuffer *target,
                                           ev_ssize_t limit,
                                           enum bufferevent_flush_mode mode,
                                           void *arg)
{
    (void)target;
    (void)limit;
    (void)mode;
    gate_t *self = arg;
    if (!self->flushing || evbuffer_get_length(source) == 0)
        return BEV_NEED_MORE;
    evutil_socket_t descriptor = bufferevent_getfd(self->inner);
    int written = evbuffer_write(source, descriptor);
    if (written > 0)
        return BEV_OK;
    if (written < 0 && errno != EAGAIN && errno != EINTR)
        gate_cut(self);
    else
        wait_writable(self, descriptor);
    return BEV_NEED_MORE;
}

static void flush_output(gate_t *self)
{
    if (evbuffer_get_length(bufferevent_get_output(self->outer)) == 0)
        return;
    self->flushing = true;
    (void)bufferevent_flush(self->outer, EV_WRITE, BEV_NORMAL);
    self->flushing = false;
}

/* Pipelined bytes that were held back while the last request was answered. */
static void flush_input(gate_t *self)
{
    if (self->mode > GATE_READING || evbuffer_get_length(bufferevent_get_input(self->inner)) == 0)
        return;
    (void)bufferevent_flush(self->outer, EV_READ, BEV_NORMAL);
    if (evbuffer_get_length(bufferevent_get_input(self->outer)) > 0)
        bufferevent_trigger(self->outer, EV_READ, 0);
}

static void on_kick(evutil_socket_t descriptor, short what, void *arg)
{
    (void)descriptor;
    (void)what;
    gate_t *self = arg;
    if (!abandoned(self))
        flush_output(self);
    if (!abandoned(self))
        flush_input(self);
}

static void on_output(struct evbuffer *buffer, const struct evbuffer_cb_info *info, void *arg)
{
    (void)buffer;
    gate_t *self = arg;
    if (info->n_added == 0)
        return;
    if (self->mode == GATE_WAITING)
        enter(self, GATE_WRITING);
    event_active(self->kick, EV_TIMEOUT, 0);
}

static void on_timer(evutil_socket_t descriptor, short what, void *arg)
{
    (void)descriptor;
    (void)what;
    gate_t *self = arg;
    if (abandoned(self))
        return;
    if (self->mode == GATE_READING || self->mode == GATE_WRITING)
        self->gates->stats.cut++;
    if (self->mode == GATE_READING)
        refuse(self, 408, "The request did not arrive in time");
    else
        gate_cut(self);
}

static void on_cut(evutil_socket_t descriptor, short what, void *arg)
{
    (void)descriptor;
    (void)what;
    gate_t *self = arg;
    if (!abandoned(self))
        bufferevent_trigger_event(self->outer, BEV_EVENT_READING | BEV_EVENT_ERROR, 0);
}

static void gate_free(void *arg)
{
    gate_t *self = arg;
    gates_t *gates = self->gates;
    let_go(self);
    LIST_REMOVE(self, link);
    event_free(self->timer);
    event_free(self->kick);
    event_free(self->cut);
    if (self->writable != NULL)
        event_free(self->writable);
    free(self);
    if (gates->stats.open-- == gates->limits.connections_max && !gates->draining)
        gates->limits.on_room(gates->limits.arg, true);
}

struct bufferevent *gates_accept(struct event_base *base, void *arg)
{
    gates_t *gates = arg;
    gate_t *self = pia_alloc(sizeof *self);
    self->gates = gates;
    strict_init(&self->strict);
    self->inner = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    assert(self->inner != NULL);
    bufferevent_setwatermark(self->inner, EV_READ, 0, HELD_MAX);
    self->outer =
        bufferevent_filter_new(self->inner, admit, emit, BEV_OPT_CLOSE_ON_FREE, gate_free, self);
    assert(self->outer != NULL);
    (void)evbuffer_add_cb(bufferevent_get_output(self->outer), on_output, self);
    self->timer = event_new(base, -1, 0, on_timer, self);
    self->kick = event_new(base, -1, 0, on_kick, self);
    self->cut = event_new(base, -1, 0, on_cut, self);
    LIST_INSERT_HEAD(&gates->buckets[bucket_of(self->outer)], self, link);
    enter(self, GATE_IDLE);
    gates->stats.accepted++;
    if (++gates->stats.open == gates->limits.connections_max)
        gates->limits.on_room(gates->limits.arg, false);
    return self->outer;
}

void gate_stream(gate_t *gate, bool open)
{
    enter(gate, open ? GATE_STREAMING : GATE_WRITING);
}

void gate_answered(gate_t *gate)
{
    strict_next(&gate->strict);
    let_go(gate);
    enter(gate, GATE_IDLE);
    if (gate->gates->draining)
        gate_cut(gate);
    event_active(gate->kick, EV_TIMEOUT, 0);
}

size_t gate_pending(const gate_t *gate)
{
    return evbuffer_get_length(bufferevent_get_output(gate->outer));
}

void gate_cut(gate_t *gate)
{
    event_active(gate->cut, EV_TIMEOUT, 0);
}
