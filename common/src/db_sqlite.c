/* db_sqlite.c - the embedded engine: one writer, which alone checkpoints; readers are read-only. */
#include "db_sqlite.h"
#include "db_sqlite_log.h"
#include "db_sqlite_words.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pia/memory.h"

enum {
    BUSY_MS = 5000,        /* only a safety: the writer is alone */
    TRUNCATE_WAIT_MS = 20, /* how long a checkpoint may wait for readers */
    PRAGMA_SIZE = 16,
    WAL_SIZE = 4 << 20,      /* copy into the database after the commit */
    WAL_SIZE_MAX = 64 << 20, /* also make the file small again */
};

sqlite3 *pia_sqlite_handle(pia_db_t *db)
{
    return ((sqlite_db_t *)db)->handle;
}

/* What a result code means; the primary code is in its low byte. */
static pia_status_t status_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
                       code == SQLITE_CONSTRAINT_ROWID
                   ? PIA_CONFLICT
                   : PIA_INVALID;
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        return PIA_INVALID;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_FULL:
        return PIA_UNAVAILABLE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    default:
        return PIA_INTERNAL;
    }
}

static bool is_damage(int code)
{
    int primary = code & 0xff;
    return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

static bool is_fatal(int code)
{
    int primary = code & 0xff;
    return primary == SQLITE_IOERR || primary == SQLITE_FULL || is_damage(code);
}

pia_status_t pia_sqlite_failed(pia_db_t *db)
{
    int code = sqlite3_extended_errcode(pia_sqlite_handle(db));
    if ((code & 0xff) == SQLITE_NOMEM) {
        abort(); /* as everywhere: memory.h */
    }
    db->fatal = db->fatal || (db->mode == PIA_DB_WRITER && is_fatal(code));
    db->damaged = db->damaged || is_damage(code);
    db->retryable = false;
    return pia_db_fail(db, status_of(code), sqlite3_errmsg(pia_sqlite_handle(db)));
}

static pia_status_t sqlite_exec(pia_db_t *db, const char *sql)
{
    char *words = pia_sqlite_words(sql);
    int code = sqlite3_exec(pia_sqlite_handle(db), words, NULL, NULL, NULL);
    free(words);
    return code == SQLITE_OK ? PIA_OK : pia_sqlite_failed(db);
}

/* What every transaction says: parsing it costs more than doing it. */
static pia_status_t run_prepared(pia_db_t *db, sqlite3_stmt **stmt, const char *sql)
{
    if (*stmt == NULL && sqlite3_prepare_v3(pia_sqlite_handle(db), sql, -1,
                                            SQLITE_PREPARE_PERSISTENT, stmt, NULL) != SQLITE_OK) {
        return pia_sqlite_failed(db);
    }
    pia_status_t status = sqlite3_step(*stmt) == SQLITE_DONE ? PIA_OK : pia_sqlite_failed(db);
    (void)sqlite3_reset(*stmt);
    return status;
}

static pia_status_t sqlite_begin(pia_db_t *db)
{
    return run_prepared(db, &((sqlite_db_t *)db)->begin,
                        db->mode == PIA_DB_WRITER ? "BEGIN IMMEDIATE" : "BEGIN");
}

static pia_status_t sqlite_savepoint(pia_db_t *db)
{
    return run_prepared(db, &((sqlite_db_t *)db)->savepoint, "SAVEPOINT pia");
}

static pia_status_t sqlite_release(pia_db_t *db)
{
    return run_prepared(db, &((sqlite_db_t *)db)->release, "RELEASE SAVEPOINT pia");
}

static bool checkpoint(sqlite_db_t *self, int mode)
{
    int code = sqlite3_wal_checkpoint_v2(self->handle, NULL, mode, NULL, NULL);
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) {
        pia_sqlite_failed(
            &self->base); /* the commit is durable; the next begin is refused if it is fatal */
    }
    self->copied_pages = self->wal_pages;
    return code == SQLITE_OK;
}

/* A reader may hold the log: then it stays as it is until the next try. */
static void empty_log(sqlite_db_t *self)
{
    (void)sqlite3_busy_timeout(self->handle, TRUNCATE_WAIT_MS);
    bool emptied = checkpoint(self, SQLITE_CHECKPOINT_TRUNCATE);
    (void)sqlite3_busy_timeout(self->handle, BUSY_MS);
    self->base.empties_log = self->base.empties_log && !emptied;
}

/* Keeps the log short. */
static void checkpoint_when_due(sqlite_db_t *self)
{
    if (self->base.empties_log) {
        empty_log(self);
        return;
    }
    if (self->wal_pages < self->copied_pages) { /* the log began anew */
        self->copied_pages = 0;
    }
    if ((self->wal_pages - self->copied_pages) * self->page_size < WAL_SIZE) {
        return;
    }
    if (self->wal_pages * self->page_size < WAL_SIZE_MAX) {
        (void)checkpoint(self, SQLITE_CHECKPOINT_PASSIVE);
        return;
    }
    empty_log(self);
}

