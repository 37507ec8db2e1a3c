/* buffer.c - a growing run of bytes. */
#include "buffer.h"

#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

enum { CAPACITY_MIN = 256 };

static uint8_t *reserve(buffer_t *self, size_t size)
{
    if (self->size + size > self->capacity) {
        size_t capacity = self->capacity ? self->capacity : CAPACITY_MIN;
        while (capacity < self->size + size)
            capacity *= 2;
        self->bytes = pia_realloc(self->bytes, capacity);
        self->capacity = capacity;
    }
    uint8_t *at = self->bytes + self->size;
    self->size += size;
    return at;
}

void buffer_add(buffer_t *self, const void *bytes, size_t size)
{
    if (size)
        memcpy(reserve(self, size), bytes, size);
}

void buffer_add_u8(buffer_t *self, uint8_t value)
{
    *reserve(self, 1) = value;
}

void buffer_add_u16(buffer_t *self, uint16_t value)
{
    uint8_t *at = reserve(self, 2);
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

void buffer_add_u32(buffer_t *self, uint32_t value)
{
    bytes_put_u32(reserve(self, 4), value);
}

void buffer_add_u64(buffer_t *self, uint64_t value)
{
    bytes_put_u64(reserve(self, 8), value);
}

void buffer_reset(buffer_t *self)
{
    self->size = 0;
}

void buffer_free(buffer_t *self)
{
    free(self->bytes);
    *self = (buffer_t){0};
}

void bytes_put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 3; i >= 0; i--, value >>= 8)
        at[i] = (uint8_t)value;
}

void bytes_put_u64(uint8_t *at, uint64_t value)
{
    bytes_put_u32(at, (uint32_t)(value >> 32));
    bytes_put_u32(at + 4, (uint32_t)value);
}

uint16_t bytes_get_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t bytes_get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

uint64_t bytes_get_u64(const uint8_t *at)
{
    return (uint64_t)bytes_get_u32(at) << 32 | bytes_get_u32(at + 4);
}
