/* group_reading.c - the journal for a group's scan or lane. */
#include "group_reading.h"

#include <string.h>

#include "pia/log.h"
#include "pia/memory.h"

static void drop_page(group_reading_t *self)
{
    while (self->page_next < self->page_count)
        batch_release(&self->page[self->page_next++]);
    self->page_count = self->page_next = 0;
}

static void page_read(void *arg, read_t *read)
{
    (void)arg;
    group_reading_t *self = read->asker;
    if (self) {
        self->reading = NULL;
        drop_page(self);
        if (read->status == PIA_OK) {
            memcpy(self->page, read->batches, read->count * sizeof(batch_t *));
            self->page_count = read->count;
            read->count = 0;
        }
        if (read->status == PIA_INTERNAL && !self->damaged)
            pia_log(PIA_LOG_ERROR, "a group stands still: the journal is damaged after event %llu",
                    (unsigned long long)read->after.sequence);
        self->damaged = read->status == PIA_INTERNAL;
        if (read->status == PIA_OK) /* else the next tick asks again */
            self->on_ready(self->arg);
    }
    read_destroy(&read);
}

static void ask(group_reading_t *self, uint64_t sequence)
{
    read_t *read = pia_alloc(sizeof *read);
    read->done = page_read;
    read->asker = self;
    read->after.sequence = sequence - 1;
    self->reading = read;
    reader_ask(self->reader, read);
}

const batch_t *group_reading_batch(group_reading_t *self, uint64_t sequence)
{
    if (sequence > ring_head(self->ring)->sequence)
        return NULL;
    while (self->page_next < self->page_count) {
        const batch_t *batch = self->page[self->page_next];
        if (batch->first <= sequence && sequence <= batch_last(batch))
            return batch;
        batch_release(&self->page[self->page_next++]);
    }
    const batch_t *batch = ring_find(self->ring, sequence);
    if (!batch && !self->reading)
        ask(self, sequence);
    return batch;
}

void group_reading_close(group_reading_t *self)
{
    if (self->reading)
        reader_cancel(self->reader, self->reading);
    self->reading = NULL;
    drop_page(self);
}
