/* group_codec.c - what members of groups are sent. */
#include "group_codec.h"

#include <assert.h>

enum { WORK_HEAD = 10, SETTLED_SIZE = 17 };

static uint64_t get(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

static void put64(uint8_t *bytes, uint64_t value)
{
    for (size_t i = 8; i-- > 0; value >>= 8)
        bytes[i] = (uint8_t)value;
}

bool pia_work_read(const void *items, size_t size, size_t *offset, pia_work_t *ret_work)
{
    if (size < *offset || size - *offset < WORK_HEAD)
        return false;
    const uint8_t *head = (const uint8_t *)items + *offset;
    size_t at = *offset + WORK_HEAD;
    pia_work_t work = {.fence = get(head, 8), .attempt = (uint32_t)get(head + 8, 2)};
    if (!pia_record_read(items, size, &at, &work.record))
        return false;
    *ret_work = work;
    *offset = at;
    return true;
}

bool pia_settled_read(const void *outcomes, size_t size, size_t *offset, pia_settled_t *ret_settled)
{
    if (size < *offset || size - *offset < SETTLED_SIZE)
        return false;
    const uint8_t *at = (const uint8_t *)outcomes + *offset;
    if (at[16] > PIA_TASK_PARKED)
        return false;
    *ret_settled = (pia_settled_t){
        .sequence = get(at, 8), .fence = get(at + 8, 8), .outcome = (pia_task_outcome_t)at[16]};
    *offset += SETTLED_SIZE;
    return true;
}

void pia_ack_write(uint8_t *at, uint64_t sequence, uint64_t fence)
{
    put64(at, sequence);
    put64(at + 8, fence);
}

static void set_number(json_t *json, const char *name, uint32_t value)
{
    if (value)
        json_object_set_new(json, name, json_integer(value));
}

json_t *pia_join_make(const pia_member_options_t *options)
{
    json_t *json = json_pack("{s:s}", "group", options->group);
    assert(json);
    if (options->filter)
        json_object_set_new(json, "filter", json_deep_copy(options->filter));
    if (options->from)
        json_object_set_new(json, "from", json_string(options->from));
    set_number(json, "attempts", options->attempts);
    set_number(json, "credit", options->credit);
    set_number(json, "run", options->run);
    set_number(json, "lease_ms", options->lease_ms);
    return json;
}
