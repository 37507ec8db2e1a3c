/* epoch.c - epochs and cursors. */
#include "epoch.h"

#include <string.h>

#include "pia/clock.h"

#include "backups.h"
#include "journal_read.h"
#include "row_check.h"

static const char SQL_LATER[] = "SELECT MIN(first_sequence) FROM journal_epoch WHERE epoch > $1";
static const char SQL_EPOCH[] = "SELECT 1 FROM journal_epoch WHERE epoch = $1";
static const char SQL_LOST[] = "SELECT common_sequence FROM journal_lost_epoch WHERE epoch = $1";
static const char SQL_ADD_LOST[] =
    "INSERT INTO journal_lost_epoch (epoch, common_sequence) VALUES ($1, $2)"
    " ON CONFLICT (epoch) DO UPDATE SET common_sequence = excluded.common_sequence"
    " WHERE excluded.common_sequence < journal_lost_epoch.common_sequence";
static const char SQL_HIGHEST[] =
    "SELECT MAX(epoch) FROM (SELECT epoch FROM journal_epoch UNION ALL"
    " SELECT epoch FROM journal_lost_epoch) known";
static const char SQL_SET_ASIDE[] =
    "INSERT INTO journal_aside (before_epoch, first_sequence, count, epoch, chain_before,"
    " attributes, bytes, row_check, bytes_check)"
    " SELECT $1, first_sequence, count, epoch, chain_before, attributes, bytes, row_check,"
    " bytes_check FROM journal_batch WHERE first_sequence >= $2";
static const char SQL_REMOVE[] = "DELETE FROM journal_batch WHERE first_sequence > $1";
static const char SQL_CUT[] = "UPDATE journal_batch SET count = $2, attributes = $3, bytes = $4,"
                              " row_check = $5, bytes_check = $6 WHERE first_sequence = $1";
static const char SQL_ADD[] =
    "INSERT INTO journal_epoch (epoch, first_sequence, chain_before, began_at, reason)"
    " VALUES ($1, $2, $3, $4, $5)";
static const char SQL_MOVE[] =
    "UPDATE journal_head SET epoch = $1, sequence = $2, chain = $3, damaged_after = NULL,"
    " damage = NULL WHERE id = 1";

/* Whether the cursor is exactly a place of this journal. */
static pia_status_t check_place(pia_db_t *db, const cursor_t *cursor)
{
    batch_t *batch = NULL;
    pia_status_t status = journal_read_batch(db, cursor->sequence, &batch);
    if (status != PIA_OK)
        return status;
    record_t record;
    bool found = batch_find(batch, cursor->sequence, &record);
    status = !found ? PIA_INTERNAL : cursor_equal(&record.cursor, cursor) ? PIA_OK : PIA_NOT_FOUND;
    batch_release(&batch);
    return status;
}

/* One number by one number; PIA_NOT_FOUND: none, or NULL. */
static pia_status_t look_up(pia_db_t *db, const char *sql, uint32_t epoch, uint64_t *ret_value)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql);
    pia_stmt_integer(stmt, 1, epoch);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    bool found = !pia_stmt_column_is_null(stmt, 0);
    *ret_value = (uint64_t)pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return found ? PIA_OK : PIA_NOT_FOUND;
}

/* The last event that all of epoch `epoch` has surely in common with this history: what the epochs
 * after it began with, and, if a restore has undone it, what was noted then. PIA_NOT_FOUND: it is
 * the present epoch, or nobody's. */
static pia_status_t common_of(pia_db_t *db, uint32_t epoch, uint64_t *ret_sequence)
{
    uint64_t found = 0;
    uint64_t common = UINT64_MAX;
    pia_status_t status = look_up(db, SQL_LOST, epoch, &common);
    if (status == PIA_NOT_FOUND)
        status = look_up(db, SQL_EPOCH, epoch, &found);
    if (status == PIA_OK)
        status = look_up(db, SQL_LATER, epoch, &found);
    if (status == PIA_OK)
        *ret_sequence = found - 1 < common ? found - 1 : common;
    return status;
}

/* An epoch that lost its tail: what the cursor saw beyond its end is gone, all before is common.
 * Anything else (another journal, an unknown epoch, another chain at a place that we have) shares
 * nothing for sure but the beginning. */
static pia_status_t find_common(pia_db_t *db, const cursor_t *cursor, cursor_t *ret_common)
{
    *ret_common = (cursor_t){.epoch = 1};
    uint64_t end = 0;
    pia_status_t status = common_of(db, cursor->epoch, &end);
    if (status != PIA_OK || cursor->sequence <= end || end == 0)
        return status == PIA_OK || status == PIA_NOT_FOUND ? PIA_GONE : status;
    receipt_t receipt;
    status = journal_read_receipt(db, end, &receipt);
    if (status != PIA_OK)
        return status;
    receipt_cursor(&receipt, ret_common);
    return PIA_GONE;
}

