/* upload.c - uploads in SQL. */
#include "upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/memory.h"

enum { EXPIRED_MAX = 16 /* that one call throws away */ };

enum { INSERT, FIND, LIST, ADVANCE, REMOVE, USE_BYTES, USE_FILES, EXPIRED };

#define COLUMNS "id, dossier, piece, name, size, sha256, held, hashing, touched_at"

static const char *const sql[] = {
    [INSERT] = "INSERT INTO upload (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    [FIND] = "SELECT " COLUMNS " FROM upload WHERE id = $1 AND dossier = $2",
    [LIST] = "SELECT " COLUMNS " FROM upload WHERE dossier = $1 AND piece = $2 ORDER BY id",
    [ADVANCE] = "UPDATE upload SET held = $2, hashing = $3, touched_at = $4 WHERE id = $1",
    [REMOVE] = "DELETE FROM upload WHERE id = $1",
    [USE_BYTES] =
        "SELECT CAST((SELECT COALESCE(SUM(size), 0) FROM upload WHERE dossier = $1) + (SELECT "
        "COALESCE(SUM(size), 0) FROM attachment WHERE dossier = $1) AS BIGINT), "
        "(SELECT COUNT(*) FROM upload WHERE dossier = $1) FROM matter WHERE id = $1",
    [USE_FILES] = "SELECT (SELECT COUNT(*) FROM upload WHERE dossier = $1 AND piece = $2) + "
                  "(SELECT COUNT(*) FROM attachment WHERE dossier = $1 AND piece = $2 AND "
                  "filed = 0) FROM matter WHERE id = $1",
    [EXPIRED] = "SELECT id FROM upload WHERE touched_at < $1 ORDER BY touched_at LIMIT $2",
};

bool upload_is_name(const char *name)
{
    if (name[0] == '.' || strchr(name, '/') || strchr(name, '\\'))
        return false;
    for (const char *at = name; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return false;
    return name[0] != '\0';
}

bool upload_is_hash(const char *text)
{
    return strlen(text) == BLOB_HASH_SIZE - 1 &&
           strspn(text, "0123456789abcdef") == BLOB_HASH_SIZE - 1;
}

/* libsodium 1.0.18 takes some bytes above 0x7f for letters of base64. */
static bool is_ascii(const char *text)
{
    while (*text != '\0' && (unsigned char)*text < 0x80)
        text++;
    return *text == '\0';
}

void *upload_decode(const char *content, size_t *ret_size)
{
    if (!is_ascii(content))
        return NULL;
    void *bytes = pia_alloc(BLOB_PART_MAX);
    if (sodium_base642bin(bytes, BLOB_PART_MAX, content, strlen(content), NULL, ret_size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) == 0)
        return bytes;
    free(bytes);
    return NULL;
}

pia_status_t upload_plan(const upload_t *upload,
                         int64_t offset,
                         size_t size,
                         upload_plan_t *ret_plan,
                         pia_problem_t *problem)
{
    if (size == 0)
        return pia_problem_set(problem, PIA_INVALID, "/content", "a part has at least one byte");
    if (offset < 0 || offset > upload->held)
        return pia_problem_set(problem, PIA_CONFLICT, "/offset",
                               "%lld bytes are held: go on from there", (long long)upload->held);
    if ((int64_t)size > upload->size - offset)
        return pia_problem_set(problem, PIA_INVALID, "/content",
                               "the part ends beyond the %lld bytes of the file",
                               (long long)upload->size);
    size_t known = (size_t)(upload->held - offset);
    ret_plan->skip = known < size ? known : size;
    ret_plan->take = size - ret_plan->skip;
    return PIA_OK;
}

static void bind_progress(pia_stmt_t *stmt, int parameter, const upload_t *upload)
{
    pia_stmt_integer(stmt, parameter, upload->held);
    pia_stmt_bytes(stmt, parameter + 1, &upload->hashing, sizeof upload->hashing);
    pia_stmt_integer(stmt, parameter + 2, upload->touched_ms);
}

pia_status_t upload_insert(pia_db_t *db, const upload_t *upload)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[INSERT]);
    pia_stmt_text(stmt, 1, upload->id);
    pia_stmt_text(stmt, 2, upload->dossier);
    pia_stmt_text(stmt, 3, upload->piece);
    pia_stmt_text(stmt, 4, upload->name);
    pia_stmt_integer(stmt, 5, upload->size);
    pia_stmt_text(stmt, 6, upload->sha256[0] ? upload->sha256 : NULL);
    bind_progress(stmt, 7, upload);
    return pia_stmt_run(stmt, NULL);
}

static void read_text(pia_stmt_t *stmt, int column, char *ret_text, size_t size)
{
    const char *text = pia_stmt_column_text(stmt, column);
    (void)snprintf(ret_text, size, "%s", text ? text : "");
}

