/* db_sqlite_stmt.c - statements of the embedded engine. */
#include "db_sqlite.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "db_sqlite_words.h"
#include "pia/memory.h"

typedef struct {
    pia_stmt_t base;
    sqlite3_stmt *handle; /* NULL: could not be prepared */
    int64_t changes;
    /* SQLite numbers $N by order of appearance: where $N stands, 0 if it does not. */
    int index[PIA_DB_PARAMETERS_MAX + 1];
} sqlite_stmt_t;

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
    int code = sqlite3_prepare_v3(pia_sqlite_handle(db), copy, -1, SQLITE_PREPARE_PERSISTENT,
                                  &self->handle, NULL);
    if (code != SQLITE_OK) {
        self->handle = NULL;
    } else {
        find_parameters(self);
    }
    free(copy);
}

pia_stmt_t *pia_sqlite_stmt_new(pia_db_t *db, const char *sql)
{
    sqlite_stmt_t *self = pia_alloc(sizeof *self);
    prepare(db, self, sql);
    return &self->base;
}

void pia_sqlite_stmt_free(pia_stmt_t *stmt)
{
    (void)sqlite3_finalize(((sqlite_stmt_t *)stmt)->handle);
    free(stmt);
}

void pia_sqlite_rewind(pia_stmt_t *stmt, bool clear_parameters)
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

void pia_sqlite_bind_integer(pia_stmt_t *stmt, int parameter, int64_t value)
{
    sqlite_stmt_t *self = (sqlite_stmt_t *)stmt;
    if (self->handle != NULL) {
        int code = sqlite3_bind_int64(self->handle, self->index[parameter], value);
        assert(code == SQLITE_OK);
    }
}

void pia_sqlite_bind_text(pia_stmt_t *stmt, int parameter, const char *value)
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

void pia_sqlite_bind_bytes(pia_stmt_t *stmt, int parameter, const void *value, size_t size)
{
    bind_blob(stmt, parameter, value, size, SQLITE_TRANSIENT);
}

void pia_sqlite_bind_borrowed(pia_stmt_t *stmt, int parameter, const void *value, size_t size)
{
    bind_blob(stmt, parameter, value, size, SQLITE_STATIC);
}

void pia_sqlite_bind_null(pia_stmt_t *stmt, int parameter)
{
    sqlite_stmt_t *self = (sqlite_stmt_t *)stmt;
    if (self->handle != NULL) {
        int code = sqlite3_bind_null(self->handle, self->index[parameter]);
        assert(code == SQLITE_OK);
    }
}

pia_status_t pia_sqlite_step(pia_stmt_t *stmt)
{
    sqlite_stmt_t *self = (sqlite_stmt_t *)stmt;
    if (self->handle == NULL) {
        prepare(stmt->db, self, stmt->sql); /* again, for the reason */
        return self->handle == NULL ? pia_sqlite_failed(stmt->db)
                                    : pia_db_fail(stmt->db, PIA_UNAVAILABLE, "prepared too late");
    }
    int code = sqlite3_step(self->handle);
    if (code == SQLITE_ROW) {
        return PIA_OK;
    }
    if (code == SQLITE_DONE) {
        bool writes = sqlite3_stmt_readonly(self->handle) == 0;
        self->changes = writes ? sqlite3_changes64(pia_sqlite_handle(stmt->db)) : 0;
        (void)sqlite3_reset(self->handle);
        return PIA_NOT_FOUND;
    }
    pia_status_t status = pia_sqlite_failed(stmt->db);
    (void)sqlite3_reset(self->handle);
    return status;
}

int64_t pia_sqlite_changes(pia_stmt_t *stmt)
{
    return ((sqlite_stmt_t *)stmt)->changes;
}

bool pia_sqlite_is_null(pia_stmt_t *stmt, int column)
{
    sqlite_stmt_t *self = (sqlite_stmt_t *)stmt;
    assert(column >= 0 && column < sqlite3_data_count(self->handle));
    return sqlite3_column_type(self->handle, column) == SQLITE_NULL;
}

int64_t pia_sqlite_column_integer(pia_stmt_t *stmt, int column)
{
    return sqlite3_column_int64(((sqlite_stmt_t *)stmt)->handle, column);
}

const char *pia_sqlite_column_text(pia_stmt_t *stmt, int column)
{
    return (const char *)sqlite3_column_text(((sqlite_stmt_t *)stmt)->handle, column);
}

const void *pia_sqlite_column_bytes(pia_stmt_t *stmt, int column, size_t *ret_size)
{
    sqlite3_stmt *handle = ((sqlite_stmt_t *)stmt)->handle;
    const void *bytes = sqlite3_column_blob(handle, column);
    *ret_size = (size_t)sqlite3_column_bytes(handle, column);
    return bytes == NULL ? "" : bytes; /* an empty blob has no address in SQLite */
}
