/* db.h - a service's own database, SQLite or PostgreSQL, chosen by one URL:
 * "sqlite:registry.db" or "postgresql:///pia?host=…&options=…" with "#schema" as its last part.
 *
 * SQL is shared: parameters are $1, $2 … bound by number (by name in SQLite), types are BIGINT,
 * TEXT and BYTEA, upserts are ON CONFLICT. One connection belongs to one thread. */
#ifndef PIA_DB_H
#define PIA_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pia/problem.h"

typedef struct pia_db pia_db_t;
typedef struct pia_stmt pia_stmt_t;

typedef struct {
    int version;       /* 1, 2, 3 … without a hole */
    const char *sql;   /* statements ended by ; */
} pia_migration_t;

typedef enum { PIA_DB_WRITER, PIA_DB_READER } pia_db_mode_t;

/* Opens a connection. SQLite: WAL, synchronous=FULL, foreign keys, read back; the writer is the
 * only one that checkpoints; PIA_DB_READER is read-only. PostgreSQL: synchronous_commit=on,
 * search_path set to the schema (made if missing). PIA_UNAVAILABLE, with the reason. */
pia_status_t
pia_db_open(const char *url, pia_db_mode_t mode, pia_db_t **ret_db, pia_problem_t *problem);
void pia_db_close(pia_db_t **db_p);

/* Brings one part of the schema up to its last migration, each in a transaction of its own,
 * recorded in table `migration` (part, version): the common loop's tables ("common") live beside
 * the service's (its name), each with its own numbers. `table` ends with a NULL sql. PIA_CONFLICT:
 * the database is newer than the program. Safe when several instances start at once on PostgreSQL. */
pia_status_t pia_db_migrate(pia_db_t *db,
                            const char *part,
                            const pia_migration_t *table,
                            pia_problem_t *problem);

/* Whether a commit lets several processes write (PostgreSQL) or one holds the lock (SQLite). */
bool pia_db_is_shared(const pia_db_t *db);

/* Transactions. begin takes the write lock at once (BEGIN IMMEDIATE). commit returns PIA_OK only
 * when the data is durable; PIA_CONFLICT: serialisation failure or deadlock, rolled back, try again;
 * PIA_UNAVAILABLE: connection or disk, the outcome of a commit may be unknown. */
pia_status_t pia_db_begin(pia_db_t *db);
pia_status_t pia_db_commit(pia_db_t *db);
void pia_db_rollback(pia_db_t *db);
pia_status_t pia_db_savepoint(pia_db_t *db);
pia_status_t pia_db_release(pia_db_t *db);
void pia_db_rollback_to(pia_db_t *db);

/* After PIA_UNAVAILABLE: whether the failure was I/O or fsync or disk full, after which a process
 * must not go on (fsyncgate). The text is the engine's. */
bool pia_db_is_fatal(const pia_db_t *db);
const char *pia_db_error(const pia_db_t *db);

/* The statement for `sql`, prepared once per connection and cached by the address of the text
 * (a string constant). Never NULL: an error shows at the first step. Owned by the connection;
 * resets a former use. */
pia_stmt_t *pia_db_prepare(pia_db_t *db, const char *sql);

/* Parameters count from 1. Texts and bytes are copied. NULL text binds NULL. */
void pia_stmt_integer(pia_stmt_t *stmt, int parameter, int64_t value);
void pia_stmt_text(pia_stmt_t *stmt, int parameter, const char *value);
void pia_stmt_bytes(pia_stmt_t *stmt, int parameter, const void *value, size_t size);
void pia_stmt_null(pia_stmt_t *stmt, int parameter);

/* Runs to the next row: PIA_OK a row, PIA_NOT_FOUND no more rows (and reset). PIA_CONFLICT: a
 * unique key (pia_db_is_retryable false) or a deadlock (true). PIA_INVALID: another constraint.
 * PIA_UNAVAILABLE as for commit. */
pia_status_t pia_stmt_step(pia_stmt_t *stmt);

/* Steps to the end, rows ignored: PIA_OK if it ran. `ret_changes` (may be NULL): rows changed. */
pia_status_t pia_stmt_run(pia_stmt_t *stmt, int64_t *ret_changes);
bool pia_db_is_retryable(const pia_db_t *db);

/* Columns count from 0; borrowed until the next step or reset. NULL reads as 0, NULL, size 0. */
int64_t pia_stmt_column_integer(pia_stmt_t *stmt, int column);
const char *pia_stmt_column_text(pia_stmt_t *stmt, int column);
const void *pia_stmt_column_bytes(pia_stmt_t *stmt, int column, size_t *ret_size);
bool pia_stmt_column_is_null(pia_stmt_t *stmt, int column);

/* Ends a use before its last row. */
void pia_stmt_reset(pia_stmt_t *stmt);

/* A PASSIVE checkpoint when idle; nothing on PostgreSQL or a reader. */
void pia_db_checkpoint(pia_db_t *db);

#endif
