/* db_pgsql.c - the shared engine: the connection, its session and its transactions. */
#include "db_pgsql.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

/* A transaction of ours is short: a process that was stopped inside one loses it, so that the
 * other instances go on; before their wait for its locks ends as a conflict, which is tried again,
 * and long before their watchdog (30 s without progress) takes them for stuck too. */
static const char SESSION[] = "SET synchronous_commit = on; SET bytea_output = hex;"
                              "SET idle_in_transaction_session_timeout = '8s';"
                              "SET lock_timeout = '10s'";

/* What an SQLSTATE means, by its beginning; the first that fits. */
static const struct {
    const char *prefix;
    pia_status_t status;
    bool retryable, fatal;
} OUTCOMES[] = {
    {"40001", PIA_CONFLICT, true, false},    /* serialization_failure */
    {"40P01", PIA_CONFLICT, true, false},    /* deadlock_detected */
    {"55P03", PIA_CONFLICT, true, false},    /* lock_not_available: lock_timeout */
    {"23505", PIA_CONFLICT, false, false},   /* unique_violation */
    {"23", PIA_INVALID, false, false},       /* other constraints */
    {"22", PIA_INVALID, false, false},       /* a value out of range, an invalid text */
    {"54", PIA_INVALID, false, false},       /* a value too large for an index */
    {"XX001", PIA_INTERNAL, false, true},    /* data_corrupted */
    {"XX002", PIA_INTERNAL, false, true},    /* index_corrupted */
    {"08P01", PIA_INTERNAL, false, false},   /* protocol_violation: wrong parameters */
    {"08", PIA_UNAVAILABLE, false, false},   /* connection */
    {"25P0", PIA_UNAVAILABLE, false, false}, /* 25P03 idle too long; 25P02 see below */
    {"40", PIA_UNAVAILABLE, false, false},
    {"53", PIA_UNAVAILABLE, false, false}, /* disk full, too many connections */
    {"57", PIA_UNAVAILABLE, false, false}, /* shut down, cancelled */
    {"58", PIA_UNAVAILABLE, false, false}, /* the server's I/O */
    {"", PIA_INTERNAL, false, false},
};

static size_t outcome_of(const char *sqlstate)
{
    size_t i = 0;
    while (strncmp(sqlstate, OUTCOMES[i].prefix, strlen(OUTCOMES[i].prefix)) != 0) {
        i++;
    }
    return i;
}

