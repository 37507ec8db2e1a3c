/* minutes.c - making, signing, renewing and finding the minutes of meetings. */
#include "minutes.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority.h"
#include "erasure.h"
#include "kin.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "session.h"
#include "session_view.h"

enum { INSERT, REPLACE, FIND, OF_COMMITTEE, OF_AUTHORITY, STATEMENT_SIZE = 256 };

static const char *const sql[] = {
    [INSERT] = "INSERT INTO minutes (session, pdf, sha256, public_key, signature, signed_at, "
               "number, authority) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    [REPLACE] = "UPDATE minutes SET pdf = $2, sha256 = $3, public_key = $4, signature = $5, "
                "signed_at = $6, number = $7, first_sha256 = COALESCE(first_sha256, sha256), "
                "first_signed_at = COALESCE(first_signed_at, signed_at) WHERE session = $1",
    [FIND] = "SELECT pdf, sha256, public_key, signature, signed_at, number, authority, "
             "first_sha256, first_signed_at FROM minutes WHERE session = $1",
    [OF_COMMITTEE] = "SELECT minutes.session FROM minutes JOIN matter "
                     "ON matter.id = minutes.session WHERE matter.parent = $1 "
                     "ORDER BY minutes.session",
    [OF_AUTHORITY] = "SELECT session FROM minutes WHERE authority = $1 ORDER BY session",
};

/* What is known of minutes beside their bytes. */
typedef struct {
    char sha256[FILE_HASH_SIZE], first_sha256[FILE_HASH_SIZE]; /* first: as it was signed first */
    char authority[PIA_UUID_TEXT_SIZE]; /* under which they were established; "" none */
    int64_t first_ms, number;           /* number: of the entry that has sha256 */
} known_t;

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

/* Signs the file and keeps it, as the first (INSERT) or in the place of another (REPLACE). */
static pia_status_t store(const act_t *act, int which, const file_t *file, const char *authority)
{
    unsigned char signature[crypto_sign_BYTES];
    char statement[STATEMENT_SIZE];
    size_t size = write_statement(act->matter->id, file->sha256, act->recorded_ms, statement);
    int rc = crypto_sign_detached(signature, NULL, (const unsigned char *)statement, size,
                                  act->key->secret);
    assert(rc == 0);
    pia_stmt_t *stmt = pia_db_prepare(act->db, sql[which]);
    pia_stmt_text(stmt, 1, act->matter->id);
    pia_stmt_bytes(stmt, 2, file->bytes, file->size);
    pia_stmt_text(stmt, 3, file->sha256);
    pia_stmt_bytes(stmt, 4, act->key->public_key, sizeof act->key->public_key);
    pia_stmt_bytes(stmt, 5, signature, sizeof signature);
    pia_stmt_integer(stmt, 6, act->recorded_ms);
    pia_stmt_integer(stmt, 7, act->matter->version);
    if (which == INSERT)
        pia_stmt_text(stmt, 8, authority[0] != '\0' ? authority : NULL);
    return pia_stmt_run(stmt, NULL);
}

/* The names and texts that they are drawn from; members are NULL until they are read. */
typedef struct {
    json_t *items, *sittings, *signatory;
} texts_t;

static pia_status_t read_texts(const act_t *act, const char *authority, texts_t *ret_texts)
{
    *ret_texts = (texts_t){.items = NULL};
    pia_status_t status = session_view_items(act->db, act->matter, SIZE_MAX, &ret_texts->items);
    if (status == PIA_OK)
        status = session_view_sittings(act->db, act->matter, &ret_texts->sittings);
    if (status == PIA_OK && authority[0] != '\0')
        status = authority_card(act->db, authority, &ret_texts->signatory);
    return status;
}

/* Draws them, `before` being those in whose place they come (NULL: none). */
static pia_status_t draw(const act_t *act,
                         const char *authority,
                         const known_t *before,
                         file_t *ret_file,
                         pia_problem_t *problem)
{
    matter_t committee;
    texts_t texts;
    pia_status_t status = session_committee(act, &committee, problem);
    if (status != PIA_OK)
        return status;
    status = read_texts(act, authority, &texts);
    const minutes_source_t source = {
        .session = act->matter,
        .committee = json_string_value(json_object_get(committee.card, "title")),
        .items = texts.items,
        .sittings = texts.sittings,
        .signatory = texts.signatory,
        .made_ms = act->recorded_ms,
        .first_ms = before ? before->first_ms : act->recorded_ms,
        .first_sha256 = before ? before->first_sha256 : NULL,
    };
    if (status == PIA_OK)
        status = minutes_draw(&source, &ret_file->bytes, &ret_file->size);
    if (status == PIA_OK)
        file_hash(ret_file->bytes, ret_file->size, ret_file->sha256);
    json_decref(texts.items);
    json_decref(texts.sittings);
    json_decref(texts.signatory);
    matter_clear(&committee);
    return status;
}

