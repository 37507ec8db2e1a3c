/* blob.c - which blobs there are, for both ways to keep their bytes. */
#include "blob_internal.h"

#include <stdlib.h>

#include "pia/clock.h"
#include "pia/memory.h"

enum { EXPIRED_MAX = 16 /* blobs that one call removes */ };

static const int64_t UNUSED_MS = INT64_C(24) * 3600 * 1000;

enum { INSERT, REUSE, RELEASE, UNUSED, DELETE };

static const char *const sql[] = {
    [INSERT] = "INSERT INTO blob (hash, size, stored_at) VALUES ($1, $2, $3) "
               "ON CONFLICT DO NOTHING",
    [REUSE] = "UPDATE blob SET unused_since = NULL WHERE hash = $1",
    [RELEASE] = "UPDATE blob SET unused_since = $2 WHERE hash = $1 AND NOT EXISTS "
                "(SELECT 1 FROM attachment WHERE attachment.hash = blob.hash)",
    [UNUSED] = "SELECT hash FROM blob WHERE unused_since < $1 ORDER BY unused_since LIMIT $2",
    [DELETE] = "DELETE FROM blob WHERE hash = $1 AND unused_since < $2 AND NOT EXISTS "
               "(SELECT 1 FROM attachment WHERE attachment.hash = blob.hash)",
};

pia_status_t
blob_store_new(pia_db_t *db, const char *folder, blob_store_t **ret_store, pia_problem_t *problem)
{
    blob_store_t *store = pia_alloc(sizeof *store);
    store->db = db;
    store->folder = folder;
    store->ops = pia_db_is_shared(db) ? &blob_rows : &blob_files;
    pia_status_t status = store->ops == &blob_files ? blob_files_prepare(store, problem) : PIA_OK;
    if (status == PIA_OK)
        *ret_store = store;
    else
        free(store);
    return status;
}

void blob_store_destroy(blob_store_t **store_p)
{
    free(*store_p);
    *store_p = NULL;
}

pia_status_t
blob_write(blob_store_t *store, const char *upload, int64_t start, const void *bytes, size_t size)
{
    return store->ops->write(store, upload, start, bytes, size);
}

pia_status_t blob_read(blob_store_t *store,
                       const char *name,
                       int64_t start,
                       void *ret_bytes,
                       size_t size,
                       size_t *ret_size)
{
    return store->ops->read(store, name, start, ret_bytes, size, ret_size);
}

/* Whether the row was made now; PIA_CONFLICT: it was removed at the same moment. */
static pia_status_t add_row(blob_store_t *store, const char *hash, int64_t size, bool *ret_fresh)
{
    int64_t changes = 0;
    pia_stmt_t *stmt = pia_db_prepare(store->db, sql[INSERT]);
    pia_stmt_text(stmt, 1, hash);
    pia_stmt_integer(stmt, 2, size);
    pia_stmt_integer(stmt, 3, pia_clock_wall());
    pia_status_t status = pia_stmt_run(stmt, &changes);
    *ret_fresh = changes == 1;
    if (status != PIA_OK || changes == 1)
        return status;
    stmt = pia_db_prepare(store->db, sql[REUSE]);
    pia_stmt_text(stmt, 1, hash);
    status = pia_stmt_run(stmt, &changes);
    return status == PIA_OK && changes == 0 ? PIA_CONFLICT : status;
}

pia_status_t blob_keep(blob_store_t *store, const char *upload, const char *hash, int64_t size)
{
    bool fresh = false;
    pia_status_t status = add_row(store, hash, size, &fresh);
    return status == PIA_OK ? store->ops->keep(store, upload, hash, size, fresh) : status;
}

pia_status_t blob_release(blob_store_t *store, const char *hash)
{
    pia_stmt_t *stmt = pia_db_prepare(store->db, sql[RELEASE]);
    pia_stmt_text(stmt, 1, hash);
    pia_stmt_integer(stmt, 2, pia_clock_wall());
    return pia_stmt_run(stmt, NULL);
}

pia_status_t blob_drop(blob_store_t *store, const char *upload)
{
    return store->ops->drop(store, upload);
}

static pia_status_t find_unused(blob_store_t *store,
                                int64_t before_ms,
                                char ret_hash[EXPIRED_MAX][BLOB_HASH_SIZE],
                                size_t *ret_count)
{
    pia_stmt_t *stmt = pia_db_prepare(store->db, sql[UNUSED]);
    pia_stmt_integer(stmt, 1, before_ms);
    pia_stmt_integer(stmt, 2, EXPIRED_MAX);
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK && *ret_count < EXPIRED_MAX)
        (void)snprintf(ret_hash[(*ret_count)++], BLOB_HASH_SIZE, "%s",
                       pia_stmt_column_text(stmt, 0));
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t blob_expire(blob_store_t *store, int64_t wall_ms)
{
    char hash[EXPIRED_MAX][BLOB_HASH_SIZE];
    size_t count = 0;
    int64_t before_ms = wall_ms - UNUSED_MS;
    pia_status_t status = find_unused(store, before_ms, hash, &count);
    for (size_t i = 0; status == PIA_OK && i < count; i++) {
        int64_t changes = 0;
        pia_stmt_t *stmt = pia_db_prepare(store->db, sql[DELETE]);
        pia_stmt_text(stmt, 1, hash[i]);
        pia_stmt_integer(stmt, 2, before_ms);
        status = pia_stmt_run(stmt, &changes);
        if (status == PIA_OK && changes == 1 && store->ops == &blob_rows)
            status = store->ops->drop(store, hash[i]);
    }
    return status;
}

void blob_sweep(blob_store_t *store)
{
    store->ops->sweep(store);
}
