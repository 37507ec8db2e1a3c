/* report.c - reports as JSON. */
#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "grid.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "review.h"
#include "specification.h"
#include "text.h"
#include "view.h"

enum { JUDGED, LIST, ANSWER, ANSWERED };

static const char *const sql[] = {
    [JUDGED] = "SELECT opinion, points FROM review WHERE matter = $1 AND closed = 0 "
               "AND filed_at IS NOT NULL ORDER BY number",
    [LIST] = "SELECT id, number, reviewer, asked_at, declared_at, filed_at, shown_at, closed, "
             "opinion, scores, text_hash FROM review WHERE matter = $1 "
             "AND accepted_at IS NOT NULL AND (CAST($2 AS TEXT) IS NULL OR reviewer = $2) "
             "AND (CAST($3 AS BIGINT) = 0 OR shown_at IS NOT NULL) ORDER BY number LIMIT 32",
    [ANSWER] = "INSERT INTO review_answer (matter, number, text_hash, answered_at, closed) "
               "SELECT $1, COALESCE(MAX(number), 0) + 1, CAST($2 AS TEXT), CAST($3 AS BIGINT), 0 "
               "FROM review_answer WHERE matter = $1",
    [ANSWERED] = "SELECT text_hash, answered_at FROM review_answer WHERE matter = $1 "
                 "AND closed = 0 ORDER BY number DESC LIMIT 1",
};

pia_status_t report_specification(pia_db_t *db,
                                  const matter_t *matter,
                                  json_t **ret_json,
                                  pia_problem_t *problem)
{
    const json_t *ref = json_object_get(matter->card, "specification");
    const char *name = json_string_value(json_object_get(ref, "name"));
    pia_status_t status =
        name ? specification_find(db, name, pia_json_integer(ref, "version"), ret_json)
             : PIA_NOT_FOUND;
    if (status == PIA_NOT_FOUND)
        return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                               "the dossier has no specification to be scored by");
    return status;
}

/* {"opinion", "points"} of each report that is there. */
static pia_status_t read_judged(pia_db_t *db, const char *dossier, json_t *judged)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[JUDGED]);
    pia_stmt_text(stmt, 1, dossier);
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK)
        json_array_append_new(judged,
                              json_pack("{s:s, s:I}", "opinion", pia_stmt_column_text(stmt, 0),
                                        "points", (json_int_t)pia_stmt_column_integer(stmt, 1)));
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* How far two reports may be apart. */
typedef struct {
    const json_t *opposed;
    int64_t percent, points_max; /* percent 0: any */
} measure_t;

static bool are_apart(const measure_t *measure, const json_t *one, const json_t *other)
{
    const json_t *opinion = json_object_get(one, "opinion");
    const json_t *theirs = json_object_get(other, "opinion");
    if (!json_equal(opinion, theirs) && names_have(measure->opposed, json_string_value(opinion)) &&
        names_have(measure->opposed, json_string_value(theirs)))
        return true;
    return measure->percent > 0 &&
           grid_differs(pia_json_integer(one, "points"), pia_json_integer(other, "points"),
                        measure->points_max, measure->percent);
}

static bool find_apart(const measure_t *measure, const json_t *judged)
{
    for (size_t i = 0; i < json_array_size(judged); i++)
        for (size_t j = 0; j < i; j++)
            if (are_apart(measure, json_array_get(judged, i), json_array_get(judged, j)))
                return true;
    return false;
}

pia_status_t report_diverges(pia_db_t *db, const matter_t *dossier, bool *ret_diverges)
{
    const review_rules_t *rules = &dossier->definition->reviews;
    json_t *judged = json_array(), *specification = NULL;
    *ret_diverges = false;
    pia_status_t status = read_judged(db, dossier->id, judged);
    if (status == PIA_OK && json_array_size(judged) > 1)
        status = report_specification(db, dossier, &specification, NULL);
    if (status == PIA_OK && specification) {
        int64_t percent = pia_json_integer(specification, "divergence");
        const measure_t measure = {rules->opposed, percent ? percent : rules->divergence,
                                   grid_points_max(specification)};
        *ret_diverges = find_apart(&measure, judged);
    }
    json_decref(specification);
    json_decref(judged);
    return status;
}

