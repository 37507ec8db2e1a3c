/* batch.c - shared rows of the journal. */
#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

batch_t *batch_new(const void *bytes, size_t size)
{
    batch_t *self = pia_alloc(sizeof *self + size);
    atomic_init(&self->references, 1);
    self->size = size;
    if (size)
        memcpy(self->bytes, bytes, size);
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

bool batch_find(const batch_t *self, uint64_t sequence, record_t *ret_record, size_t *ret_offset)
{
    size_t offset = 0;
    record_t record;
    while (record_read(self->bytes, self->size, &offset, &record)) {
        if (record.cursor.sequence != sequence)
            continue;
        *ret_record = record;
        if (ret_offset)
            *ret_offset = offset;
        return true;
    }
    return false;
}
