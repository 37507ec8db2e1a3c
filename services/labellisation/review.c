/* review.c - assignments and reports, in SQL. */
#include "review.h"

#include <stdlib.h>

#include "pia/clock.h"
#include "text.h"

enum { ASSIGN, FIND, DECLARE, DECLARED, FILED, COUNT, END, CLOSE, PERSONS, LIST };

static const char *const sql[] = {
    [ASSIGN] = "INSERT INTO review (matter, number, reviewer, assigned_at, closed) "
               "SELECT $1, COALESCE(MAX(number), 0) + 1, CAST($2 AS TEXT), CAST($3 AS BIGINT), 0 "
               "FROM review WHERE matter = $1",
    [FIND] = "SELECT filed_at FROM review WHERE matter = $1 AND reviewer = $2 AND closed = 0",
    [DECLARE] = "UPDATE review SET declared_at = $3 WHERE matter = $1 AND reviewer = $2 "
                "AND closed = 0",
    [DECLARED] = "SELECT 1 FROM review WHERE matter = $1 AND reviewer = $2 AND closed = 0 "
                 "AND declared_at IS NOT NULL",
    [FILED] = "UPDATE review SET opinion = $3, score = $4, text_hash = $5, filed_at = $6 "
              "WHERE matter = $1 AND reviewer = $2 AND closed = 0 "
              "AND (filed_at IS NULL OR CAST($7 AS BIGINT) = 1)",
    [COUNT] = "SELECT COUNT(*), COUNT(filed_at) FROM review WHERE matter = $1 AND closed = 0",
    [END] = "UPDATE review SET closed = 1 WHERE matter = $1 AND reviewer = $2 AND closed = 0 "
            "AND filed_at IS NULL",
    [CLOSE] = "UPDATE review SET closed = 1 WHERE matter = $1 AND closed = 0",
    [PERSONS] = "SELECT reviewer FROM review WHERE matter = $1 AND closed = 0 ORDER BY number",
    [LIST] = "SELECT reviewer, assigned_at, filed_at, opinion, score, text_hash, declared_at FROM "
             "review "
             "WHERE matter = $1 AND (CAST($2 AS TEXT) IS NULL OR reviewer = $2) ORDER BY number "
             "LIMIT 32",
};

pia_status_t
review_assign(pia_db_t *db, const char *matter, const char *reviewer, int64_t assigned_ms)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[ASSIGN]);
    pia_stmt_text(stmt, 1, matter);
    pia_stmt_text(stmt, 2, reviewer);
    pia_stmt_integer(stmt, 3, assigned_ms);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t review_find(
    pia_db_t *db, const char *matter, const char *person, bool *ret_assigned, bool *ret_pending)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, matter);
    pia_stmt_text(stmt, 2, person);
    pia_status_t status = pia_stmt_step(stmt);
    *ret_assigned = status == PIA_OK;
    *ret_pending = status == PIA_OK && pia_stmt_column_is_null(stmt, 0);
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t
review_declare(pia_db_t *db, const char *matter, const char *person, int64_t declared_ms)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[DECLARE]);
    pia_stmt_text(stmt, 1, matter);
    pia_stmt_text(stmt, 2, person);
    pia_stmt_integer(stmt, 3, declared_ms);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t
review_has_declared(pia_db_t *db, const char *matter, const char *person, bool *ret_declared)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[DECLARED]);
    pia_stmt_text(stmt, 1, matter);
    pia_stmt_text(stmt, 2, person);
    pia_status_t status = pia_stmt_step(stmt);
    *ret_declared = status == PIA_OK;
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t review_end(pia_db_t *db, const char *matter, const char *person)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[END]);
    pia_stmt_text(stmt, 1, matter);
    pia_stmt_text(stmt, 2, person);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t
