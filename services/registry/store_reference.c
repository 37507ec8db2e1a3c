/* store_reference.c - reference lists and communes in SQL. */
#include "store_reference.h"

#include <string.h>

#include "text.h"

#define COMMUNE                                                                                    \
    "SELECT code, name, departement, region, epci, population, postcodes, sort FROM commune "

enum {
    SOURCE_FIND,
    SOURCE_SET,
    CLEAR,
    COMMUNE_CLEAR,
    INSERT,
    COMMUNE_INSERT,
    LIST,
    VERSION,
    HAS,
    COMMUNE_FIND,
    COMMUNE_BY_NAME,
    COMMUNE_BY_DEPARTEMENT,
};

static const char *const sql[] = {
    [SOURCE_FIND] = "SELECT 1 FROM reference_source WHERE source = $1 AND hash = $2",
    [SOURCE_SET] = "INSERT INTO reference_source (source, hash, loaded_at) VALUES ($1, $2, $3) "
                   "ON CONFLICT (source) DO UPDATE SET hash = excluded.hash, "
                   "loaded_at = excluded.loaded_at",
    [CLEAR] = "DELETE FROM reference_item WHERE list = $1",
    [COMMUNE_CLEAR] = "DELETE FROM commune",
    [INSERT] = "INSERT INTO reference_item (list, code, position, label, region, zone, grp, dated) "
               "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    [COMMUNE_INSERT] = "INSERT INTO commune (code, name, departement, region, epci, population, "
                       "postcodes, sort) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    [LIST] = "SELECT code, label, region, zone, grp, dated FROM reference_item WHERE list = $1 "
             "ORDER BY position",
    [VERSION] = "SELECT COALESCE(MAX(loaded_at), 0) FROM reference_source",
    [HAS] = "SELECT 1 FROM reference_item WHERE list = $1 AND code = $2",
    [COMMUNE_FIND] = COMMUNE "WHERE code = $1",
    [COMMUNE_BY_NAME] = COMMUNE "WHERE (sort, code) > ($1, $2) AND sort >= $3 AND sort < $4 "
                                "ORDER BY sort, code LIMIT $5",
    [COMMUNE_BY_DEPARTEMENT] = COMMUNE "WHERE departement = $6 AND (sort, code) > ($1, $2) "
                                       "AND sort >= $3 AND sort < $4 "
                                       "ORDER BY sort, code LIMIT $5",
};

/* Whether a query finds a row. */
static pia_status_t exists(pia_stmt_t *stmt)
{
    pia_status_t status = pia_stmt_step(stmt);
    pia_stmt_reset(stmt);
    return status;
}

pia_status_t
store_source_is_loaded(pia_db_t *db, const char *source, const uint8_t hash[REFERENCE_HASH_SIZE])
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[SOURCE_FIND]);
    pia_stmt_text(stmt, 1, source);
    pia_stmt_bytes(stmt, 2, hash, REFERENCE_HASH_SIZE);
    return exists(stmt);
}

pia_status_t store_source_set(pia_db_t *db,
                              const char *source,
                              const uint8_t hash[REFERENCE_HASH_SIZE],
                              int64_t now_ms)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[SOURCE_SET]);
    pia_stmt_text(stmt, 1, source);
    pia_stmt_bytes(stmt, 2, hash, REFERENCE_HASH_SIZE);
    pia_stmt_integer(stmt, 3, now_ms);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t store_reference_clear(pia_db_t *db, const char *list)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[CLEAR]);
    pia_stmt_text(stmt, 1, list);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t store_commune_clear(pia_db_t *db)
{
    return pia_stmt_run(pia_db_prepare(db, sql[COMMUNE_CLEAR]), NULL);
}

pia_status_t store_reference_insert(pia_db_t *db, const reference_item_t *item, int64_t position)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[INSERT]);
    pia_stmt_text(stmt, 1, item->list);
    pia_stmt_text(stmt, 2, item->code);
    pia_stmt_integer(stmt, 3, position);
    pia_stmt_text(stmt, 4, item->label);
    pia_stmt_text(stmt, 5, item->region);
    pia_stmt_text(stmt, 6, item->zone);
    pia_stmt_text(stmt, 7, item->group);
    if (item->has_dated) {
        pia_stmt_integer(stmt, 8, item->dated);
    }
    return pia_stmt_run(stmt, NULL);
}

pia_status_t store_commune_insert(pia_db_t *db, const commune_row_t *commune)
{
    char sort[FOLD_MAX + 1];
    size_t sort_size = fold_text(commune->name, sort);
    pia_stmt_t *stmt = pia_db_prepare(db, sql[COMMUNE_INSERT]);
    pia_stmt_text(stmt, 1, commune->code);
    pia_stmt_text(stmt, 2, commune->name);
    pia_stmt_text(stmt, 3, commune->departement);
    pia_stmt_text(stmt, 4, commune->region);
    pia_stmt_text(stmt, 5, commune->epci);
    if (commune->population >= 0) {
        pia_stmt_integer(stmt, 6, commune->population);
    }
    pia_stmt_text(stmt, 7, commune->postcodes);
    pia_stmt_bytes(stmt, 8, sort, sort_size);
    return pia_stmt_run(stmt, NULL);
}

