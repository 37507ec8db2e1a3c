/* stream_pump.c - covering the journal for one stream: asking for what is not in memory, and
 * sending frame after frame as its credit and its outflow allow. */
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/memory.h"

#include "streams_private.h"

enum { PROGRESS_MS = 1000 };

/* The cursor is of another history: the subscriber decides where to go on. */
static void tell_epoch(streams_t *self, stream_t *stream, const cursor_t *common)
{
    pia_frames_t frames;
    peer_begin(&frames, stream->peer, PIAD_EPOCH);
    peer_add_u32(&frames, stream->id);
    peer_add_cursor(&frames, common);
    peer_add_json(&frames, json_pack("{s:s, s:I}", "detail",
                                     "The cursor is of another history: subscribe again.", "epoch",
                                     (json_int_t)ring_head(self->ring)->epoch));
    (void)peer_send(self->peers, stream->peer, &frames);
    stream_close(self, stream);
}

static void tell_damage(streams_t *self, stream_t *stream)
{
    pia_problem_t problem = {0};
    (void)pia_problem_set(&problem, PIA_INTERNAL, "", "The journal is damaged after event %llu.",
                          (unsigned long long)stream->seen.sequence);
    stream_end(self, stream, &problem);
}

static void take_page(stream_t *stream, read_t *read)
{
    stream_drop_page(stream);
    memcpy(stream->page, read->batches, read->count * sizeof(batch_t *));
    stream->page_count = read->count;
    read->count = 0;
}

static void page_read(void *arg, read_t *read)
{
    streams_t *self = arg;
    stream_t *stream = read->asker;
    if (stream) {
        stream->reading = NULL;
        stream->located =
            stream->located || read->status == PIA_OK || read->status == PIA_NOT_FOUND;
        if (read->status == PIA_GONE)
            tell_epoch(self, stream, &read->common);
        else if (read->status == PIA_INTERNAL)
            tell_damage(self, stream);
        else if (read->status == PIA_OK || read->status == PIA_NOT_FOUND) {
            take_page(stream, read);
            stream_make_ready(self, stream);
            self->on_ready(self->on_ready_arg);
        } /* else the store is out of reach, or has to follow: the next tick asks again */
    }
    read_destroy(&read);
}

static void ask(streams_t *self, stream_t *stream)
{
    if (stream->reading)
        return;
    read_t *read = pia_alloc(sizeof *read);
    read->done = page_read;
    read->arg = self;
    read->asker = stream;
    read->after = stream->seen;
    read->locate = !stream->located;
    read->committed = ring_head(self->ring)->sequence;
    stream->reading = read;
    reader_ask(self->reader, read);
}

/* A cursor that the ring holds is checked there: a storm of reconnects reads nothing from disk. */
static bool locate_in_ring(const streams_t *self, stream_t *stream)
{
    record_t record;
    const batch_t *batch = ring_find(self->ring, stream->seen.sequence);
    bool at_beginning = stream->seen.sequence == 0 && stream->seen.chain == 0;
    if (stream->located || at_beginning || cursor_equal(&stream->seen, ring_head(self->ring)))
        stream->located = true;
    else if (batch && batch_find(batch, stream->seen.sequence, &record))
        stream->located = cursor_equal(&stream->seen, &record.cursor);
    return stream->located;
}

static void release_frame(void *keeper)
{
    frame_release(keeper);
}

/* Says (sent, to]. `frame` has records, or is NULL. False if the peer cannot take it: then nothing
 * was said. */
static bool tell(streams_t *self, stream_t *stream, const cursor_t *to, frame_t *frame)
{
    pia_frames_t frames;
    peer_begin(&frames, stream->peer, frame ? PIAD_DATA : PIAD_PROGRESS);
    peer_add_u32(&frames, stream->id);
    peer_add_cursor(&frames, &stream->sent);
    peer_add_cursor(&frames, to);
    if (frame) {
        const outflow_part_t part = {.bytes = frame->bytes,
                                     .size = frame->size,
                                     .messages = &frame->messages,
                                     .release = release_frame,
                                     .keeper = frame_retain(frame)};
        outflow_message(stream->outflow, &frames.frame[frames.count++], &part);
    }
    if (!peer_send(self->peers, stream->peer, &frames))
        return false;
    stream->sent = *to;
    stream->told = true;
    stream->sent_ms = pia_clock_monotonic();
    return true;
}

/* Says that events up to `to` cannot be given; first, that all before them is covered. False as
 * tell. */