pia_status_t journal_locate(pia_db_t *db, const cursor_t *cursor, cursor_t *ret_common)
{
    if (cursor->sequence == 0 && cursor->chain == 0)
        return PIA_OK;
    pia_status_t status = cursor->sequence ? check_place(db, cursor) : PIA_NOT_FOUND;
    return status == PIA_NOT_FOUND ? find_common(db, cursor, ret_common) : status;
}

static pia_status_t run_with(pia_db_t *db, const char *sql, int64_t value)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql);
    pia_stmt_integer(stmt, 1, value);
    return pia_stmt_run(stmt, NULL);
}

/* How many of the attributes' bytes the first `count` entries take. */
static size_t attributes_of(const batch_t *batch, uint32_t count)
{
    size_t offset = 0;
    record_run_t run = {0};
    while (count-- && record_read_run(batch->attributes, batch->attributes_size, &offset, &run))
        continue;
    return offset;
}

/* The row that holds event `end` keeps nothing behind it. */
static pia_status_t cut_row(pia_db_t *db, const batch_t *batch, uint64_t end)
{
    batch_row_t row = {.first = batch->first,
                       .count = (uint32_t)(end - batch->first) + 1,
                       .epoch = batch->epoch,
                       .chain_before = batch->chain_before,
                       .attributes = batch->attributes};
    row.attributes_size = attributes_of(batch, row.count);
    row.bytes = batch_bytes(batch, batch->first, end, &row.size);
    row_check_t check = row_check(&row);
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_CUT);
    pia_stmt_integer(stmt, 1, (int64_t)row.first);
    pia_stmt_integer(stmt, 2, row.count);
    pia_stmt_bytes(stmt, 3, row.attributes, row.attributes_size);
    pia_stmt_bytes(stmt, 4, row.bytes, row.size);
    pia_stmt_integer(stmt, 5, (int64_t)check.row);
    pia_stmt_integer(stmt, 6, (int64_t)check.bytes);
    return pia_stmt_run(stmt, NULL);
}

/* Copies all rows that hold anything behind event `end`, and removes it from the journal. Who
 * publishes it again can: at its next opening the journal knows no more than it has. */
static pia_status_t set_aside(pia_db_t *db, uint32_t epoch, uint64_t end)
{
    batch_t *batch = NULL;
    pia_status_t status = end ? journal_read_batch(db, end, &batch) : PIA_OK;
    if (status == PIA_NOT_FOUND)
        status = PIA_OK; /* it is this transaction's, and nothing can stand behind it */
    bool cuts = batch && (batch_last(batch) > end || batch->damage);
    uint64_t from = cuts ? batch->first : end + 1;
    if (status == PIA_OK) {
        pia_stmt_t *stmt = pia_db_prepare(db, SQL_SET_ASIDE);
        pia_stmt_integer(stmt, 1, epoch);
        pia_stmt_integer(stmt, 2, (int64_t)from);
        status = pia_stmt_run(stmt, NULL);
    }
    if (status == PIA_OK)
        status = run_with(db, SQL_REMOVE, (int64_t)end);
    if (status == PIA_OK && cuts)
        status = cut_row(db, batch, end);
    batch_release(&batch);
    return status;
}

static pia_status_t add_epoch(pia_db_t *db, uint32_t epoch, const epoch_begin_t *begin)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_ADD);
    pia_stmt_integer(stmt, 1, epoch);
    pia_stmt_integer(stmt, 2, (int64_t)begin->end.sequence + 1);
    pia_stmt_bytes(stmt, 3, begin->end.chain, CHAIN_SIZE);
    pia_stmt_integer(stmt, 4, pia_clock_wall());
    pia_stmt_text(stmt, 5, begin->reason);
    pia_status_t status = pia_stmt_run(stmt, NULL);
    if (status != PIA_OK)
        return status;
    stmt = pia_db_prepare(db, SQL_MOVE);
    pia_stmt_integer(stmt, 1, epoch);
    pia_stmt_integer(stmt, 2, (int64_t)begin->end.sequence);
    pia_stmt_bytes(stmt, 3, begin->end.chain, CHAIN_SIZE);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t epoch_begin(pia_db_t *db, const epoch_begin_t *begin, uint32_t *ret_epoch)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_HIGHEST);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
    int64_t highest = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    highest = highest > begin->above ? highest : begin->above;
    if (highest >= UINT32_MAX)
        return PIA_INTERNAL;
    *ret_epoch = (uint32_t)highest + 1;
    status = set_aside(db, *ret_epoch, begin->end.sequence);
    if (status == PIA_OK)
        status = backups_forget_after(db, begin->end.sequence);
    return status == PIA_OK ? add_epoch(db, *ret_epoch, begin) : status;
}

pia_status_t epoch_note_lost(pia_db_t *db, uint32_t epoch, uint64_t common)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_ADD_LOST);
    pia_stmt_integer(stmt, 1, epoch);
    pia_stmt_integer(stmt, 2, (int64_t)common);
    return pia_stmt_run(stmt, NULL);
}
