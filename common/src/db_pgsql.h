/* db_pgsql.h - what the two halves of the PostgreSQL engine share: connection and statements. */
#ifndef PIA_DB_PGSQL_H
#define PIA_DB_PGSQL_H

#include <libpq-fe.h>

#include "db_internal.h"

typedef struct {
    pia_db_t base;
    char *url;           /* without its last part */
    char schema[64];     /* "" for the role's default */
    PGconn *handle;      /* NULL or bad: lost */
    uint32_t generation; /* counts connections: a statement is prepared once in each */
    uint32_t named;      /* statements so far, for their names */
} pgsql_db_t;

/* Keeps the reason of a failed result (NULL: the connection's); says what it means. */
pia_status_t pia_pgsql_failed(pgsql_db_t *self, const PGresult *result);

/* Connects again if the connection is lost, but not inside a transaction. */
pia_status_t pia_pgsql_ready(pgsql_db_t *self);

/* The operations on statements: see pia_db_ops_t. */
pia_stmt_t *pia_pgsql_stmt_new(pia_db_t *db, const char *sql);
void pia_pgsql_stmt_free(pia_stmt_t *stmt);
void pia_pgsql_rewind(pia_stmt_t *stmt, bool clear_parameters);
void pia_pgsql_bind_integer(pia_stmt_t *stmt, int parameter, int64_t value);
void pia_pgsql_bind_text(pia_stmt_t *stmt, int parameter, const char *value);
void pia_pgsql_bind_bytes(pia_stmt_t *stmt, int parameter, const void *value, size_t size);
void pia_pgsql_bind_null(pia_stmt_t *stmt, int parameter);
pia_status_t pia_pgsql_step(pia_stmt_t *stmt);
int64_t pia_pgsql_changes(pia_stmt_t *stmt);
bool pia_pgsql_is_null(pia_stmt_t *stmt, int column);
int64_t pia_pgsql_column_integer(pia_stmt_t *stmt, int column);
const char *pia_pgsql_column_text(pia_stmt_t *stmt, int column);
const void *pia_pgsql_column_bytes(pia_stmt_t *stmt, int column, size_t *ret_size);

#endif
