/* decision_batch.c - batches in SQL. */
#include "decision_batch.h"

#include <string.h>

enum { FIND, NOTE };

static const char *const sql[] = {
    [FIND] = "SELECT transition, number FROM batch WHERE name = $1 AND actor = $2 AND dossier = $3",
    [NOTE] = "INSERT INTO batch (name, actor, dossier, transition, number, made_at) "
             "VALUES ($1, $2, $3, $4, $5, $6)",
};

pia_status_t batch_find(pia_db_t *db, const batch_key_t *key, bool *ret_done, int64_t *ret_number)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, key->name);
    pia_stmt_text(stmt, 2, key->actor);
    pia_stmt_text(stmt, 3, key->dossier);
    *ret_done = false;
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_OK : status;
    *ret_done = strcmp(pia_stmt_column_text(stmt, 0), key->transition) == 0;
    *ret_number = pia_stmt_column_integer(stmt, 1);
    pia_stmt_reset(stmt);
    return *ret_done ? PIA_OK : PIA_CONFLICT;
}

pia_status_t batch_note(pia_db_t *db, const batch_key_t *key, int64_t number, int64_t made_ms)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[NOTE]);
    pia_stmt_text(stmt, 1, key->name);
    pia_stmt_text(stmt, 2, key->actor);
    pia_stmt_text(stmt, 3, key->dossier);
    pia_stmt_text(stmt, 4, key->transition);
    pia_stmt_integer(stmt, 5, number);
    pia_stmt_integer(stmt, 6, made_ms);
    return pia_stmt_run(stmt, NULL);
}
