/* batch.c - shared rows of the journal. */
#include "batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

static uint8_t visibility_of(const attributes_t *values)
{
    const char *text = values->value[ATTRIBUTE_VISIBILITY];
    if (strcmp(text, "public") == 0)
        return BATCH_PUBLIC;
    if (strcmp(text, "network") == 0)
        return BATCH_NETWORK;
    return strcmp(text, "restricted") == 0 ? BATCH_RESTRICTED : BATCH_UNKNOWN;
}

/* Where the walk over a row stands. */
typedef struct {
    size_t wire, attributes;
    record_run_t run;
} walk_t;

/* Takes the next record into the index; false if it is damaged. */
static bool index_next(batch_t *self, walk_t *walk)
{
    record_t record;
    const uint8_t *before = walk->run.bytes;
    size_t wire = walk->wire;
    if (!record_read(self->bytes, self->size, &walk->wire, &record) ||
        record.cursor.sequence != self->first + self->good || record.cursor.epoch != self->epoch ||
        !record_read_run(self->attributes, self->attributes_size, &walk->attributes, &walk->run))
        return false;
    attributes_t values;
    if (walk->run.bytes != before) {
        if (!record_read_attributes(walk->run, &values))
            return false;
        self->visibilities |= visibility_of(&values);
    }
    self->places[self->good++] =
        (batch_place_t){.wire = (uint32_t)wire,
                        .run = (uint32_t)(walk->run.bytes - self->attributes),
                        .run_size = (uint32_t)walk->run.size};
    return true;
}

/* How many records the bytes can hold: a damaged row may say more. */
static size_t places_of(const batch_row_t *row)
{
    size_t most = row->size / RECORD_HEAD_SIZE;
    if (row->size > UINT32_MAX || row->attributes_size > UINT32_MAX)
        return 0;
    return row->count < most ? row->count : most;
}

batch_t *batch_new(const batch_row_t *row)
{
    size_t places = places_of(row);
    size_t head = sizeof(batch_t) + places * sizeof(batch_place_t);
    batch_t *self = malloc(head + row->size + row->attributes_size);
    if (!self)
        abort();
    uint8_t *bytes = (uint8_t *)self + head;
    *self = (batch_t){.count = row->count,
                      .epoch = row->epoch,
                      .first = row->first,
                      .memory = head + row->size + row->attributes_size,
                      .size = row->size,
                      .bytes = bytes,
                      .attributes_size = row->attributes_size,
                      .attributes = bytes + row->size};
    atomic_init(&self->references, 1);
    memcpy(self->chain_before, row->chain_before, CHAIN_SIZE);
    if (row->size)
        memcpy(bytes, row->bytes, row->size);
    if (row->attributes_size)
        memcpy(bytes + row->size, row->attributes, row->attributes_size);
    walk_t walk = {0};
    while (self->good < places && index_next(self, &walk))
        continue;
    return self;
}

batch_t *batch_retain(batch_t *self)
{
    atomic_fetch_add_explicit(&self->references, 1, memory_order_relaxed);
    return self;
}

void batch_release(batch_t **self_p)
{
    batch_t *self = *self_p;
    *self_p = NULL;
    if (self && atomic_fetch_sub_explicit(&self->references, 1, memory_order_acq_rel) == 1)
        free(self);
}

uint64_t batch_last(const batch_t *self)
{
    return self->first + self->count - 1;
}

void batch_cut(batch_t *self, uint32_t count)
{
    assert(count <= self->good);
    record_t next;
    if (batch_find(self, self->first + count, &next))
        self->size = (size_t)(next.wire - self->bytes);
    self->good = self->count = count;
}

bool batch_find(const batch_t *self, uint64_t sequence, record_t *ret_record)
{
    if (sequence < self->first || sequence - self->first >= self->good)
        return false;
    size_t offset = self->places[sequence - self->first].wire;
    return record_read(self->bytes, self->size, &offset, ret_record);
}

static const batch_place_t *place_of(const batch_t *self, uint64_t sequence)
{
    assert(sequence >= self->first && sequence - self->first < self->good);
    return &self->places[sequence - self->first];
}

record_run_t batch_run(const batch_t *self, uint64_t sequence)
{
    const batch_place_t *place = place_of(self, sequence);
    return (record_run_t){.bytes = self->attributes + place->run, .size = place->run_size};
}

void batch_attributes(const batch_t *self, uint64_t sequence, attributes_t *ret_values)
{
    bool good = record_read_attributes(batch_run(self, sequence), ret_values);
    assert(good); /* it was read when the batch was made */
}

const uint8_t *batch_bytes(const batch_t *self, uint64_t from, uint64_t to, size_t *ret_size)
{
    record_t last;
    const uint8_t *start = self->bytes + place_of(self, from)->wire;
    bool found = batch_find(self, to, &last);
    assert(found && to >= from);
    *ret_size = (size_t)(last.wire + last.wire_size - start);
    return start;
}
