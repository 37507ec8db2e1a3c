/* stream_ranges.c - the streams that a connection follows. */
#include "stream_ranges.h"

#include <assert.h>
#include <string.h>

#include "pia/record.h"
#include "stream_codec.h"

enum { REASON_MAX = 255 }; /* bytes that are told of it */

pia_subscription_t *pia_subscriptions_find(pia_subscriptions_t *self, uint32_t id)
{
    for (size_t i = 0; id > 0 && i < PIA_STREAMS_MAX; i++)
        if (self->places[i].id == id)
            return &self->places[i];
    return NULL;
}

void pia_subscriptions_add(pia_subscriptions_t *self, uint32_t id, bool raw)
{
    assert(id > 0 && !pia_subscriptions_find(self, id));
    for (size_t i = 0; i < PIA_STREAMS_MAX; i++) {
        if (self->places[i].id != 0)
            continue;
        self->places[i] = (pia_subscription_t){.id = id, .serial = ++self->last_serial, .raw = raw};
        return;
    }
    assert(!"too many streams on one connection");
}

bool pia_subscriptions_remove(pia_subscriptions_t *self, uint32_t id)
{
    pia_subscription_t *subscription = pia_subscriptions_find(self, id);
    if (subscription)
        subscription->id = 0;
    return subscription != NULL;
}

void pia_subscriptions_clear(pia_subscriptions_t *self)
{
    memset(self->places, 0, sizeof self->places);
}

static void tell(pia_subscriptions_t *self, const pia_stream_message_t *message)
{
    self->on_message(self->arg, message);
}

/* A range that was read: the message points into it. */
typedef struct {
    pia_subscription_t *subscription; /* NULL: of a stream that was just ended, ignored */
    pia_stream_message_t message;
    char from[PIA_CURSOR_SIZE], to[PIA_CURSOR_SIZE];
} range_t;

/* Reads stream, from and to of a range and checks that it goes on where the last one ended.
 * False: nonsense. */
static bool read_range(pia_subscriptions_t *self, const pia_frames_t *frames, range_t *range)
{
    if (!pia_frame_read32(frames, 2, &range->message.stream) ||
        !pia_cursor_read(frames, 3, range->from) || !pia_cursor_read(frames, 4, range->to))
        return false;
    range->message.from = range->from;
    range->message.cursor = range->to;
    range->subscription = pia_subscriptions_find(self, range->message.stream);
    if (!range->subscription)
        return true;
    char *last = range->subscription->last;
    if (last[0] != '\0' && strcmp(last, range->from) != 0)
        return false;
    memcpy(last, range->to, PIA_CURSOR_SIZE);
    return true;
}

/* Gives the next event of a DATA frame. False: broken. */
static bool
tell_event(pia_subscriptions_t *self, const range_t *range, const pia_stream_record_t *record)
{
    char cursor[PIA_CURSOR_SIZE];
    pia_event_t event;
    json_t *json = NULL;
    pia_record_cursor(record, cursor);
    if (!pia_record_event(record, cursor, &event, &json))
        return false;
    pia_stream_message_t message = {.kind = PIA_STREAM_EVENT,
                                    .stream = range->message.stream,
                                    .from = range->from,
                                    .cursor = cursor,
                                    .event = &event};
    tell(self, &message);
    json_decref(json);
    return true;
}

/* One by one, then the end of their range; unless the receiver ends the stream meanwhile. */
static bool tell_events(pia_subscriptions_t *self, range_t *range, const void *records, size_t size)
{
    uint32_t id = range->message.stream;
    uint64_t serial = range->subscription->serial;
    size_t offset = 0;
    while (offset < size) {
        pia_stream_record_t record;
        if (!pia_record_read(records, size, &offset, &record) || !tell_event(self, range, &record))
            return false;
        const pia_subscription_t *now = pia_subscriptions_find(self, id);
        if (!now || now->serial != serial)
            return true;
    }
    range->message.kind = PIA_STREAM_PROGRESS;
    tell(self, &range->message);
    return true;
}

static bool
tell_records(pia_subscriptions_t *self, range_t *range, const void *records, size_t size)
{
    range->message.kind = PIA_STREAM_RECORDS;
    range->message.records = records;
    range->message.size = size;
    range->message.count = pia_records_count(records, size);
    if (range->message.count)
        tell(self, &range->message);
    return range->message.count > 0;
}

bool pia_subscriptions_data(pia_subscriptions_t *self, const pia_frames_t *frames)
{
    range_t range = {0};
    if (frames->count != 6 || !read_range(self, frames, &range))
        return false;
    if (!range.subscription)
        return true;
    const void *records = pia_frames_data(frames, 5);
    size_t size = pia_frames_size(frames, 5);
    return range.subscription->raw ? tell_records(self, &range, records, size)
                                   : tell_events(self, &range, records, size);
}

bool pia_subscriptions_progress(pia_subscriptions_t *self, const pia_frames_t *frames)
{
    range_t range = {.message = {.kind = PIA_STREAM_PROGRESS}};
    if (frames->count != 5 || !read_range(self, frames, &range))
        return false;
    if (range.subscription)
        tell(self, &range.message);
    return true;
}

bool pia_subscriptions_gap(pia_subscriptions_t *self, const pia_frames_t *frames)
{
    range_t range = {.message = {.kind = PIA_STREAM_GAP}};
    if (frames->count != 6 || !read_range(self, frames, &range))
        return false;
    pia_problem_t problem = {0};
    size_t size = pia_frames_size(frames, 5);
    (void)pia_problem_set(&problem, PIA_GONE, NULL, "%.*s",
                          size < REASON_MAX ? (int)size : REASON_MAX,
                          (const char *)pia_frames_data(frames, 5));
    range.message.problem = &problem;
    if (range.subscription)
        tell(self, &range.message);
    return true;
}
