/* record.h - one event as it is stored in a batch and sent on the wire.
 *
 *   stored = size-of-attributes:4 attributes wire
 *   attributes = *(tag:1 size:2 bytes NUL)
 *   wire   = epoch:4 sequence:8 recorded:8 chain:4 size:4 event        (proto/README.md, records)
 *
 * What filters and visibility need stands before the wire bytes, which leave as they are. */
#ifndef DIFFUSION_RECORD_H
#define DIFFUSION_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "buffer.h"
#include "cursor.h"

enum { RECORD_WIRE_HEAD = 28 };

/* Borrowed from the bytes it was read from. */
typedef struct {
    attributes_t attributes;
    cursor_t cursor;
    int64_t recorded_ms;
    const uint8_t *wire; /* the whole wire record */
    size_t wire_size;
    const uint8_t *event; /* its last part: the event's bytes */
    size_t event_size;
} record_t;

/* Appends the stored form; cursor, recorded_ms, attributes, event and event_size are used. */
void record_write(buffer_t *buffer, const record_t *record);

/* Reads the record at *offset and moves behind it. False at the end, or if the bytes are damaged:
 * then *offset is not `size`. Never reads outside. */
bool record_read(const uint8_t *bytes, size_t size, size_t *offset, record_t *ret_record);

/* chain := BLAKE2b-256(chain || hash). */
void record_chain(uint8_t chain[CHAIN_SIZE], const uint8_t hash[CHAIN_SIZE]);

/* BLAKE2b-256 of the event's bytes. */
void record_hash(const void *event, size_t size, uint8_t ret_hash[CHAIN_SIZE]);

#endif
