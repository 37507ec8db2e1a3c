/* journal_read.c - reading the journal back. */
#include "journal_read.h"

#include <string.h>

#include "row_check.h"

static const char SQL_BATCH[] =
    "SELECT first_sequence, count, epoch, chain_before, attributes, bytes, row_check, bytes_check"
    " FROM journal_batch WHERE first_sequence <= $1 ORDER BY first_sequence DESC LIMIT 1";
static const char SQL_HEAD[] = "SELECT epoch, sequence, chain FROM journal_head WHERE id = 1";

/* The present row of SQL_BATCH, cut to what is good of it; NULL if it is not one. */
static batch_t *take_row(pia_stmt_t *stmt)
{
    size_t chain_size = 0;
    int64_t count = pia_stmt_column_integer(stmt, 1);
    batch_row_t row = {.first = (uint64_t)pia_stmt_column_integer(stmt, 0),
                       .count = (uint32_t)count,
                       .epoch = (uint32_t)pia_stmt_column_integer(stmt, 2)};
    row.chain_before = pia_stmt_column_bytes(stmt, 3, &chain_size);
    row.attributes = pia_stmt_column_bytes(stmt, 4, &row.attributes_size);
    row.bytes = pia_stmt_column_bytes(stmt, 5, &row.size);
    if (chain_size != CHAIN_SIZE || count < 1 || count > UINT32_MAX)
        return NULL;
    row_check_t stored = {.row = (uint64_t)pia_stmt_column_integer(stmt, 6),
                          .bytes = (uint64_t)pia_stmt_column_integer(stmt, 7)};
    batch_t *batch = batch_new(&row);
    batch->damage = row_check_cut(batch, &row, &stored);
    return batch;
}

pia_status_t journal_read_row(pia_db_t *db, uint64_t sequence, batch_t **ret_batch)
{
    if (sequence > INT64_MAX)
        return PIA_NOT_FOUND;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_BATCH);
    pia_stmt_integer(stmt, 1, (int64_t)sequence);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    batch_t *batch = take_row(stmt);
    pia_stmt_reset(stmt);
    if (!batch)
        return PIA_INTERNAL;
    *ret_batch = batch;
    return PIA_OK;
}

pia_status_t journal_read_batch(pia_db_t *db, uint64_t sequence, batch_t **ret_batch)
{
    batch_t *batch = NULL;
    pia_status_t status = journal_read_row(db, sequence, &batch);
    if (status != PIA_OK)
        return status;
    if (sequence - batch->first < batch->good) {
        *ret_batch = batch;
        return PIA_OK;
    }
    status = batch->damage ? PIA_INTERNAL : PIA_NOT_FOUND;
    batch_release(&batch);
    return status;
}

/* Walks the chain of a row up to `sequence`. */
static bool walk_to(const batch_t *batch, uint64_t sequence, receipt_t *ret_receipt)
{
    size_t offset = 0;
    record_t record;
    memcpy(ret_receipt->chain, batch->chain_before, CHAIN_SIZE);
    while (record_read(batch->bytes, batch->size, &offset, &record)) {
        uint8_t hash[CHAIN_SIZE];
        record_event_hash(&record, hash);
        record_chain(ret_receipt->chain, hash);
        if (record.cursor.sequence == sequence)
            return true;
    }
    return false;
}

pia_status_t journal_read_receipt(pia_db_t *db, uint64_t sequence, receipt_t *ret_receipt)
{
    batch_t *batch = NULL;
    pia_status_t status = journal_read_batch(db, sequence, &batch);
    if (status != PIA_OK)
        return status;
    receipt_t receipt = {.epoch = batch->epoch, .sequence = sequence};
    bool found = walk_to(batch, sequence, &receipt);
    batch_release(&batch);
    if (!found)
        return PIA_INTERNAL;
    *ret_receipt = receipt;
    return PIA_OK;
}

pia_status_t journal_read_end(pia_db_t *db, receipt_t *ret_end)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_HEAD);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
    size_t size = 0;
    const void *chain = pia_stmt_column_bytes(stmt, 2, &size);
    if (size == CHAIN_SIZE) {
        *ret_end = (receipt_t){.epoch = (uint32_t)pia_stmt_column_integer(stmt, 0),
                               .sequence = (uint64_t)pia_stmt_column_integer(stmt, 1)};
        memcpy(ret_end->chain, chain, CHAIN_SIZE);
    }
    pia_stmt_reset(stmt);
    return size == CHAIN_SIZE ? PIA_OK : PIA_INTERNAL;
}

pia_status_t journal_read_head(pia_db_t *db, cursor_t *ret_head)
{
    receipt_t end;
    pia_status_t status = journal_read_end(db, &end);
    if (status == PIA_OK)
        receipt_cursor(&end, ret_head);
    return status;
}