pia_status_t pia_pgsql_failed(pgsql_db_t *self, const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (sqlstate == NULL) { /* libpq's own: the connection */
        self->base.retryable = false;
        return pia_db_fail(&self->base, PIA_UNAVAILABLE, PQerrorMessage(self->handle));
    }
    if (strcmp(sqlstate, "25P02") == 0) { /* keeps the reason of the statement that failed */
        return PIA_INTERNAL;
    }
    size_t i = outcome_of(sqlstate);
    self->base.retryable = OUTCOMES[i].retryable;
    self->base.damaged = self->base.damaged || OUTCOMES[i].fatal;
    self->base.fatal = self->base.fatal || (self->base.mode == PIA_DB_WRITER && OUTCOMES[i].fatal);
    return pia_db_fail(&self->base, OUTCOMES[i].status,
                       PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}

/* Runs statements without parameters; the tag of the last one into `ret_tag` if not NULL. */
static pia_status_t run(pgsql_db_t *self, const char *sql, char ret_tag[16])
{
    PGresult *result = PQexec(self->handle, sql);
    ExecStatusType outcome = PQresultStatus(result);
    pia_status_t status = PIA_OK;
    if (outcome != PGRES_COMMAND_OK && outcome != PGRES_TUPLES_OK) {
        status = pia_pgsql_failed(self, result);
    } else if (ret_tag != NULL) {
        (void)snprintf(ret_tag, 16, "%s", PQcmdStatus(result));
    }
    PQclear(result);
    return status;
}

static void ignore_notice(void *arg, const char *message)
{
    (void)arg;
    (void)message;
}

/* Makes the schema if it is missing: one instance at a time, IF NOT EXISTS alone is a race. */
static pia_status_t make_schema(pgsql_db_t *self)
{
    char sql[512];
    char tag[16] = "";
    (void)snprintf(sql, sizeof sql, "SELECT FROM pg_namespace WHERE nspname = '%s'", self->schema);
    pia_status_t status = run(self, sql, tag);
    if (status != PIA_OK || strcmp(tag, "SELECT 0") != 0) {
        return status;
    }
    (void)snprintf(sql, sizeof sql,
                   "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('pia.schema', 0));"
                   "CREATE SCHEMA IF NOT EXISTS \"%s\"; COMMIT",
                   self->schema);
    return run(self, sql, NULL);
}

static pia_status_t set_up(pgsql_db_t *self)
{
    bool writer = self->base.mode == PIA_DB_WRITER;
    pia_status_t status = run(self, SESSION, NULL);
    if (status == PIA_OK && !writer) {
        status = run(self, "SET default_transaction_read_only = on", NULL);
    }
    if (status != PIA_OK || self->schema[0] == '\0') {
        return status;
    }
    if (writer) {
        status = make_schema(self);
    }
    char sql[128];
    (void)snprintf(sql, sizeof sql, "SET search_path = \"%s\"", self->schema);
    return status == PIA_OK ? run(self, sql, NULL) : status;
}

/* Ends the former connection and makes a new one: every statement must be prepared again. */
static pia_status_t connect_again(pgsql_db_t *self)
{
    static const char *const names[] = {"connect_timeout", "tcp_user_timeout", "application_name",
                                        "client_encoding", "dbname",           NULL};
    const char *const values[] = {"5", "15000", "pia", "UTF8", self->url, NULL};
    PQfinish(self->handle);
    self->generation++;
    self->handle = PQconnectdbParams(names, values, 1); /* what the URL says comes last and wins */
    if (PQstatus(self->handle) != CONNECTION_OK) {
        return pia_db_fail(&self->base, PIA_UNAVAILABLE, PQerrorMessage(self->handle));
    }
    (void)PQsetNoticeProcessor(self->handle, ignore_notice, NULL);
    pia_status_t status = set_up(self);
    if (status != PIA_OK) {
        PQfinish(self->handle); /* a half set up session must not be used */
        self->handle = NULL;
    }
    return status;
}

pia_status_t pia_pgsql_ready(pgsql_db_t *self)
{
    if (PQstatus(self->handle) == CONNECTION_OK) {
        return PIA_OK;
    }
    if (self->base.in_transaction) {
        return PIA_UNAVAILABLE; /* it is lost; the reason is kept */
    }
    return connect_again(self);
}

static pia_status_t pgsql_begin(pia_db_t *db)
{
    pgsql_db_t *self = (pgsql_db_t *)db;
    const char *sql =
        db->mode == PIA_DB_WRITER ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    pia_status_t status = PIA_UNAVAILABLE;
    for (int attempt = 0; attempt < 2; attempt++) { /* a lost connection shows at its first use */
        status = pia_pgsql_ready(self);
        if (status == PIA_OK) {
            status = run(self, sql, NULL);
        }
        if (status == PIA_OK || PQstatus(self->handle) == CONNECTION_OK) {
            break;
        }
    }
    return status;
}

static pia_status_t pgsql_commit(pia_db_t *db)
{
    pgsql_db_t *self = (pgsql_db_t *)db;
    char tag[16] = "";
    pia_status_t status = pia_pgsql_ready(self);
    if (status == PIA_OK) {
        status = run(self, "COMMIT", tag);
    }
    if (status == PIA_OK && strcmp(tag, "COMMIT") != 0) { /* "ROLLBACK": a statement had failed */
        return db->retryable ? PIA_CONFLICT : PIA_INTERNAL;
    }
    return status;
}

static void pgsql_rollback(pia_db_t *db)
{
    pgsql_db_t *self = (pgsql_db_t *)db;
    PGTransactionStatusType state = PQtransactionStatus(self->handle);
    if (state == PQTRANS_INTRANS || state == PQTRANS_INERROR) {
        PQclear(PQexec(self->handle, "ROLLBACK")); /* if it fails, the connection is gone with it */
    }
}

static pia_status_t pgsql_exec(pia_db_t *db, const char *sql)
{
    pgsql_db_t *self = (pgsql_db_t *)db;
    pia_status_t status = pia_pgsql_ready(self);
    return status == PIA_OK ? run(self, sql, NULL) : status;
}

static pia_status_t pgsql_lock_migrations(pia_db_t *db)
{
    return pgsql_exec(db, "SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock("
                          "hashtextextended('pia.migration.' || current_schema(), 0))");
}

static void pgsql_checkpoint(pia_db_t *db)
{
    (void)db; /* the server's business */
}

static void pgsql_close(pia_db_t *db)
{
    pgsql_db_t *self = (pgsql_db_t *)db;
    PQfinish(self->handle);
    free(self->url);
    free(self);
}

static const pia_db_ops_t PGSQL_OPS = {
    .close = pgsql_close,
    .begin = pgsql_begin,
    .commit = pgsql_commit,
    .rollback = pgsql_rollback,
    .exec = pgsql_exec,
    .lock_migrations = pgsql_lock_migrations,
    .checkpoint = pgsql_checkpoint,
    .stmt_new = pia_pgsql_stmt_new,
    .stmt_free = pia_pgsql_stmt_free,
    .rewind = pia_pgsql_rewind,
    .bind_integer = pia_pgsql_bind_integer,
    .bind_text = pia_pgsql_bind_text,
    .bind_bytes = pia_pgsql_bind_bytes,
    .bind_borrowed = pia_pgsql_bind_bytes,
    .bind_null = pia_pgsql_bind_null,
    .step = pia_pgsql_step,
    .changes = pia_pgsql_changes,
    .is_null = pia_pgsql_is_null,
    .column_integer = pia_pgsql_column_integer,
    .column_text = pia_pgsql_column_text,
    .column_bytes = pia_pgsql_column_bytes,
    .is_shared = true,
};

/* Splits "#schema" off; false if it is not a plain lower-case name. */
static bool split_url(pgsql_db_t *self, const char *url)
{
    const char *mark = strrchr(url, '#');
    self->url = mark == NULL ? pia_strdup(url) : pia_strndup(url, (size_t)(mark - url));
    if (mark == NULL) {
        return true;
    }
    const char *schema = mark + 1;
    size_t size = strspn(schema, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (size == 0 || size >= sizeof self->schema || schema[size] != '\0' ||
        isdigit((unsigned char)schema[0])) {
        return false;
    }
    memcpy(self->schema, schema, size + 1);
    return true;
}

pia_status_t
pia_pgsql_open(const char *url, pia_db_mode_t mode, pia_db_t **ret_db, pia_problem_t *problem)
{
    pgsql_db_t *self = pia_alloc(sizeof *self);
    self->base.ops = &PGSQL_OPS;
    self->base.mode = mode;
    pia_status_t status;
    if (!split_url(self, url)) {
        status = pia_db_fail(&self->base, PIA_INVALID, "not a name of a schema after #");
    } else {
        status = connect_again(self);
    }
    if (status != PIA_OK) { /* the URL may hold a password: not repeated */
        (void)pia_problem_set(problem, status, NULL, "PostgreSQL: %s", self->base.error);
        pgsql_close(&self->base);
        return status;
    }
    *ret_db = &self->base;
    return PIA_OK;
}
