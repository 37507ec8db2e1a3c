/* idempotency.c - the table `idempotency`. */
#include "idempotency.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"

static const int64_t KEPT_MS = INT64_C(7) * 24 * 3600 * 1000;
enum { PURGED_MAX = 500 }; /* in one transaction, so that requests need not wait long */

/* The row is made first: a second one of the same key waits here for the first one's commit. */
static const char SQL_RESERVE[] =
    "INSERT INTO idempotency (principal, number, key, hash, made_at) VALUES ($1, $2, $3, $4, $5) "
    "ON CONFLICT DO NOTHING";
static const char SQL_FIND[] = "SELECT hash, version, answer FROM idempotency "
                               "WHERE principal = $1 AND number = $2 AND key = $3";
static const char SQL_STORE[] = "UPDATE idempotency SET version = $4, answer = $5 "
                                "WHERE principal = $1 AND number = $2 AND key = $3";
static const char SQL_PURGE[] = "DELETE FROM idempotency WHERE (principal, number, key) IN "
                                "(SELECT principal, number, key FROM idempotency WHERE made_at < "
                                "$1 ORDER BY made_at LIMIT $2)";

void pia_idempotency_hash(const json_t *body, uint8_t ret_hash[PIA_HASH_SIZE])
{
    json_t *copy = json_copy((json_t *)body);
    json_object_del(copy, "idempotency_key");
    char *text = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
    assert(text);
    crypto_generichash(ret_hash, PIA_HASH_SIZE, (const unsigned char *)text, strlen(text), NULL, 0);
    free(text);
    json_decref(copy);
}

static pia_stmt_t *prepare(pia_db_t *db, const char *sql, const pia_request_t *request)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql);
    pia_stmt_text(stmt, 1, request->principal.subject);
    pia_stmt_integer(stmt, 2, request->route->message->number);
    pia_stmt_text(stmt, 3, request->idempotency_key);
    return stmt;
}

static pia_status_t fail(pia_request_t *request, pia_status_t status, const char *detail)
{
    pia_request_refuse(&request, status, "/idempotency_key", detail);
    return status;
}

/* Another request has used the key: it gets the same answer, if it asks the same. */
static pia_status_t repeat(pia_db_t *db, pia_request_t *request)
{
    pia_stmt_t *stmt = prepare(db, SQL_FIND, request);
    if (pia_stmt_step(stmt) != PIA_OK)
        return fail(request, PIA_UNAVAILABLE, "the stored answer cannot be read");
    size_t size = 0;
    const void *hash = pia_stmt_column_bytes(stmt, 0, &size);
    const char *answer = pia_stmt_column_text(stmt, 2);
    if (!hash || size != PIA_HASH_SIZE || memcmp(hash, request->hash, PIA_HASH_SIZE) != 0)
        fail(request, PIA_CONFLICT, "this key was used with another body");
    else if (!answer)
        fail(request, PIA_UNAVAILABLE, "the first request with this key has no answer yet");
    else
        pia_request_repeat(request, answer, strlen(answer), pia_stmt_column_integer(stmt, 1));
    pia_stmt_reset(stmt);
    return PIA_CONFLICT;
}

pia_status_t pia_idempotency_reserve(pia_db_t *db, pia_request_t *request)
{
    pia_stmt_t *stmt = prepare(db, SQL_RESERVE, request);
    pia_stmt_bytes(stmt, 4, request->hash, PIA_HASH_SIZE);
    pia_stmt_integer(stmt, 5, pia_clock_wall());
    int64_t changes = 0;
    if (pia_stmt_run(stmt, &changes) != PIA_OK)
        return fail(request, PIA_UNAVAILABLE, "the database is not available");
    return changes == 1 ? PIA_OK : repeat(db, request);
}

pia_status_t pia_idempotency_store(pia_db_t *db, const pia_request_t *request)
{
    pia_stmt_t *stmt = prepare(db, SQL_STORE, request);
    pia_stmt_integer(stmt, 4, request->version);
    pia_stmt_text(stmt, 5, request->kept ? request->kept : request->answer);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t pia_idempotency_purge(pia_db_t *db, int64_t wall_ms, bool *ret_more)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_PURGE);
    pia_stmt_integer(stmt, 1, wall_ms - KEPT_MS);
    pia_stmt_integer(stmt, 2, PURGED_MAX);
    int64_t changes = 0;
    pia_status_t status = pia_stmt_run(stmt, &changes);
    *ret_more = status == PIA_OK && changes == PURGED_MAX;
    return status;
}
