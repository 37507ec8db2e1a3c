/* record.c - the records of a DATA frame. */
#include "pia/record.h"
#include "pia/json.h"

#include <inttypes.h>
#include <stdio.h>

enum { RECORD_HEAD = 4 + 8 + 8 + 4 + 4 };

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint64_t get64(const uint8_t *at)
{
    return (uint64_t)get32(at) << 32 | get32(at + 4);
}

bool pia_record_read(const void *records,
                     size_t size,
                     size_t *offset,
                     pia_stream_record_t *ret_record)
{
    if (size < *offset || size - *offset < RECORD_HEAD)
        return false;
    const uint8_t *head = (const uint8_t *)records + *offset;
    size_t length = get32(head + 24);
    uint64_t recorded = get64(head + 12);
    if (length == 0 || length > PIA_EVENT_SIZE_MAX || length > size - *offset - RECORD_HEAD ||
        recorded > INT64_MAX)
        return false;
    *ret_record = (pia_stream_record_t){.epoch = get32(head),
                                        .sequence = get64(head + 4),
                                        .recorded_ms = (int64_t)recorded,
                                        .chain = get32(head + 20),
                                        .bytes = head + RECORD_HEAD,
                                        .size = length};
    *offset += RECORD_HEAD + length;
    return true;
}

size_t pia_records_count(const void *records, size_t size)
{
    pia_stream_record_t record;
    size_t offset = 0;
    size_t count = 0;
    while (offset < size && pia_record_read(records, size, &offset, &record))
        count++;
    return offset == size ? count : 0;
}

void pia_record_cursor(const pia_stream_record_t *record, char ret_cursor[PIA_CURSOR_SIZE])
{
    (void)snprintf(ret_cursor, PIA_CURSOR_SIZE, "%" PRIu32 ".%" PRIu64 ".%08" PRIx32, record->epoch,
                   record->sequence, record->chain);
}

bool pia_record_event(const pia_stream_record_t *record,
                      const char *cursor,
                      pia_event_t *ret_event,
                      json_t **ret_json)
{
    json_t *json = NULL;
    if (pia_json_parse(record->bytes, record->size, &json, NULL) != PIA_OK)
        return false;
    *ret_event = (pia_event_t){.epoch = record->epoch,
                               .sequence = record->sequence,
                               .recorded_ms = record->recorded_ms,
                               .cursor = cursor,
                               .id = pia_json_text(json, "id"),
                               .source = pia_json_text(json, "source"),
                               .type = pia_json_text(json, "type"),
                               .subject = pia_json_text(json, "subject"),
                               .json = json,
                               .data = json_object_get(json, "data")};
    if (!ret_event->id || !ret_event->source || !ret_event->type) {
        json_decref(json);
        return false;
    }
    *ret_json = json;
    return true;
}
