/* timing.h - libevent's timers in milliseconds. */
#ifndef GATEWAY_TIMING_H
#define GATEWAY_TIMING_H

#include <event2/event.h>
#include <stdint.h>

struct timeval timing(int64_t time_ms);

/* A timer that calls `due` every `period_ms`; the caller frees it with event_free. */
struct event *
timing_every(struct event_base *base, int64_t period_ms, event_callback_fn due, void *arg);

#endif
