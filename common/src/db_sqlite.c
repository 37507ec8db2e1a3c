/* db_sqlite.c - the embedded engine: one writer, which alone checkpoints; readers are read-only. */
#include "db_internal.h"
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
    WAL_PAGES = 1000,      /* 4 MiB: copy into the database after the commit */
    WAL_PAGES_MAX = 16384  /* 64 MiB: also make the file small again */
};

typedef struct {
    pia_db_t base;
    sqlite3 *handle;
    sqlite3_stmt *begin, *end; /* BEGIN and COMMIT, prepared on first use */
    int wal_pages;             /* in the log after the last commit */
    int copied_pages;          /* of these, how many the last checkpoint has seen */
} sqlite_db_t;

typedef struct {
    pia_stmt_t base;
    sqlite3_stmt *handle; /* NULL: could not be prepared */
    int64_t changes;
    /* SQLite numbers $N by order of appearance: where $N stands, 0 if it does not. */
    int index[PIA_DB_PARAMETERS_MAX + 1];
} sqlite_stmt_t;

static sqlite3 *handle_of(pia_db_t *db)
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

static pia_status_t failed(pia_db_t *db)
{
    int code = sqlite3_extended_errcode(handle_of(db));
    if ((code & 0xff) == SQLITE_NOMEM) {
        abort(); /* as everywhere: memory.h */
    }
    db->fatal = db->fatal || (db->mode == PIA_DB_WRITER && is_fatal(code));
    db->damaged = db->damaged || is_damage(code);
    db->retryable = false;
    return pia_db_fail(db, status_of(code), sqlite3_errmsg(handle_of(db)));
}

static pia_status_t sqlite_exec(pia_db_t *db, const char *sql)
{
    char *words = pia_sqlite_words(sql);
    int code = sqlite3_exec(handle_of(db), words, NULL, NULL, NULL);
    free(words);
    return code == SQLITE_OK ? PIA_OK : failed(db);
}

/* What every transaction says: parsing it costs more than doing it. */
static pia_status_t run_prepared(pia_db_t *db, sqlite3_stmt **stmt, const char *sql)
{
    if (*stmt == NULL && sqlite3_prepare_v3(handle_of(db), sql, -1, SQLITE_PREPARE_PERSISTENT, stmt,
                                            NULL) != SQLITE_OK) {
        return failed(db);
    }
    pia_status_t status = sqlite3_step(*stmt) == SQLITE_DONE ? PIA_OK : failed(db);
    (void)sqlite3_reset(*stmt);
    return status;
}

static pia_status_t sqlite_begin(pia_db_t *db)
{
    return run_prepared(db, &((sqlite_db_t *)db)->begin,
                        db->mode == PIA_DB_WRITER ? "BEGIN IMMEDIATE" : "BEGIN");
}

static void checkpoint(sqlite_db_t *self, int mode)
{
    int code = sqlite3_wal_checkpoint_v2(self->handle, NULL, mode, NULL, NULL);
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) {
        failed(&self->base); /* the commit is durable; the next begin is refused if it is fatal */
    }
    self->copied_pages = self->wal_pages;
}

/* Keeps the log short. A reader may hold it: then it grows until the next try. */
static void checkpoint_when_long(sqlite_db_t *self)
{
    if (self->wal_pages < self->copied_pages) { /* the log began anew */
        self->copied_pages = 0;
    }
    if (self->wal_pages - self->copied_pages < WAL_PAGES) {
        return;
    }
    if (self->wal_pages < WAL_PAGES_MAX) {
        checkpoint(self, SQLITE_CHECKPOINT_PASSIVE);
        return;
    }
    (void)sqlite3_busy_timeout(self->handle, TRUNCATE_WAIT_MS);
    checkpoint(self, SQLITE_CHECKPOINT_TRUNCATE);
    (void)sqlite3_busy_timeout(self->handle, BUSY_MS);
}

static void sqlite_trim(pia_db_t *db)
{
    checkpoint_when_long((sqlite_db_t *)db);
}

static void sqlite_checkpoint(pia_db_t *db)
{
    sqlite_db_t *self = (sqlite_db_t *)db;
    if (self->wal_pages != self->copied_pages) {
        checkpoint(self, SQLITE_CHECKPOINT_PASSIVE);
    }
}

