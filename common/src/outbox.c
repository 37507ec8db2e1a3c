/* outbox.c - adding to the outbox; relay.c empties it. */
#include "pia/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "pia/event.h"

/* The head row stays locked to the commit: the order of numbers is the order of commits. */
static const char SQL_NUMBER[] =
    "UPDATE outbox_head SET last = last + 1 WHERE id = 1 RETURNING last";
static const char SQL_ADD[] =
    "INSERT INTO outbox (number, aggregate, event, state) VALUES ($1, $2, $3, 0)";

static pia_status_t next_number(pia_db_t *db, int64_t *ret_number)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_NUMBER);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
    *ret_number = pia_stmt_column_integer(stmt, 0);
    return pia_stmt_run(stmt, NULL);
}

static pia_status_t insert(pia_db_t *db, const char *aggregate, const char *event)
{
    int64_t number = 0;
    pia_status_t status = next_number(db, &number);
    if (status != PIA_OK)
        return status;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_ADD);
    pia_stmt_integer(stmt, 1, number);
    pia_stmt_text(stmt, 2, aggregate);
    pia_stmt_text(stmt, 3, event);
    return pia_stmt_run(stmt, NULL);
}

/* As pia_event_check, with the event written out once. */
static pia_status_t add(pia_db_t *db, const char *aggregate, const json_t *event)
{
    pia_status_t status = pia_event_check_content(event, NULL);
    if (status != PIA_OK)
        return status;
    char *text = json_dumps(event, JSON_COMPACT);
    status = strlen(text) > PIA_EVENT_SIZE_MAX ? PIA_TOO_LARGE : insert(db, aggregate, text);
    free(text);
    return status;
}

pia_status_t pia_outbox_add(pia_db_t *db, const char *aggregate, json_t *event)
{
    pia_status_t status = add(db, aggregate, event);
    json_decref(event);
    return status;
}