static pia_status_t sqlite_wipe(pia_db_t *db, bool wipes)
{
    return sqlite_exec(db, wipes ? "PRAGMA secure_delete=ON" : "PRAGMA secure_delete=OFF");
}

static int64_t sqlite_changed(const pia_db_t *db)
{
    return sqlite3_total_changes64(((const sqlite_db_t *)db)->handle);
}

static void sqlite_trim(pia_db_t *db)
{
    checkpoint_when_due((sqlite_db_t *)db);
}

static void sqlite_checkpoint(pia_db_t *db)
{
    sqlite_db_t *self = (sqlite_db_t *)db;
    if (self->base.empties_log) {
        empty_log(self);
    } else if (self->wal_pages != self->copied_pages) {
        (void)checkpoint(self, SQLITE_CHECKPOINT_PASSIVE);
    }
}

static void sqlite_rollback(pia_db_t *db)
{
    if (sqlite3_get_autocommit(pia_sqlite_handle(db)) == 0) {
        /* keeps the reason of the failure that led here; this can fail only on I/O */
        if (sqlite3_exec(pia_sqlite_handle(db), "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK) {
            pia_sqlite_failed(db);
        }
    }
}

static pia_status_t sqlite_commit(pia_db_t *db)
{
    if (db->mode != PIA_DB_WRITER) {
        sqlite_rollback(
            db); /* COMMIT fails where the file is damaged, and there is nothing to write */
        return PIA_OK;
    }
    if (sqlite3_get_autocommit(pia_sqlite_handle(db)) != 0) {
        return PIA_UNAVAILABLE; /* an I/O failure has ended it; the reason is kept */
    }
    pia_status_t status = run_prepared(db, &((sqlite_db_t *)db)->end, "COMMIT");
    if (status == PIA_OK && !db->trims_apart) {
        checkpoint_when_due((sqlite_db_t *)db);
    }
    return status;
}

static pia_status_t sqlite_lock_migrations(pia_db_t *db)
{
    (void)db; /* the write lock is held */
    return PIA_OK;
}

static void sqlite_close(pia_db_t *db)
{
    (void)sqlite3_finalize(((sqlite_db_t *)db)->begin);
    (void)sqlite3_finalize(((sqlite_db_t *)db)->end);
    (void)sqlite3_finalize(((sqlite_db_t *)db)->savepoint);
    (void)sqlite3_finalize(((sqlite_db_t *)db)->release);
    (void)sqlite3_close(pia_sqlite_handle(db));
    free(db);
}

static pia_status_t sqlite_copy(pia_db_t *db, const char *path)
{
    return pia_sqlite_copy(db, pia_sqlite_handle(db), path);
}

static pia_status_t sqlite_settle(pia_db_t *db)
{
    int code = sqlite3_wal_checkpoint_v2(pia_sqlite_handle(db), NULL, SQLITE_CHECKPOINT_TRUNCATE,
                                         NULL, NULL);
    return code == SQLITE_OK ? PIA_OK : pia_sqlite_failed(db);
}

static const pia_db_ops_t SQLITE_OPS = {
    .close = sqlite_close,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .exec = sqlite_exec,
    .savepoint = sqlite_savepoint,
    .release = sqlite_release,
    .lock_migrations = sqlite_lock_migrations,
    .checkpoint = sqlite_checkpoint,
    .settle = sqlite_settle,
    .copy = sqlite_copy,
    .trim = sqlite_trim,
    .wipe = sqlite_wipe,
    .changed = sqlite_changed,
    .stmt_new = pia_sqlite_stmt_new,
    .stmt_free = pia_sqlite_stmt_free,
    .rewind = pia_sqlite_rewind,
    .bind_integer = pia_sqlite_bind_integer,
    .bind_text = pia_sqlite_bind_text,
    .bind_bytes = pia_sqlite_bind_bytes,
    .bind_borrowed = pia_sqlite_bind_borrowed,
    .bind_null = pia_sqlite_bind_null,
    .step = pia_sqlite_step,
    .changes = pia_sqlite_changes,
    .is_null = pia_sqlite_is_null,
    .column_integer = pia_sqlite_column_integer,
    .column_text = pia_sqlite_column_text,
    .column_bytes = pia_sqlite_column_bytes,
    .is_shared = false,
};

static int count_wal_pages(void *arg, sqlite3 *handle, const char *name, int pages)
{
    (void)handle;
    (void)name;
    ((sqlite_db_t *)arg)->wal_pages = pages;
    return SQLITE_OK;
}

/* What a pragma reads back as; "" if it does not. */
static void read_pragma(sqlite_db_t *self, const char *sql, char *ret_text, size_t size)
{
    sqlite3_stmt *stmt = NULL;
    ret_text[0] = '\0';
    if (sqlite3_prepare_v2(self->handle, sql, -1, &stmt, NULL) != SQLITE_OK) {
        return;
    }
    if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_text(stmt, 0)) {
        (void)snprintf(ret_text, size, "%s", (const char *)sqlite3_column_text(stmt, 0));
    }
    (void)sqlite3_finalize(stmt);
}

