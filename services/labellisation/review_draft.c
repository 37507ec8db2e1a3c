/* review_draft.c - drafts of reports in SQL. */
#include "review_draft.h"

#include <stdlib.h>

enum { HOLD, INSERT, UPDATE, FIND, DROP };

static const char *const sql[] = {
    [HOLD] = "SELECT 1 FROM matter WHERE id = $1 AND version = $2 FOR UPDATE",
    [INSERT] = "INSERT INTO review_draft (review, version, content, saved_at) "
               "VALUES ($1, $4 + 1, $2, $3) ON CONFLICT DO NOTHING",
    [UPDATE] = "UPDATE review_draft SET version = version + 1, content = $2, saved_at = $3 "
               "WHERE review = $1 AND version = $4",
    [FIND] = "SELECT version, saved_at, content FROM review_draft WHERE review = $1",
    [DROP] = "DELETE FROM review_draft WHERE review = $1",
};

/* Whether the review is still what was read; from here on it stays so. */
static pia_status_t hold(pia_db_t *db, const review_draft_save_t *save)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[HOLD]);
    pia_stmt_text(stmt, 1, save->review);
    pia_stmt_integer(stmt, 2, save->matter);
    pia_status_t status = pia_stmt_step(stmt);
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_CONFLICT : status;
}

pia_status_t review_draft_save(pia_db_t *db, const review_draft_save_t *save)
{
    pia_status_t status = hold(db, save);
    if (status != PIA_OK)
        return status;
    char *content = json_dumps(save->content, JSON_COMPACT | JSON_SORT_KEYS);
    int64_t changes = 0;
    pia_stmt_t *stmt = pia_db_prepare(db, sql[save->base == 0 ? INSERT : UPDATE]);
    pia_stmt_text(stmt, 1, save->review);
    pia_stmt_text(stmt, 2, content);
    pia_stmt_integer(stmt, 3, save->saved_ms);
    pia_stmt_integer(stmt, 4, save->base);
    free(content);
    status = pia_stmt_run(stmt, &changes);
    return status == PIA_OK && changes == 0 ? PIA_CONFLICT : status;
}

pia_status_t review_draft_find(pia_db_t *db,
                               const char *review,
                               int64_t *ret_version,
                               int64_t *ret_saved_ms,
                               json_t **ret_content)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, review);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    *ret_version = pia_stmt_column_integer(stmt, 0);
    *ret_saved_ms = pia_stmt_column_integer(stmt, 1);
    *ret_content = json_loads(pia_stmt_column_text(stmt, 2), 0, NULL);
    pia_stmt_reset(stmt);
    return *ret_content ? PIA_OK : PIA_INTERNAL;
}

pia_status_t review_draft_drop(pia_db_t *db, const char *review)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[DROP]);
    pia_stmt_text(stmt, 1, review);
    return pia_stmt_run(stmt, NULL);
}
