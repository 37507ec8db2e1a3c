/* journal_rows.c - what a transaction has appended becomes rows. */
#include <string.h>

#include "pia/memory.h"

#include "journal_private.h"
#include "row_check.h"

/* The records of a row have at most about this much, so that a reader's page is bounded. */
enum { ROW_SIZE_MAX = 256 * 1024 };

static const char SQL_ADD_BATCH[] =
    "INSERT INTO journal_batch (first_sequence, count, epoch, chain_before, attributes, bytes,"
    " row_check, bytes_check) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/* The row of pending records `from` to `to`; borrows from `self`. */
static void
make_row(journal_t *self, const receipt_t *before, size_t from, size_t to, batch_row_t *ret_row)
{
    size_t start = from ? self->pending[from - 1].end : 0;
    size_t attributes_start = from ? self->pending[from - 1].attributes_end : 0;
    buffer_reset(&self->packed);
    record_pack_attributes(&self->packed, self->attributes.bytes + attributes_start,
                           self->pending[to - 1].attributes_end - attributes_start);
    *ret_row = (batch_row_t){.first = before->sequence + 1,
                             .count = (uint32_t)(to - from),
                             .epoch = before->epoch,
                             .chain_before = before->chain,
                             .bytes = self->bytes.bytes + start,
                             .size = self->pending[to - 1].end - start,
                             .attributes = self->packed.bytes,
                             .attributes_size = self->packed.size};
}

static void add_ready(journal_t *self, batch_t *batch)
{
    if (self->ready_count == self->ready_capacity) {
        self->ready_capacity = self->ready_capacity ? self->ready_capacity * 2 : 8;
        self->ready = pia_realloc(self->ready, self->ready_capacity * sizeof(batch_t *));
    }
    self->ready[self->ready_count++] = batch;
}

void journal_drop_rows(journal_t *self)
{
    for (size_t i = 0; i < self->ready_count; i++)
        batch_release(&self->ready[i]);
    self->ready_count = 0;
}

/* The end of the row that begins with pending record `from`. */
static size_t row_end(const journal_t *self, size_t from)
{
    size_t start = from ? self->pending[from - 1].end : 0;
    size_t to = from + 1;
    while (to < self->count && self->pending[to].end - start <= ROW_SIZE_MAX)
        to++;
    return to;
}

void journal_make_rows(journal_t *self)
{
    receipt_t before = self->committed;
    journal_drop_rows(self);
    for (size_t from = 0; from < self->count;) {
        batch_row_t row;
        size_t to = row_end(self, from);
        make_row(self, &before, from, to, &row);
        add_ready(self, batch_new(&row));
        before.sequence += to - from;
        memcpy(before.chain, self->pending[to - 1].chain, CHAIN_SIZE);
        from = to;
    }
}

pia_status_t journal_insert_row(pia_db_t *db, const batch_row_t *row)
{
    row_check_t check = row_check(row);
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_ADD_BATCH);
    pia_stmt_integer(stmt, 1, (int64_t)row->first);
    pia_stmt_integer(stmt, 2, row->count);
    pia_stmt_integer(stmt, 3, row->epoch);
    pia_stmt_bytes(stmt, 4, row->chain_before, CHAIN_SIZE);
    pia_stmt_borrow(stmt, 5, row->attributes, row->attributes_size);
    pia_stmt_borrow(stmt, 6, row->bytes, row->size);
    pia_stmt_integer(stmt, 7, (int64_t)check.row);
    pia_stmt_integer(stmt, 8, (int64_t)check.bytes);
    return pia_stmt_run(stmt, NULL);
}

static pia_status_t insert_batch(pia_db_t *db, const batch_t *batch)
{
    return journal_insert_row(db, &(batch_row_t){.first = batch->first,
                                                 .count = batch->count,
                                                 .epoch = batch->epoch,
                                                 .chain_before = batch->chain_before,
                                                 .bytes = batch->bytes,
                                                 .size = batch->size,
                                                 .attributes = batch->attributes,
                                                 .attributes_size = batch->attributes_size});
}

void row_writer_reset(row_writer_t *self)
{
    buffer_reset(&self->bytes);
    buffer_reset(&self->attributes);
    self->count = 0;
}

void row_writer_free(row_writer_t *self)
{
    buffer_free(&self->bytes);
    buffer_free(&self->attributes);
    buffer_free(&self->packed);
}

pia_status_t row_writer_finish(row_writer_t *self, pia_db_t *db)
{
    if (!self->count)
        return PIA_OK;
    buffer_reset(&self->packed);
    record_pack_attributes(&self->packed, self->attributes.bytes, self->attributes.size);
    batch_row_t row = {.first = self->first,
                       .count = self->count,
                       .epoch = self->epoch,
                       .chain_before = self->chain_before,
                       .bytes = self->bytes.bytes,
                       .size = self->bytes.size,
                       .attributes = self->packed.bytes,
                       .attributes_size = self->packed.size};
    pia_status_t status = journal_insert_row(db, &row);
    row_writer_reset(self);
    return status;
}

pia_status_t row_writer_add(row_writer_t *self, pia_db_t *db, const batch_t *row)
{
    pia_status_t status = PIA_OK;
    if (self->count && self->bytes.size + row->size > ROW_SIZE_MAX)
        status = row_writer_finish(self, db);
    if (status != PIA_OK)
        return status;
    if (!self->count && row->size > ROW_SIZE_MAX / 2)
        return insert_batch(db, row);
    if (!self->count) {
        self->first = row->first;
        self->epoch = row->epoch;
        memcpy(self->chain_before, row->chain_before, CHAIN_SIZE);
    }
    self->count += row->count;
    buffer_add(&self->bytes, row->bytes, row->size);
    buffer_add(&self->attributes, row->attributes, row->attributes_size);
    return PIA_OK;
}

pia_status_t journal_add_rows(journal_t *self, pia_db_t *db)
{
    pia_status_t status = PIA_OK;
    receipt_t head;
    if (!self->count)
        return PIA_OK;
    journal_make_rows(self);
    for (size_t i = 0; status == PIA_OK && i < self->ready_count; i++)
        status = insert_batch(db, self->ready[i]);
    journal_head(self, &head);
    return status == PIA_OK ? journal_head_move(db, &head) : status;
}
