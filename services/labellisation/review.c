/* review.c - reviews in SQL. */
#include "review.h"

#include <stdlib.h>

enum {
    OPEN,
    DECLARE,
    ACCEPT,
    FILED,
    SHOW,
    END,
    ASSIGNED,
    OTHER,
    STANDING,
    COUNT,
    CLOSE,
    CLOSE_ANSWERS,
    PERSONS,
    RECUSE,
    READMIT,
    RECUSED,
};

static const char *const sql[] = {
    [OPEN] = "INSERT INTO review (id, matter, number, reviewer, asked_at, interested, closed) "
             "SELECT $1, CAST($2 AS TEXT), COALESCE(MAX(number), 0) + 1, CAST($3 AS TEXT), "
             "CAST($4 AS BIGINT), 0, 0 FROM review WHERE matter = $2",
    [DECLARE] = "UPDATE review SET declared_at = $2 WHERE id = $1",
    [ACCEPT] = "UPDATE review SET accepted_at = $2 WHERE id = $1",
    [FILED] = "UPDATE review SET opinion = $2, points = $3, scores = $4, text_hash = $5, "
              "filed_at = $6 WHERE id = $1 AND closed = 0 AND accepted_at IS NOT NULL",
    [SHOW] = "UPDATE review SET shown_at = $2 WHERE id = $1",
    [END] = "UPDATE review SET closed = 1, interested = $2 WHERE id = $1",
    [ASSIGNED] = "SELECT 1 FROM review WHERE reviewer = $2 AND matter = $1 AND closed = 0 "
                 "AND accepted_at IS NOT NULL",
    [OTHER] = "SELECT 1 FROM review WHERE reviewer = $2 AND matter = $1 AND closed = 0 "
              "AND id <> $3",
    [STANDING] = "SELECT interested, closed, declared_at, filed_at FROM review "
                 "WHERE reviewer = $2 AND matter = $1 ORDER BY number DESC LIMIT 1",
    [COUNT] = "SELECT COUNT(*), COUNT(accepted_at), COUNT(filed_at) FROM review "
              "WHERE matter = $1 AND closed = 0 AND id <> $2",
    [CLOSE] = "UPDATE review SET closed = 1 WHERE matter = $1 AND closed = 0",
    [CLOSE_ANSWERS] = "UPDATE review_answer SET closed = 1 WHERE matter = $1 AND closed = 0",
    [PERSONS] = "SELECT reviewer FROM review WHERE matter = $1 AND closed = 0 "
                "AND accepted_at IS NOT NULL ORDER BY number",
    [RECUSE] = "INSERT INTO recusal (dossier, person, session) VALUES ($1, $2, $3) "
               "ON CONFLICT (dossier, person, session) DO NOTHING",
    [READMIT] = "DELETE FROM recusal WHERE dossier = $1 AND person = $2 AND session = $3",
    [RECUSED] = "SELECT 1 FROM recusal WHERE dossier = $1 AND person = $2 LIMIT 1",
};

pia_status_t review_open(pia_db_t *db, const matter_t *review, int64_t asked_ms)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[OPEN]);
    pia_stmt_text(stmt, 1, review->id);
    pia_stmt_text(stmt, 2, review->parent);
    pia_stmt_text(stmt, 3, review->person);
    pia_stmt_integer(stmt, 4, asked_ms);
    return pia_stmt_run(stmt, NULL);
}

static pia_status_t update(pia_db_t *db, int which, const char *id, int64_t value)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[which]);
    pia_stmt_text(stmt, 1, id);
    pia_stmt_integer(stmt, 2, value);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t review_declare(pia_db_t *db, const char *id, int64_t declared_ms)
{
    return update(db, DECLARE, id, declared_ms);
}

pia_status_t review_accept(pia_db_t *db, const char *id, int64_t accepted_ms)
{
    return update(db, ACCEPT, id, accepted_ms);
}

pia_status_t review_show(pia_db_t *db, const char *id, int64_t shown_ms)
{
    return update(db, SHOW, id, shown_ms);
}

pia_status_t review_end(pia_db_t *db, const char *id, bool interested)
{
    return update(db, END, id, interested);
}

