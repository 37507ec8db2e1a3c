/* loop.c - the reactor: one zmq_poll a round, then every ready source, then the timers due. */
#include "pia/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <zmq.h>

#include "pia/clock.h"
#include "pia/memory.h"

enum { PERIOD_MAX_MS = 3600000, ROOM_FIRST = 16 };

/* What is polled. Handlers may add and remove at any time: a removed one is only marked, and
 * taken out between rounds, so that indexes hold during a round. */
typedef struct {
    void *socket;   /* or NULL: then the descriptor */
    int descriptor; /* -1 for a socket */
    pia_loop_fn *ready;
    void *arg;
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
    zmq_pollitem_t *items; /* as many as there is room for sources */
    int last_id;           /* of a timer */
    bool stopped;
};

pia_loop_t *pia_loop_new(void)
{
    return pia_alloc(sizeof(pia_loop_t));
}

void pia_loop_destroy(pia_loop_t **loop_p)
{
    pia_loop_t *loop = *loop_p;
    if (!loop)
        return;
    free(loop->sources);
    free(loop->ticks);
    free(loop->items);
    free(loop);
    *loop_p = NULL;
}

static void add_source(pia_loop_t *loop, source_t source)
{
    if (loop->source_count == loop->source_room) {
        loop->source_room = loop->source_room ? 2 * loop->source_room : ROOM_FIRST;
        loop->sources = pia_realloc(loop->sources, loop->source_room * sizeof(source_t));
    }
    loop->sources[loop->source_count++] = source;
}

void pia_loop_add_socket(pia_loop_t *loop, void *socket, pia_loop_fn *ready, void *arg)
{
    assert(socket && ready);
    add_source(loop, (source_t){.socket = socket, .descriptor = -1, .ready = ready, .arg = arg});
}

void pia_loop_add_descriptor(pia_loop_t *loop, int descriptor, pia_loop_fn *ready, void *arg)
{
    assert(descriptor >= 0 && ready);
    add_source(loop, (source_t){.descriptor = descriptor, .ready = ready, .arg = arg});
}

static void remove_source(pia_loop_t *loop, const void *socket, int descriptor)
{
    for (size_t i = 0; i < loop->source_count; i++) {
        source_t *source = &loop->sources[i];
        if (source->socket == socket && source->descriptor == descriptor)
            source->removed = true;
    }
}

void pia_loop_remove_socket(pia_loop_t *loop, void *socket)
{
    if (socket)
        remove_source(loop, socket, -1);
}

void pia_loop_remove_descriptor(pia_loop_t *loop, int descriptor)
{
    remove_source(loop, NULL, descriptor);
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

static void call_sources(pia_loop_t *loop, size_t polled)
{
    for (size_t i = 0; i < polled; i++) {
        const source_t source = loop->sources[i];
        if (loop->items[i].revents && !source.removed)
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
    compact(loop);
    size_t polled = loop->source_count;
    loop->items = pia_realloc(loop->items, (loop->source_room + 1) * sizeof(zmq_pollitem_t));
    for (size_t i = 0; i < polled; i++)
        loop->items[i] = (zmq_pollitem_t){.socket = loop->sources[i].socket,
                                          .fd = loop->sources[i].descriptor,
                                          .events = ZMQ_POLLIN};
    int rc = zmq_poll(loop->items, (int)polled, wait_ms(loop));
    if (rc < 0 && errno != EINTR) {
        loop->stopped = true; /* the context is gone */
        return;
    }
    if (rc > 0)
        call_sources(loop, polled);
    call_timers(loop);
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
