/* follower_store.c - tables consumer_cursor and store_meta. */
#include "follower_store.h"

#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

static const char SQL_LOAD[] = "SELECT cursor FROM consumer_cursor WHERE name = $1";
static const char SQL_BEGIN[] =
    "INSERT INTO consumer_cursor (name, cursor) VALUES ($1, '') ON CONFLICT DO NOTHING";
static const char SQL_MOVE[] =
    "UPDATE consumer_cursor SET cursor = $3 WHERE name = $1 AND cursor = $2";
static const char SQL_SET[] = "INSERT INTO consumer_cursor (name, cursor) VALUES ($1, $2) "
                              "ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor";
static const char SQL_META_GET[] = "SELECT value FROM store_meta WHERE name = $1";
static const char SQL_META_SET[] = "INSERT INTO store_meta (name, value) VALUES ($1, $2) "
                                   "ON CONFLICT (name) DO UPDATE SET value = excluded.value";

/* Reads one text by name; "" if there is no row. */
static pia_status_t
load_text(pia_db_t *db, const char *sql, const char *name, char *ret_text, size_t size)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql);
    pia_stmt_text(stmt, 1, name);
    pia_status_t status = pia_stmt_step(stmt);
    memset(ret_text, 0, size);
    if (status == PIA_NOT_FOUND)
        return PIA_OK;
    if (status == PIA_OK) {
        strncpy(ret_text, pia_stmt_column_text(stmt, 0), size - 1);
        pia_stmt_reset(stmt);
    }
    return status;
}

static pia_status_t store_text(pia_db_t *db, const char *sql, const char *name, const char *value)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql);
    pia_stmt_text(stmt, 1, name);
    pia_stmt_text(stmt, 2, value);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t pia_cursor_load(pia_db_t *db, const char *name, char ret_cursor[PIA_CURSOR_SIZE])
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_BEGIN);
    pia_stmt_text(stmt, 1, name);
    pia_status_t status = pia_stmt_run(stmt, NULL);
    if (status != PIA_OK)
        return status;
    return load_text(db, SQL_LOAD, name, ret_cursor, PIA_CURSOR_SIZE);
}

pia_status_t pia_cursor_move(pia_db_t *db, const char *name, const char *from, const char *to)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_MOVE);
    pia_stmt_text(stmt, 1, name);
    pia_stmt_text(stmt, 2, from);
    pia_stmt_text(stmt, 3, to);
    int64_t changes = 0;
    pia_status_t status = pia_stmt_run(stmt, &changes);
    return status == PIA_OK && changes != 1 ? PIA_CONFLICT : status;
}

pia_status_t pia_cursor_set(pia_db_t *db, const char *name, const char *cursor)
{
    return store_text(db, SQL_SET, name, cursor);
}

pia_status_t pia_meta_get(pia_db_t *db, const char *name, char ret_value[PIA_META_SIZE])
{
    return load_text(db, SQL_META_GET, name, ret_value, PIA_META_SIZE);
}

pia_status_t pia_meta_set(pia_db_t *db, const char *name, const char *value)
{
    return store_text(db, SQL_META_SET, name, value);
}

void pia_kept_add(pia_kept_events_t *kept, const pia_event_t *event)
{
    if (kept->count == kept->room) {
        kept->room = kept->room ? 2 * kept->room : 16;
        kept->events = pia_realloc(kept->events, kept->room * sizeof(pia_kept_event_t));
    }
    pia_kept_event_t *added = &kept->events[kept->count++];
    added->event = *event;
    added->json = json_incref((json_t *)event->json);
    memset(added->cursor, 0, sizeof added->cursor);
    strncpy(added->cursor, event->cursor, sizeof added->cursor - 1);
}

void pia_kept_clear(pia_kept_events_t *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        json_decref(kept->events[i].json);
    free(kept->events);
    *kept = (pia_kept_events_t){0};
}
