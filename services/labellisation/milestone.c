/* milestone.c - milestones in SQL, and what transitions do to them. */
#include "milestone.h"

#include <stdio.h>

#include <stdlib.h>

#include "matter.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "text.h"

enum { ADD, REACH, LIST, COUNT };
enum { MILESTONES_MAX = 64 };

static const char *const sql[] = {
    [ADD] = "INSERT INTO milestone (matter, number, text_hash, due_day) "
            "SELECT $1, COUNT(*) + 1, CAST($2 AS TEXT), CAST($3 AS TEXT) FROM milestone "
            "WHERE matter = $1 HAVING COUNT(*) < $4",
    [REACH] = "UPDATE milestone SET reached_at = $3 "
              "WHERE matter = $1 AND number = $2 AND reached_at IS NULL",
    [LIST] = "SELECT number, text_hash, due_day, reached_at FROM milestone WHERE matter = $1 "
             "ORDER BY number LIMIT 64",
    [COUNT] = "SELECT COUNT(*), COUNT(reached_at) FROM milestone WHERE matter = $1",
};

pia_status_t milestone_add(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const json_t *text = json_object_get(act->record, pia_json_text(parameters, "text"));
    int64_t changes = 0;
    pia_stmt_t *stmt = pia_db_prepare(act->db, sql[ADD]);
    pia_stmt_text(stmt, 1, act->matter->id);
    pia_stmt_text(stmt, 2, pia_json_text(text, "blake2b"));
    pia_stmt_text(stmt, 3, pia_json_text(act->data, pia_json_text(parameters, "due")));
    pia_stmt_integer(stmt, 4, MILESTONES_MAX);
    pia_status_t status = pia_stmt_run(stmt, &changes);
    if (status == PIA_OK && changes == 0)
        return pia_problem_set(problem, PIA_CONFLICT, "/transition", "there are %d milestones",
                               MILESTONES_MAX);
    return status;
}

pia_status_t milestone_reach(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const char *datum = pia_json_text(parameters, "data");
    int64_t number = pia_json_integer(act->data, datum), changes = 0;
    char at[PIA_POINTER_MAX];
    pia_stmt_t *stmt = pia_db_prepare(act->db, sql[REACH]);
    pia_stmt_text(stmt, 1, act->matter->id);
    pia_stmt_integer(stmt, 2, number);
    pia_stmt_integer(stmt, 3, act->effective_ms);
    pia_status_t status = pia_stmt_run(stmt, &changes);
    (void)snprintf(at, sizeof at, "/data/%s", datum);
    if (status == PIA_OK && changes == 0)
        return pia_problem_set(problem, PIA_CONFLICT, at,
                               "there is no milestone %lld that is still to be reached",
                               (long long)number);
    return status;
}

pia_status_t milestones_reached(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    pia_stmt_t *stmt = pia_db_prepare(act->db, sql[COUNT]);
    pia_stmt_text(stmt, 1, act->matter->id);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    int64_t left = pia_stmt_column_integer(stmt, 0) - pia_stmt_column_integer(stmt, 1);
    pia_stmt_reset(stmt);
    if (left == 0)
        return PIA_OK;
    return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                           "%lld milestones are still to be reached", (long long)left);
}

/* The present row; the hash stands where the label will. */
static json_t *row_json(pia_stmt_t *stmt)
{
    json_t *row =
        json_pack("{s:I, s:s, s:s}", "number", (json_int_t)pia_stmt_column_integer(stmt, 0),
                  "label", pia_stmt_column_text(stmt, 1), "due", pia_stmt_column_text(stmt, 2));
    if (!pia_stmt_column_is_null(stmt, 3)) {
        char reached[PIA_TIME_TEXT_SIZE];
        pia_time_format(pia_stmt_column_integer(stmt, 3), reached);
        json_object_set_new(row, "reached_at", json_string(reached));
    }
    return row;
}

static pia_status_t fill_label(pia_db_t *db, json_t *row)
{
    char *content = NULL;
    pia_status_t status = text_get(db, pia_json_text(row, "label"), &content);
    if (status == PIA_OK)
        json_object_set_new(row, "label", json_string(content));
    else
        json_object_del(row, "label");
    free(content);
    return status == PIA_NOT_FOUND || status == PIA_INTERNAL ? PIA_OK : status;
}

pia_status_t milestone_list(pia_db_t *db, const char *matter, json_t **ret_list)
{
    json_t *list = json_array();
    pia_stmt_t *stmt = pia_db_prepare(db, sql[LIST]);
    pia_stmt_text(stmt, 1, matter);
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK)
        json_array_append_new(list, row_json(stmt));
    status = status == PIA_NOT_FOUND ? PIA_OK : status;
    for (size_t i = 0; status == PIA_OK && i < json_array_size(list); i++)
        status = fill_label(db, json_array_get(list, i));
    if (status == PIA_OK)
        *ret_list = list;
    else
        json_decref(list);
    return status;
}
