/* loop.c - the reactor: one epoll_wait a round, then every ready source, then the timers due.
 *
 * Not zmq_poll, which asks every socket and descriptor twice before it sleeps: with the diffusion's
 * five sockets and six descriptors 22 system calls before a sleep, now 11. A socket's descriptor
 * (ZMQ_FD) only says that there is news for it, and any use of the socket may take that news away
 * unseen: so all of them are asked for ZMQ_EVENTS after every round in which somebody was called.
 */
#include "pia/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <zmq.h>

#include "pia/clock.h"
#include "pia/memory.h"

enum { PERIOD_MAX_MS = 3600000, ROOM_FIRST = 16, EVENTS_MAX = 64 };

/* What is waited for. Handlers may add and remove at any time: a removed one is only marked, and
 * taken out between rounds, so that indexes hold during a round. */
typedef struct {
    void *socket;   /* NULL: only a descriptor */
    int descriptor; /* of a socket: ZMQ_FD */
    pia_loop_fn *ready;
    void *arg;
    bool is_ready; /* in this round */
    bool removed;
} source_t;

typedef struct {
    int id;
    int64_t period_ms;
    int64_t due_ms; /* monotonic */
    pia_loop_fn *due;
    void *arg;
    bool removed;
} tick_t;

struct pia_loop {
    source_t *sources;
    size_t source_count, source_room;
    tick_t *ticks;
    size_t tick_count, tick_room;
    int epoll;
    int last_id; /* of a timer */
    bool stopped;
    pia_loop_fn *after_round; /* may be NULL */
    void *after_round_arg;
};

pia_loop_t *pia_loop_new(void)
{
    pia_loop_t *loop = pia_alloc(sizeof *loop);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    assert(loop->epoll >= 0);
    return loop;
}

void pia_loop_destroy(pia_loop_t **loop_p)
{
    pia_loop_t *loop = *loop_p;
    if (!loop)
        return;
    free(loop->sources);
    free(loop->ticks);
    (void)close(loop->epoll);
    free(loop);
    *loop_p = NULL;
}

static void add_source(pia_loop_t *loop, source_t source)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = source.descriptor};
    if (loop->source_count == loop->source_room) {
        loop->source_room = loop->source_room ? 2 * loop->source_room : ROOM_FIRST;
        loop->sources = pia_realloc(loop->sources, loop->source_room * sizeof(source_t));
    }
    loop->sources[loop->source_count++] = source;
    int rc = epoll_ctl(loop->epoll, EPOLL_CTL_ADD, source.descriptor, &event);
    assert(rc == 0);
}

void pia_loop_add_socket(pia_loop_t *loop, void *socket, pia_loop_fn *ready, void *arg)
{
    int descriptor = -1;
    size_t size = sizeof descriptor;
    assert(socket && ready);
    int rc = zmq_getsockopt(socket, ZMQ_FD, &descriptor, &size);
    assert(rc == 0);
    add_source(loop,
               (source_t){.socket = socket, .descriptor = descriptor, .ready = ready, .arg = arg});
}

void pia_loop_add_descriptor(pia_loop_t *loop, int descriptor, pia_loop_fn *ready, void *arg)
{
    assert(descriptor >= 0 && ready);
    add_source(loop, (source_t){.descriptor = descriptor, .ready = ready, .arg = arg});
}

/* At once: what has this descriptor next may be something else. */
static void remove_source(pia_loop_t *loop, source_t *source)
{
    source->removed = true;
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, source->descriptor, NULL);
}

void pia_loop_remove_socket(pia_loop_t *loop, void *socket)
{
    for (size_t i = 0; socket && i < loop->source_count; i++)
        if (loop->sources[i].socket == socket && !loop->sources[i].removed)
            remove_source(loop, &loop->sources[i]);
}

void pia_loop_remove_descriptor(pia_loop_t *loop, int descriptor)
{
    for (size_t i = 0; i < loop->source_count; i++) {
        source_t *source = &loop->sources[i];
        if (!source->socket && source->descriptor == descriptor && !source->removed)
            remove_source(loop, source);
    }
}

void pia_loop_after_round(pia_loop_t *loop, pia_loop_fn *fn, void *arg)
{
    assert(!fn || !loop->after_round);
    loop->after_round = fn;
    loop->after_round_arg = arg;
}

