/* store_structure.h - structures in the database. Store thread, in a transaction. */
#ifndef REGISTRY_STORE_STRUCTURE_H
#define REGISTRY_STORE_STRUCTURE_H

#include "cursor.h"
#include "pia/db.h"
#include "structure.h"

/* NULL members do not filter. */
typedef struct {
    const char *departement, *region, *siren;
} structure_filter_t;

/* PIA_NOT_FOUND: no such structure. */
pia_status_t store_structure_find(pia_db_t *db, const char *id, structure_t *ret_structure);

/* PIA_CONFLICT: the SIREN or SIRET is taken. Sets version 1. */
pia_status_t store_structure_insert(pia_db_t *db, structure_t *structure, int64_t now_ms);

/* Writes all members over the version that it was read in, and counts it up. PIA_CONFLICT: another
 * version was there, or the SIREN or SIRET is taken. */
pia_status_t store_structure_update(pia_db_t *db, structure_t *structure);

/* Structures ordered by name from after `cursor` on: step with store_structure_next. */
pia_stmt_t *store_structure_list(pia_db_t *db,
                                 const structure_filter_t *filter,
                                 const page_cursor_t *cursor,
                                 int64_t limit);
pia_status_t store_structure_next(pia_stmt_t *stmt, structure_t *ret_structure);

#endif
