/* store_pole.h - pôles in the database. Store thread, in a transaction. */
#ifndef REGISTRY_STORE_POLE_H
#define REGISTRY_STORE_POLE_H

#include "cursor.h"
#include "pia/db.h"
#include "pole.h"

/* Arrays of codes, of which one is enough. NULL members do not filter. */
typedef struct {
    const json_t *themes, *sectors, *regions, *departements;
    const char *state;
} pole_filter_t;
enum { POLE_FILTER_MAX = 4 }; /* themes, and sectors, as many as the message may name */

/* PIA_NOT_FOUND: no such pôle. */
pia_status_t store_pole_find(pia_db_t *db, const char *code, pole_t *ret_pole);
pia_status_t store_pole_find_by_label(pia_db_t *db, const char *label, pole_t *ret_pole);

/* PIA_CONFLICT: the code or the label is taken. Sets version 1. */
pia_status_t store_pole_insert(pia_db_t *db, pole_t *pole);

/* Writes all members over the version that `pole` was read in, and counts it up.
 * PIA_CONFLICT: another one was there. */
pia_status_t store_pole_update(pia_db_t *db, pole_t *pole);

/* Pôles ordered by name from after `cursor` on: step with store_pole_next. */
pia_stmt_t *store_pole_list(pia_db_t *db,
                            const pole_filter_t *filter,
                            const page_cursor_t *cursor,
                            int64_t limit);
pia_status_t store_pole_next(pia_stmt_t *stmt, pole_t *ret_pole);

/* How often a pôle has changed: the version of the list of them. */
pia_status_t store_pole_list_version(pia_db_t *db, int64_t *ret_version);

#endif
