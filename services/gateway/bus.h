/* bus.h - asks services by message from libevent's loop: pia/client.h with its socket and its
 * deadlines driven, and a second try for what may be repeated. */
#ifndef GATEWAY_BUS_H
#define GATEWAY_BUS_H

#include <event2/event.h>

#include "pia/client.h"

typedef struct bus bus_t;

typedef struct {
    uint64_t asked, failed, retried; /* failed: unavailable or timeout, after the retry */
} bus_stats_t;

bus_t *bus_new(struct event_base *base, void *zmq, const char *endpoint);
/* What is in flight is answered PIA_UNAVAILABLE first. */
void bus_destroy(bus_t **bus_p);

/* Asks; `answered` is called exactly once, later, never from within. Copies `call` and its token;
 * takes a reference to `body`, which nobody may change. A call that found nobody (unavailable) and
 * may be repeated is tried once more within its time. */
void bus_ask(bus_t *bus, const pia_call_t *call, json_t *body, pia_answer_fn *answered, void *arg);

const bus_stats_t *bus_stats(const bus_t *bus);

#endif
