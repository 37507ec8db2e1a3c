/* minutes.c - making, signing and finding the minutes of meetings. */
#include "minutes.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/memory.h"
#include "session.h"
#include "session_view.h"

enum { INSERT, FIND, STATEMENT_SIZE = 256 };

static const char *const sql[] = {
    [INSERT] = "INSERT INTO minutes (session, pdf, sha256, public_key, signature, signed_at) "
               "VALUES ($1, $2, $3, $4, $5, $6)",
    [FIND] = "SELECT pdf, sha256, public_key, signature, signed_at FROM minutes WHERE session = $1",
};

/* What is signed: four lines, see proto/README.md. */
static size_t write_statement(const char *session,
                              const char *sha256,
                              int64_t signed_ms,
                              char ret_text[STATEMENT_SIZE])
{
    char at[PIA_TIME_TEXT_SIZE];
    pia_time_format(signed_ms, at);
    int size =
        snprintf(ret_text, STATEMENT_SIZE, "pia minutes 1\n%s\n%s\n%s\n", session, sha256, at);
    assert(size > 0 && size < STATEMENT_SIZE);
    return (size_t)size;
}

static pia_status_t store(const act_t *act, const file_t *file)
{
    unsigned char signature[crypto_sign_BYTES];
    char statement[STATEMENT_SIZE];
    size_t size = write_statement(act->matter->id, file->sha256, act->recorded_ms, statement);
    int rc = crypto_sign_detached(signature, NULL, (const unsigned char *)statement, size,
                                  act->key->secret);
    assert(rc == 0);
    pia_stmt_t *stmt = pia_db_prepare(act->db, sql[INSERT]);
    pia_stmt_text(stmt, 1, act->matter->id);
    pia_stmt_bytes(stmt, 2, file->bytes, file->size);
    pia_stmt_text(stmt, 3, file->sha256);
    pia_stmt_bytes(stmt, 4, act->key->public_key, sizeof act->key->public_key);
    pia_stmt_bytes(stmt, 5, signature, sizeof signature);
    pia_stmt_integer(stmt, 6, act->recorded_ms);
    return pia_stmt_run(stmt, NULL);
}

static pia_status_t draw(const act_t *act, file_t *ret_file, pia_problem_t *problem)
{
    matter_t committee;
    json_t *items = NULL, *sittings = NULL;
    pia_status_t status = session_committee(act, &committee, problem);
    if (status != PIA_OK)
        return status;
    status = session_view_items(act->db, act->matter, SIZE_MAX, &items);
    if (status == PIA_OK)
        status = session_view_sittings(act->db, act->matter, &sittings);
    const minutes_source_t source = {
        .session = act->matter,
        .committee = json_string_value(json_object_get(committee.card, "title")),
        .items = items,
        .sittings = sittings,
        .made_ms = act->recorded_ms,
    };
    if (status == PIA_OK)
        status = minutes_draw(&source, &ret_file->bytes, &ret_file->size);
    if (status == PIA_OK)
        file_hash(ret_file->bytes, ret_file->size, ret_file->sha256);
    json_decref(items);
    json_decref(sittings);
    matter_clear(&committee);
    return status;
}

pia_status_t minutes_sign(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    file_t file = {.bytes = NULL};
    if (!act->key)
        return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                               "minutes are signed by the service alone");
    pia_status_t status = draw(act, &file, problem);
    if (status == PIA_OK)
        status = store(act, &file);
    if (status == PIA_OK)
        json_object_set_new(act->record, "minutes", json_pack("{s:s}", "sha256", file.sha256));
    free(file.bytes);
    return status;
}

pia_status_t minutes_file(pia_db_t *db, const char *session, file_t *ret_file)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, session);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    const void *bytes = pia_stmt_column_bytes(stmt, 0, &ret_file->size);
    ret_file->bytes = pia_alloc(ret_file->size);
    memcpy(ret_file->bytes, bytes, ret_file->size);
    ret_file->type = "application/pdf";
    (void)snprintf(ret_file->name, sizeof ret_file->name, "proces-verbal-%s.pdf", session);
    (void)snprintf(ret_file->sha256, sizeof ret_file->sha256, "%s", pia_stmt_column_text(stmt, 1));
    pia_stmt_reset(stmt);
    return PIA_OK;
}

static json_t *json_hex(pia_stmt_t *stmt, int column)
{
    size_t size = 0;
    const void *bytes = pia_stmt_column_bytes(stmt, column, &size);
    char text[2 * crypto_sign_BYTES + 1];
    assert(size <= crypto_sign_BYTES);
    (void)sodium_bin2hex(text, sizeof text, bytes, size);
    return json_string(text);
}

pia_status_t minutes_view(pia_db_t *db, const char *session, json_t **ret_json)
{
    char at[PIA_TIME_TEXT_SIZE], statement[STATEMENT_SIZE];
    size_t size = 0;
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, session);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    const char *sha256 = pia_stmt_column_text(stmt, 1);
    int64_t signed_ms = pia_stmt_column_integer(stmt, 4);
    (void)pia_stmt_column_bytes(stmt, 0, &size);
    (void)write_statement(session, sha256, signed_ms, statement);
    pia_time_format(signed_ms, at);
    *ret_json = json_pack("{s:s, s:I, s:s, s:o, s:o, s:s}", "sha256", sha256, "size",
                          (json_int_t)size, "signed_at", at, "key", json_hex(stmt, 2), "signature",
                          json_hex(stmt, 3), "statement", statement);
    pia_stmt_reset(stmt);
    return PIA_OK;
}
