/* db.c - what both engines have in common: the URL, the cache of statements, savepoints. */
#include "db_internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/db_file.h"
#include "pia/memory.h"

pia_status_t
pia_db_open(const char *url, pia_db_mode_t mode, pia_db_t **ret_db, pia_problem_t *problem)
{
    if (strncmp(url, "sqlite:", 7) == 0 && url[7] != '\0') {
        return pia_sqlite_open(url + 7, mode, ret_db, problem);
    }
    if (strncmp(url, "postgresql:", 11) == 0) {
        return pia_pgsql_open(url, mode == PIA_DB_BLOB_WRITER ? PIA_DB_WRITER : mode, ret_db,
                              problem);
    }
    return pia_problem_set(problem, PIA_INVALID, NULL,
                           "a database is sqlite:FILE or postgresql://…#schema");
}

void pia_db_close(pia_db_t **db_p)
{
    pia_db_t *db = *db_p;
    if (db == NULL) {
        return;
    }
    for (size_t i = 0; i < PIA_DB_BUCKETS; i++) {
        while (db->statements[i] != NULL) {
            pia_stmt_t *stmt = db->statements[i];
            db->statements[i] = stmt->next;
            free(stmt->sql);
            db->ops->stmt_free(stmt);
        }
    }
    db->ops->close(db);
    *db_p = NULL;
}

bool pia_db_is_shared(const pia_db_t *db)
{
    return db->ops->is_shared;
}

bool pia_db_is_fatal(const pia_db_t *db)
{
    return db->fatal;
}

bool pia_db_is_damaged(const pia_db_t *db)
{
    return db->damaged;
}

bool pia_db_is_retryable(const pia_db_t *db)
{
    return db->retryable;
}

const char *pia_db_error(const pia_db_t *db)
{
    return db->error;
}

pia_status_t pia_db_fail(pia_db_t *db, pia_status_t status, const char *reason)
{
    (void)snprintf(db->error, sizeof db->error, "%s", reason == NULL ? "unknown error" : reason);
    db->error[strcspn(db->error, "\n")] = '\0';
    return status;
}

pia_status_t pia_db_exec(pia_db_t *db, const char *sql)
{
    return db->ops->exec(db, sql);
}

static void rewind_one(pia_stmt_t *stmt, bool clear_parameters)
{
    stmt->db->ops->rewind(stmt, clear_parameters);
    stmt->db->reading -= stmt->reading;
    stmt->reading = false;
}

static void rewind_bucket(pia_stmt_t *first)
{
    for (pia_stmt_t *stmt = first; stmt != NULL; stmt = stmt->next) {
        if (stmt->reading) {
            rewind_one(stmt, false);
        }
    }
}

/* A statement that is still being read would keep its snapshot beyond the transaction. */
static void rewind_all(pia_db_t *db)
{
    for (size_t i = 0; i < PIA_DB_BUCKETS && db->reading > 0; i++) {
        rewind_bucket(db->statements[i]);
    }
}

pia_status_t pia_db_begin(pia_db_t *db)
{
    assert(!db->in_transaction);
    if (db->fatal) {
        return PIA_UNAVAILABLE;
    }
    rewind_all(db);
    db->retryable = false;
    pia_status_t status = db->ops->begin(db);
    db->in_transaction = status == PIA_OK;
    return status;
}

pia_status_t pia_db_commit(pia_db_t *db)
{
    assert(db->in_transaction);
    rewind_all(db);
    pia_status_t status = db->ops->commit(db);
    if (status != PIA_OK) {
        db->ops->rollback(db);
    }
    db->in_transaction = false;
    return status;
}

void pia_db_rollback(pia_db_t *db)
{
    if (db->in_transaction) {
        rewind_all(db);
        db->ops->rollback(db);
        db->in_transaction = false;
    }
}

pia_status_t pia_db_savepoint(pia_db_t *db)
{
    return db->ops->savepoint ? db->ops->savepoint(db) : pia_db_exec(db, "SAVEPOINT pia");
}

pia_status_t pia_db_release(pia_db_t *db)
{
    return db->ops->release ? db->ops->release(db) : pia_db_exec(db, "RELEASE SAVEPOINT pia");
}

void pia_db_rollback_to(pia_db_t *db)
{
    char reason[PIA_DB_ERROR_MAX];
    bool retryable = db->retryable;
    memcpy(reason, db->error, sizeof reason);
    rewind_all(db);
    /* If this fails, the transaction is lost, and the next call says so. */
    (void)pia_db_exec(db, "ROLLBACK TO SAVEPOINT pia; RELEASE SAVEPOINT pia");
    memcpy(db->error, reason, sizeof reason); /* why it is rolled back is worth more */
    db->retryable = retryable;
}

void pia_db_trim(pia_db_t *db)
{
    db->trims_apart = true;
    if (db->mode == PIA_DB_WRITER && !db->in_transaction && !db->fatal && db->ops->trim) {
        db->ops->trim(db);
    }
}

pia_status_t pia_db_wipe(pia_db_t *db, bool wipes)
{
    return db->ops->wipe ? db->ops->wipe(db, wipes) : PIA_OK;
}

int64_t pia_db_changes(const pia_db_t *db)
{
    return db->ops->changed ? db->ops->changed(db) : 0;
}

