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

static pia_status_t
add_row(journal_t *self, pia_db_t *db, const receipt_t *before, size_t from, size_t to)
{
    batch_row_t row;
    make_row(self, before, from, to, &row);
    row_check_t check = row_check(&row);
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_ADD_BATCH);
    pia_stmt_integer(stmt, 1, (int64_t)row.first);
    pia_stmt_integer(stmt, 2, row.count);
    pia_stmt_integer(stmt, 3, row.epoch);
    pia_stmt_bytes(stmt, 4, row.chain_before, CHAIN_SIZE);
    pia_stmt_bytes(stmt, 5, row.attributes, row.attributes_size);
    pia_stmt_borrow(stmt, 6, row.bytes, row.size);
    pia_stmt_integer(stmt, 7, (int64_t)check.row);
    pia_stmt_integer(stmt, 8, (int64_t)check.bytes);
    pia_status_t status = pia_stmt_run(stmt, NULL);
    if (status == PIA_OK)
        add_ready(self, batch_new(&row));
    return status;
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

pia_status_t journal_add_rows(journal_t *self, pia_db_t *db)
{
    pia_status_t status = PIA_OK;
    receipt_t before = self->committed;
    for (size_t from = 0; status == PIA_OK && from < self->count;) {
        size_t to = row_end(self, from);
        status = add_row(self, db, &before, from, to);
        before.sequence += to - from;
        memcpy(before.chain, self->pending[to - 1].chain, CHAIN_SIZE);
        from = to;
    }
    return status == PIA_OK && self->count ? journal_head_move(db, &before) : status;
}
