/* buffer.h - a growing run of bytes, and big-endian numbers in it. */
#ifndef DIFFUSION_BUFFER_H
#define DIFFUSION_BUFFER_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t *bytes;  /* owned; NULL while empty */
    size_t size;     /* in use */
    size_t capacity; /* allocated */
} buffer_t;

/* Appends bytes; a size of 0 is fine. */
void buffer_add(buffer_t *self, const void *bytes, size_t size);
void buffer_add_u8(buffer_t *self, uint8_t value);
void buffer_add_u16(buffer_t *self, uint16_t value);
void buffer_add_u32(buffer_t *self, uint32_t value);
void buffer_add_u64(buffer_t *self, uint64_t value);

/* Forgets the bytes, keeps the memory. */
void buffer_reset(buffer_t *self);
void buffer_free(buffer_t *self);

/* A place for `size` more bytes, which the caller fills; valid until the next call. */
uint8_t *buffer_reserve(buffer_t *self, size_t size);

/* Numbers at a place that the caller knows to be long enough: written so that a compiler makes one
 * or two instructions of each. */
static inline void bytes_put_u32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

static inline void bytes_put_u64(uint8_t *at, uint64_t value)
{
    bytes_put_u32(at, (uint32_t)(value >> 32));
    bytes_put_u32(at + 4, (uint32_t)value);
}

static inline uint16_t bytes_get_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t bytes_get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline uint64_t bytes_get_u64(const uint8_t *at)
{
    return (uint64_t)bytes_get_u32(at) << 32 | bytes_get_u32(at + 4);
}

#endif
