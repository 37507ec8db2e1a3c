/* db_pgsql_stmt.c - prepared statements of PostgreSQL: integers and texts travel as text, bytes as
 * binary parameters and hexadecimal results; a whole result is read, then walked through. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db_pgsql.h"
#include "pia/memory.h"

enum { TYPE_BOOLEAN = 16, TYPE_BYTES = 17 }; /* of pg_type, fixed for ever */
enum { PARAMETER_NULL = -1 };
enum { KEPT_CAPACITY = 1 << 20 }; /* a larger buffer of parameters is given back */

/* A column's bytes, decoded on demand; freed with the row. */
typedef struct decoded {
    struct decoded *next;
    int column;
    size_t size;
    uint8_t bytes[];
} decoded_t;

typedef struct {
    pia_stmt_t base;
    char name[16];
    uint32_t prepared_in; /* the generation of the connection; 0: none */
    PGresult *result;     /* NULL: not run */
    int row;
    int64_t changes;
    decoded_t *decoded;
    char *values; /* all parameters one after another */
    size_t used, capacity;
    ptrdiff_t offsets[PIA_DB_PARAMETERS_MAX]; /* in values, or PARAMETER_NULL */
    int sizes[PIA_DB_PARAMETERS_MAX];
    int formats[PIA_DB_PARAMETERS_MAX]; /* 0 text, 1 binary */
} pgsql_stmt_t;

static void clear_parameters_of(pgsql_stmt_t *self)
{
    for (size_t i = 0; i < PIA_DB_PARAMETERS_MAX; i++) {
        self->offsets[i] = PARAMETER_NULL;
    }
    self->used = 0;
    if (self->capacity > KEPT_CAPACITY) {
        free(self->values);
        self->values = NULL;
        self->capacity = 0;
    }
}

pia_stmt_t *pia_pgsql_stmt_new(pia_db_t *db, const char *sql)
{
    (void)sql;
    pgsql_stmt_t *self = pia_alloc(sizeof *self);
    (void)snprintf(self->name, sizeof self->name, "s%u", ++((pgsql_db_t *)db)->named);
    clear_parameters_of(self);
    return &self->base;
}

static void free_decoded(pgsql_stmt_t *self)
{
    while (self->decoded != NULL) {
        decoded_t *next = self->decoded->next;
        free(self->decoded);
        self->decoded = next;
    }
}

void pia_pgsql_rewind(pia_stmt_t *stmt, bool clear_parameters)
{
    pgsql_stmt_t *self = (pgsql_stmt_t *)stmt;
    free_decoded(self);
    PQclear(self->result);
    self->result = NULL;
    if (clear_parameters) {
        clear_parameters_of(self);
    }
}

void pia_pgsql_stmt_free(pia_stmt_t *stmt)
{
    pia_pgsql_rewind(stmt, false);
    free(((pgsql_stmt_t *)stmt)->values);
    free(stmt);
}

/* Copies a value and its NUL, which the text format needs. */
static void bind(pgsql_stmt_t *self, int parameter, const void *value, size_t size, int format)
{
    if (self->used + size + 1 > self->capacity) {
        self->capacity = (self->used + size + 1) * 2;
        self->values = pia_realloc(self->values, self->capacity);
    }
    memcpy(self->values + self->used, value, size);
    self->values[self->used + size] = '\0';
    self->offsets[parameter - 1] = (ptrdiff_t)self->used;
    self->sizes[parameter - 1] = (int)size;
    self->formats[parameter - 1] = format;
    self->used += size + 1;
}

void pia_pgsql_bind_integer(pia_stmt_t *stmt, int parameter, int64_t value)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%lld", (long long)value);
    bind((pgsql_stmt_t *)stmt, parameter, text, (size_t)size, 0);
}

void pia_pgsql_bind_text(pia_stmt_t *stmt, int parameter, const char *value)
{
    bind((pgsql_stmt_t *)stmt, parameter, value, strlen(value), 0);
}

void pia_pgsql_bind_bytes(pia_stmt_t *stmt, int parameter, const void *value, size_t size)
{
    bind((pgsql_stmt_t *)stmt, parameter, value, size, 1);
}

void pia_pgsql_bind_null(pia_stmt_t *stmt, int parameter)
{
    ((pgsql_stmt_t *)stmt)->offsets[parameter - 1] = PARAMETER_NULL;
}

static pia_status_t prepare(pgsql_db_t *db, pgsql_stmt_t *self)
{
    if (self->prepared_in == db->generation) {
        return PIA_OK;
    }
    PGresult *result = PQprepare(db->handle, self->name, self->base.sql, 0, NULL);
    pia_status_t status = PIA_OK;
    if (PQresultStatus(result) == PGRES_COMMAND_OK) {
        self->prepared_in = db->generation;
    } else {
        status = pia_pgsql_failed(db, result);
    }
    PQclear(result);
    return status;
}