static bool tell_gap(streams_t *self, stream_t *stream, const cursor_t *to)
{
    static const char reason[] = "removed by retention";
    pia_frames_t frames;
    bool told =
        stream->seen.sequence == stream->sent.sequence || tell(self, stream, &stream->seen, NULL);
    if (told) {
        peer_begin(&frames, stream->peer, PIAD_GAP);
        peer_add_u32(&frames, stream->id);
        peer_add_cursor(&frames, &stream->sent);
        peer_add_cursor(&frames, to);
        pia_frames_add_text(&frames, reason);
        told = peer_send(self->peers, stream->peer, &frames);
    }
    if (!told) {
        stream->blocked = true;
        self->blocked |= !stream->peer->lost;
        return false;
    }
    stream->sent = stream->seen = *to;
    stream->told = true;
    stream->sent_ms = pia_clock_monotonic();
    return true;
}

/* Sends what is in a frame. False if the peer cannot take it now: it stays where it is. */
static bool deliver(streams_t *self, stream_t *stream, frame_t *frame)
{
    if (frame->count && !tell(self, stream, &frame->to, frame)) {
        stream->blocked = true;
        self->blocked |= !stream->peer->lost;
        return false;
    }
    stream->credit -= frame->count;
    stream->seen = frame->to;
    return true;
}

/* What there is to do when a frame has gone: more, or to wait for what. */
static pump_t go_on(streams_t *self, stream_t *stream)
{
    if (!stream->credit) {
        stream_drop_page(stream);
        return PUMP_DONE;
    }
    if (stream->seen.sequence >= ring_head(self->ring)->sequence) {
        if (!stream->told)
            (void)tell(self, stream, &stream->seen, NULL);
        return PUMP_DONE;
    }
    if (stream_has_next(self, stream))
        return PUMP_AGAIN;
    ask(self, stream);
    return PUMP_DONE;
}

/* Whether the journal is damaged, and the subscriber has what there is of it. */
static bool is_over(const streams_t *self, const stream_t *stream)
{
    uint64_t good = damage_good(self->damage);
    return good != UINT64_MAX && (stream->seen.sequence >= good ||
                                  stream->seen.sequence >= ring_head(self->ring)->sequence);
}

static void tell_rest(streams_t *self, stream_t *stream)
{
    if (!stream->told || stream->seen.sequence > stream->sent.sequence)
        (void)tell(self, stream, &stream->seen, NULL);
}

/* A stream that says nothing would look as if all were well. */
static void end_damaged(streams_t *self, stream_t *stream)
{
    tell_rest(self, stream);
    tell_damage(self, stream);
}

void stream_expire(streams_t *self, stream_t *stream)
{
    pia_problem_t problem;
    if (stream->located)
        tell_rest(self, stream);
    tenure_over(&problem);
    stream_end(self, stream, &problem);
}

/* Whether the stream has to wait for its own frames to leave. Where there is too much of all, it
 * does not keep what it has read ahead either: it is read again. */
static bool is_full(stream_t *stream)
{
    if (!outflow_is_full(stream->outflow))
        return false;
    if (outflow_is_crowded(stream->outflow))
        stream_drop_page(stream);
    return true;
}

pump_t stream_pump(streams_t *self, stream_t *stream)
{
    if (pia_clock_monotonic() >= stream->end_ms) {
        stream_expire(self, stream);
        return PUMP_GONE;
    }
    if (!locate_in_ring(self, stream)) {
        ask(self, stream);
        return PUMP_DONE;
    }
    if (stream->blocked || is_full(stream))
        return PUMP_DONE;
    cursor_t gap_end;
    if (stream->credit && stream_has_gap(self, stream, &gap_end))
        return tell_gap(self, stream, &gap_end) ? PUMP_AGAIN : PUMP_DONE;
    bool good = true;
    frame_t *frame = stream->credit ? stream_frame(self, stream, &good) : NULL;
    bool delivered = !frame || deliver(self, stream, frame);
    if (frame)
        frame_release(frame);
    if (!delivered)
        return PUMP_DONE;
    if (!good || is_over(self, stream)) {
        end_damaged(self, stream);
        return PUMP_GONE;
    }
    return go_on(self, stream);
}

void stream_progress(streams_t *self, stream_t *stream, int64_t now_ms)
{
    if (now_ms - stream->sent_ms >= PROGRESS_MS && stream->located &&
        stream->seen.sequence > stream->sent.sequence)
        (void)tell(self, stream, &stream->seen, NULL);
}