static bool pragma_is(sqlite_db_t *self, const char *sql, const char *expected)
{
    char text[PRAGMA_SIZE];
    read_pragma(self, sql, text, sizeof text);
    return strcmp(text, expected) == 0;
}

/* The log stays beside the file when the last connection closes, and closing does not checkpoint:
 * only the writer's own calls do. Double quotes are names, as in PostgreSQL. */
static void keep_the_log(sqlite_db_t *self)
{
    int on = 1;
    (void)sqlite3_file_control(self->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
    (void)sqlite3_db_config(self->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    (void)sqlite3_db_config(self->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(self->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    (void)sqlite3_db_config(self->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    (void)sqlite3_wal_autocheckpoint(self->handle, 0);
    (void)sqlite3_wal_hook(self->handle, count_wal_pages, self);
}

/* A file that is shorter than it says is read as far as it goes; `writable_schema` only says so
 * here: nothing can be written over this connection. */
static pia_status_t set_up_reader(sqlite_db_t *self)
{
    pia_status_t status = sqlite_exec(&self->base, "PRAGMA schema_version");
    if (status == PIA_INTERNAL && self->base.damaged) {
        (void)sqlite3_db_config(self->handle, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
        status = sqlite_exec(&self->base, "PRAGMA writable_schema=ON");
    }
    return status;
}

/* How large the file's pages are is decided when it is made. Measured with the journal, whose rows
 * have up to 256 KiB: with pages of 16 KiB instead of 4 KiB its CPU time for an event is 9 % less,
 * as a checkpoint reads and writes a page with two calls. */
static pia_status_t set_up_writer(sqlite_db_t *self)
{
    pia_db_t *db = &self->base;
    char size[PRAGMA_SIZE];
    pia_status_t status = self->blobs ? sqlite_exec(db, "PRAGMA page_size=16384") : PIA_OK;
    if (status == PIA_OK) {
        status = sqlite_exec(db, "PRAGMA journal_mode=WAL");
    }
    if (status == PIA_OK) {
        read_pragma(self, "PRAGMA page_size", size, sizeof size);
        self->page_size = strtoll(size, NULL, 10);
    }
    return status;
}

static pia_status_t set_up(sqlite_db_t *self)
{
    static const char settings[] = "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                                   "PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"
                                   "PRAGMA cache_size=-16384; PRAGMA trusted_schema=OFF;"
                                   "PRAGMA case_sensitive_like=ON; PRAGMA secure_delete=ON;";
    pia_db_t *db = &self->base;
    (void)sqlite3_extended_result_codes(self->handle, 1);
    (void)sqlite3_busy_timeout(self->handle, BUSY_MS);
    keep_the_log(self);
    pia_status_t status = db->mode == PIA_DB_WRITER ? set_up_writer(self) : set_up_reader(self);
    if (status == PIA_OK) {
        status = sqlite_exec(db, settings);
    }
    if (status != PIA_OK) {
        return status;
    }
    if (db->mode == PIA_DB_BACKUP) {
        return PIA_OK;
    }
    if (!pragma_is(self, "PRAGMA journal_mode", "wal") ||
        !pragma_is(self, "PRAGMA synchronous", "2") ||
        !pragma_is(self, "PRAGMA foreign_keys", "1")) {
        return pia_db_fail(db, PIA_UNAVAILABLE,
                           "not in the mode WAL, synchronous=FULL, foreign_keys=ON");
    }
    return PIA_OK;
}

/* A new database is for its owner alone (its log inherits the mode). An existing file must not be
 * opened here: closing it would drop the locks of this process's other connections. */
static void make_private(const char *path)
{
    int descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
}

pia_status_t
pia_sqlite_open(const char *path, pia_db_mode_t mode, pia_db_t **ret_db, pia_problem_t *problem)
{
    bool blobs = mode == PIA_DB_BLOB_WRITER;
    bool writer = blobs || mode == PIA_DB_WRITER;
    int flags = (writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX;
    sqlite_db_t *self = pia_alloc(sizeof *self);
    self->base.ops = &SQLITE_OPS;
    self->base.mode = writer ? PIA_DB_WRITER : mode;
    self->blobs = blobs;
    if (writer) {
        make_private(path);
    }
    pia_status_t status = PIA_UNAVAILABLE;
    const char *vfs = writer ? pia_sqlite_log_vfs() : NULL;
    if (sqlite3_open_v2(path, &self->handle, flags, vfs) != SQLITE_OK) {
        (void)pia_db_fail(&self->base, status, sqlite3_errmsg(self->handle));
    } else {
        status = set_up(self);
    }
    if (status != PIA_OK) {
        (void)pia_problem_set(problem, status, NULL, "%s: %s", path, self->base.error);
        sqlite_close(&self->base);
        return status;
    }
    *ret_db = &self->base;
    return PIA_OK;
}
