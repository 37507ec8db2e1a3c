/* fuzz_stream.c - what a subscriber gets from a server that it does not trust: records, cursors,
 * numbers. */
#include "fuzz.h"

#include "pia/record.h"
#include "stream_codec.h"

static void check_records(const uint8_t *bytes, size_t size)
{
    size_t offset = 0;
    pia_stream_record_t record;
    size_t seen = 0;
    size_t counted = pia_records_count(bytes, size);
    while (pia_record_read(bytes, size, &offset, &record)) {
        FUZZ_CHECK(offset <= size && record.bytes + record.size <= bytes + size);
        seen++;
        char cursor[PIA_CURSOR_SIZE];
        pia_event_t event;
        json_t *json = NULL;
        pia_record_cursor(&record, cursor);
        if (pia_record_event(&record, cursor, &event, &json)) {
            FUZZ_CHECK(event.id != NULL && event.source != NULL && event.type != NULL);
            FUZZ_CHECK(event.cursor == cursor && event.sequence == record.sequence);
            json_decref(json);
        }
    }
    FUZZ_CHECK(counted == (offset == size ? seen : 0));
}

static void check_frames(const uint8_t *bytes, size_t size)
{
    pia_frames_t frames;
    char cursor[PIA_CURSOR_SIZE];
    uint32_t small = 0;
    uint64_t large = 0;
    pia_frames_init(&frames);
    pia_frames_add(&frames, bytes, size);
    FUZZ_CHECK(pia_frame_read32(&frames, 0, &small) == (size == 4));
    FUZZ_CHECK(pia_frame_read64(&frames, 0, &large) == (size == 8));
    if (pia_cursor_read(&frames, 0, cursor)) {
        FUZZ_CHECK(strlen(cursor) == size && memcmp(cursor, bytes, size) == 0);
    }
    json_decref(pia_frame_json(&frames, 0));
    pia_frames_clear(&frames);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t fuzz = {data, size};
    size_t taken = 0;
    uint8_t *bytes = fuzz_block(&fuzz, size, &taken);
    check_records(bytes, taken);
    check_frames(bytes, taken);
    free(bytes);
    return 0;
}