int pia_loop_add_timer(pia_loop_t *loop, int64_t period_ms, pia_loop_fn *due, void *arg)
{
    assert(period_ms >= 1 && period_ms <= PERIOD_MAX_MS && due);
    if (loop->tick_count == loop->tick_room) {
        loop->tick_room = loop->tick_room ? 2 * loop->tick_room : ROOM_FIRST;
        loop->ticks = pia_realloc(loop->ticks, loop->tick_room * sizeof(tick_t));
    }
    loop->ticks[loop->tick_count++] = (tick_t){.id = ++loop->last_id,
                                               .period_ms = period_ms,
                                               .due_ms = pia_clock_monotonic() + period_ms,
                                               .due = due,
                                               .arg = arg};
    return loop->last_id;
}

void pia_loop_remove_timer(pia_loop_t *loop, int timer_id)
{
    for (size_t i = 0; i < loop->tick_count; i++)
        if (loop->ticks[i].id == timer_id)
            loop->ticks[i].removed = true;
}

/* Takes out what was removed during the last round. */
static void compact(pia_loop_t *loop)
{
    size_t kept = 0;
    for (size_t i = 0; i < loop->source_count; i++)
        if (!loop->sources[i].removed)
            loop->sources[kept++] = loop->sources[i];
    loop->source_count = kept;
    kept = 0;
    for (size_t i = 0; i < loop->tick_count; i++)
        if (!loop->ticks[i].removed)
            loop->ticks[kept++] = loop->ticks[i];
    loop->tick_count = kept;
}

/* How long a poll may wait: until the next timer; for ever without one. */
static long wait_ms(const pia_loop_t *loop)
{
    if (loop->tick_count == 0)
        return -1;
    int64_t due = loop->ticks[0].due_ms;
    for (size_t i = 1; i < loop->tick_count; i++)
        if (loop->ticks[i].due_ms < due)
            due = loop->ticks[i].due_ms;
    int64_t left = due - pia_clock_monotonic();
    return left > 0 ? (long)left : 0;
}

/* Whether a socket has something to read now; false also when its context is gone. */
static bool has_input(pia_loop_t *loop, const source_t *source)
{
    int events = 0;
    size_t size = sizeof events;
    if (zmq_getsockopt(source->socket, ZMQ_EVENTS, &events, &size) != 0 && errno == ETERM)
        loop->stopped = true;
    return (events & ZMQ_POLLIN) != 0;
}

/* Asks the sockets; whether one is ready. */
static bool ask_sockets(pia_loop_t *loop)
{
    bool any = false;
    for (size_t i = 0; i < loop->source_count; i++) {
        source_t *source = &loop->sources[i];
        source->is_ready = source->socket && has_input(loop, source);
        any = any || source->is_ready;
    }
    return any;
}

static void set_ready(pia_loop_t *loop, int descriptor)
{
    for (size_t i = 0; i < loop->source_count; i++) {
        source_t *source = &loop->sources[i];
        if (source->descriptor == descriptor && !source->removed)
            source->is_ready = source->is_ready || !source->socket || has_input(loop, source);
    }
}

static void call_sources(pia_loop_t *loop)
{
    size_t count = loop->source_count;
    for (size_t i = 0; i < count; i++) {
        const source_t source = loop->sources[i];
        if (source.is_ready && !source.removed)
            source.ready(source.arg);
    }
}

/* A timer that is late is called once, not once for each period missed. */
static void call_timers(pia_loop_t *loop)
{
    int64_t now = pia_clock_monotonic();
    size_t count = loop->tick_count;
    for (size_t i = 0; i < count; i++) {
        const tick_t tick = loop->ticks[i];
        if (tick.removed || tick.due_ms > now)
            continue;
        loop->ticks[i].due_ms = now + tick.period_ms;
        tick.due(tick.arg);
    }
}

static void run_round(pia_loop_t *loop)
{
    struct epoll_event events[EVENTS_MAX];
    compact(loop);
    long wait = ask_sockets(loop) || loop->stopped ? 0 : wait_ms(loop);
    int count = epoll_wait(loop->epoll, events, EVENTS_MAX, (int)wait);
    assert(count >= 0 || errno == EINTR);
    for (int i = 0; i < count; i++)
        set_ready(loop, events[i].data.fd);
    call_sources(loop);
    call_timers(loop);
    if (loop->after_round)
        loop->after_round(loop->after_round_arg);
}

void pia_loop_run(pia_loop_t *loop)
{
    loop->stopped = false;
    while (!loop->stopped)
        run_round(loop);
}

void pia_loop_stop(pia_loop_t *loop)
{
    loop->stopped = true;
}
