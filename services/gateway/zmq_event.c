/* zmq_event.c - drives a ZeroMQ socket from libevent. */
#include "zmq_event.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <zmq.h>

#include "pia/memory.h"
#include "timing.h"

enum { LOOK_MS = 100, ROUNDS = 4 /* budgets of the reader in a row, then others get their turn */ };

struct zmq_event {
    void *socket;        /* not owned */
    struct event *edge;  /* on ZMQ_FD */
    struct event *again; /* looks in the next round of the loop */
    struct event *timer; /* looks in any case */
    zmq_event_fn *ready;
    void *arg;
};

static bool readable(const zmq_event_t *self)
{
    int events = 0;
    size_t size = sizeof events;
    if (zmq_getsockopt(self->socket, ZMQ_EVENTS, &events, &size) != 0)
        return false;
    return (events & ZMQ_POLLIN) != 0;
}

static void on_event(evutil_socket_t descriptor, short what, void *arg)
{
    (void)descriptor;
    (void)what;
    zmq_event_t *self = arg;
    for (int round = 0; round < ROUNDS; round++) {
        if (!readable(self))
            return;
        self->ready(self->arg);
    }
    zmq_event_look(self);
}

zmq_event_t *zmq_event_new(struct event_base *base, void *socket, zmq_event_fn *ready, void *arg)
{
    zmq_event_t *self = pia_alloc(sizeof *self);
    self->socket = socket;
    self->ready = ready;
    self->arg = arg;
    int descriptor = -1;
    size_t size = sizeof descriptor;
    int rc = zmq_getsockopt(socket, ZMQ_FD, &descriptor, &size);
    assert(rc == 0);
    self->edge = event_new(base, descriptor, EV_READ | EV_PERSIST, on_event, self);
    self->again = event_new(base, -1, 0, on_event, self);
    self->timer = timing_every(base, LOOK_MS, on_event, self);
    (void)event_add(self->edge, NULL);
    zmq_event_look(self);
    return self;
}

void zmq_event_destroy(zmq_event_t **event_p)
{
    zmq_event_t *self = *event_p;
    *event_p = NULL;
    if (self == NULL)
        return;
    event_free(self->edge);
    event_free(self->again);
    event_free(self->timer);
    free(self);
}

void zmq_event_look(zmq_event_t *event)
{
    event_active(event->again, EV_TIMEOUT, 0);
}
