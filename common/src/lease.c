/* lease.c - rows of the table lease. */
#include "pia/lease.h"

#include <stdio.h>
#include <string.h>

/* Who only watches locks nothing: his batch may hold rows that the holder's batch waits for. */
static const char RELAY[] = "relay";

static const char SQL_WATCH[] = "SELECT holder, term, beat FROM lease WHERE name = $1";
static const char SQL_LOCK[] = "SELECT holder, term, beat FROM lease WHERE name = $1 FOR UPDATE";
static const char SQL_TAKE[] = "UPDATE lease SET holder = $2, term = term + 1, beat = 0"
                               " WHERE name = $1 AND holder = $3 AND term = $4 AND beat = $5";
static const char SQL_BEAT[] = "UPDATE lease SET beat = beat + 1 WHERE name = $1 AND term = $2";
static const char SQL_RELEASE[] = "UPDATE lease SET holder = '' WHERE name = $1 AND term = $2";
static const char SQL_MAKE[] = "INSERT INTO lease (name, holder, term, beat) VALUES ($1, '', 0, 0)"
                               " ON CONFLICT DO NOTHING";

enum { HOLDER_SIZE = 64 };

typedef struct {
    char holder[HOLDER_SIZE];
    bool ours;
    int64_t term, beat;
} row_t;

/* A statement whose first parameter is the lease's name. */
static pia_stmt_t *prepare(pia_db_t *db, const char *sql, const pia_lease_t *lease)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql);
    pia_stmt_text(stmt, 1, lease->name ? lease->name : RELAY);
    return stmt;
}

/* Ours is what names us and our term: what a rolled back transaction said of a term is no proof. */
static pia_status_t
read_row(pia_db_t *db, const char *sql, const pia_lease_t *lease, row_t *ret_row)
{
    pia_stmt_t *stmt = prepare(db, sql, lease);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
    const char *holder = pia_stmt_column_text(stmt, 0);
    (void)snprintf(ret_row->holder, sizeof ret_row->holder, "%s", holder ? holder : "");
    ret_row->term = pia_stmt_column_integer(stmt, 1);
    ret_row->beat = pia_stmt_column_integer(stmt, 2);
    ret_row->ours =
        lease->held && strcmp(ret_row->holder, lease->holder) == 0 && ret_row->term == lease->term;
    pia_stmt_reset(stmt);
    return PIA_OK;
}

/* Takes it from what was seen; whoever was faster has it, or has beaten again. */
static pia_status_t take(pia_db_t *db, pia_lease_t *lease, const row_t *seen)
{
    pia_stmt_t *stmt = prepare(db, SQL_TAKE, lease);
    pia_stmt_text(stmt, 2, lease->holder);
    pia_stmt_text(stmt, 3, seen->holder);
    pia_stmt_integer(stmt, 4, seen->term);
    pia_stmt_integer(stmt, 5, seen->beat);
    int64_t changes = 0;
    pia_status_t status = pia_stmt_run(stmt, &changes);
    if (status == PIA_OK && changes == 1) {
        lease->term = seen->term + 1;
        lease->held = true;
    }
    return status;
}

static pia_status_t beat(pia_db_t *db, pia_lease_t *lease)
{
    if (!pia_db_is_shared(db))
        return PIA_OK; /* nobody else could watch: no write, no fsync */
    pia_stmt_t *stmt = prepare(db, SQL_BEAT, lease);
    pia_stmt_integer(stmt, 2, lease->term);
    int64_t changes = 0;
    pia_status_t status = pia_stmt_run(stmt, &changes);
    if (status == PIA_OK)
        lease->held = changes == 1; /* else it was taken at the same moment */
    return status;
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
    return now - lease->seen_ms >= PIA_LEASE_STILL_MS;
}

pia_status_t pia_lease_keep(pia_db_t *db, pia_lease_t *lease, int64_t monotonic_ms)
{
    row_t row = {0};
    pia_status_t status = read_row(db, SQL_WATCH, lease, &row);
    if (status != PIA_OK)
        return status;
    if (row.ours)
        return beat(db, lease);
    lease->held = false;
    bool is_free = row.holder[0] == '\0' || !pia_db_is_shared(db);
    if (is_free || has_stood_still(lease, &row, monotonic_ms))
        return take(db, lease, &row);
    return PIA_OK;
}

pia_status_t pia_lease_check(pia_db_t *db, const pia_lease_t *lease)
{
    row_t row = {0};
    pia_status_t status = read_row(db, SQL_LOCK, lease, &row);
    if (status != PIA_OK)
        return status;
    return row.ours ? PIA_OK : PIA_CONFLICT;
}

pia_status_t pia_lease_release(pia_db_t *db, pia_lease_t *lease)
{
    if (!lease->held)
        return PIA_OK;
    lease->held = false;
    pia_stmt_t *stmt = prepare(db, SQL_RELEASE, lease);
    pia_stmt_integer(stmt, 2, lease->term);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t pia_lease_make(pia_db_t *db, const char *name)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_MAKE);
    pia_stmt_text(stmt, 1, name);
    return pia_stmt_run(stmt, NULL);
}
