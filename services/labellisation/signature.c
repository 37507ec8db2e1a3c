/* signature.c - signatures in SQL. */
#include "signature.h"

#include "pia/clock.h"

enum { ADD, CLEAR, FIND, LIST };

static const char *const sql[] = {
    [ADD] = "INSERT INTO signature (matter, capacity, signer, signed_at, authority) "
            "VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
    [CLEAR] = "DELETE FROM signature WHERE matter = $1",
    [FIND] = "SELECT 1 FROM signature WHERE matter = $1 "
             "AND (CAST($2 AS TEXT) IS NULL OR capacity = $2) "
             "AND (CAST($3 AS TEXT) IS NULL OR signer = $3) LIMIT 1",
    [LIST] = "SELECT signature.capacity, signature.signed_at, signature.authority, matter.card "
             "FROM signature LEFT JOIN matter ON matter.id = signature.authority "
             "WHERE signature.matter = $1 "
             "ORDER BY signature.signed_at, signature.capacity LIMIT 16",
};

pia_status_t signature_add(pia_db_t *db,
                           const char *matter,
                           const char *capacity,
                           const char *signer,
                           const char *authority,
                           int64_t signed_ms)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[ADD]);
    pia_stmt_text(stmt, 1, matter);
    pia_stmt_text(stmt, 2, capacity);
    pia_stmt_text(stmt, 3, signer);
    pia_stmt_integer(stmt, 4, signed_ms);
    pia_stmt_text(stmt, 5, authority[0] != '\0' ? authority : NULL);
    int64_t changes = 0;
    pia_status_t status = pia_stmt_run(stmt, &changes);
    return status == PIA_OK && changes == 0 ? PIA_CONFLICT : status;
}

pia_status_t signature_clear(pia_db_t *db, const char *matter)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[CLEAR]);
    pia_stmt_text(stmt, 1, matter);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t signature_find(
    pia_db_t *db, const char *matter, const char *capacity, const char *signer, bool *ret_found)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, matter);
    pia_stmt_text(stmt, 2, capacity);
    pia_stmt_text(stmt, 3, signer);
    pia_status_t status = pia_stmt_step(stmt);
    *ret_found = status == PIA_OK;
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* By which function, and which act grants the authority. */
static void add_authority(pia_stmt_t *stmt, json_t *item)
{
    const char *authority = pia_stmt_column_text(stmt, 2), *text = pia_stmt_column_text(stmt, 3);
    json_t *card = text ? json_loads(text, 0, NULL) : NULL;
    if (authority && card) {
        json_object_set_new(item, "authority", json_string(authority));
        json_object_set(item, "function", json_object_get(card, "title"));
        json_object_set(item, "act", json_object_get(card, "act"));
    }
    json_decref(card);
}

pia_status_t signature_list(pia_db_t *db, const char *matter, json_t **ret_list)
{
    json_t *items = json_array();
    pia_stmt_t *stmt = pia_db_prepare(db, sql[LIST]);
    pia_stmt_text(stmt, 1, matter);
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK) {
        char signed_at[PIA_TIME_TEXT_SIZE];
        pia_time_format(pia_stmt_column_integer(stmt, 1), signed_at);
        json_t *item = json_pack("{s:s, s:s}", "capacity", pia_stmt_column_text(stmt, 0),
                                 "signed_at", signed_at);
        add_authority(stmt, item);
        json_array_append_new(items, item);
    }
    if (status != PIA_NOT_FOUND) {
        json_decref(items);
        return status;
    }
    *ret_list = items;
    return PIA_OK;
}