pia_status_t review_file(pia_db_t *db, const char *id, const review_report_t *report)
{
    char *scores = json_dumps(report->scores, JSON_COMPACT | JSON_SORT_KEYS);
    int64_t changes = 0;
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FILED]);
    pia_stmt_text(stmt, 1, id);
    pia_stmt_text(stmt, 2, report->opinion);
    pia_stmt_integer(stmt, 3, report->points);
    pia_stmt_text(stmt, 4, scores);
    pia_stmt_text(stmt, 5, report->text_hash);
    pia_stmt_integer(stmt, 6, report->filed_ms);
    free(scores);
    pia_status_t status = pia_stmt_run(stmt, &changes);
    return status == PIA_OK && changes == 0 ? PIA_CONFLICT : status;
}

static pia_stmt_t *prepare(pia_db_t *db, int which, const char *dossier, const char *person)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[which]);
    pia_stmt_text(stmt, 1, dossier);
    pia_stmt_text(stmt, 2, person);
    return stmt;
}

/* Whether there is a row. */
static pia_status_t has_row(pia_stmt_t *stmt, bool *ret_has)
{
    pia_status_t status = pia_stmt_step(stmt);
    *ret_has = status == PIA_OK;
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t
review_is_assigned(pia_db_t *db, const char *dossier, const char *person, bool *ret_assigned)
{
    return has_row(prepare(db, ASSIGNED, dossier, person), ret_assigned);
}

pia_status_t review_has_other(
    pia_db_t *db, const char *dossier, const char *person, const char *id, bool *ret_has)
{
    pia_stmt_t *stmt = prepare(db, OTHER, dossier, person);
    pia_stmt_text(stmt, 3, id);
    return has_row(stmt, ret_has);
}

static review_standing_t read_standing(pia_stmt_t *stmt)
{
    if (pia_stmt_column_integer(stmt, 0) != 0)
        return REVIEW_INTERESTED;
    if (pia_stmt_column_integer(stmt, 1) != 0)
        return REVIEW_NONE;
    if (pia_stmt_column_is_null(stmt, 2))
        return REVIEW_ASKED;
    return pia_stmt_column_is_null(stmt, 3) ? REVIEW_DECLARED : REVIEW_FILED;
}

pia_status_t review_recuse(
    pia_db_t *db, const char *dossier, const char *person, const char *session, bool recused)
{
    pia_stmt_t *stmt = prepare(db, recused ? RECUSE : READMIT, dossier, person);
    pia_stmt_text(stmt, 3, session);
    return pia_stmt_run(stmt, NULL);
}

static pia_status_t
read_latest(pia_db_t *db, const char *dossier, const char *person, review_standing_t *ret_standing)
{
    pia_stmt_t *stmt = prepare(db, STANDING, dossier, person);
    pia_status_t status = pia_stmt_step(stmt);
    *ret_standing = status == PIA_OK ? read_standing(stmt) : REVIEW_NONE;
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t review_standing(pia_db_t *db,
                             const char *dossier,
                             const char *person,
                             review_standing_t *ret_standing)
{
    bool recused = false;
    pia_status_t status = has_row(prepare(db, RECUSED, dossier, person), &recused);
    if (status == PIA_OK && !recused)
        return read_latest(db, dossier, person, ret_standing);
    *ret_standing = recused ? REVIEW_INTERESTED : REVIEW_NONE;
    return status;
}

pia_status_t
review_count(pia_db_t *db, const char *dossier, const char *except, review_counts_t *ret_counts)
{
    pia_stmt_t *stmt = prepare(db, COUNT, dossier, except);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        *ret_counts = (review_counts_t){
            .open = pia_stmt_column_integer(stmt, 0),
            .accepted = pia_stmt_column_integer(stmt, 1),
            .filed = pia_stmt_column_integer(stmt, 2),
        };
    pia_stmt_reset(stmt);
    return status;
}

pia_status_t review_close(pia_db_t *db, const char *dossier)
{
    pia_status_t status = PIA_OK;
    for (int which = CLOSE; status == PIA_OK && which <= CLOSE_ANSWERS; which++) {
        pia_stmt_t *stmt = pia_db_prepare(db, sql[which]);
        pia_stmt_text(stmt, 1, dossier);
        status = pia_stmt_run(stmt, NULL);
    }
    return status;
}

pia_status_t review_persons(pia_db_t *db, const char *dossier, json_t **ret_persons)
{
    json_t *persons = json_array();
    pia_stmt_t *stmt = pia_db_prepare(db, sql[PERSONS]);
    pia_stmt_text(stmt, 1, dossier);
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