void pia_db_empty_log(pia_db_t *db)
{
    assert(db->mode == PIA_DB_WRITER);
    db->empties_log = true;
}

void pia_db_checkpoint(pia_db_t *db)
{
    if (db->mode == PIA_DB_WRITER && !db->in_transaction && !db->fatal) {
        db->ops->checkpoint(db);
    }
}

/* The number after a $; at most one more than is allowed. */
static int number_at(const char *digits)
{
    int number = 0;
    for (const char *c = digits; *c >= '0' && *c <= '9' && number <= PIA_DB_PARAMETERS_MAX; c++) {
        number = number * 10 + (*c - '0');
    }
    return number;
}

/* The highest $N outside of quotes. */
static int count_parameters(const char *sql)
{
    int highest = 0;
    bool quoted = false;
    for (const char *c = sql; *c != '\0'; c++) {
        if (*c == '\'') {
            quoted = !quoted;
        } else if (*c == '$' && !quoted && number_at(c + 1) > highest) {
            highest = number_at(c + 1);
        }
    }
    assert(highest <= PIA_DB_PARAMETERS_MAX);
    return highest;
}

static pia_stmt_t **bucket_of(pia_db_t *db, const char *sql)
{
    uintptr_t address = (uintptr_t)sql;
    return &db->statements[(address ^ (address >> 8)) % PIA_DB_BUCKETS];
}

pia_stmt_t *pia_db_prepare(pia_db_t *db, const char *sql)
{
    pia_stmt_t **bucket = bucket_of(db, sql);
    pia_stmt_t *stmt = *bucket;
    while (stmt != NULL && stmt->key != sql) {
        stmt = stmt->next;
    }
    if (stmt != NULL) {
        assert(strcmp(stmt->sql, sql) == 0); /* else it is not a constant */
        rewind_one(stmt, true);
        return stmt;
    }
    stmt = db->ops->stmt_new(db, sql);
    stmt->db = db;
    stmt->key = sql;
    stmt->sql = pia_strdup(sql);
    stmt->parameters = count_parameters(sql);
    stmt->next = *bucket;
    *bucket = stmt;
    return stmt;
}

void pia_stmt_integer(pia_stmt_t *stmt, int parameter, int64_t value)
{
    assert(parameter >= 1 && parameter <= stmt->parameters);
    stmt->db->ops->bind_integer(stmt, parameter, value);
}

void pia_stmt_text(pia_stmt_t *stmt, int parameter, const char *value)
{
    assert(parameter >= 1 && parameter <= stmt->parameters);
    if (value == NULL) {
        stmt->db->ops->bind_null(stmt, parameter);
    } else {
        stmt->db->ops->bind_text(stmt, parameter, value);
    }
}

void pia_stmt_bytes(pia_stmt_t *stmt, int parameter, const void *value, size_t size)
{
    assert(parameter >= 1 && parameter <= stmt->parameters);
    assert(size <= INT32_MAX);
    if (value == NULL) {
        assert(size == 0);
        stmt->db->ops->bind_null(stmt, parameter);
    } else {
        stmt->db->ops->bind_bytes(stmt, parameter, value, size);
    }
}

void pia_stmt_borrow(pia_stmt_t *stmt, int parameter, const void *value, size_t size)
{
    assert(parameter >= 1 && parameter <= stmt->parameters && value != NULL);
    assert(size <= INT32_MAX);
    stmt->db->ops->bind_borrowed(stmt, parameter, value, size);
}

void pia_stmt_null(pia_stmt_t *stmt, int parameter)
{
    assert(parameter >= 1 && parameter <= stmt->parameters);
    stmt->db->ops->bind_null(stmt, parameter);
}

pia_status_t pia_stmt_step(pia_stmt_t *stmt)
{
    pia_status_t status = stmt->db->ops->step(stmt);
    stmt->db->reading -= stmt->reading;
    stmt->reading = status == PIA_OK;
    stmt->db->reading += stmt->reading;
    return status;
}

pia_status_t pia_stmt_run(pia_stmt_t *stmt, int64_t *ret_changes)
{
    pia_status_t status;
    do {
        status = pia_stmt_step(stmt);
    } while (status == PIA_OK);
    if (status != PIA_NOT_FOUND) {
        return status;
    }
    if (ret_changes != NULL) {
        *ret_changes = stmt->db->ops->changes(stmt);
    }
    return PIA_OK;
}

bool pia_stmt_column_is_null(pia_stmt_t *stmt, int column)
{
    return stmt->db->ops->is_null(stmt, column);
}

int64_t pia_stmt_column_integer(pia_stmt_t *stmt, int column)
{
    return stmt->db->ops->is_null(stmt, column) ? 0 : stmt->db->ops->column_integer(stmt, column);
}

const char *pia_stmt_column_text(pia_stmt_t *stmt, int column)
{
    return stmt->db->ops->is_null(stmt, column) ? NULL : stmt->db->ops->column_text(stmt, column);
}

const void *pia_stmt_column_bytes(pia_stmt_t *stmt, int column, size_t *ret_size)
{
    *ret_size = 0;
    if (stmt->db->ops->is_null(stmt, column)) {
        return NULL;
    }
    return stmt->db->ops->column_bytes(stmt, column, ret_size);
}

void pia_stmt_reset(pia_stmt_t *stmt)
{
    rewind_one(stmt, false);
}
