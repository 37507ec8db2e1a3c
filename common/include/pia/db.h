/* db.h - a service's own database, SQLite or PostgreSQL, chosen by one URL:
 * "sqlite:registry.db" or "postgresql:///pia?host=…&options=…" with "#schema" as its last part.
 * One connection belongs to one thread.
 *
 * SQL is shared by both engines:
 * - parameters are $1, $2 … (at most PIA_DB_PARAMETERS_MAX), types are BIGINT, TEXT and BYTEA,
 *   upserts are ON CONFLICT, RETURNING works;
 * - PostgreSQL infers a parameter's type from its place; where there is none ($1 IS NULL, SELECT
 * $1, CASE WHEN $1 = 0) write CAST($1 AS BIGINT) or CAST($1 AS TEXT), never ::, never AS BYTEA;
 * - FOR UPDATE [SKIP LOCKED] is left out for SQLite, whose writer holds the whole database;
 * - texts are compared and ordered by their bytes, also by LIKE, if PostgreSQL's database has the
 *   collation C (deploy and the tests make it so);
 * - a failed statement ends the transaction in PostgreSQL until the savepoint is rolled back: to go
 *   on after a duplicate, write ON CONFLICT DO NOTHING and look at the rows changed. */
#ifndef PIA_DB_H
#define PIA_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pia/problem.h"

enum { PIA_DB_PARAMETERS_MAX = 64 };

typedef struct pia_db pia_db_t;
typedef struct pia_stmt pia_stmt_t;

typedef struct {
    int version;     /* 1, 2, 3 … without a hole */
    const char *sql; /* statements ended by ; */
} pia_migration_t;

/* PIA_DB_BACKUP: a reader of a file that pia_db_copy has made, and that nobody writes.
 * PIA_DB_BLOB_WRITER: a writer that, if it makes the file, makes it for rows of many KiB (SQLite:
 * pages of 16 KiB). */
typedef enum { PIA_DB_WRITER, PIA_DB_READER, PIA_DB_BACKUP, PIA_DB_BLOB_WRITER } pia_db_mode_t;

/* Opens a connection. SQLite: WAL, synchronous=FULL, foreign keys, read back; the writer is the
 * only one that checkpoints; PIA_DB_READER is read-only. PostgreSQL: synchronous_commit=on,
 * search_path set to the schema (made by a writer if missing). PIA_UNAVAILABLE, with the reason;
 * PIA_INVALID: not such a URL; PIA_INTERNAL: the file is damaged, or no database. */
pia_status_t
pia_db_open(const char *url, pia_db_mode_t mode, pia_db_t **ret_db, pia_problem_t *problem);
void pia_db_close(pia_db_t **db_p);

/* Brings one set of tables ("common", "registry") up to its last migration, each in a transaction
 * of its own, recorded in table `migration`. `table` ends with a NULL sql. PIA_CONFLICT: the
 * database is newer than the program. Safe when several instances start at once. Writers only. */
pia_status_t
pia_db_migrate(pia_db_t *db, const char *set, const pia_migration_t *table, pia_problem_t *problem);

/* Whether a commit lets several processes write (PostgreSQL) or one holds the lock (SQLite). */
bool pia_db_is_shared(const pia_db_t *db);

/* Transactions. begin takes the write lock at once (BEGIN IMMEDIATE) and connects again after
 * PostgreSQL was lost; a reader's is a snapshot. commit returns PIA_OK only when the data is
 * durable; otherwise it is rolled back: PIA_CONFLICT: serialisation failure or deadlock, try again;
 * PIA_INVALID: a deferred constraint; PIA_INTERNAL: a statement had failed and was not undone;
 * PIA_UNAVAILABLE: connection or disk, the outcome of a commit may be unknown.
 * Savepoints nest; rollback_to undoes and ends the last one. */
pia_status_t pia_db_begin(pia_db_t *db);
pia_status_t pia_db_commit(pia_db_t *db);
void pia_db_rollback(pia_db_t *db);
pia_status_t pia_db_savepoint(pia_db_t *db);
pia_status_t pia_db_release(pia_db_t *db);
void pia_db_rollback_to(pia_db_t *db);

/* Whether a writer's operation failed by I/O, fsync, full disk or a damaged file, after which a
 * process must not go on (fsyncgate): stays true, and begin is refused. A reader acknowledges
 * nothing and goes on. The text is the engine's, of the last failure, without the row's values. */
bool pia_db_is_fatal(const pia_db_t *db);
/* Whether any operation found the database's own structure damaged: malformed pages, no database.
 * Such an operation returns PIA_INTERNAL, opening too. */
bool pia_db_is_damaged(const pia_db_t *db);
const char *pia_db_error(const pia_db_t *db);

/* The statement for `sql`, prepared once per connection and cached by the address of the text
 * (a string constant). Never NULL: an error shows at the first step. Owned by the connection;
 * resets a former use, all parameters NULL. */
pia_stmt_t *pia_db_prepare(pia_db_t *db, const char *sql);

/* Parameters count from 1. Texts and bytes are copied. A NULL pointer binds NULL (empty
 * bytes are another pointer with size 0). */
void pia_stmt_integer(pia_stmt_t *stmt, int parameter, int64_t value);
void pia_stmt_text(pia_stmt_t *stmt, int parameter, const char *value);
void pia_stmt_bytes(pia_stmt_t *stmt, int parameter, const void *value, size_t size);
/* The same without a copy, for large ones: they must stay until the statement has run. */
void pia_stmt_borrow(pia_stmt_t *stmt, int parameter, const void *value, size_t size);
void pia_stmt_null(pia_stmt_t *stmt, int parameter);

/* Runs to the next row: PIA_OK a row, PIA_NOT_FOUND no more rows (and reset). PIA_CONFLICT: a
 * unique key (pia_db_is_retryable false) or a deadlock (true). PIA_INVALID: another constraint, or
 * a value the column cannot hold. PIA_UNAVAILABLE as for commit. PIA_INTERNAL: wrong SQL, or a
 * reader that writes. */
pia_status_t pia_stmt_step(pia_stmt_t *stmt);

/* Steps to the end, rows ignored: PIA_OK if it ran. `ret_changes` (may be NULL): rows changed. */
pia_status_t pia_stmt_run(pia_stmt_t *stmt, int64_t *ret_changes);
bool pia_db_is_retryable(const pia_db_t *db);

/* Columns count from 0; borrowed until the next step or reset. NULL reads as 0, NULL, size 0; empty
 * bytes as a pointer with size 0. Booleans read as 0 and 1. */
int64_t pia_stmt_column_integer(pia_stmt_t *stmt, int column);
const char *pia_stmt_column_text(pia_stmt_t *stmt, int column);
const void *pia_stmt_column_bytes(pia_stmt_t *stmt, int column, size_t *ret_size);
bool pia_stmt_column_is_null(pia_stmt_t *stmt, int column);

/* Ends a use before its last row. */
void pia_stmt_reset(pia_stmt_t *stmt);

#endif