static json_t *item_json(pia_stmt_t *stmt)
{
    json_t *json = json_object();
    json_put_text(json, "code", pia_stmt_column_text(stmt, 0));
    json_put_text(json, "label", pia_stmt_column_text(stmt, 1));
    json_put_text(json, "region", pia_stmt_column_text(stmt, 2));
    json_put_text(json, "zone", pia_stmt_column_text(stmt, 3));
    json_put_text(json, "group", pia_stmt_column_text(stmt, 4));
    if (!pia_stmt_column_is_null(stmt, 5)) {
        json_object_set_new(json, "dated", json_boolean(pia_stmt_column_integer(stmt, 5)));
    }
    return json;
}

pia_status_t store_reference_list(pia_db_t *db, const char *list, json_t **ret_items)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[LIST]);
    pia_stmt_text(stmt, 1, list);
    json_t *items = json_array();
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK) {
        json_array_append_new(items, item_json(stmt));
    }
    if (status != PIA_NOT_FOUND) {
        json_decref(items);
        return status;
    }
    *ret_items = items;
    return PIA_OK;
}

pia_status_t store_reference_version(pia_db_t *db, int64_t *ret_version)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[VERSION]);
    pia_status_t status = pia_stmt_step(stmt);
    *ret_version = status == PIA_OK ? pia_stmt_column_integer(stmt, 0) : 0;
    pia_stmt_reset(stmt);
    return status;
}

pia_status_t store_reference_has(pia_db_t *db, const char *list, const char *code)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[HAS]);
    pia_stmt_text(stmt, 1, list);
    pia_stmt_text(stmt, 2, code);
    return exists(stmt);
}

static json_t *commune_json(pia_stmt_t *stmt)
{
    json_t *json = json_object();
    json_put_text(json, "code", pia_stmt_column_text(stmt, 0));
    json_put_text(json, "name", pia_stmt_column_text(stmt, 1));
    json_put_text(json, "departement", pia_stmt_column_text(stmt, 2));
    json_put_text(json, "region", pia_stmt_column_text(stmt, 3));
    json_put_text(json, "epci", pia_stmt_column_text(stmt, 4));
    if (!pia_stmt_column_is_null(stmt, 5)) {
        json_object_set_new(json, "population", json_integer(pia_stmt_column_integer(stmt, 5)));
    }
    json_object_set_new(json, "postcodes", codes_json(pia_stmt_column_text(stmt, 6)));
    return json;
}

pia_status_t store_commune_find(pia_db_t *db, const char *code, json_t **ret_commune)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[COMMUNE_FIND]);
    pia_stmt_text(stmt, 1, code);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK) {
        *ret_commune = commune_json(stmt);
        pia_stmt_reset(stmt);
    }
    return status;
}

/* The keys that begin with a prefix are at least it and below it followed by 0xFF, which no UTF-8
 * text contains. */
static pia_stmt_t *
commune_query(pia_db_t *db, const commune_filter_t *filter, const page_cursor_t *cursor)
{
    bool by_departement = filter->departement != NULL;
    pia_stmt_t *stmt =
        pia_db_prepare(db, sql[by_departement ? COMMUNE_BY_DEPARTEMENT : COMMUNE_BY_NAME]);
    const char *prefix = filter->prefix == NULL ? "" : filter->prefix;
    size_t size = strlen(prefix);
    char above[FOLD_MAX + 2];
    TEXT_SET(above, prefix);
    above[size] = (char)0xFF;
    pia_stmt_bytes(stmt, 1, cursor->sort, strlen(cursor->sort));
    pia_stmt_text(stmt, 2, cursor->id);
    pia_stmt_bytes(stmt, 3, prefix, size);
    pia_stmt_bytes(stmt, 4, above, size + 1);
    if (by_departement) {
        pia_stmt_text(stmt, 6, filter->departement);
    }
    return stmt;
}

static void keep_place(pia_stmt_t *stmt, page_cursor_t *ret_last)
{
    size_t size;
    const void *sort = pia_stmt_column_bytes(stmt, 7, &size);
    memset(ret_last->sort, 0, sizeof ret_last->sort);
    if (size > 0 && size <= FOLD_MAX) {
        memcpy(ret_last->sort, sort, size);
    }
    TEXT_SET(ret_last->id, pia_stmt_column_text(stmt, 0));
}

pia_status_t store_commune_list(pia_db_t *db,
                                const commune_filter_t *filter,
                                const page_cursor_t *cursor,
                                int64_t limit,
                                json_t **ret_items,
                                page_cursor_t *ret_last)
{
    pia_stmt_t *stmt = commune_query(db, filter, cursor);
    pia_stmt_integer(stmt, 5, limit);
    json_t *items = json_array();
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK) {
        json_array_append_new(items, commune_json(stmt));
        keep_place(stmt, ret_last);
    }
    if (status != PIA_NOT_FOUND) {
        json_decref(items);
        return status;
    }
    *ret_items = items;
    return PIA_OK;
}
