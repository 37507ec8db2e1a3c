/* record.h - one event as it is stored in a row of the journal and sent on the wire.
 *
 * A row has two runs of bytes, one entry an event in each:
 *   bytes      = *(epoch:4 sequence:8 recorded:8 chain:4 length:4 event)   (proto/README.md,
 * records) attributes = *(size:4 *(tag:1 size:2 text NUL))
 *
 * The first leaves as it is to a subscriber who may see all of it; the second is what filters and
 * visibility need. An entry of size 0 there says: the same as the one before in this row, as it is
 * with most events of one publisher; so they are stored, parsed and matched once. */
#ifndef DIFFUSION_RECORD_H
#define DIFFUSION_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "buffer.h"
#include "cursor.h"

enum {
    RECORD_HEAD_SIZE = 28,
    RECORD_EVENT_SIZE_MAX = INT32_MAX,
    RECORD_REMOVED_SIZE = CHAIN_SIZE + 8, /* of what stands for a removed event */
};

/* A wire record; borrowed from the bytes it was read from. The top bit of its length says that the
 * event was removed (retention.h): then 40 bytes follow, the hash of the event's bytes and the
 * number of the marker that says why. It is never sent. Its attributes are "removed", which no
 * filter and no right lets through. */
typedef struct {
    cursor_t cursor;
    int64_t recorded_ms;
    const uint8_t *wire; /* the whole of it */
    size_t wire_size;
    const uint8_t *event; /* its last part: the event's bytes; NULL: removed */
    size_t event_size;    /* at least 1; 0: removed */
    const uint8_t *hash;  /* of a removed event; NULL */
    uint64_t marker;      /* of a removed event */
} record_t;

/* The attributes of one event, encoded; borrowed. Two events whose `bytes` are the same pointer
 * have the same ones. */
typedef struct {
    const uint8_t *bytes;
    size_t size;
} record_run_t;

/* Appends a wire record; cursor, recorded_ms, and event and event_size, or hash and marker, are
 * used. */
void record_write(buffer_t *bytes, const record_t *record);

/* Appends an entry with these attributes. */
void record_write_attributes(buffer_t *attributes, const attributes_t *values);

/* Appends entries, leaving out what repeats: `entries` begin a row. */
void record_pack_attributes(buffer_t *attributes, const uint8_t *entries, size_t size);

/* Reads the wire record at *offset and moves behind it. False at the end, or if the bytes are
 * damaged: then *offset is not `size`. Never reads outside. */
bool record_read(const uint8_t *bytes, size_t size, size_t *offset, record_t *ret_record);

/* Reads the entry of attributes at *offset and moves behind it; `run` is the one before ({0} at
 * the beginning), and stays if the entry says the same. False as record_read. */
bool record_read_run(const uint8_t *bytes, size_t size, size_t *offset, record_run_t *run);

/* Decodes a run; false if it is damaged, or has no source, type and visibility. */
bool record_read_attributes(record_run_t run, attributes_t *ret_values);

/* chain := BLAKE2b-256(chain || hash). */
void record_chain(uint8_t chain[CHAIN_SIZE], const uint8_t hash[CHAIN_SIZE]);

/* The hash that the chain was made of, also of a removed event. */
void record_event_hash(const record_t *record, uint8_t ret_hash[CHAIN_SIZE]);

/* The attributes of a removed event. */
extern const attributes_t record_removed_attributes;

/* BLAKE2b-256 of the event's bytes. */
void record_hash(const void *event, size_t size, uint8_t ret_hash[CHAIN_SIZE]);

#endif
