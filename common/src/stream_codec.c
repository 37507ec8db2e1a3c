/* stream_codec.c - PIAD01's frames. */
#include "stream_codec.h"

#include <assert.h>
#include <string.h>

#include "pia/json.h"
#include "pia/memory.h"

enum {
    RECEIPT_SIZE = 4 + 8 + 32 + 1,
    RECEIPTS_MAX = 1000,
};

static uint64_t get(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

static void put(uint8_t *bytes, size_t size, uint64_t value)
{
    for (size_t i = size; i-- > 0; value >>= 8)
        bytes[i] = (uint8_t)value;
}

bool pia_cursor_is(const char *text, size_t size)
{
    char copy[PIA_CURSOR_SIZE];
    if (size == 0 || size >= sizeof copy || memchr(text, '\0', size))
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    size_t epoch = strspn(copy, "0123456789");
    if (epoch < 1 || epoch > 10 || copy[epoch] != '.')
        return false;
    const char *rest = copy + epoch + 1;
    size_t sequence = strspn(rest, "0123456789");
    if (sequence < 1 || sequence > 20 || rest[sequence] != '.')
        return false;
    rest += sequence + 1;
    return strspn(rest, "0123456789abcdef") == 8 && rest[8] == '\0';
}

bool pia_cursor_read(const pia_frames_t *frames, size_t index, char ret_cursor[PIA_CURSOR_SIZE])
{
    if (index >= frames->count)
        return false;
    const char *text = pia_frames_data(frames, index);
    size_t size = pia_frames_size(frames, index);
    if (!pia_cursor_is(text, size))
        return false;
    memcpy(ret_cursor, text, size);
    ret_cursor[size] = '\0';
    return true;
}

bool pia_frame_read32(const pia_frames_t *frames, size_t index, uint32_t *ret_value)
{
    if (index >= frames->count || pia_frames_size(frames, index) != 4)
        return false;
    *ret_value = (uint32_t)get(pia_frames_data(frames, index), 4);
    return true;
}

bool pia_frame_read64(const pia_frames_t *frames, size_t index, uint64_t *ret_value)
{
    if (index >= frames->count || pia_frames_size(frames, index) != 8)
        return false;
    *ret_value = get(pia_frames_data(frames, index), 8);
    return true;
}

void pia_frame_add32(pia_frames_t *frames, uint32_t value)
{
    uint8_t bytes[4];
    put(bytes, sizeof bytes, value);
    pia_frames_add(frames, bytes, sizeof bytes);
}

void pia_frame_add64(pia_frames_t *frames, uint64_t value)
{
    uint8_t bytes[8];
    put(bytes, sizeof bytes, value);
    pia_frames_add(frames, bytes, sizeof bytes);
}

static pia_stream_receipt_t read_receipt(const uint8_t *bytes)
{
    pia_stream_receipt_t receipt = {.epoch = (uint32_t)get(bytes, 4),
                                    .sequence = get(bytes + 4, 8),
                                    .duplicate = (bytes[44] & 1) != 0};
    memcpy(receipt.chain, bytes + 12, sizeof receipt.chain);
    return receipt;
}

pia_stream_receipt_t *pia_receipts_read(const pia_frames_t *frames,
                                        size_t index,
                                        char ret_journal[PIA_UUID_TEXT_SIZE],
                                        size_t *ret_count)
{
    if (index >= frames->count)
        return NULL;
    size_t size = pia_frames_size(frames, index);
    const uint8_t *bytes = pia_frames_data(frames, index);
    size_t count = size > PIA_UUID_SIZE ? (size - PIA_UUID_SIZE) / RECEIPT_SIZE : 0;
    if (count == 0 || count > RECEIPTS_MAX || size != PIA_UUID_SIZE + count * RECEIPT_SIZE)
        return NULL;
    pia_uuid_format(bytes, ret_journal);
    pia_stream_receipt_t *receipts = pia_alloc(count * sizeof *receipts);
    for (size_t i = 0; i < count; i++)
        receipts[i] = read_receipt(bytes + PIA_UUID_SIZE + i * RECEIPT_SIZE);
    *ret_count = count;
    return receipts;
}

json_t *pia_frame_json(const pia_frames_t *frames, size_t index)
{
    json_t *json = NULL;
    if (index >= frames->count)
        return NULL;
    if (pia_json_parse(pia_frames_data(frames, index), pia_frames_size(frames, index), &json,
                       NULL) != PIA_OK)
        return NULL;
    return json;
}

pia_status_t pia_problem_status(const json_t *json)
{
    const char *text = pia_json_text(json, "status");
    for (int status = PIA_OK; text && status <= PIA_TIMEOUT; status++)
        if (strcmp(text, pia_status_text((pia_status_t)status)) == 0)
            return (pia_status_t)status;
    return PIA_INTERNAL;
}

uint64_t pia_token_mark(const void *token, size_t size)
{
    enum { SIGNATURE = 9 }; /* token.h */
    uint64_t mark = 0;
    if (size >= SIGNATURE + sizeof mark)
        memcpy(&mark, (const uint8_t *)token + SIGNATURE, sizeof mark);
    return mark;
}
