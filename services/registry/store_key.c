/* store_key.c - API keys in SQL. */
#include "store_key.h"

#define COLUMNS                                                                                    \
    "id, label, person, service, roles, structure, pole, created_by, created_at, expires_at, "     \
    "revoked_at, last_used"

enum { FIND, FIND_BY_HASH, INSERT, REVOKE, USED, LIST, SLOT_FIND, SLOT_SET };

static const char *const sql[] = {
    [FIND] = "SELECT " COLUMNS " FROM api_key WHERE id = $1",
    [FIND_BY_HASH] = "SELECT " COLUMNS " FROM api_key WHERE hash = $1",
    [INSERT] = "INSERT INTO api_key (id, label, person, service, roles, structure, pole, "
               "created_by, created_at, expires_at, hash) "
               "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    [REVOKE] = "UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
    [USED] = "UPDATE api_key SET last_used = $2 WHERE id = $1 "
             "AND (last_used IS NULL OR last_used < $2)",
    [LIST] = "SELECT " COLUMNS " FROM api_key WHERE id > $1 "
             "AND (CAST($2 AS TEXT) IS NULL OR person = $2) "
             "AND (CAST($3 AS TEXT) IS NULL OR service = $3) ORDER BY id LIMIT $4",
    [SLOT_FIND] = "SELECT key_id FROM key_slot WHERE slot = $1",
    [SLOT_SET] = "INSERT INTO key_slot (slot, key_id) VALUES ($1, $2) "
                 "ON CONFLICT (slot) DO UPDATE SET key_id = excluded.key_id",
};

pia_status_t store_key_next(pia_stmt_t *stmt, apikey_t *ret_key)
{
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK) {
        return status;
    }
    TEXT_SET(ret_key->id, pia_stmt_column_text(stmt, 0));
    TEXT_SET(ret_key->label, pia_stmt_column_text(stmt, 1));
    TEXT_SET(ret_key->person, pia_stmt_column_text(stmt, 2));
    TEXT_SET(ret_key->service, pia_stmt_column_text(stmt, 3));
    ret_key->roles = (uint32_t)pia_stmt_column_integer(stmt, 4);
    TEXT_SET(ret_key->structure, pia_stmt_column_text(stmt, 5));
    TEXT_SET(ret_key->pole, pia_stmt_column_text(stmt, 6));
    TEXT_SET(ret_key->created_by, pia_stmt_column_text(stmt, 7));
    ret_key->created_at = pia_stmt_column_integer(stmt, 8);
    ret_key->expires_at = pia_stmt_column_integer(stmt, 9);
    ret_key->revoked_at = pia_stmt_column_integer(stmt, 10);
    ret_key->last_used = pia_stmt_column_integer(stmt, 11);
    return PIA_OK;
}

pia_status_t store_key_find(pia_db_t *db, const char *id, apikey_t *ret_key)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, id);
    pia_status_t status = store_key_next(stmt, ret_key);
    pia_stmt_reset(stmt);
    return status;
}

pia_status_t
store_key_find_by_hash(pia_db_t *db, const uint8_t hash[APIKEY_HASH_SIZE], apikey_t *ret_key)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND_BY_HASH]);
    pia_stmt_bytes(stmt, 1, hash, APIKEY_HASH_SIZE);
    pia_status_t status = store_key_next(stmt, ret_key);
    pia_stmt_reset(stmt);
    return status;
}

pia_status_t
store_key_insert(pia_db_t *db, const apikey_t *key, const uint8_t hash[APIKEY_HASH_SIZE])
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[INSERT]);
    pia_stmt_text(stmt, 1, key->id);
    pia_stmt_text(stmt, 2, key->label);
    pia_stmt_text(stmt, 3, text_or_null(key->person));
    pia_stmt_text(stmt, 4, text_or_null(key->service));
    pia_stmt_integer(stmt, 5, key->roles);
    pia_stmt_text(stmt, 6, text_or_null(key->structure));
    pia_stmt_text(stmt, 7, text_or_null(key->pole));
    pia_stmt_text(stmt, 8, key->created_by);
    pia_stmt_integer(stmt, 9, key->created_at);
    if (key->expires_at != 0) {
        pia_stmt_integer(stmt, 10, key->expires_at);
    }
    pia_stmt_bytes(stmt, 11, hash, APIKEY_HASH_SIZE);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t store_key_revoke(pia_db_t *db, const char *id, int64_t now_ms)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[REVOKE]);
    pia_stmt_text(stmt, 1, id);
    pia_stmt_integer(stmt, 2, now_ms);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t store_key_used(pia_db_t *db, const apikey_t *key, int64_t day)
{
    if (key->last_used >= day) {
        return PIA_OK;
    }
    pia_stmt_t *stmt = pia_db_prepare(db, sql[USED]);
    pia_stmt_text(stmt, 1, key->id);
    pia_stmt_integer(stmt, 2, day);
    return pia_stmt_run(stmt, NULL);
}

pia_stmt_t *store_key_list(pia_db_t *db,
                           const apikey_filter_t *filter,
                           const page_cursor_t *cursor,
                           int64_t limit)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[LIST]);
    pia_stmt_text(stmt, 1, cursor->id);
    pia_stmt_text(stmt, 2, filter->person);
    pia_stmt_text(stmt, 3, filter->service);
    pia_stmt_integer(stmt, 4, limit);
    return stmt;
}

pia_status_t store_slot_find(pia_db_t *db, const char *slot, char ret_key_id[UUID_SIZE])
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[SLOT_FIND]);
    pia_stmt_text(stmt, 1, slot);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK) {
        text_set(ret_key_id, UUID_SIZE, pia_stmt_column_text(stmt, 0));
        pia_stmt_reset(stmt);
    }
    return status;
}

pia_status_t store_slot_set(pia_db_t *db, const char *slot, const char *key_id)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[SLOT_SET]);
    pia_stmt_text(stmt, 1, slot);
    pia_stmt_text(stmt, 2, key_id);
    return pia_stmt_run(stmt, NULL);
}