/* The rows that the command changed, from its tag ("INSERT 0 3"); 0 for one that only reads. */
static int64_t changes_of(PGresult *result)
{
    const char *tag = PQcmdStatus(result);
    bool writes = strncmp(tag, "INSERT", 6) == 0 || strncmp(tag, "UPDATE", 6) == 0 ||
                  strncmp(tag, "DELETE", 6) == 0;
    return writes ? strtoll(PQcmdTuples(result), NULL, 10) : 0;
}

static pia_status_t execute(pgsql_stmt_t *self)
{
    pgsql_db_t *db = (pgsql_db_t *)self->base.db;
    pia_status_t status = pia_pgsql_ready(db);
    if (status == PIA_OK) {
        status = prepare(db, self);
    }
    if (status != PIA_OK) {
        return status;
    }
    const char *values[PIA_DB_PARAMETERS_MAX];
    for (int i = 0; i < self->base.parameters; i++) {
        values[i] = self->offsets[i] == PARAMETER_NULL ? NULL : self->values + self->offsets[i];
    }
    self->result = PQexecPrepared(db->handle, self->name, self->base.parameters, values,
                                  self->sizes, self->formats, 0);
    ExecStatusType outcome = PQresultStatus(self->result);
    if (outcome == PGRES_TUPLES_OK || outcome == PGRES_COMMAND_OK) {
        self->changes = changes_of(self->result);
        self->row = -1;
        return PIA_OK;
    }
    status = pia_pgsql_failed(db, self->result);
    pia_pgsql_rewind(&self->base, false);
    return status;
}

pia_status_t pia_pgsql_step(pia_stmt_t *stmt)
{
    pgsql_stmt_t *self = (pgsql_stmt_t *)stmt;
    free_decoded(self);
    if (self->result == NULL) {
        pia_status_t status = execute(self);
        if (status != PIA_OK) {
            return status;
        }
    }
    self->row++;
    if (self->row < PQntuples(self->result)) {
        return PIA_OK;
    }
    pia_pgsql_rewind(stmt, false);
    return PIA_NOT_FOUND;
}

int64_t pia_pgsql_changes(pia_stmt_t *stmt)
{
    return ((pgsql_stmt_t *)stmt)->changes;
}

bool pia_pgsql_is_null(pia_stmt_t *stmt, int column)
{
    pgsql_stmt_t *self = (pgsql_stmt_t *)stmt;
    assert(column >= 0 && column < PQnfields(self->result));
    return PQgetisnull(self->result, self->row, column) != 0;
}

int64_t pia_pgsql_column_integer(pia_stmt_t *stmt, int column)
{
    pgsql_stmt_t *self = (pgsql_stmt_t *)stmt;
    const char *value = PQgetvalue(self->result, self->row, column);
    if (PQftype(self->result, column) == TYPE_BOOLEAN) {
        return value[0] == 't';
    }
    return strtoll(value, NULL, 10);
}

const char *pia_pgsql_column_text(pia_stmt_t *stmt, int column)
{
    pgsql_stmt_t *self = (pgsql_stmt_t *)stmt;
    return PQgetvalue(self->result, self->row, column);
}

static uint8_t digit_of(char digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

/* Decodes "\x0123…". */
static decoded_t *decode(const char *text, size_t text_size, int column)
{
    assert(text_size >= 2 && text[0] == '\\' && text[1] == 'x'); /* bytea_output = hex */
    size_t size = (text_size - 2) / 2;
    decoded_t *decoded = pia_alloc(sizeof *decoded + size + 1);
    decoded->column = column;
    decoded->size = size;
    for (size_t i = 0; i < size; i++) {
        uint8_t high = digit_of(text[2 + 2 * i]);
        decoded->bytes[i] = (uint8_t)(high << 4 | digit_of(text[3 + 2 * i]));
    }
    return decoded;
}

const void *pia_pgsql_column_bytes(pia_stmt_t *stmt, int column, size_t *ret_size)
{
    pgsql_stmt_t *self = (pgsql_stmt_t *)stmt;
    const char *value = PQgetvalue(self->result, self->row, column);
    size_t size = (size_t)PQgetlength(self->result, self->row, column);
    if (PQftype(self->result, column) != TYPE_BYTES) {
        *ret_size = size;
        return value;
    }
    decoded_t *decoded = self->decoded;
    while (decoded != NULL && decoded->column != column) {
        decoded = decoded->next;
    }
    if (decoded == NULL) {
        decoded = decode(value, size, column);
        decoded->next = self->decoded;
        self->decoded = decoded;
    }
    *ret_size = decoded->size;
    return decoded->bytes;
}
