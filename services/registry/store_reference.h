/* store_reference.h - reference lists and communes in the database. Store thread, in a transaction.
 */
#ifndef REGISTRY_STORE_REFERENCE_H
#define REGISTRY_STORE_REFERENCE_H

#include <jansson.h>
#include <stdbool.h>

#include "cursor.h"
#include "pia/db.h"

enum { REFERENCE_HASH_SIZE = 32 };

/* An entry as it is loaded; NULL and has_dated false: absent. */
typedef struct {
    const char *list, *code, *label;
    const char *region, *zone, *group;
    bool has_dated, dated;
} reference_item_t;

typedef struct {
    const char *code, *name, *departement, *region;
    const char *epci;      /* or NULL */
    int64_t population;    /* -1: not known */
    const char *postcodes; /* comma-joined */
} commune_row_t;

/* NULL members do not filter; `prefix` is folded. */
typedef struct {
    const char *departement, *prefix;
} commune_filter_t;

/* Whether the content of a source with this hash was loaded last (PIA_OK) or not (PIA_NOT_FOUND).
 */
pia_status_t
store_source_is_loaded(pia_db_t *db, const char *source, const uint8_t hash[REFERENCE_HASH_SIZE]);
pia_status_t store_source_set(pia_db_t *db,
                              const char *source,
                              const uint8_t hash[REFERENCE_HASH_SIZE],
                              int64_t now_ms);

/* Empties a list, or the communes, before it is loaded again. */
pia_status_t store_reference_clear(pia_db_t *db, const char *list);
pia_status_t store_commune_clear(pia_db_t *db);

/* PIA_CONFLICT: the code is in the list already. */
pia_status_t store_reference_insert(pia_db_t *db, const reference_item_t *item, int64_t position);
pia_status_t store_commune_insert(pia_db_t *db, const commune_row_t *commune);

/* The resources of a list in its order; the caller owns the array. */
pia_status_t store_reference_list(pia_db_t *db, const char *list, json_t **ret_items);

/* When a file was loaded last, ms: a version of all lists. */
pia_status_t store_reference_version(pia_db_t *db, int64_t *ret_version);

/* Whether a code is in a list (PIA_OK) or not (PIA_NOT_FOUND). */
pia_status_t store_reference_has(pia_db_t *db, const char *list, const char *code);

/* PIA_NOT_FOUND: no such commune. The caller owns the resource. */
pia_status_t store_commune_find(pia_db_t *db, const char *code, json_t **ret_commune);

/* At most `limit` communes ordered by name from after `cursor` on; the caller owns the array.
 * `ret_last` is the place of the last one. */
pia_status_t store_commune_list(pia_db_t *db,
                                const commune_filter_t *filter,
                                const page_cursor_t *cursor,
                                int64_t limit,
                                json_t **ret_items,
                                page_cursor_t *ret_last);

#endif
