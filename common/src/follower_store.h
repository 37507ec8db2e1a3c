/* follower_store.h - a follower's cursors, and the batch of events of one DATA frame. */
#ifndef PIA_FOLLOWER_STORE_H
#define PIA_FOLLOWER_STORE_H

#include "pia/db.h"
#include "pia/event.h"
#include "pia/lease.h"
#include "pia/service.h"

/* Reads a cursor, making its row if there is none yet ("": from the beginning). */
pia_status_t pia_cursor_load(pia_db_t *db, const char *name, char ret_cursor[PIA_CURSOR_SIZE]);

/* Moves a cursor that still stands at `from`: else PIA_CONFLICT. */
pia_status_t pia_cursor_move(pia_db_t *db, const char *name, const char *from, const char *to);

/* Sets a cursor wherever it stands. */
pia_status_t pia_cursor_set(pia_db_t *db, const char *name, const char *cursor);

/* A fact about the database; *ret_value is "" if it is not known. */
enum { PIA_META_SIZE = 64 };
pia_status_t pia_meta_get(pia_db_t *db, const char *name, char ret_value[PIA_META_SIZE]);
pia_status_t pia_meta_set(pia_db_t *db, const char *name, const char *value);

/* Events kept until they are applied: they own their JSON. */
typedef struct {
    pia_event_t event;
    char cursor[PIA_CURSOR_SIZE];
    json_t *json;
} pia_kept_event_t;

typedef struct {
    pia_kept_event_t *events;
    size_t count, room;
} pia_kept_events_t;

void pia_kept_add(pia_kept_events_t *kept, const pia_event_t *event);
void pia_kept_clear(pia_kept_events_t *kept);

#endif
