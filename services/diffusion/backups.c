/* backups.c - the table journal_backup. */
#include "backups.h"

#include "pia/clock.h"

#include "epoch.h"

static const char SQL_NOTE[] =
    "INSERT INTO journal_backup (number, epoch, sequence, chain, noted_at)"
    " SELECT COALESCE(MAX(number), 0) + 1, $1, $2, $3, $4 FROM journal_backup";
static const char SQL_COVERED[] = "SELECT epoch, sequence, chain FROM journal_backup"
                                  " ORDER BY sequence DESC, number DESC LIMIT 1 OFFSET 1";
static const char SQL_FORGET[] = "DELETE FROM journal_backup WHERE sequence > $1";
static const char SQL_ALL[] = "SELECT epoch, sequence, chain, number, noted_at FROM journal_backup"
                              " ORDER BY number";
static const char SQL_TAKE_OVER[] =
    "INSERT INTO journal_backup (epoch, sequence, chain, number, noted_at)"
    " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";

static void bind(pia_stmt_t *stmt, const cursor_t *end)
{
    pia_stmt_integer(stmt, 1, end->epoch);
    pia_stmt_integer(stmt, 2, (int64_t)end->sequence);
    pia_stmt_integer(stmt, 3, end->chain);
}

static cursor_t column(pia_stmt_t *stmt)
{
    return (cursor_t){.epoch = (uint32_t)pia_stmt_column_integer(stmt, 0),
                      .sequence = (uint64_t)pia_stmt_column_integer(stmt, 1),
                      .chain = (uint32_t)pia_stmt_column_integer(stmt, 2)};
}

pia_status_t backups_note(pia_db_t *db, const cursor_t *end)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_NOTE);
    bind(stmt, end);
    pia_stmt_integer(stmt, 4, pia_clock_wall());
    return pia_stmt_run(stmt, NULL);
}

pia_status_t backups_covered(pia_db_t *db, cursor_t *ret_end)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_COVERED);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    *ret_end = column(stmt);
    pia_stmt_reset(stmt);
    return PIA_OK;
}

pia_status_t backups_forget_after(pia_db_t *db, uint64_t sequence)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_FORGET);
    pia_stmt_integer(stmt, 1, (int64_t)sequence);
    return pia_stmt_run(stmt, NULL);
}

static pia_status_t take_over(pia_db_t *db, pia_stmt_t *row)
{
    cursor_t end = column(row);
    cursor_t common;
    pia_status_t status = journal_locate(db, &end, &common);
    if (status != PIA_OK)
        return status == PIA_GONE ? PIA_OK : status;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_TAKE_OVER);
    bind(stmt, &end);
    pia_stmt_integer(stmt, 4, pia_stmt_column_integer(row, 3));
    pia_stmt_integer(stmt, 5, pia_stmt_column_integer(row, 4));
    return pia_stmt_run(stmt, NULL);
}

pia_status_t backups_take_over(pia_db_t *db, pia_db_t *other)
{
    pia_stmt_t *row = pia_db_prepare(other, SQL_ALL);
    pia_status_t status = PIA_OK;
    while (status == PIA_OK && pia_stmt_step(row) == PIA_OK)
        status = take_over(db, row);
    pia_stmt_reset(row);
    return status;
}
