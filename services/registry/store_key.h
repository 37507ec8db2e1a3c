/* store_key.h - API keys in the database. Store thread, in a transaction. */
#ifndef REGISTRY_STORE_KEY_H
#define REGISTRY_STORE_KEY_H

#include "apikey.h"
#include "cursor.h"
#include "pia/db.h"

/* NULL members do not filter. */
typedef struct {
    const char *person, *service;
} apikey_filter_t;

/* PIA_NOT_FOUND: no such key, revoked ones included in what is found. */
pia_status_t store_key_find(pia_db_t *db, const char *id, apikey_t *ret_key);
pia_status_t
store_key_find_by_hash(pia_db_t *db, const uint8_t hash[APIKEY_HASH_SIZE], apikey_t *ret_key);

pia_status_t
store_key_insert(pia_db_t *db, const apikey_t *key, const uint8_t hash[APIKEY_HASH_SIZE]);

/* Revoking a revoked key keeps the first time. */
pia_status_t store_key_revoke(pia_db_t *db, const char *id, int64_t now_ms);

/* Notes the day of use, at most one write a day and key. */
pia_status_t store_key_used(pia_db_t *db, const apikey_t *key, int64_t day);

/* Keys in the order of their creation from after `cursor` on: step with store_key_next. */
pia_stmt_t *store_key_list(pia_db_t *db,
                           const apikey_filter_t *filter,
                           const page_cursor_t *cursor,
                           int64_t limit);
pia_status_t store_key_next(pia_stmt_t *stmt, apikey_t *ret_key);

/* Which key a file of the first start holds: PIA_NOT_FOUND if none yet. */
pia_status_t store_slot_find(pia_db_t *db, const char *slot, char ret_key_id[UUID_SIZE]);
pia_status_t store_slot_set(pia_db_t *db, const char *slot, const char *key_id);

#endif
