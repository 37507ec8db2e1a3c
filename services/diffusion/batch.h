/* batch.h - a row of the journal in memory: consecutive records, immutable, shared by reference
 * between the store, the ring and every stream. Any thread. */
#ifndef DIFFUSION_BATCH_H
#define DIFFUSION_BATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

typedef struct {
    atomic_uint references;
    uint64_t first; /* sequence of its first record */
    uint32_t count;
    uint32_t epoch;
    uint8_t chain_before[CHAIN_SIZE];
    size_t size;
    uint8_t bytes[]; /* records in stored form */
} batch_t;

/* A batch with one reference and a copy of the bytes; the caller fills the rest. */
batch_t *batch_new(const void *bytes, size_t size);
batch_t *batch_retain(batch_t *self);
/* Lets go of one reference and nulls the pointer; NULL is fine. */
void batch_release(batch_t **self_p);

uint64_t batch_last(const batch_t *self);

/* Finds a record; sets *ret_offset (may be NULL) behind it. False if the batch does not hold it
 * or is damaged. */
bool batch_find(const batch_t *self, uint64_t sequence, record_t *ret_record, size_t *ret_offset);

#endif
