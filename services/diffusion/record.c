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

static void write_attributes(buffer_t *buffer, const attributes_t *attributes)
{
    for (int i = 0; i < ATTRIBUTE_COUNT; i++) {
        const char *value = attributes->value[i];
        if (!value)
            continue;
        size_t size = strlen(value);
        assert(size <= UINT16_MAX); /* an event has 64 KiB */
        buffer_add_u8(buffer, attribute_tags[i]);
        buffer_add_u16(buffer, (uint16_t)size);
        buffer_add(buffer, value, size + 1);
    }
}

void record_write(buffer_t *buffer, const record_t *record)
{
    size_t start = buffer->size;
    buffer_add_u32(buffer, 0);
    write_attributes(buffer, &record->attributes);
    bytes_put_u32(buffer->bytes + start, (uint32_t)(buffer->size - start - 4));
    buffer_add_u32(buffer, record->cursor.epoch);
    buffer_add_u64(buffer, record->cursor.sequence);
    buffer_add_u64(buffer, (uint64_t)record->recorded_ms);
    buffer_add_u32(buffer, record->cursor.chain);
    buffer_add_u32(buffer, (uint32_t)record->event_size);
    buffer_add(buffer, record->event, record->event_size);
}

/* Tags that this version does not know are skipped. */
static void set_attribute(attributes_t *attributes, uint8_t tag, const char *value)
{
    for (int i = 0; i < ATTRIBUTE_COUNT; i++) {
        if (attribute_tags[i] == tag)
            attributes->value[i] = value;
    }
}

static bool read_attributes(const uint8_t *bytes, size_t size, attributes_t *attributes)
{
    *attributes = (attributes_t){0};
    size_t at = 0;
    while (at < size) {
        if (size - at < 4)
            return false;
        size_t length = bytes_get_u16(bytes + at + 1);
        if (size - at < 4 + length || bytes[at + 3 + length] != '\0')
            return false;
        set_attribute(attributes, bytes[at], (const char *)bytes + at + 3);
        at += 4 + length;
    }
    return attributes->value[ATTRIBUTE_SOURCE] && attributes->value[ATTRIBUTE_TYPE] &&
           attributes->value[ATTRIBUTE_VISIBILITY];
}

bool record_read(const uint8_t *bytes, size_t size, size_t *offset, record_t *ret_record)
{
    size_t left = size - *offset;
    if (left < 4)
        return false;
    const uint8_t *at = bytes + *offset;
    size_t attributes_size = bytes_get_u32(at);
    if (left - 4 < attributes_size || left - 4 - attributes_size < RECORD_WIRE_HEAD)
        return false;
    const uint8_t *wire = at + 4 + attributes_size;
    size_t event_size = bytes_get_u32(wire + 24);
    if (left - 4 - attributes_size - RECORD_WIRE_HEAD < event_size ||
        !read_attributes(at + 4, attributes_size, &ret_record->attributes))
        return false;
    ret_record->cursor = (cursor_t){.epoch = bytes_get_u32(wire),
                                    .sequence = bytes_get_u64(wire + 4),
                                    .chain = bytes_get_u32(wire + 20)};
    ret_record->recorded_ms = (int64_t)bytes_get_u64(wire + 12);
    ret_record->wire = wire;
    ret_record->wire_size = RECORD_WIRE_HEAD + event_size;
    ret_record->event = wire + RECORD_WIRE_HEAD;
    ret_record->event_size = event_size;
    *offset += 4 + attributes_size + ret_record->wire_size;
    return true;
}

void record_chain(uint8_t chain[CHAIN_SIZE], const uint8_t hash[CHAIN_SIZE])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, CHAIN_SIZE);
    crypto_generichash_update(&state, chain, CHAIN_SIZE);
    crypto_generichash_update(&state, hash, CHAIN_SIZE);
    crypto_generichash_final(&state, chain, CHAIN_SIZE);
}

void record_hash(const void *event, size_t size, uint8_t ret_hash[CHAIN_SIZE])
{
    crypto_generichash(ret_hash, CHAIN_SIZE, event, size, NULL, 0);
}