/* False: its hash was begun by a program whose SHA-256 keeps another state. */
static bool read_row(pia_stmt_t *stmt, upload_t *ret_upload)
{
    size_t size;
    read_text(stmt, 0, ret_upload->id, sizeof ret_upload->id);
    read_text(stmt, 1, ret_upload->dossier, sizeof ret_upload->dossier);
    read_text(stmt, 2, ret_upload->piece, sizeof ret_upload->piece);
    read_text(stmt, 3, ret_upload->name, sizeof ret_upload->name);
    ret_upload->size = pia_stmt_column_integer(stmt, 4);
    read_text(stmt, 5, ret_upload->sha256, sizeof ret_upload->sha256);
    ret_upload->held = pia_stmt_column_integer(stmt, 6);
    const void *hashing = pia_stmt_column_bytes(stmt, 7, &size);
    ret_upload->touched_ms = pia_stmt_column_integer(stmt, 8);
    if (size != sizeof ret_upload->hashing)
        return false;
    memcpy(&ret_upload->hashing, hashing, size);
    return true;
}

pia_status_t upload_find(pia_db_t *db, const char *dossier, const char *id, upload_t *ret_upload)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, id);
    pia_stmt_text(stmt, 2, dossier);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK && !read_row(stmt, ret_upload))
        status = PIA_GONE;
    pia_stmt_reset(stmt);
    return status;
}

pia_status_t upload_advance(pia_db_t *db, upload_t *upload, const void *bytes, size_t size)
{
    (void)crypto_hash_sha256_update(&upload->hashing, bytes, size);
    upload->held += (int64_t)size;
    upload->touched_ms = pia_clock_wall();
    pia_stmt_t *stmt = pia_db_prepare(db, sql[ADVANCE]);
    pia_stmt_text(stmt, 1, upload->id);
    bind_progress(stmt, 2, upload);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t upload_remove(pia_db_t *db, const char *id)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[REMOVE]);
    pia_stmt_text(stmt, 1, id);
    return pia_stmt_run(stmt, NULL);
}

json_t *upload_json(const upload_t *upload, int64_t kept_ms)
{
    char expires_at[PIA_TIME_TEXT_SIZE];
    pia_time_format(upload->touched_ms + kept_ms, expires_at);
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:i, s:s}", "id", upload->id, "piece", upload->piece,
                  "name", upload->name, "size", (json_int_t)upload->size, "held",
                  (json_int_t)upload->held, "part", BLOB_PART_MAX, "expires_at", expires_at);
    if (upload->sha256[0])
        json_object_set_new(json, "sha256", json_string(upload->sha256));
    return json;
}

pia_status_t upload_list(
    pia_db_t *db, const char *dossier, const char *piece, int64_t kept_ms, json_t **ret_uploads)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[LIST]);
    pia_stmt_text(stmt, 1, dossier);
    pia_stmt_text(stmt, 2, piece);
    json_t *uploads = json_array();
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK) {
        upload_t upload;
        if (read_row(stmt, &upload))
            json_array_append_new(uploads, upload_json(&upload, kept_ms));
    }
    if (status == PIA_NOT_FOUND) {
        *ret_uploads = uploads;
        return PIA_OK;
    }
    json_decref(uploads);
    return status;
}

pia_status_t upload_use(pia_db_t *db, const char *dossier, const char *piece, upload_use_t *ret_use)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[USE_BYTES]);
    pia_stmt_text(stmt, 1, dossier);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    ret_use->bytes = pia_stmt_column_integer(stmt, 0);
    ret_use->uploads = pia_stmt_column_integer(stmt, 1);
    pia_stmt_reset(stmt);
    stmt = pia_db_prepare(db, sql[USE_FILES]);
    pia_stmt_text(stmt, 1, dossier);
    pia_stmt_text(stmt, 2, piece);
    status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        ret_use->files = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return status;
}

pia_status_t upload_expire(pia_db_t *db, blob_store_t *blobs, int64_t before_ms)
{
    char ids[EXPIRED_MAX][PIA_UUID_TEXT_SIZE];
    size_t count = 0;
    pia_stmt_t *stmt = pia_db_prepare(db, sql[EXPIRED]);
    pia_stmt_integer(stmt, 1, before_ms);
    pia_stmt_integer(stmt, 2, EXPIRED_MAX);
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK && count < EXPIRED_MAX)
        read_text(stmt, 0, ids[count++], PIA_UUID_TEXT_SIZE);
    pia_stmt_reset(stmt);
    status = status == PIA_NOT_FOUND ? PIA_OK : status;
    for (size_t i = 0; status == PIA_OK && i < count; i++) {
        status = upload_remove(db, ids[i]);
        if (status == PIA_OK)
            status = blob_drop(blobs, ids[i]);
    }
    return status;
}
