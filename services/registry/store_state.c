/* store_state.c - the registry's single rows in SQL. */
#include "store_state.h"

enum { FIRST_START, CLOCK_FIND, CLOCK_LOCK, CLOCK_SET, REFUSE, REFUSED_COUNT };

static const char *const sql[] = {
    [FIRST_START] = "INSERT INTO first_start (id, turns) VALUES (1, 1) "
                    "ON CONFLICT (id) DO UPDATE SET turns = first_start.turns + 1",
    [CLOCK_FIND] = "SELECT shift_ms FROM clock WHERE id = 1",
    [CLOCK_LOCK] = "SELECT shift_ms FROM clock WHERE id = 1 FOR UPDATE",
    [CLOCK_SET] = "UPDATE clock SET shift_ms = $1 WHERE id = 1 AND shift_ms < $1",
    [REFUSE] = "INSERT INTO refused_event (source, event, type, reason, recorded_at) "
               "VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
    [REFUSED_COUNT] = "SELECT COUNT(*) FROM refused_event",
};

/* The first column of the first row. */
static pia_status_t read_one(pia_db_t *db, int which, int64_t *ret_value)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[which]);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK) {
        *ret_value = pia_stmt_column_integer(stmt, 0);
        pia_stmt_reset(stmt);
    }
    return status;
}

pia_status_t store_first_start(pia_db_t *db)
{
    return pia_stmt_run(pia_db_prepare(db, sql[FIRST_START]), NULL);
}

pia_status_t store_clock_find(pia_db_t *db, int64_t *ret_shift_ms)
{
    return read_one(db, CLOCK_FIND, ret_shift_ms);
}

pia_status_t store_clock_lock(pia_db_t *db, int64_t *ret_shift_ms)
{
    return read_one(db, CLOCK_LOCK, ret_shift_ms);
}

pia_status_t store_clock_set(pia_db_t *db, int64_t shift_ms)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[CLOCK_SET]);
    pia_stmt_integer(stmt, 1, shift_ms);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t
store_refuse_event(pia_db_t *db, const pia_event_t *event, const char *reason, int64_t now_ms)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[REFUSE]);
    pia_stmt_text(stmt, 1, event->source);
    pia_stmt_text(stmt, 2, event->id);
    pia_stmt_text(stmt, 3, event->type);
    pia_stmt_text(stmt, 4, reason);
    pia_stmt_integer(stmt, 5, now_ms);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t store_refused_count(pia_db_t *db, int64_t *ret_count)
{
    return read_one(db, REFUSED_COUNT, ret_count);
}
