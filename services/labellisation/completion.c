/* completion.c - requests to complete a dossier in SQL. */
#include "completion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attachment.h"
#include "pia/clock.h"

enum { INSERT, CLOSE, LIST };

static const char *const sql[] = {
    [INSERT] = "INSERT INTO completion (dossier, number, requested_at, requested_day, until_day, "
               "indispensable, items) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
    [CLOSE] = "UPDATE completion SET closed_day = $2, outcome = $3 "
              "WHERE dossier = $1 AND closed_day IS NULL",
    [LIST] = "SELECT number, requested_at, requested_day, until_day, indispensable, items, "
             "closed_day, outcome FROM completion WHERE dossier = $1 ORDER BY number",
};

static const char *piece_of(const json_t *item)
{
    return json_string_value(json_object_get(item, "piece"));
}

static bool is_repeated(const json_t *items, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(piece_of(json_array_get(items, i)), piece_of(json_array_get(items, index))) == 0)
            return true;
    return false;
}

static pia_status_t check_items(const content_t *content,
                                const json_t *items,
                                bool *ret_indispensable,
                                pia_problem_t *problem)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        const piece_rule_t *rule = content_piece(content, piece_of(json_array_get(items, i)));
        char pointer[PIA_POINTER_MAX];
        (void)snprintf(pointer, sizeof pointer, "/data/pieces/%zu", i);
        if (!rule)
            return pia_problem_set(problem, PIA_INVALID, pointer,
                                   "the procedure asks for no piece of this name");
        if (is_repeated(items, i))
            return pia_problem_set(problem, PIA_INVALID, pointer, "this piece is named twice");
        *ret_indispensable = *ret_indispensable || rule->indispensable;
    }
    return PIA_OK;
}

pia_status_t completion_add(pia_db_t *db,
                            const matter_t *dossier,
                            const completion_request_t *request,
                            bool *ret_indispensable,
                            pia_problem_t *problem)
{
    int64_t changes = 0;
    pia_status_t status =
        check_items(&dossier->definition->content, request->items, ret_indispensable, problem);
    if (status != PIA_OK)
        return status;
    char *items = json_dumps(request->items, JSON_COMPACT | JSON_SORT_KEYS);
    pia_stmt_t *stmt = pia_db_prepare(db, sql[INSERT]);
    pia_stmt_text(stmt, 1, dossier->id);
    pia_stmt_integer(stmt, 2, dossier->version);
    pia_stmt_integer(stmt, 3, request->requested_ms);
    pia_stmt_integer(stmt, 4, day_of(request->requested_ms));
    pia_stmt_integer(stmt, 5, request->until);
    pia_stmt_integer(stmt, 6, *ret_indispensable);
    pia_stmt_text(stmt, 7, items);
    free(items);
    status = pia_stmt_run(stmt, &changes);
    if (status != PIA_OK || changes == 1)
        return status;
    return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                           "a request to complete this dossier is pending");
}

pia_status_t completion_close(pia_db_t *db, const char *dossier, const char *outcome, int64_t day)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[CLOSE]);
    pia_stmt_text(stmt, 1, dossier);
    pia_stmt_integer(stmt, 2, day);
    pia_stmt_text(stmt, 3, outcome);
    return pia_stmt_run(stmt, NULL);
}

static void set_day(json_t *json, const char *name, int64_t day)
{
    char text[DAY_TEXT_SIZE];
    day_format(day, text);
    json_object_set_new(json, name, json_string(text));
}

static json_t *row_json(pia_stmt_t *stmt)
{
    char requested_at[PIA_TIME_TEXT_SIZE];
    const char *outcome = pia_stmt_column_text(stmt, 7);
    pia_time_format(pia_stmt_column_integer(stmt, 1), requested_at);
    json_t *json =
        json_pack("{s:I, s:s, s:s, s:b}", "number", (json_int_t)pia_stmt_column_integer(stmt, 0),
                  "requested_at", requested_at, "state", outcome ? outcome : "pending",
                  "indispensable", pia_stmt_column_integer(stmt, 4) != 0);
    set_day(json, "requested_on", pia_stmt_column_integer(stmt, 2));
    set_day(json, "until", pia_stmt_column_integer(stmt, 3));
    if (outcome)
        set_day(json, "closed_on", pia_stmt_column_integer(stmt, 6));
    json_object_set_new(json, "items", json_loads(pia_stmt_column_text(stmt, 5), 0, NULL));
    return json;
}

pia_status_t completion_list(pia_db_t *db, const char *dossier, json_t **ret_list)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[LIST]);
    pia_stmt_text(stmt, 1, dossier);
    json_t *list = json_array();
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK)
        json_array_append_new(list, row_json(stmt));
    if (status == PIA_NOT_FOUND) {
        *ret_list = list;
        return PIA_OK;
    }
    json_decref(list);
    return status;
}

int64_t completion_of(const json_t *list, const char *piece, const char **ret_why)
{
    int64_t requested_ms = 0;
    *ret_why = NULL;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *completion = json_array_get(list, i);
        const json_t *items = json_object_get(completion, "items");
        for (size_t j = 0; j < json_array_size(items); j++) {
            const json_t *item = json_array_get(items, j);
            if (strcmp(piece_of(item), piece) != 0)
                continue;
            *ret_why = json_string_value(json_object_get(item, "why"));
            (void)pia_time_parse(json_string_value(json_object_get(completion, "requested_at")),
                                 &requested_ms);
        }
    }
    return requested_ms;
}

pia_status_t completion_has(
    pia_db_t *db, const matter_t *dossier, const json_t *list, const char *piece, bool *ret_has)
{
    const char *why;
    return attachment_has(db, dossier->id, piece, completion_of(list, piece, &why), ret_has);
}

pia_status_t completion_missing(pia_db_t *db, const matter_t *dossier, json_t **ret_names)
{
    const content_t *content = &dossier->definition->content;
    json_t *list = NULL, *names = json_array();
    pia_status_t status = completion_list(db, dossier->id, &list);
    for (size_t i = 0; status == PIA_OK && i < content->piece_count; i++) {
        bool has = true;
        if (content->pieces[i].indispensable)
            status = completion_has(db, dossier, list, content->pieces[i].name, &has);
        if (!has)
            json_array_append_new(names, json_string(content->pieces[i].name));
    }
    json_decref(list);
    if (status == PIA_OK)
        *ret_names = names;
    else
        json_decref(names);
    return status;
}
