/* batch.h - a row of the journal in memory: consecutive records, checked and indexed once,
 * immutable, shared by reference between the store, the ring, every stream and the sockets. Any
 * thread. */
#ifndef DIFFUSION_BATCH_H
#define DIFFUSION_BATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

/* A row as it is stored. */
typedef struct {
    uint64_t first; /* sequence of its first record */
    uint32_t count; /* of records */
    uint32_t epoch;
    const uint8_t *chain_before; /* CHAIN_SIZE bytes */
    const void *bytes;           /* see record.h, as `attributes` */
    size_t size;
    const void *attributes;
    size_t attributes_size;
} batch_row_t;

/* Where a record begins in `bytes`, and where its run in `attributes`. */
typedef struct {
    uint32_t wire, run, run_size;
} batch_place_t;

/* Which visibilities its records have. */
enum {
    BATCH_PUBLIC = 1,
    BATCH_NETWORK = 2,
    BATCH_RESTRICTED = 4,
    BATCH_UNKNOWN = 8 /* to this version: nobody sees it */
};

typedef struct {
    atomic_uint references;
    uint32_t count;
    uint32_t good;      /* its records before the first that is damaged or has a wrong number */
    const char *damage; /* what was found wrong when it was read (row_check.h); static; NULL */
    uint32_t epoch;
    uint64_t first;
    uint8_t chain_before[CHAIN_SIZE];
    uint8_t visibilities; /* of the good ones */
    size_t memory;        /* what it takes */
    size_t size;
    const uint8_t *bytes; /* wire records */
    size_t attributes_size;
    const uint8_t *attributes;
    batch_place_t places[]; /* `good` of them; then bytes and attributes */
} batch_t;

/* A batch with one reference and a copy of the row. */
batch_t *batch_new(const batch_row_t *row);
batch_t *batch_retain(batch_t *self);
/* Lets go of one reference and nulls the pointer; NULL is fine. */
void batch_release(batch_t **self_p);

uint64_t batch_last(const batch_t *self);

/* Forgets its records from the `count`-th on; while nobody else has it. */
void batch_cut(batch_t *self, uint32_t count);

/* Reads a record. False if the batch does not hold it, or not in good order. */
bool batch_find(const batch_t *self, uint64_t sequence, record_t *ret_record);

/* The run of a record that batch_find finds, and its attributes. */
record_run_t batch_run(const batch_t *self, uint64_t sequence);
void batch_attributes(const batch_t *self, uint64_t sequence, attributes_t *ret_values);

/* The wire records of events `from` to `to`, which batch_find finds, as they are sent; borrowed. */
const uint8_t *batch_bytes(const batch_t *self, uint64_t from, uint64_t to, size_t *ret_size);

#endif