/* What is shown of the reports. */
typedef struct {
    pia_db_t *db;
    const json_t *specification; /* NULL: none, and no scores */
    bool inner;                  /* with the ids of reviews and reviewers */
    bool named;                  /* with the reviewers' */
} sight_t;

static void set_time(json_t *object, const char *name, pia_stmt_t *stmt, int column)
{
    char text[PIA_TIME_TEXT_SIZE];
    if (pia_stmt_column_is_null(stmt, column))
        return;
    pia_time_format(pia_stmt_column_integer(stmt, column), text);
    json_object_set_new(object, name, json_string(text));
}

/* The present row; hashes stand where the texts will. */
static json_t *row_json(pia_stmt_t *stmt, const sight_t *sight)
{
    bool filed = !pia_stmt_column_is_null(stmt, 5);
    json_t *row = json_pack("{s:I, s:b}", "rank", (json_int_t)pia_stmt_column_integer(stmt, 1),
                            "filed", filed);
    if (sight->inner)
        json_object_set_new(row, "review", json_string(pia_stmt_column_text(stmt, 0)));
    if (sight->named)
        json_object_set_new(row, "reviewer", json_string(pia_stmt_column_text(stmt, 2)));
    set_time(row, "assigned_at", stmt, 3);
    set_time(row, "declared_at", stmt, 4);
    set_time(row, "filed_at", stmt, 5);
    set_time(row, "shown_at", stmt, 6);
    if (pia_stmt_column_integer(stmt, 7) != 0)
        json_object_set_new(row, "closed", json_true());
    if (!filed)
        return row;
    json_object_set_new(row, "opinion", json_string(pia_stmt_column_text(stmt, 8)));
    json_object_set_new(row, "scores", json_loads(pia_stmt_column_text(stmt, 9), 0, NULL));
    json_object_set_new(row, "text", json_string(pia_stmt_column_text(stmt, 10)));
    return row;
}

/* Puts the text in the place of its hash; an erased one is absent. */
static pia_status_t fill_text(pia_db_t *db, json_t *row, const char *member)
{
    const char *hash = json_string_value(json_object_get(row, member));
    char *content = NULL;
    if (!hash)
        return PIA_OK;
    pia_status_t status = text_get(db, hash, &content);
    if (status == PIA_OK)
        json_object_set_new(row, member, json_string(content));
    else
        json_object_del(row, member);
    free(content);
    return status == PIA_NOT_FOUND || status == PIA_INTERNAL ? PIA_OK : status;
}

/* The grid with what it comes to. */
static pia_status_t fill_grid(const sight_t *sight, json_t *row)
{
    const json_t *scores = json_object_get(row, "scores");
    pia_status_t status = PIA_OK;
    if (!scores || !sight->specification) {
        json_object_del(row, "scores");
        return PIA_OK;
    }
    int64_t points = grid_points(sight->specification, scores);
    json_t *lines = grid_lines(sight->specification, scores);
    json_object_set_new(row, "total",
                        json_integer(grid_total(points, grid_points_max(sight->specification))));
    json_object_set_new(row, "met", json_boolean(grid_is_met(sight->specification, scores)));
    for (size_t i = 0; status == PIA_OK && i < json_array_size(lines); i++)
        status = fill_text(sight->db, json_array_get(lines, i), "justification");
    json_object_set_new(row, "scores", lines);
    return status;
}

/* Of `person` (NULL: of all), or only those that the candidate was shown. */
static pia_status_t
read_items(const sight_t *sight, const char *dossier, const char *person, bool shown, json_t *items)
{
    pia_stmt_t *stmt = pia_db_prepare(sight->db, sql[LIST]);
    pia_stmt_text(stmt, 1, dossier);
    pia_stmt_text(stmt, 2, person);
    pia_stmt_integer(stmt, 3, shown);
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK)
        json_array_append_new(items, row_json(stmt, sight));
    status = status == PIA_NOT_FOUND ? PIA_OK : status;
    for (size_t i = 0; status == PIA_OK && i < json_array_size(items); i++) {
        json_t *row = json_array_get(items, i);
        status = fill_grid(sight, row);
        if (status == PIA_OK)
            status = fill_text(sight->db, row, "text");
    }
    return status;
}