/* Draws, signs and keeps them; the entry gets their hash. */
static pia_status_t
make(act_t *act, const char *authority, const known_t *before, pia_problem_t *problem)
{
    file_t file = {.bytes = NULL};
    if (!act->key)
        return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                               "minutes are signed by the service alone");
    pia_status_t status = draw(act, authority, before, &file, problem);
    if (status == PIA_OK)
        status = store(act, before ? REPLACE : INSERT, &file, authority);
    if (status == PIA_OK)
        json_object_set_new(act->record, "minutes", json_pack("{s:s}", "sha256", file.sha256));
    free(file.bytes);
    return status;
}

/* Who establishes them is named, if it holds an authority in any capacity. */
pia_status_t minutes_sign(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    char authority[PIA_UUID_TEXT_SIZE] = "";
    pia_problem_t none = {.status = PIA_OK};
    pia_status_t status = authority_find(act, NULL, NULL, authority, &none);
    if (status != PIA_OK && status != PIA_FORBIDDEN)
        return status;
    return make(act, authority, NULL, problem);
}

static void keep_text(pia_stmt_t *stmt, int column, char *ret_text, size_t size)
{
    const char *text =
        pia_stmt_column_is_null(stmt, column) ? "" : pia_stmt_column_text(stmt, column);
    (void)snprintf(ret_text, size, "%s", text);
}

static pia_status_t find_known(pia_db_t *db, const char *session, known_t *ret_known)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, session);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    bool first = pia_stmt_column_is_null(stmt, 7);
    keep_text(stmt, 1, ret_known->sha256, sizeof ret_known->sha256);
    keep_text(stmt, first ? 1 : 7, ret_known->first_sha256, sizeof ret_known->first_sha256);
    keep_text(stmt, 6, ret_known->authority, sizeof ret_known->authority);
    ret_known->first_ms = pia_stmt_column_integer(stmt, first ? 4 : 8);
    ret_known->number = pia_stmt_column_integer(stmt, 5);
    pia_stmt_reset(stmt);
    return PIA_OK;
}

/* Whether one of the hashes stands somewhere in it. */
static bool mentions(const json_t *json, const json_t *hashes)
{
    const char *name;
    json_t *value;
    size_t i;
    if (json_is_string(json))
        return names_have(hashes, json_string_value(json));
    json_object_foreach((json_t *)json, name, value)
    {
        if (mentions(value, hashes))
            return true;
    }
    json_array_foreach(json, i, value)
    {
        if (mentions(value, hashes))
            return true;
    }
    return false;
}

pia_status_t minutes_redraw(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    known_t known;
    const json_t *own = erasure_list(act);
    if (own && !mentions(act->matter->facts, own))
        return PIA_OK;
    pia_status_t status = find_known(act->db, act->matter->id, &known);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_OK : status;
    status = make(act, known.authority, &known, problem);
    return status == PIA_OK ? erasure_note(act, known.number, known.sha256) : status;
}

/* The meetings whose minutes may hold a text of the act's committee or authority. */
static pia_status_t list_sessions(const act_t *act, json_t *ids)
{
    bool authority = act->matter->kind == MACHINE_AUTHORITY;
    pia_stmt_t *stmt = pia_db_prepare(act->db, sql[authority ? OF_AUTHORITY : OF_COMMITTEE]);
    pia_stmt_text(stmt, 1, act->matter->id);
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK)
        json_array_append_new(ids, json_string(pia_stmt_column_text(stmt, 0)));
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* Whether the minutes of a meeting hold a text that the act erases. */
static pia_status_t
is_concerned(const act_t *act, const char *id, bool *ret_concerned, pia_problem_t *problem)
{
    matter_t session;
    *ret_concerned = act->matter->kind == MACHINE_AUTHORITY;
    if (*ret_concerned)
        return PIA_OK;
    pia_status_t status =
        matter_load(act->db, act->library, MACHINE_SESSION, id, &session, problem);
    if (status != PIA_OK)
        return status;
    *ret_concerned = mentions(session.facts, erasure_list(act));
    matter_clear(&session);
    return PIA_OK;
}

pia_status_t minutes_renew(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const given_t given = {.transition = pia_json_text(parameters, "transition")};
    json_t *ids = json_array();
    pia_status_t status = list_sessions(act, ids);
    for (size_t i = 0; status == PIA_OK && i < json_array_size(ids); i++) {
        const char *id = json_string_value(json_array_get(ids, i));
        bool concerned = false, moved;
        status = is_concerned(act, id, &concerned, problem);
        if (status == PIA_OK && concerned)
            status = matter_move_given(act, MACHINE_SESSION, id, &given, &moved, problem);
    }
    json_decref(ids);
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

/* What was signed first, once that was replaced. */
static void add_first(pia_stmt_t *stmt, const char *erased_at, json_t *json)
{
    char first[PIA_TIME_TEXT_SIZE];
    if (pia_stmt_column_is_null(stmt, 7))
        return;
    pia_time_format(pia_stmt_column_integer(stmt, 8), first);
    json_object_set_new(json, "erased_at", json_string(erased_at));
    json_object_set_new(json, "first_sha256", json_string(pia_stmt_column_text(stmt, 7)));
    json_object_set_new(json, "first_signed_at", json_string(first));
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
    add_first(stmt, at, *ret_json);
    pia_stmt_reset(stmt);
    return PIA_OK;
}
