/* store_person.c - people in SQL. */
#include "store_person.h"

enum { FIND, INSERT, UPDATE, LIST };

static const char *const sql[] = {
    [FIND] = "SELECT id, label, roles, structure, pole, version FROM person WHERE id = $1",
    [INSERT] = "INSERT INTO person (id, label, roles, structure, pole, version, created_at) "
               "VALUES ($1, $2, $3, $4, $5, 1, $6)",
    [UPDATE] = "UPDATE person SET label = $2, roles = $3, structure = $4, pole = $5, "
               "version = version + 1 WHERE id = $1 AND version = $6",
    [LIST] = "SELECT id, label, roles, structure, pole, version FROM person WHERE id > $1 "
             "AND (CAST($2 AS BIGINT) = 0 OR (roles & $2) <> 0) "
             "AND (CAST($3 AS TEXT) IS NULL OR structure = $3) "
             "AND (CAST($4 AS TEXT) IS NULL OR pole = $4) ORDER BY id LIMIT $5",
};

/* Binds $1 to $5. */
static void bind(pia_stmt_t *stmt, const person_t *person)
{
    pia_stmt_text(stmt, 1, person->id);
    pia_stmt_text(stmt, 2, person->label);
    pia_stmt_integer(stmt, 3, person->roles);
    pia_stmt_text(stmt, 4, text_or_null(person->structure));
    pia_stmt_text(stmt, 5, text_or_null(person->pole));
}

pia_status_t store_person_next(pia_stmt_t *stmt, person_t *ret_person)
{
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK) {
        return status;
    }
    TEXT_SET(ret_person->id, pia_stmt_column_text(stmt, 0));
    TEXT_SET(ret_person->label, pia_stmt_column_text(stmt, 1));
    ret_person->roles = (uint32_t)pia_stmt_column_integer(stmt, 2);
    TEXT_SET(ret_person->structure, pia_stmt_column_text(stmt, 3));
    TEXT_SET(ret_person->pole, pia_stmt_column_text(stmt, 4));
    ret_person->version = pia_stmt_column_integer(stmt, 5);
    return PIA_OK;
}

pia_status_t store_person_find(pia_db_t *db, const char *id, person_t *ret_person)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, id);
    pia_status_t status = store_person_next(stmt, ret_person);
    pia_stmt_reset(stmt);
    return status;
}

pia_status_t store_person_insert(pia_db_t *db, person_t *person, int64_t now_ms)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[INSERT]);
    bind(stmt, person);
    pia_stmt_integer(stmt, 6, now_ms);
    pia_status_t status = pia_stmt_run(stmt, NULL);
    person->version = status == PIA_OK ? 1 : person->version;
    return status;
}

pia_status_t store_person_update(pia_db_t *db, person_t *person)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[UPDATE]);
    bind(stmt, person);
    pia_stmt_integer(stmt, 6, person->version);
    int64_t changes = 0;
    pia_status_t status = pia_stmt_run(stmt, &changes);
    if (status != PIA_OK || changes == 0) {
        return status == PIA_OK ? PIA_CONFLICT : status;
    }
    person->version++;
    return PIA_OK;
}

pia_stmt_t *store_person_list(pia_db_t *db,
                              const person_filter_t *filter,
                              const page_cursor_t *cursor,
                              int64_t limit)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[LIST]);
    pia_stmt_text(stmt, 1, cursor->id);
    pia_stmt_integer(stmt, 2, filter->role);
    pia_stmt_text(stmt, 3, filter->structure);
    pia_stmt_text(stmt, 4, filter->pole);
    pia_stmt_integer(stmt, 5, limit);
    return stmt;
}