static pia_status_t add_answer(pia_db_t *db, const char *dossier, json_t *list)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[ANSWERED]);
    pia_stmt_text(stmt, 1, dossier);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK) {
        json_t *answer = json_pack("{s:s}", "text", pia_stmt_column_text(stmt, 0));
        set_time(answer, "answered_at", stmt, 1);
        pia_stmt_reset(stmt);
        json_object_set_new(list, "answer", answer);
        return fill_text(db, answer, "text");
    }
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* Whose reports these roles let someone read. */
typedef enum { SIGHT_ALL, SIGHT_OWN, SIGHT_SHOWN, SIGHT_NOTHING } scope_t;

static scope_t scope_of(const matter_t *dossier, uint32_t roles, review_standing_t standing)
{
    bool reader = view_is_reader(dossier, roles);
    if (engine_are_own(roles) && (roles & PIA_ROLE_REVIEWER) == 0)
        return (roles & PIA_ROLE_CANDIDAT) != 0 ? SIGHT_SHOWN : SIGHT_NOTHING;
    if (standing == REVIEW_INTERESTED)
        return SIGHT_NOTHING;
    if (reader && standing != REVIEW_ASKED && standing != REVIEW_DECLARED)
        return SIGHT_ALL;
    if (reader || (roles & PIA_ROLE_REVIEWER) != 0)
        return SIGHT_OWN;
    return SIGHT_NOTHING;
}

static pia_status_t fill_list(
    const sight_t *sight, const matter_t *dossier, const char *person, scope_t scope, json_t *list)
{
    bool diverge = false;
    pia_status_t status = read_items(sight, dossier->id, scope == SIGHT_OWN ? person : NULL,
                                     scope == SIGHT_SHOWN, json_object_get(list, "items"));
    if (status == PIA_OK && scope == SIGHT_ALL)
        status = report_diverges(sight->db, dossier, &diverge);
    if (status == PIA_OK && scope == SIGHT_ALL)
        json_object_set_new(list, "diverge", json_boolean(diverge));
    if (status == PIA_OK && scope != SIGHT_OWN)
        status = add_answer(sight->db, dossier->id, list);
    return status;
}

pia_status_t report_list(pia_db_t *db,
                         const matter_t *dossier,
                         const pia_principal_t *principal,
                         uint32_t roles,
                         json_t **ret_list,
                         pia_problem_t *problem)
{
    review_standing_t standing;
    json_t *specification = NULL;
    pia_status_t status = review_standing(db, dossier->id, principal->person, &standing);
    if (status != PIA_OK)
        return status;
    scope_t scope = scope_of(dossier, roles, standing);
    if (scope == SIGHT_NOTHING)
        return pia_problem_set(problem, PIA_FORBIDDEN, NULL, "these reports are not for you");
    status = report_specification(db, dossier, &specification, NULL);
    if (status != PIA_OK && (status != PIA_CONFLICT || pia_db_is_retryable(db)))
        return status;
    const sight_t sight = {
        .db = db,
        .specification = specification,
        .inner = scope != SIGHT_SHOWN,
        .named = scope != SIGHT_SHOWN || !dossier->definition->reviews.anonymous,
    };
    json_t *list = json_pack("{s:[]}", "items");
    status = fill_list(&sight, dossier, principal->person, scope, list);
    json_decref(specification);
    if (status == PIA_OK)
        *ret_list = list;
    else
        json_decref(list);
    return status;
}

pia_status_t
report_answer(pia_db_t *db, const char *dossier, const char *text_hash, int64_t answered_ms)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[ANSWER]);
    pia_stmt_text(stmt, 1, dossier);
    pia_stmt_text(stmt, 2, text_hash);
    pia_stmt_integer(stmt, 3, answered_ms);
    return pia_stmt_run(stmt, NULL);
}