static void sqlite_rollback(pia_db_t *db)
{
    if (sqlite3_get_autocommit(handle_of(db)) == 0) {
        /* keeps the reason of the failure that led here; this can fail only on I/O */
        if (sqlite3_exec(handle_of(db), "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK) {
            failed(db);
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
    if (sqlite3_get_autocommit(handle_of(db)) != 0) {
        return PIA_UNAVAILABLE; /* an I/O failure has ended it; the reason is kept */
    }
    pia_status_t status = run_prepared(db, &((sqlite_db_t *)db)->end, "COMMIT");
    if (status == PIA_OK && !db->trims_apart) {
        checkpoint_when_long((sqlite_db_t *)db);
    }
    return status;
}

static pia_status_t sqlite_lock_migrations(pia_db_t *db)
{
    (void)db; /* the write lock is held */
    return PIA_OK;
}

static void find_parameters(sqlite_stmt_t *self)
{
    int left = sqlite3_bind_parameter_count(self->handle);
    for (int parameter = 1; left > 0 && parameter <= PIA_DB_PARAMETERS_MAX; parameter++) {
        char name[16];
        (void)snprintf(name, sizeof name, "$%d", parameter);
        self->index[parameter] = sqlite3_bind_parameter_index(self->handle, name);
        left -= self->index[parameter] > 0;
    }
}

static void prepare(pia_db_t *db, sqlite_stmt_t *self, const char *sql)
{
    char *copy = pia_sqlite_words(sql);
    int code =
        sqlite3_prepare_v3(handle_of(db), copy, -1, SQLITE_PREPARE_PERSISTENT, &self->handle, NULL);
    if (code != SQLITE_OK) {
        self->handle = NULL;
    } else {
        find_parameters(self);
    }
    free(copy);
}

static pia_stmt_t *sqlite_stmt_new(pia_db_t *db, const char *sql)
{
    sqlite_stmt_t *self = pia_alloc(sizeof *self);
    prepare(db, self, sql);
    return &self->base;
}

static void sqlite_stmt_free(pia_stmt_t *stmt)
{
    (void)sqlite3_finalize(((sqlite_stmt_t *)stmt)->handle);
    free(stmt);
}

static void sqlite_rewind(pia_stmt_t *stmt, bool clear_parameters)
{
    sqlite_stmt_t *self = (sqlite_stmt_t *)stmt;
    if (self->handle == NULL) {
        if (clear_parameters) {
            prepare(stmt->db, self, stmt->sql); /* the table may exist by now */
        }
        return;
    }
    (void)sqlite3_reset(self->handle); /* repeats the code of a failed step, already reported */
    if (clear_parameters) {
        (void)sqlite3_clear_bindings(self->handle);
    }
}

static void sqlite_bind_integer(pia_stmt_t *stmt, int parameter, int64_t value)
{
    sqlite_stmt_t *self = (sqlite_stmt_t *)stmt;
    if (self->handle != NULL) {
        int code = sqlite3_bind_int64(self->handle, self->index[parameter], value);
        assert(code == SQLITE_OK);
    }
}

static void sqlite_bind_text(pia_stmt_t *stmt, int parameter, const char *value)
{
    sqlite_stmt_t *self = (sqlite_stmt_t *)stmt;
    if (self->handle != NULL) {
        int code =
            sqlite3_bind_text(self->handle, self->index[parameter], value, -1, SQLITE_TRANSIENT);
        assert(code == SQLITE_OK); /* a text from outside is bounded long before */
    }
}

static void bind_blob(
    pia_stmt_t *stmt, int parameter, const void *value, size_t size, sqlite3_destructor_type how)
{
    sqlite_stmt_t *self = (sqlite_stmt_t *)stmt;
    if (self->handle != NULL) {
        int code = sqlite3_bind_blob64(self->handle, self->index[parameter], value, size, how);
        assert(code == SQLITE_OK);
    }
}

static void sqlite_bind_bytes(pia_stmt_t *stmt, int parameter, const void *value, size_t size)
{
    bind_blob(stmt, parameter, value, size, SQLITE_TRANSIENT);
}

static void sqlite_bind_borrowed(pia_stmt_t *stmt, int parameter, const void *value, size_t size)
{
    bind_blob(stmt, parameter, value, size, SQLITE_STATIC);
}

static void sqlite_bind_null(pia_stmt_t *stmt, int parameter)
{
    sqlite_stmt_t *self = (sqlite_stmt_t *)stmt;
    if (self->handle != NULL) {
        int code = sqlite3_bind_null(self->handle, self->index[parameter]);
        assert(code == SQLITE_OK);
    }
}

static pia_status_t sqlite_step(pia_stmt_t *stmt)
{
    sqlite_stmt_t *self = (sqlite_stmt_t *)stmt;
    if (self->handle == NULL) {
        prepare(stmt->db, self, stmt->sql); /* again, for the reason */
        return self->handle == NULL ? failed(stmt->db)
                                    : pia_db_fail(stmt->db, PIA_UNAVAILABLE, "prepared too late");
    }
    int code = sqlite3_step(self->handle);
    if (code == SQLITE_ROW) {
        return PIA_OK;
    }
    if (code == SQLITE_DONE) {
        bool writes = sqlite3_stmt_readonly(self->handle) == 0;
        self->changes = writes ? sqlite3_changes64(handle_of(stmt->db)) : 0;
        (void)sqlite3_reset(self->handle);
        return PIA_NOT_FOUND;
    }
    pia_status_t status = failed(stmt->db);
    (void)sqlite3_reset(self->handle);
    return status;
}

static int64_t sqlite_changes(pia_stmt_t *stmt)
{
    return ((sqlite_stmt_t *)stmt)->changes;
}

static bool sqlite_is_null(pia_stmt_t *stmt, int column)
{
    sqlite_stmt_t *self = (sqlite_stmt_t *)stmt;
    assert(column >= 0 && column < sqlite3_data_count(self->handle));
    return sqlite3_column_type(self->handle, column) == SQLITE_NULL;
}

static int64_t sqlite_column_integer(pia_stmt_t *stmt, int column)
{
    return sqlite3_column_int64(((sqlite_stmt_t *)stmt)->handle, column);
}

static const char *sqlite_column_text(pia_stmt_t *stmt, int column)
{
    return (const char *)sqlite3_column_text(((sqlite_stmt_t *)stmt)->handle, column);
}

static const void *sqlite_column_bytes(pia_stmt_t *stmt, int column, size_t *ret_size)
{
    sqlite3_stmt *handle = ((sqlite_stmt_t *)stmt)->handle;
    const void *bytes = sqlite3_column_blob(handle, column);
    *ret_size = (size_t)sqlite3_column_bytes(handle, column);
    return bytes == NULL ? "" : bytes; /* an empty blob has no address in SQLite */
}

static void sqlite_close(pia_db_t *db)
{
    (void)sqlite3_finalize(((sqlite_db_t *)db)->begin);
    (void)sqlite3_finalize(((sqlite_db_t *)db)->end);
    (void)sqlite3_close(handle_of(db));
    free(db);
}

static pia_status_t sqlite_copy(pia_db_t *db, const char *path)
{
    return pia_sqlite_copy(db, handle_of(db), path);
}

static pia_status_t sqlite_settle(pia_db_t *db)
{
    int code =
        sqlite3_wal_checkpoint_v2(handle_of(db), NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return code == SQLITE_OK ? PIA_OK : failed(db);
}

static const pia_db_ops_t SQLITE_OPS = {
    .close = sqlite_close,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .exec = sqlite_exec,
    .lock_migrations = sqlite_lock_migrations,
    .checkpoint = sqlite_checkpoint,
    .settle = sqlite_settle,
    .copy = sqlite_copy,
    .trim = sqlite_trim,
    .stmt_new = sqlite_stmt_new,
    .stmt_free = sqlite_stmt_free,
    .rewind = sqlite_rewind,
    .bind_integer = sqlite_bind_integer,
    .bind_text = sqlite_bind_text,
    .bind_bytes = sqlite_bind_bytes,
    .bind_borrowed = sqlite_bind_borrowed,
    .bind_null = sqlite_bind_null,
    .step = sqlite_step,
    .changes = sqlite_changes,
    .is_null = sqlite_is_null,
    .column_integer = sqlite_column_integer,
    .column_text = sqlite_column_text,
    .column_bytes = sqlite_column_bytes,
    .is_shared = false,
};

static int count_wal_pages(void *arg, sqlite3 *handle, const char *name, int pages)
{
    (void)handle;
    (void)name;
    ((sqlite_db_t *)arg)->wal_pages = pages;
    return SQLITE_OK;
}

/* Whether a pragma reads back as expected. */
static bool pragma_is(sqlite_db_t *self, const char *sql, const char *expected)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(self->handle, sql, -1, &stmt, NULL) != SQLITE_OK) {
        return false;
    }
    bool same = sqlite3_step(stmt) == SQLITE_ROW &&
                strcmp((const char *)sqlite3_column_text(stmt, 0), expected) == 0;
    (void)sqlite3_finalize(stmt);
    return same;
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

static pia_status_t set_up(sqlite_db_t *self)
{
    static const char settings[] = "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                                   "PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"
                                   "PRAGMA cache_size=-16384; PRAGMA trusted_schema=OFF;"
                                   "PRAGMA case_sensitive_like=ON;";
    pia_db_t *db = &self->base;
    (void)sqlite3_extended_result_codes(self->handle, 1);
    (void)sqlite3_busy_timeout(self->handle, BUSY_MS);
    keep_the_log(self);
    pia_status_t status = db->mode == PIA_DB_WRITER ? sqlite_exec(db, "PRAGMA journal_mode=WAL")
                                                    : set_up_reader(self);
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
    bool writer = mode == PIA_DB_WRITER;
    int flags = (writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX;
    sqlite_db_t *self = pia_alloc(sizeof *self);
    self->base.ops = &SQLITE_OPS;
    self->base.mode = mode;
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
