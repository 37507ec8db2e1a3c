/* originals.c - rows of the journal, walked once for all their events. */
#include "originals.h"

#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

#include "journal_read.h"

static void clear_row(originals_row_t *row)
{
    free(row->events);
    *row = (originals_row_t){0};
}

void originals_clear(originals_t *self)
{
    for (size_t i = 0; i < ORIGINALS_ROWS; i++)
        clear_row(&self->rows[i]);
}

static void read_row(const batch_t *batch, originals_row_t *row)
{
    uint8_t chain[CHAIN_SIZE];
    record_t record;
    memcpy(chain, batch->chain_before, CHAIN_SIZE);
    *row = (originals_row_t){.first = batch->first};
    row->events = pia_alloc(batch->count * sizeof *row->events);
    while (row->count < batch->count && batch_find(batch, batch->first + row->count, &record)) {
        original_t *event = &row->events[row->count++];
        event->epoch = batch->epoch;
        record_event_hash(&record, event->hash);
        record_chain(chain, event->hash);
        memcpy(event->chain, chain, CHAIN_SIZE);
    }
}

static const originals_row_t *look(const originals_t *self, uint64_t sequence)
{
    for (size_t i = 0; i < ORIGINALS_ROWS; i++) {
        const originals_row_t *row = &self->rows[i];
        if (sequence >= row->first && sequence - row->first < row->count)
            return row;
    }
    return NULL;
}

pia_status_t
originals_find(originals_t *self, pia_db_t *db, uint64_t sequence, original_t *ret_original)
{
    const originals_row_t *row = look(self, sequence);
    if (!row) {
        batch_t *batch = NULL;
        pia_status_t status = journal_read_batch(db, sequence, &batch);
        if (status != PIA_OK)
            return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
        originals_row_t *place = &self->rows[self->next];
        self->next = (self->next + 1) % ORIGINALS_ROWS;
        clear_row(place);
        read_row(batch, place);
        batch_release(&batch);
        row = look(self, sequence);
    }
    if (!row)
        return PIA_INTERNAL;
    *ret_original = row->events[sequence - row->first];
    return PIA_OK;
}
