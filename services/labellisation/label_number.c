/* label_number.c - labels' numbers in SQL. */
#include "label_number.h"

#include <inttypes.h>
#include <stdio.h>

enum { TAKE, GIVE, FIND, NUMBER };

static const char *const sql[] = {
    [TAKE] = "INSERT INTO label_serial (year, last) VALUES ($1, 1) ON CONFLICT (year) "
             "DO UPDATE SET last = label_serial.last + 1 RETURNING last",
    [GIVE] = "INSERT INTO label_number (number, label) VALUES ($1, $2)",
    [FIND] = "SELECT label FROM label_number WHERE number = $1",
    [NUMBER] = "SELECT number FROM label_number WHERE label = $1",
};

pia_status_t label_number_take(pia_db_t *db, int64_t year, char ret_number[LABEL_NUMBER_SIZE])
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[TAKE]);
    pia_stmt_integer(stmt, 1, year);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        (void)snprintf(ret_number, LABEL_NUMBER_SIZE, "PIA-%" PRId64 "-%04" PRId64, year,
                       pia_stmt_column_integer(stmt, 0));
    pia_stmt_reset(stmt);
    return status;
}

pia_status_t label_number_give(pia_db_t *db, const char *number, const char *label)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[GIVE]);
    pia_stmt_text(stmt, 1, number);
    pia_stmt_text(stmt, 2, label);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t label_number_find(pia_db_t *db, const char *number, char ret_label[PIA_UUID_TEXT_SIZE])
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, number);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        (void)snprintf(ret_label, PIA_UUID_TEXT_SIZE, "%s", pia_stmt_column_text(stmt, 0));
    pia_stmt_reset(stmt);
    return status;
}

pia_status_t label_number_of(pia_db_t *db, const char *label, char ret_number[LABEL_NUMBER_SIZE])
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[NUMBER]);
    pia_stmt_text(stmt, 1, label);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        (void)snprintf(ret_number, LABEL_NUMBER_SIZE, "%s", pia_stmt_column_text(stmt, 0));
    pia_stmt_reset(stmt);
    return status;
}
