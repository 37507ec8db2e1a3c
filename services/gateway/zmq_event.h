/* zmq_event.h - a ZeroMQ socket in libevent's loop. ZMQ_FD is edge-triggered and says only that
 * something may have happened: so the socket is read until ZMQ_EVENTS says there is nothing more
 * (with a budget, then again in the next round), is looked at again after every send, and from a
 * timer in any case. */
#ifndef GATEWAY_ZMQ_EVENT_H
#define GATEWAY_ZMQ_EVENT_H

#include <event2/event.h>

typedef struct zmq_event zmq_event_t;

/* Reads a budget of messages; called again while there are more. */
typedef void zmq_event_fn(void *arg);

/* Keeps the socket, not owned: destroy this before closing it. */
zmq_event_t *zmq_event_new(struct event_base *base, void *socket, zmq_event_fn *ready, void *arg);
void zmq_event_destroy(zmq_event_t **event_p);

/* To be called after each send: a send may swallow the edge. */
void zmq_event_look(zmq_event_t *event);

#endif
