/* decision_batch.c - batches in SQL. */
#include "decision_batch.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { FIND, NOTE };
enum { HASH_SIZE = 32, HASH_TEXT_SIZE = 2 * HASH_SIZE + 1 };

static const char *const sql[] = {
    [FIND] = "SELECT transition, number, data_hash FROM batch WHERE name = $1 AND actor = $2 "
             "AND dossier = $3",
    [NOTE] = "INSERT INTO batch (name, actor, dossier, transition, number, made_at, data_hash) "
             "VALUES ($1, $2, $3, $4, $5, $6, $7)",
};

/* The same for the same content, in whatever order it was written. */
static void hash_data(const json_t *data, char ret_text[HASH_TEXT_SIZE])
{
    unsigned char hash[HASH_SIZE];
    char *text = data ? json_dumps(data, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)(text ? text : ""),
                             text ? strlen(text) : 0, NULL, 0);
    (void)sodium_bin2hex(ret_text, HASH_TEXT_SIZE, hash, sizeof hash);
    free(text);
}

pia_status_t batch_find(pia_db_t *db,
                        const batch_key_t *key,
                        bool *ret_done,
                        int64_t *ret_number,
                        pia_problem_t *problem)
{
    char hash[HASH_TEXT_SIZE];
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, key->name);
    pia_stmt_text(stmt, 2, key->actor);
    pia_stmt_text(stmt, 3, key->dossier);
    *ret_done = false;
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_OK : status;
    hash_data(key->data, hash);
    bool same = strcmp(pia_stmt_column_text(stmt, 0), key->transition) == 0;
    *ret_done = same && strcmp(pia_stmt_column_text(stmt, 2), hash) == 0;
    *ret_number = pia_stmt_column_integer(stmt, 1);
    pia_stmt_reset(stmt);
    if (*ret_done)
        return PIA_OK;
    return pia_problem_set(problem, PIA_CONFLICT, same ? "/data" : "/transition",
                           same ? "this batch has made this transition with other data"
                                : "this batch has made another transition of this dossier");
}

pia_status_t batch_note(pia_db_t *db, const batch_key_t *key, int64_t number, int64_t made_ms)
{
    char hash[HASH_TEXT_SIZE];
    pia_stmt_t *stmt = pia_db_prepare(db, sql[NOTE]);
    pia_stmt_text(stmt, 1, key->name);
    pia_stmt_text(stmt, 2, key->actor);
    pia_stmt_text(stmt, 3, key->dossier);
    pia_stmt_text(stmt, 4, key->transition);
    pia_stmt_integer(stmt, 5, number);
    pia_stmt_integer(stmt, 6, made_ms);
    hash_data(key->data, hash);
    pia_stmt_text(stmt, 7, hash);
    return pia_stmt_run(stmt, NULL);
}