review_file(pia_db_t *db, const char *matter, const char *person, const review_report_t *report)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FILED]);
    pia_stmt_text(stmt, 1, matter);
    pia_stmt_text(stmt, 2, person);
    pia_stmt_text(stmt, 3, report->opinion);
    pia_stmt_integer(stmt, 4, report->score);
    pia_stmt_text(stmt, 5, report->text_hash);
    pia_stmt_integer(stmt, 6, report->filed_ms);
    pia_stmt_integer(stmt, 7, report->again);
    int64_t changes = 0;
    pia_status_t status = pia_stmt_run(stmt, &changes);
    return status == PIA_OK && changes == 0 ? PIA_CONFLICT : status;
}

pia_status_t review_count(pia_db_t *db, const char *matter, review_counts_t *ret_counts)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[COUNT]);
    pia_stmt_text(stmt, 1, matter);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    ret_counts->assigned = pia_stmt_column_integer(stmt, 0);
    ret_counts->filed = pia_stmt_column_integer(stmt, 1);
    pia_stmt_reset(stmt);
    return PIA_OK;
}

pia_status_t review_close(pia_db_t *db, const char *matter)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[CLOSE]);
    pia_stmt_text(stmt, 1, matter);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t review_persons(pia_db_t *db, const char *matter, json_t **ret_persons)
{
    json_t *persons = json_array();
    pia_stmt_t *stmt = pia_db_prepare(db, sql[PERSONS]);
    pia_stmt_text(stmt, 1, matter);
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK)
        json_array_append_new(persons, json_string(pia_stmt_column_text(stmt, 0)));
    if (status != PIA_NOT_FOUND) {
        json_decref(persons);
        return status;
    }
    *ret_persons = persons;
    return PIA_OK;
}

/* The present row; the text's hash stands where the text will. */
static json_t *row_json(pia_stmt_t *stmt)
{
    char assigned[PIA_TIME_TEXT_SIZE], declared[PIA_TIME_TEXT_SIZE], filed[PIA_TIME_TEXT_SIZE];
    bool is_filed = !pia_stmt_column_is_null(stmt, 2);
    pia_time_format(pia_stmt_column_integer(stmt, 1), assigned);
    json_t *row = json_pack("{s:s, s:s, s:b}", "reviewer", pia_stmt_column_text(stmt, 0),
                            "assigned_at", assigned, "filed", is_filed);
    if (!pia_stmt_column_is_null(stmt, 6)) {
        pia_time_format(pia_stmt_column_integer(stmt, 6), declared);
        json_object_set_new(row, "declared_at", json_string(declared));
    }
    if (!is_filed)
        return row;
    pia_time_format(pia_stmt_column_integer(stmt, 2), filed);
    json_object_set_new(row, "filed_at", json_string(filed));
    json_object_set_new(row, "opinion", json_string(pia_stmt_column_text(stmt, 3)));
    json_object_set_new(row, "score", json_integer(pia_stmt_column_integer(stmt, 4)));
    json_object_set_new(row, "text", json_string(pia_stmt_column_text(stmt, 5)));
    return row;
}

/* Puts the text in the place of its hash; an erased one is absent. */
static pia_status_t fill_text(pia_db_t *db, json_t *row)
{
    const char *hash = json_string_value(json_object_get(row, "text"));
    char *content = NULL;
    if (!hash)
        return PIA_OK;
    pia_status_t status = text_get(db, hash, &content);
    if (status == PIA_OK)
        json_object_set_new(row, "text", json_string(content));
    else
        json_object_del(row, "text");
    free(content);
    return status == PIA_NOT_FOUND || status == PIA_INTERNAL ? PIA_OK : status;
}

pia_status_t review_list(pia_db_t *db, const char *matter, const char *person, json_t **ret_list)
{
    json_t *items = json_array();
    pia_stmt_t *stmt = pia_db_prepare(db, sql[LIST]);
    pia_stmt_text(stmt, 1, matter);
    pia_stmt_text(stmt, 2, person);
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK)
        json_array_append_new(items, row_json(stmt));
    status = status == PIA_NOT_FOUND ? PIA_OK : status;
    for (size_t i = 0; status == PIA_OK && i < json_array_size(items); i++)
        status = fill_text(db, json_array_get(items, i));
    if (status == PIA_OK)
        *ret_list = json_pack("{s:o}", "items", items);
    else
        json_decref(items);
    return status;
}
