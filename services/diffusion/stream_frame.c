/* stream_frame.c - the next frame of a stream: one that was built for another, a slice of a batch
 * as it stands, or what of several batches the subscriber may see and wants. */
#include <string.h>

#include "streams_private.h"

enum {
    FRAME_SIZE_MAX = 128 * 1024, /* of records, unless one event is larger */
    SLICE_SIZE_MIN = 16 * 1024,  /* a smaller one is put together with what follows it */
    SCAN_BYTES_MAX =
        1024 * 1024, /* looked at for one frame: a narrow filter must not hold the loop */
};

/* The batch that holds event `sequence`; NULL: it is not in memory, or its turn has not come: a
 * page may hold what the server has not yet looked at, where a revocation may stand. */
static batch_t *batch_at(const streams_t *self, stream_t *stream, uint64_t sequence)
{
    if (sequence > ring_head(self->ring)->sequence)
        return NULL;
    while (stream->page_next < stream->page_count) {
        batch_t *batch = stream->page[stream->page_next];
        if (batch->first <= sequence && sequence <= batch_last(batch))
            return batch;
        batch_release(&stream->page[stream->page_next++]);
    }
    return ring_find(self->ring, sequence);
}

bool stream_has_next(const streams_t *self, stream_t *stream)
{
    return batch_at(self, stream, stream->seen.sequence + 1) != NULL;
}

bool stream_has_gap(const streams_t *self, stream_t *stream, cursor_t *ret_to)
{
    record_t record;
    bool found = false;
    uint64_t next = stream->seen.sequence + 1;
    const batch_t *batch = batch_at(self, stream, next);
    while (batch && batch_find(batch, next, &record) && record.hash) {
        *ret_to = record.cursor;
        found = true;
        next++;
        if (next > batch_last(batch))
            batch = batch_at(self, stream, next);
    }
    return found;
}

/* A frame in the making. */
typedef struct {
    buffer_t *records;
    cursor_t at; /* covers up to here */
    uint32_t count;
    size_t scanned;
    bool restricted; /* it depends on whom a restriction names */
} making_t;

static bool is_full(const stream_t *stream, const making_t *making)
{
    return making->count >= stream->credit || making->records->size >= FRAME_SIZE_MAX ||
           making->scanned >= SCAN_BYTES_MAX;
}

static bool takes_all(const stream_t *stream, const batch_t *batch)
{
    return (batch->visibilities & ~stream->view.visible) == 0 &&
           filter_is_empty(stream->view.filter);
}

/* The last event of a slice that begins at `from`: one at least, as many as `count`, in `size`
 * bytes. */
static uint64_t slice_end(const batch_t *batch, uint64_t from, uint32_t count, size_t size)
{
    uint64_t low = from;
    uint64_t high = batch->first + batch->good - 1;
    if (high - low >= count)
        high = low + count - 1;
    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2;
        size_t taken = 0;
        (void)batch_bytes(batch, from, middle, &taken);
        if (taken <= size)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static bool is_wanted(const stream_t *stream, const attributes_t *attributes)
{
    const char *const *value = attributes->value;
    return pia_principal_sees(&stream->principal, value[ATTRIBUTE_VISIBILITY],
                              value[ATTRIBUTE_RESTRICTED_TO]) &&
           filter_matches(stream->filter, attributes);
}

static bool is_removed(const batch_t *batch, uint64_t sequence)
{
    record_t record;
    return batch_find(batch, sequence, &record) && record.hash;
}

/* Adds what the subscriber may see and wants of the batch. Events with the same attributes stand
 * together and are judged once. False: a removed event follows, of which a gap will tell. */
static bool scan(const stream_t *stream, const batch_t *batch, making_t *making)
{
    record_t record;
    record_run_t last = {0};
    bool wanted = false;
    making->restricted |= (batch->visibilities & ~stream->view.visible & BATCH_RESTRICTED) != 0;
    while (!is_full(stream, making) && batch_find(batch, making->at.sequence + 1, &record) &&
           !record.hash) {
        record_run_t run = batch_run(batch, record.cursor.sequence);
        if (run.bytes != last.bytes) {
            attributes_t attributes;
            batch_attributes(batch, record.cursor.sequence, &attributes);
            wanted = is_wanted(stream, &attributes);
        }
        last = run;
        if (wanted) {
            buffer_add(making->records, record.wire, record.wire_size);
            making->count++;
        }
        making->scanned += record.wire_size;
        making->at = record.cursor;
    }
    return !is_removed(batch, making->at.sequence + 1);
}

/* Adds a slice of a batch that the subscriber may see and wants whole. */
static void copy(const batch_t *batch, uint64_t to, making_t *making)
{
    size_t size = 0;
    record_t record;
    const uint8_t *bytes = batch_bytes(batch, making->at.sequence + 1, to, &size);
    buffer_add(making->records, bytes, size);
    making->count += (uint32_t)(to - making->at.sequence);
    making->scanned += size;
    if (batch_find(batch, to, &record))
        making->at = record.cursor;
}

/* Whether a slice up to `to` is worth a frame of its own, which needs no copy: it is large, or
 * there is nothing behind it to put with it. */
static bool stands_alone(const streams_t *self, const batch_t *batch, uint64_t from, uint64_t to)
{
    size_t size = 0;
    (void)batch_bytes(batch, from, to, &size);
    return size >= SLICE_SIZE_MIN || to == ring_head(self->ring)->sequence;
}

/* The slice of the batch that `making` would take next. */
static uint64_t next_slice(const stream_t *stream, const batch_t *batch, const making_t *making)
{
    return slice_end(batch, making->at.sequence + 1, stream->credit - making->count,
                     FRAME_SIZE_MAX - making->records->size);
}

/* Fills a frame; *ret_slice if it is one slice of a batch. False if the journal is damaged there.
 */
static bool fill(streams_t *self, stream_t *stream, making_t *making, frame_t **ret_slice)
{
    batch_t *batch = NULL;
    while (!is_full(stream, making) && (batch = batch_at(self, stream, making->at.sequence + 1))) {
        uint64_t from = making->at.sequence + 1;
        if (from - batch->first >= batch->good)
            return false;
        if (!takes_all(stream, batch)) {
            if (scan(stream, batch, making))
                continue;
            return true;
        }
        uint64_t to = next_slice(stream, batch, making);
        bool alone = stands_alone(self, batch, from, to);
        record_t last;
        if (alone && making->scanned)
            return true;
        if (alone && batch_find(batch, to, &last)) {
            *ret_slice = frame_of_batch(batch, &making->at, &last.cursor);
            return true;
        }
        copy(batch, to, making);
    }
    return true;
}

frame_t *stream_frame(streams_t *self, stream_t *stream, bool *ret_good)
{
    *ret_good = true;
    frame_t *frame = frame_cache_find(self->frames, &stream->seen, &stream->view, stream->credit);
    if (frame)
        return frame_retain(frame);
    making_t making = {.records = &self->records, .at = stream->seen};
    buffer_reset(&self->records);
    *ret_good = fill(self, stream, &making, &frame);
    if (!frame && making.scanned)
        frame = frame_of_bytes(&self->records, making.count, &stream->seen, &making.at);
    if (frame && frame->count < stream->credit)
        frame_cache_add(self->frames, frame, &stream->view, making.restricted);
    return frame;
}
