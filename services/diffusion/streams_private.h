/* streams_private.h - what streams.c (who follows) and stream_pump.c (what they get) share. */
#ifndef DIFFUSION_STREAMS_PRIVATE_H
#define DIFFUSION_STREAMS_PRIVATE_H

#include "frame.h"
#include "outflow.h"
#include "streams.h"

enum { RUN_BUDGET = 64 }; /* frames a round: the loop has other things to do */

struct stream {
    peer_t *peer;
    uint32_t id;
    pia_principal_t principal; /* as it was proved */
    int64_t end_ms;            /* monotonic: when the proof ends */
    filter_t *filter;
    frame_view_t view; /* of the two */
    uint32_t credit;
    outflow_t *outflow; /* its frames that are still in this process */
    bool located;       /* the cursor is a place of this journal */
    bool blocked;       /* its last frame could not be sent */
    bool told;     /* the peer got a first frame and so knows that it follows, and from where */
    cursor_t sent; /* the peer was told that everything up to here is covered */
    cursor_t seen; /* looked at up to here; not behind `sent` */
    int64_t sent_ms;
    read_t *reading;                 /* a question on its way; its answer is for us */
    batch_t *page[READ_BATCHES_MAX]; /* from disk, what is not yet covered */
    size_t page_count, page_next;
    bool ready; /* in the queue */
    stream_t *next_ready, *previous_ready;
    stream_t *next_of_peer;
    stream_t *next, *previous; /* of all */
};

struct streams {
    peers_t *peers;
    ring_t *ring;
    reader_t *reader;
    damage_t *damage;
    void (*on_ready)(void *arg);
    void *on_ready_arg;
    bool blocked; /* some stream is */
    stream_t *all;
    size_t count;
    stream_t *first_ready, *last_ready;
    buffer_t records; /* of the frame being built */
    frame_cache_t *frames;
    outflow_hub_t *outflows;
};

/* Whether there is more to do for a stream at once. PUMP_GONE: it has been ended and freed. */
typedef enum { PUMP_DONE, PUMP_AGAIN, PUMP_GONE } pump_t;

/* Sends the stream its next frame, if there is one and credit for it. */
pump_t stream_pump(streams_t *self, stream_t *stream);

/* The next frame of a stream that has credit, by a reference; NULL: nothing follows in memory.
 * *ret_good is false if the journal is damaged behind it. */
frame_t *stream_frame(streams_t *self, stream_t *stream, bool *ret_good);
/* Whether the next event was removed; then *ret_to is the last of those that were together. */
bool stream_has_gap(const streams_t *self, stream_t *stream, cursor_t *ret_to);

/* Whether the event after `seen` is in memory. */
bool stream_has_next(const streams_t *self, stream_t *stream);

/* Its token has ended: tells how far it has come, and ends it. */
void stream_expire(streams_t *self, stream_t *stream);

/* Tells how far it has come, if it has moved and was silent for a second. */
void stream_progress(streams_t *self, stream_t *stream, int64_t now_ms);

void stream_make_ready(streams_t *self, stream_t *stream);
void stream_drop_page(stream_t *stream);
void stream_close(streams_t *self, stream_t *stream);
/* Tells the peer why, and closes it. */
void stream_end(streams_t *self, stream_t *stream, const pia_problem_t *problem);

#endif
