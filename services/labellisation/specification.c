/* specification.c - specifications in SQL. */
#include "specification.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grid.h"
#include "pia/clock.h"
#include "pia/json.h"

enum { INSERT, FIND, LATEST, CARDS };

static const char *const sql[] = {
    [INSERT] = "INSERT INTO specification (name, version, title, content, created_at) "
               "VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
    [FIND] = "SELECT content FROM specification WHERE name = $1 AND version = $2",
    [LATEST] = "SELECT version FROM specification WHERE name = $1 ORDER BY version DESC LIMIT 1",
    [CARDS] = "SELECT name, version, title, created_at FROM specification "
              "WHERE name > $1 OR (name = $1 AND version > $2) ORDER BY name, version LIMIT $3",
};

static pia_status_t
fault(pia_problem_t *problem, size_t criterion, const char *member, const char *detail)
{
    char pointer[PIA_POINTER_MAX];
    (void)snprintf(pointer, sizeof pointer, "/criteria/%zu/%s", criterion, member);
    return pia_problem_set(problem, PIA_INVALID, pointer, "%s", detail);
}

static bool is_repeated(const json_t *criteria, size_t index)
{
    const json_t *code = json_object_get(json_array_get(criteria, index), "code");
    for (size_t i = 0; i < index; i++)
        if (json_equal(json_object_get(json_array_get(criteria, i), "code"), code))
            return true;
    return false;
}

pia_status_t specification_check(const json_t *specification, pia_problem_t *problem)
{
    const json_t *criteria = json_object_get(specification, "criteria"), *criterion;
    size_t i;
    json_array_foreach(criteria, i, criterion)
    {
        int64_t min = pia_json_integer(criterion, "min"), max = pia_json_integer(criterion, "max");
        const json_t *threshold = json_object_get(criterion, "threshold");
        int64_t least = json_integer_value(threshold);
        if (is_repeated(criteria, i))
            return fault(problem, i, "code", "another criterion has this code");
        if (min >= max)
            return fault(problem, i, "max", "is not above min");
        if (threshold && (least < min || least > max))
            return fault(problem, i, "threshold", "is not on the scale");
    }
    return grid_check_scales(specification, problem);
}

static pia_status_t latest(pia_db_t *db, const char *name, int64_t *ret_version)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[LATEST]);
    pia_stmt_text(stmt, 1, name);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        *ret_version = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return status;
}

static pia_status_t
insert(pia_db_t *db, const json_t *specification, int64_t now_ms, int64_t *ret_changes)
{
    char *content = json_dumps(specification, JSON_COMPACT | JSON_SORT_KEYS);
    pia_stmt_t *stmt = pia_db_prepare(db, sql[INSERT]);
    pia_stmt_text(stmt, 1, json_string_value(json_object_get(specification, "name")));
    pia_stmt_integer(stmt, 2, pia_json_integer(specification, "version"));
    pia_stmt_text(stmt, 3, json_string_value(json_object_get(specification, "title")));
    pia_stmt_text(stmt, 4, content);
    pia_stmt_integer(stmt, 5, now_ms);
    free(content);
    return pia_stmt_run(stmt, ret_changes);
}

pia_status_t
specification_add(pia_db_t *db, json_t *specification, int64_t now_ms, pia_problem_t *problem)
{
    const json_t *asked = json_object_get(specification, "version");
    int64_t version = 0, changes = 0;
    char created[PIA_TIME_TEXT_SIZE];
    pia_status_t status = specification_check(specification, problem);
    if (status == PIA_OK)
        status = latest(db, json_string_value(json_object_get(specification, "name")), &version);
    if (status != PIA_OK && status != PIA_NOT_FOUND)
        return status;
    if (asked && json_integer_value(asked) != version + 1)
        return pia_problem_set(problem, PIA_CONFLICT, "/version", "the next version is %lld",
                               (long long)version + 1);
    pia_time_format(now_ms, created);
    json_object_set_new(specification, "version", json_integer(version + 1));
    json_object_set_new(specification, "created_at", json_string(created));
    status = insert(db, specification, now_ms, &changes);
    if (status == PIA_OK && changes == 0)
        return pia_problem_set(problem, PIA_CONFLICT, "/version",
                               "someone else recorded this version at the same moment");
    return status;
}

pia_status_t
specification_find(pia_db_t *db, const char *name, int64_t version, json_t **ret_specification)
{
    pia_status_t status = version == 0 ? latest(db, name, &version) : PIA_OK;
    if (status != PIA_OK)
        return status;
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, name);
    pia_stmt_integer(stmt, 2, version);
    status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    *ret_specification = json_loads(pia_stmt_column_text(stmt, 0), 0, NULL);
    pia_stmt_reset(stmt);
    return *ret_specification ? PIA_OK : PIA_INTERNAL;
}

pia_status_t specification_choose(pia_db_t *db,
                                  const json_t *choice,
                                  const char *pointer,
                                  json_t **ret_ref,
                                  pia_problem_t *problem)
{
    const char *name = json_string_value(json_object_get(choice, "name"));
    json_t *found = NULL;
    pia_status_t status = specification_find(db, name, pia_json_integer(choice, "version"), &found);
    if (status == PIA_NOT_FOUND)
        return pia_problem_set(problem, PIA_INVALID, pointer, "there is no such specification");
    if (status == PIA_OK)
        *ret_ref = json_pack("{s:s, s:I}", "name", name, "version",
                             (json_int_t)pia_json_integer(found, "version"));
    json_decref(found);
    return status;
}

static json_t *row_json(pia_stmt_t *stmt)
{
    char created[PIA_TIME_TEXT_SIZE];
    pia_time_format(pia_stmt_column_integer(stmt, 3), created);
    return json_pack("{s:s, s:I, s:s, s:s}", "name", pia_stmt_column_text(stmt, 0), "version",
                     (json_int_t)pia_stmt_column_integer(stmt, 1), "title",
                     pia_stmt_column_text(stmt, 2), "created_at", created);
}

pia_status_t specification_cards(
    pia_db_t *db, const char *name, int64_t version, int64_t limit, json_t **ret_cards)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[CARDS]);
    pia_stmt_text(stmt, 1, name);
    pia_stmt_integer(stmt, 2, version);
    pia_stmt_integer(stmt, 3, limit);
    json_t *cards = json_array();
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK)
        json_array_append_new(cards, row_json(stmt));
    if (status != PIA_NOT_FOUND) {
        json_decref(cards);
        return status;
    }
    *ret_cards = cards;
    return PIA_OK;
}

pia_status_t specification_ship(pia_db_t *db, const char *text, int64_t now_ms)
{
    json_t *specification = json_loads(text, 0, NULL);
    int64_t changes = 0;
    char created[PIA_TIME_TEXT_SIZE];
    pia_time_format(now_ms, created);
    json_object_set_new(specification, "created_at", json_string(created));
    pia_status_t status =
        specification ? insert(db, specification, now_ms, &changes) : PIA_INTERNAL;
    json_decref(specification);
    return status;
}
