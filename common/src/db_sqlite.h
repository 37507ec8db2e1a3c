/* db_sqlite.h - what the two halves of the SQLite engine share: connection and statements. */
#ifndef PIA_DB_SQLITE_H
#define PIA_DB_SQLITE_H

#include <sqlite3.h>

#include "db_internal.h"

typedef struct {
    pia_db_t base;
    sqlite3 *handle;
    /* BEGIN, COMMIT, SAVEPOINT and RELEASE, prepared on first use */
    sqlite3_stmt *begin, *end, *savepoint, *release;
    int wal_pages;     /* in the log after the last commit */
    int copied_pages;  /* of these, how many the last checkpoint has seen */
    int64_t page_size; /* bytes */
    bool blobs;        /* a new file is made for large rows */
} sqlite_db_t;

sqlite3 *pia_sqlite_handle(pia_db_t *db);

/* Keeps the reason of the last failure; says what it means. */
pia_status_t pia_sqlite_failed(pia_db_t *db);

/* The operations on statements: see pia_db_ops_t. */
pia_stmt_t *pia_sqlite_stmt_new(pia_db_t *db, const char *sql);
void pia_sqlite_stmt_free(pia_stmt_t *stmt);
void pia_sqlite_rewind(pia_stmt_t *stmt, bool clear_parameters);
void pia_sqlite_bind_integer(pia_stmt_t *stmt, int parameter, int64_t value);
void pia_sqlite_bind_text(pia_stmt_t *stmt, int parameter, const char *value);
void pia_sqlite_bind_bytes(pia_stmt_t *stmt, int parameter, const void *value, size_t size);
void pia_sqlite_bind_borrowed(pia_stmt_t *stmt, int parameter, const void *value, size_t size);
void pia_sqlite_bind_null(pia_stmt_t *stmt, int parameter);
pia_status_t pia_sqlite_step(pia_stmt_t *stmt);
int64_t pia_sqlite_changes(pia_stmt_t *stmt);
bool pia_sqlite_is_null(pia_stmt_t *stmt, int column);
int64_t pia_sqlite_column_integer(pia_stmt_t *stmt, int column);
const char *pia_sqlite_column_text(pia_stmt_t *stmt, int column);
const void *pia_sqlite_column_bytes(pia_stmt_t *stmt, int column, size_t *ret_size);

#endif
