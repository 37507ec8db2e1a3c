/* record.c - events in stored form. */
#include "record.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static const uint8_t attribute_tags[ATTRIBUTE_COUNT] = {
#define X(name, text, tag) [ATTRIBUTE_##name] = (tag),
    ATTRIBUTE_MAP(X)
#undef X
};

/* By tag: the attribute's number and 1; 0: a tag that this version does not know. */
static const uint8_t attribute_of_tag[UINT8_MAX + 1] = {
#define X(name, text, tag) [tag] = ATTRIBUTE_##name + 1,
    ATTRIBUTE_MAP(X)
#undef X
};

const attributes_t record_removed_attributes = {.value = {[ATTRIBUTE_SOURCE] = "-",
                                                          [ATTRIBUTE_TYPE] = "removed",
                                                          [ATTRIBUTE_VISIBILITY] = "removed"}};

static const uint32_t REMOVED = 0x80000000;

void record_write(buffer_t *bytes, const record_t *record)
{
    assert(record->hash || (record->event_size > 0 && record->event_size <= RECORD_EVENT_SIZE_MAX));
    size_t size = record->hash ? RECORD_REMOVED_SIZE : record->event_size;
    uint8_t *at = buffer_reserve(bytes, RECORD_HEAD_SIZE + size);
    bytes_put_u32(at, record->cursor.epoch);
    bytes_put_u64(at + 4, record->cursor.sequence);
    bytes_put_u64(at + 12, (uint64_t)record->recorded_ms);
    bytes_put_u32(at + 20, record->cursor.chain);
    bytes_put_u32(at + 24, (uint32_t)size | (record->hash ? REMOVED : 0));
    at += RECORD_HEAD_SIZE;
    memcpy(at, record->hash ? record->hash : record->event, record->hash ? CHAIN_SIZE : size);
    if (record->hash)
        bytes_put_u64(at + CHAIN_SIZE, record->marker);
}

void record_write_attributes(buffer_t *attributes, const attributes_t *values)
{
    size_t start = attributes->size;
    buffer_add_u32(attributes, 0);
    for (int i = 0; i < ATTRIBUTE_COUNT; i++) {
        const char *value = values->value[i];
        if (!value)
            continue;
        size_t size = strlen(value);
        assert(size <= UINT16_MAX); /* an event has 64 KiB */
        buffer_add_u8(attributes, attribute_tags[i]);
        buffer_add_u16(attributes, (uint16_t)size);
        buffer_add(attributes, value, size + 1);
    }
    bytes_put_u32(attributes->bytes + start, (uint32_t)(attributes->size - start - 4));
}

void record_pack_attributes(buffer_t *attributes, const uint8_t *entries, size_t size)
{
    record_run_t run = {0};
    record_run_t last = {0};
    size_t offset = 0;
    while (record_read_run(entries, size, &offset, &run)) {
        bool same = run.size == last.size && memcmp(run.bytes, last.bytes, run.size) == 0;
        buffer_add_u32(attributes, same ? 0 : (uint32_t)run.size);
        if (!same)
            buffer_add(attributes, run.bytes, run.size);
        last = run;
    }
    assert(offset == size);
}

bool record_read(const uint8_t *bytes, size_t size, size_t *offset, record_t *ret_record)
{
    size_t left = size - *offset;
    if (left < RECORD_HEAD_SIZE)
        return false;
    const uint8_t *wire = bytes + *offset;
    uint32_t length = bytes_get_u32(wire + 24);
    bool removed = (length & REMOVED) != 0;
    length &= ~REMOVED;
    if (length == 0 || length > left - RECORD_HEAD_SIZE ||
        (removed && length != RECORD_REMOVED_SIZE))
        return false;
    *ret_record = (record_t){.cursor = {.epoch = bytes_get_u32(wire),
                                        .sequence = bytes_get_u64(wire + 4),
                                        .chain = bytes_get_u32(wire + 20)},
                             .recorded_ms = (int64_t)bytes_get_u64(wire + 12),
                             .wire = wire,
                             .wire_size = RECORD_HEAD_SIZE + length};
    if (removed) {
        ret_record->hash = wire + RECORD_HEAD_SIZE;
        ret_record->marker = bytes_get_u64(wire + RECORD_HEAD_SIZE + CHAIN_SIZE);
    } else {
        ret_record->event = wire + RECORD_HEAD_SIZE;
        ret_record->event_size = length;
    }
    *offset += ret_record->wire_size;
    return true;
}

bool record_read_run(const uint8_t *bytes, size_t size, size_t *offset, record_run_t *run)
{
    size_t left = size - *offset;
    if (left < 4)
        return false;
    size_t run_size = bytes_get_u32(bytes + *offset);
    if (run_size > left - 4 || (run_size == 0 && !run->bytes))
        return false;
    if (run_size)
        *run = (record_run_t){.bytes = bytes + *offset + 4, .size = run_size};
    *offset += 4 + run_size;
    return true;
}

bool record_read_attributes(record_run_t run, attributes_t *ret_values)
{
    *ret_values = (attributes_t){0};
    size_t at = 0;
    while (at < run.size) {
        if (run.size - at < 4)
            return false;
        size_t length = bytes_get_u16(run.bytes + at + 1);
        if (run.size - at < 4 + length || run.bytes[at + 3 + length] != '\0')
            return false;
        uint8_t known = attribute_of_tag[run.bytes[at]];
        if (known)
            ret_values->value[known - 1] = (const char *)run.bytes + at + 3;
        at += 4 + length;
    }
    return ret_values->value[ATTRIBUTE_SOURCE] && ret_values->value[ATTRIBUTE_TYPE] &&
           ret_values->value[ATTRIBUTE_VISIBILITY];
}

void record_chain(uint8_t chain[CHAIN_SIZE], const uint8_t hash[CHAIN_SIZE])
{
    uint8_t both[2 * CHAIN_SIZE];
    memcpy(both, chain, CHAIN_SIZE);
    memcpy(both + CHAIN_SIZE, hash, CHAIN_SIZE);
    crypto_generichash(chain, CHAIN_SIZE, both, sizeof both, NULL, 0);
}

void record_hash(const void *event, size_t size, uint8_t ret_hash[CHAIN_SIZE])
{
    crypto_generichash(ret_hash, CHAIN_SIZE, event, size, NULL, 0);
}

void record_event_hash(const record_t *record, uint8_t ret_hash[CHAIN_SIZE])
{
    if (record->hash)
        memcpy(ret_hash, record->hash, CHAIN_SIZE);
    else
        record_hash(record->event, record->event_size, ret_hash);
}
