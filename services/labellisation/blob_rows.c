/* blob_rows.c - bytes as rows of blob_chunk, each a part as it came. */
#include "blob_internal.h"

#include <string.h>

enum { WRITE, READ, RENAME, DROP };

static const char *const sql[] = {
    [WRITE] = "INSERT INTO blob_chunk (owner, start, bytes) VALUES ($1, $2, $3)",
    [READ] = "SELECT start, bytes FROM blob_chunk WHERE owner = $1 AND start <= $2 "
             "ORDER BY start DESC LIMIT 1",
    [RENAME] = "UPDATE blob_chunk SET owner = $2 WHERE owner = $1",
    [DROP] = "DELETE FROM blob_chunk WHERE owner = $1",
};

static pia_status_t
write_row(blob_store_t *store, const char *upload, int64_t start, const void *bytes, size_t size)
{
    pia_stmt_t *stmt = pia_db_prepare(store->db, sql[WRITE]);
    pia_stmt_text(stmt, 1, upload);
    pia_stmt_integer(stmt, 2, start);
    pia_stmt_borrow(stmt, 3, bytes, size);
    return pia_stmt_run(stmt, NULL);
}

/* Bytes from `at` to the end of their row, at most `size`; 0: there are no more. */
static pia_status_t read_row(blob_store_t *store,
                             const char *name,
                             int64_t at,
                             void *ret_bytes,
                             size_t size,
                             size_t *ret_size)
{
    pia_stmt_t *stmt = pia_db_prepare(store->db, sql[READ]);
    pia_stmt_text(stmt, 1, name);
    pia_stmt_integer(stmt, 2, at);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
    size_t held = 0;
    const char *bytes = pia_stmt_column_bytes(stmt, 1, &held);
    size_t skip = (size_t)(at - pia_stmt_column_integer(stmt, 0));
    *ret_size = skip >= held ? 0 : held - skip;
    if (*ret_size > size)
        *ret_size = size;
    memcpy(ret_bytes, bytes + (skip < held ? skip : 0), *ret_size);
    pia_stmt_reset(stmt);
    return PIA_OK;
}

static pia_status_t read_rows(blob_store_t *store,
                              const char *name,
                              int64_t start,
                              void *ret_bytes,
                              size_t size,
                              size_t *ret_size)
{
    size_t got = 0;
    for (size_t step = 1; got < size && step > 0; got += step) {
        pia_status_t status =
            read_row(store, name, start + (int64_t)got, (char *)ret_bytes + got, size - got, &step);
        if (status != PIA_OK)
            return status;
    }
    *ret_size = got;
    return PIA_OK;
}

static pia_status_t drop_rows(blob_store_t *store, const char *name)
{
    pia_stmt_t *stmt = pia_db_prepare(store->db, sql[DROP]);
    pia_stmt_text(stmt, 1, name);
    return pia_stmt_run(stmt, NULL);
}

static pia_status_t
keep_rows(blob_store_t *store, const char *upload, const char *hash, int64_t size, bool fresh)
{
    (void)size;
    if (!fresh)
        return drop_rows(store, upload);
    pia_stmt_t *stmt = pia_db_prepare(store->db, sql[RENAME]);
    pia_stmt_text(stmt, 1, upload);
    pia_stmt_text(stmt, 2, hash);
    return pia_stmt_run(stmt, NULL);
}

/* Rows go with the transaction that says so. */
static void sweep_nothing(blob_store_t *store)
{
    (void)store;
}

const blob_ops_t blob_rows = {write_row, read_rows, keep_rows, drop_rows, sweep_nothing};
