/* ring.c - the last batches of the journal in memory. */
#include "ring.h"

#include <stdlib.h>

#include "pia/memory.h"

struct ring {
    batch_t **batches; /* a circle of `capacity`, a power of two */
    size_t capacity;
    size_t first; /* index of the oldest */
    size_t count;
    size_t size; /* bytes in all */
    size_t size_max;
    cursor_t head;
};

enum { CAPACITY_MIN = 64 };

static batch_t **slot(const ring_t *self, size_t index)
{
    return &self->batches[(self->first + index) & (self->capacity - 1)];
}

ring_t *ring_new(size_t size_max)
{
    ring_t *self = pia_alloc(sizeof *self);
    self->size_max = size_max;
    self->capacity = CAPACITY_MIN;
    self->batches = pia_alloc(self->capacity * sizeof(batch_t *));
    return self;
}

static void drop_oldest(ring_t *self)
{
    batch_t **oldest = slot(self, 0);
    self->size -= (*oldest)->memory;
    batch_release(oldest);
    self->first++;
    self->count--;
}

void ring_destroy(ring_t **self_p)
{
    ring_t *self = *self_p;
    if (!self)
        return;
    while (self->count)
        drop_oldest(self);
    free(self->batches);
    free(self);
    *self_p = NULL;
}

void ring_start(ring_t *self, const cursor_t *head)
{
    while (self->count)
        drop_oldest(self);
    self->head = *head;
}

void ring_forget(ring_t *self, uint64_t sequence)
{
    while (self->count && (*slot(self, 0))->first <= sequence)
        drop_oldest(self);
}

static void grow(ring_t *self)
{
    batch_t **batches = pia_alloc(2 * self->capacity * sizeof(batch_t *));
    for (size_t i = 0; i < self->count; i++)
        batches[i] = *slot(self, i);
    free(self->batches);
    self->batches = batches;
    self->capacity *= 2;
    self->first = 0;
}

bool ring_add(ring_t *self, batch_t *batch)
{
    record_t last;
    if (batch->first != self->head.sequence + 1 || !batch_find(batch, batch_last(batch), &last))
        return false;
    while (self->count && self->size + batch->memory > self->size_max)
        drop_oldest(self);
    if (self->count == self->capacity)
        grow(self);
    *slot(self, self->count++) = batch_retain(batch);
    self->size += batch->memory;
    self->head = last.cursor;
    return true;
}

const cursor_t *ring_head(const ring_t *self)
{
    return &self->head;
}

batch_t *ring_find(const ring_t *self, uint64_t sequence)
{
    if (!self->count || sequence > self->head.sequence || sequence < (*slot(self, 0))->first)
        return NULL;
    size_t low = 0;
    size_t high = self->count - 1;
    while (low < high) {
        size_t middle = low + (high - low + 1) / 2;
        if ((*slot(self, middle))->first <= sequence)
            low = middle;
        else
            high = middle - 1;
    }
    return *slot(self, low);
}
