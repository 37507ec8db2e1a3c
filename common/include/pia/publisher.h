/* publisher.h - many events into the journal, without waiting for each (proto/README.md, PIAD01):
 * what is added is sent together, as many as stand in the window are on their way at a time, and
 * each is told of once, when it is durable or refused. On a new connection what has no receipt is
 * published again, with the same bytes: the journal gives the first receipt. One thread. */
#ifndef PIA_PUBLISHER_H
#define PIA_PUBLISHER_H

#include "pia/stream.h"

enum { PIA_PUBLISHER_WINDOW_MAX = 65536, PIA_PUBLISHER_FRAME_MAX = 1000 };

typedef struct pia_publisher pia_publisher_t;

/* What became of one event; borrowed for the call. */
typedef struct {
    uint64_t tag;                        /* given when it was added */
    pia_status_t status;                 /* PIA_OK: durable */
    const char *journal;                 /* UUID, with the receipt */
    const pia_stream_receipt_t *receipt; /* NULL unless PIA_OK */
    const pia_problem_t *problem;        /* NULL if PIA_OK; its pointer is into the event */
} pia_published_t;
typedef void pia_published_fn(void *arg, const pia_published_t *published);

typedef struct {
    const char *endpoint;
    size_t window; /* events without a receipt at a time, 1 to PIA_PUBLISHER_WINDOW_MAX */
    size_t frame;  /* events in one publish at most; 0: a quarter of the window (of 4 to 1000) */
    pia_published_fn *on_published; /* may add more */
    void *arg;
} pia_publisher_options_t;

pia_publisher_t *pia_publisher_new(const pia_publisher_options_t *options);
/* What has no receipt yet is not told of any more. */
void pia_publisher_destroy(pia_publisher_t **publisher_p);

/* The token of what is sent from now on, also of what is sent again. Copies. */
void pia_publisher_set_token(pia_publisher_t *publisher, const void *token, size_t size);

/* Adds an event (JSON, 1 to PIA_EVENT_SIZE_MAX bytes, copied). False: the window is full. It leaves
 * with the next flush, or when a frame is full. Order is kept, but for what stood in one frame with
 * an event that was refused, and is sent again without it; and what is refused for the moment may
 * be overtaken by what flew after it. */
bool pia_publisher_add(pia_publisher_t *publisher, const void *event, size_t size, uint64_t tag);

/* Sends what was added. */
void pia_publisher_flush(pia_publisher_t *publisher);

/* Events without a receipt, those not yet sent included. */
size_t pia_publisher_pending(const pia_publisher_t *publisher);

/* For an event loop: a descriptor; what to do when it is readable (calls on_published, then
 * flushes); and a call at least every 500 ms. */
int pia_publisher_descriptor(const pia_publisher_t *publisher);
void pia_publisher_process(pia_publisher_t *publisher);
void pia_publisher_tick(pia_publisher_t *publisher);

/* Instead of a loop: flushes, waits at most `timeout_ms` (0 to 500) for receipts, tells of them. */
void pia_publisher_wait(pia_publisher_t *publisher, int timeout_ms);

#endif
