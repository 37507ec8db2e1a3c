/* stream_ranges.h - the streams that a connection follows, and what their receiver is told: ranges
 * of the journal that go on where the last one ended, or the connection is broken. */
#ifndef PIA_STREAM_RANGES_H
#define PIA_STREAM_RANGES_H

#include "pia/frames.h"
#include "pia/stream.h"

enum { PIA_STREAMS_MAX = 64 }; /* the server's limit too */

/* `last` is the end of what was covered: the next range begins there. */
typedef struct {
    uint32_t id; /* 0: the place is free */
    uint64_t serial;
    bool raw;
    uint64_t token;             /* mark of the last that was shown */
    char last[PIA_CURSOR_SIZE]; /* "" until the first range */
} pia_subscription_t;

typedef struct {
    pia_stream_fn *on_message;
    void *arg;
    uint64_t last_serial;
    pia_subscription_t places[PIA_STREAMS_MAX];
} pia_subscriptions_t;

/* NULL if there is no such stream. */
pia_subscription_t *pia_subscriptions_find(pia_subscriptions_t *self, uint32_t id);

/* Asserts that the number is above 0 and free, and that there is a place. */
void pia_subscriptions_add(pia_subscriptions_t *self, uint32_t id, bool raw);

/* False if there is no such stream. */
bool pia_subscriptions_remove(pia_subscriptions_t *self, uint32_t id);
void pia_subscriptions_clear(pia_subscriptions_t *self);

/* Take a DATA, PROGRESS or GAP message and tell the receiver, unless it has just ended the stream.
 * False: it makes no sense, or leaves a hole. */
bool pia_subscriptions_data(pia_subscriptions_t *self, const pia_frames_t *frames);
bool pia_subscriptions_progress(pia_subscriptions_t *self, const pia_frames_t *frames);
bool pia_subscriptions_gap(pia_subscriptions_t *self, const pia_frames_t *frames);

#endif
