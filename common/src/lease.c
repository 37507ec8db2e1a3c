/* lease.c - the row of relay_lease. */
#include "lease.h"

#include <string.h>

enum { STILL_MS = 3000 };

static const char SQL_READ[] = "SELECT holder, term, beat FROM relay_lease WHERE id = 1 FOR UPDATE";
static const char SQL_TAKE[] =
    "UPDATE relay_lease SET holder = $1, term = term + 1, beat = 0 WHERE id = 1 AND term = $2";
static const char SQL_BEAT[] = "UPDATE relay_lease SET beat = beat + 1 WHERE id = 1 AND term = $1";
static const char SQL_RELEASE[] = "UPDATE relay_lease SET holder = '' WHERE id = 1 AND term = $1";

typedef struct {
    bool free, ours;
    int64_t term, beat;
} row_t;

/* Ours is what names us and our term: what a rolled back transaction said of a term is no proof. */
static pia_status_t read_row(pia_db_t *db, const pia_lease_t *lease, row_t *ret_row)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_READ);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
    const char *holder = pia_stmt_column_text(stmt, 0);
    ret_row->free = !holder || holder[0] == '\0';
    ret_row->term = pia_stmt_column_integer(stmt, 1);
    ret_row->beat = pia_stmt_column_integer(stmt, 2);
    ret_row->ours = lease->held && !ret_row->free && strcmp(holder, lease->holder) == 0 &&
                    ret_row->term == lease->term;
    pia_stmt_reset(stmt);
    return PIA_OK;
}

static pia_status_t take(pia_db_t *db, pia_lease_t *lease, int64_t term)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_TAKE);
    pia_stmt_text(stmt, 1, lease->holder);
    pia_stmt_integer(stmt, 2, term);
    pia_status_t status = pia_stmt_run(stmt, NULL);
    if (status == PIA_OK) {
        lease->term = term + 1;
        lease->held = true;
    }
    return status;
}

static pia_status_t beat(pia_db_t *db, const pia_lease_t *lease)
{
    if (!pia_db_is_shared(db))
        return PIA_OK; /* nobody else could watch: no write, no fsync */
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_BEAT);
    pia_stmt_integer(stmt, 1, lease->term);
    return pia_stmt_run(stmt, NULL);
}

/* Whether another holder has shown no life for long enough. */
static bool has_stood_still(pia_lease_t *lease, const row_t *row, int64_t now)
{
    if (row->term != lease->seen_term || row->beat != lease->seen_beat) {
        lease->seen_term = row->term;
        lease->seen_beat = row->beat;
        lease->seen_ms = now;
        return false;
    }
    return now - lease->seen_ms >= STILL_MS;
}

pia_status_t pia_lease_keep(pia_db_t *db, pia_lease_t *lease, int64_t monotonic_ms)
{
    row_t row = {0};
    pia_status_t status = read_row(db, lease, &row);
    if (status != PIA_OK)
        return status;
    if (row.ours)
        return beat(db, lease);
    lease->held = false;
    if (row.free || !pia_db_is_shared(db) || has_stood_still(lease, &row, monotonic_ms))
        return take(db, lease, row.term);
    return PIA_OK;
}

pia_status_t pia_lease_check(pia_db_t *db, const pia_lease_t *lease)
{
    row_t row = {0};
    pia_status_t status = read_row(db, lease, &row);
    if (status != PIA_OK)
        return status;
    return row.ours ? PIA_OK : PIA_CONFLICT;
}

pia_status_t pia_lease_release(pia_db_t *db, pia_lease_t *lease)
{
    if (!lease->held)
        return PIA_OK;
    lease->held = false;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_RELEASE);
    pia_stmt_integer(stmt, 1, lease->term);
    return pia_stmt_run(stmt, NULL);
}
