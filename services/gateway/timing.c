/* timing.c - timers. */
#include "timing.h"

#include <assert.h>

struct timeval timing(int64_t time_ms)
{
    return (struct timeval){.tv_sec = time_ms / 1000, .tv_usec = time_ms % 1000 * 1000};
}

struct event *
timing_every(struct event_base *base, int64_t period_ms, event_callback_fn due, void *arg)
{
    struct timeval period = timing(period_ms);
    struct event *timer = event_new(base, -1, EV_PERSIST, due, arg);
    assert(timer != NULL);
    (void)event_add(timer, &period);
    return timer;
}
