/* store_person.h - people in the database. Store thread, in a transaction. */
#ifndef REGISTRY_STORE_PERSON_H
#define REGISTRY_STORE_PERSON_H

#include "cursor.h"
#include "person.h"
#include "pia/db.h"

/* Zero and NULL members do not filter. */
typedef struct {
    uint32_t role;
    const char *structure, *pole;
} person_filter_t;

/* PIA_NOT_FOUND: no such person. */
pia_status_t store_person_find(pia_db_t *db, const char *id, person_t *ret_person);

/* Sets version 1. */
pia_status_t store_person_insert(pia_db_t *db, person_t *person, int64_t now_ms);

/* Writes all members over the version that it was read in, and counts it up. PIA_CONFLICT: another
 * version was there. */
pia_status_t store_person_update(pia_db_t *db, person_t *person);

/* People in the order of their creation from after `cursor` on: step with store_person_next. */
pia_stmt_t *store_person_list(pia_db_t *db,
                              const person_filter_t *filter,
                              const page_cursor_t *cursor,
                              int64_t limit);
pia_status_t store_person_next(pia_stmt_t *stmt, person_t *ret_person);

#endif
