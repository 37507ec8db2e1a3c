/* stream_pump.c - covering the journal for one stream: the next batch, wherever it is; what of it
 * the subscriber may see and wants; one frame. */
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/memory.h"

#include "streams_private.h"

enum {
    FRAME_SIZE_MAX = 128 * 1024, /* of records, unless one event is larger */
    SCAN_BYTES_MAX =
        1024 * 1024, /* looked at for one frame: a narrow filter must not hold the loop */
    PROGRESS_MS = 1000,
};

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
        } /* else the store is out of reach: the next tick asks again */
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
    stream->reading = read;
    reader_ask(self->reader, read);
}

/* A cursor that the ring holds is checked there: a storm of reconnects reads nothing from disk. */
static bool locate_in_ring(const streams_t *self, stream_t *stream)
{
    record_t record;
    const batch_t *batch = ring_find(self->ring, stream->seen.sequence);
    if (stream->located || cursor_equal(&stream->seen, ring_head(self->ring)))
        stream->located = true;
    else if (batch && batch_find(batch, stream->seen.sequence, &record))
        stream->located = cursor_equal(&stream->seen, &record.cursor);
    return stream->located;
}

/* The batch that holds the event after `seen`; NULL: it is not in memory, or its turn has not come:
 * a page may hold what the server has not yet looked at, where a revocation may stand. */
static const batch_t *next_batch(const streams_t *self, stream_t *stream)
{
    uint64_t wanted = stream->seen.sequence + 1;
    if (wanted > ring_head(self->ring)->sequence)
        return NULL;
    while (stream->page_next < stream->page_count) {
        const batch_t *batch = stream->page[stream->page_next];
        if (batch->first <= wanted && wanted <= batch_last(batch))
            return batch;
        batch_release(&stream->page[stream->page_next++]);
    }
    return ring_find(self->ring, wanted);
}

/* A frame in the making. */
typedef struct {
    buffer_t *records;
    uint32_t credit;
    uint32_t count;
    size_t scanned;
} frame_t;

static bool frame_full(const frame_t *frame)
{
    return frame->count >= frame->credit || frame->records->size >= FRAME_SIZE_MAX ||
           frame->scanned >= SCAN_BYTES_MAX;
}

static bool is_wanted(const stream_t *stream, record_run_t run)
{
    attributes_t attributes;
    if (!record_read_attributes(run, &attributes))
        return false;
    const char *const *value = attributes.value;
    return pia_principal_sees(&stream->principal, value[ATTRIBUTE_VISIBILITY],
                              value[ATTRIBUTE_RESTRICTED_TO]) &&
           filter_matches(stream->filter, &attributes);
}

/* Goes over the batch from the event after `seen`. False if it is damaged. */
static bool scan(stream_t *stream, const batch_t *batch, frame_t *frame)
{
    record_t record;
    record_run_t last = {0};
    bool wanted = false;
    while (!frame_full(frame) && batch_find(batch, stream->seen.sequence + 1, &record)) {
        record_run_t run = batch_run(batch, record.cursor.sequence);
        if (run.bytes != last.bytes)
            wanted = is_wanted(stream, run);
        last = run;
        if (wanted) {
            buffer_add(frame->records, record.wire, record.wire_size);
            frame->count++;
        }
        frame->scanned += record.wire_size;
        stream->seen = record.cursor;
    }
    return frame_full(frame) || stream->seen.sequence >= batch_last(batch);
}

/* Sends (sent, seen] with the records. False if the peer cannot take it: then nothing was said. */
static bool send_data(streams_t *self, stream_t *stream, const frame_t *frame)
{
    pia_frames_t frames;
    peer_begin(&frames, stream->peer, frame->count ? PIAD_DATA : PIAD_PROGRESS);
    peer_add_u32(&frames, stream->id);
    peer_add_cursor(&frames, &stream->sent);
    peer_add_cursor(&frames, &stream->seen);
    if (frame->count)
        pia_frames_add(&frames, frame->records->bytes, frame->records->size);
    if (!peer_send(self->peers, stream->peer, &frames))
        return false;
    stream->sent = stream->seen;
    stream->told = true;
    stream->sent_ms = pia_clock_monotonic();
    stream->credit -= frame->count;
    return true;
}

/* Fills a frame; false if the journal is damaged there. */
static bool fill(streams_t *self, stream_t *stream, frame_t *frame)
{
    const batch_t *batch = NULL;
    bool good = true;
    while (good && !frame_full(frame) && (batch = next_batch(self, stream)))
        good = scan(stream, batch, frame);
    return good;
}

pump_t stream_pump(streams_t *self, stream_t *stream)
{
    if (!locate_in_ring(self, stream)) {
        ask(self, stream);
        return PUMP_DONE;
    }
    cursor_t before = stream->seen;
    frame_t frame = {.records = &self->records, .credit = stream->credit};
    buffer_reset(&self->records);
    bool good = fill(self, stream, &frame);
    if (frame.count && !send_data(self, stream, &frame)) {
        stream->seen = before; /* its queue is full or it is gone: tried again soon */
        self->blocked = true;
        stream->blocked = true;
        return PUMP_DONE;
    }
    if (!good) {
        tell_damage(self, stream);
        return PUMP_GONE;
    }
    if (!stream->credit) {
        stream_drop_page(stream);
        return PUMP_DONE;
    }
    if (stream->seen.sequence >= ring_head(self->ring)->sequence) {
        frame_t nothing = {0};
        if (!stream->told)
            (void)send_data(self, stream, &nothing);
        return PUMP_DONE;
    }
    if (next_batch(self, stream))
        return PUMP_AGAIN;
    ask(self, stream);
    return PUMP_DONE;
}

void stream_progress(streams_t *self, stream_t *stream, int64_t now_ms)
{
    frame_t nothing = {0};
    if (now_ms - stream->sent_ms >= PROGRESS_MS && stream->located &&
        stream->seen.sequence > stream->sent.sequence)
        (void)send_data(self, stream, &nothing);
}
