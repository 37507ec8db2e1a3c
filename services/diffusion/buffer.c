/* buffer.c - a growing run of bytes. */
#include "buffer.h"

#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

enum { CAPACITY_MIN = 256 };

uint8_t *buffer_reserve(buffer_t *self, size_t size)
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
        memcpy(buffer_reserve(self, size), bytes, size);
}

void buffer_add_u8(buffer_t *self, uint8_t value)
{
    *buffer_reserve(self, 1) = value;
}

void buffer_add_u16(buffer_t *self, uint16_t value)
{
    uint8_t *at = buffer_reserve(self, 2);
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

void buffer_add_u32(buffer_t *self, uint32_t value)
{
    bytes_put_u32(buffer_reserve(self, 4), value);
}

void buffer_add_u64(buffer_t *self, uint64_t value)
{
    bytes_put_u64(buffer_reserve(self, 8), value);
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
