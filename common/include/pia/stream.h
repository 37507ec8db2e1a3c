/* stream.h - a connection to the diffusion's own socket: publishing in batches, and streams out
 * (proto/README.md, PIAD01). Many streams share one connection, each with its own token, filter
 * and credit. One thread. */
#ifndef PIA_STREAM_H
#define PIA_STREAM_H

#include <jansson.h>
#include <stdbool.h>

#include "pia/event.h"
#include "pia/problem.h"

typedef struct pia_stream pia_stream_t;

/* Where a published event stands: the proof that it is durable. */
typedef struct {
    uint32_t epoch;
    uint64_t sequence;
    uint8_t chain[32]; /* hash after the event */
    bool duplicate;    /* it was there before: this is its first receipt */
} pia_stream_receipt_t;

typedef enum {
    PIA_STREAM_RECEIPT,  /* of a publish: `request`, status, `receipts` or `problem` */
    PIA_STREAM_EVENT,    /* one event of a DATA frame: `event` */
    PIA_STREAM_RECORDS,  /* a whole DATA frame, of a raw stream: `records` */
    PIA_STREAM_PROGRESS, /* covered up to `cursor`; also after the last event of each DATA frame */
    PIA_STREAM_GAP,      /* (from, cursor] cannot be given: `detail` says why */
    PIA_STREAM_EPOCH,    /* the cursor is of another history: resume at `cursor`, the common one */
    PIA_STREAM_ERROR,    /* the stream (or, with id 0, the connection) was refused or ended */
    PIA_STREAM_LOST,     /* no heartbeat: subscribe again on all streams with the last cursors */
} pia_stream_kind_t;

/* Borrowed for the call. */
typedef struct {
    pia_stream_kind_t kind;
    uint32_t stream;           /* the number given at subscribe */
    uint64_t request;          /* the number given at publish */
    const char *from, *cursor; /* the range (from, cursor] */
    const pia_event_t *event;
    const void *records; /* `count` of them, in `size` bytes: see pia/record.h */
    size_t size, count;
    pia_status_t status;
    const json_t *json;                   /* the problem's or the epoch's body */
    const char *journal;                  /* UUID, with the receipts */
    const pia_stream_receipt_t *receipts; /* one for each event that was published, in order */
    size_t receipt_count;
    const pia_problem_t *problem;
} pia_stream_message_t;
typedef void pia_stream_fn(void *arg, const pia_stream_message_t *message);

pia_stream_t *pia_stream_new(const char *endpoint, pia_stream_fn *on_message, void *arg);
void pia_stream_destroy(pia_stream_t **stream_p);

typedef struct {
    const void *token; /* NULL with size 0: anonymous */
    size_t token_size;
    const char *cursor;   /* "": from the beginning; "head": from now; else one got before */
    const json_t *filter; /* borrowed; NULL: everything the principal may see */
    uint32_t credit;      /* events, 1..65535 */
    bool
        raw; /* told RECORDS, a frame at a time, instead of EVENT and PROGRESS: nothing is parsed */
} pia_subscribe_t;

/* Opens stream `id` (> 0, not in use). */
void pia_stream_subscribe(pia_stream_t *stream, uint32_t id, const pia_subscribe_t *options);
void pia_stream_unsubscribe(pia_stream_t *stream, uint32_t id);
/* Shows the present token, if it is another than the last that was shown: a stream ends with its
 * token (ERROR, PIA_UNAUTHENTICATED). Call it now and then, within a token's last 10 s too. */
void pia_stream_renew(pia_stream_t *stream, uint32_t id, const void *token, size_t size);
/* Grants more events. Credit is the receiver's only brake: give it after the work is done. */
void pia_stream_credit(pia_stream_t *stream, uint32_t id, uint32_t events);

/* Publishes events (an array, borrowed) as one all-or-nothing batch; a RECEIPT with the same
 * `request` follows, or LOST (then publish again: the same (source, id) gets the first receipt). */
void pia_stream_publish(pia_stream_t *stream,
                        uint64_t request,
                        const void *token,
                        size_t token_size,
                        const json_t *events);

/* For an event loop: a descriptor to wait on until it is readable, which stays the same also after
 * LOST; what to do then (calls on_message); and a call at least every 500 ms for heartbeats, and to
 * connect. */
int pia_stream_descriptor(const pia_stream_t *stream);
void pia_stream_process(pia_stream_t *stream);
void pia_stream_tick(pia_stream_t *stream);

#endif
