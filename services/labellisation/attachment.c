/* attachment.c - attachments in SQL. */
#include "attachment.h"

#include <stdio.h>

#include "pia/clock.h"

enum { INSERT, FIND, LIST, REMOVE, FILE_ALL, HAS };

#define COLUMNS "id, piece, name, type, size, hash, added_at, filed"

static const char *const sql[] = {
    [INSERT] = "INSERT INTO attachment (" COLUMNS ", dossier) "
               "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    [FIND] = "SELECT " COLUMNS " FROM attachment WHERE id = $1 AND dossier = $2",
    [LIST] = "SELECT " COLUMNS " FROM attachment WHERE dossier = $1 ORDER BY added_at, id",
    [REMOVE] = "DELETE FROM attachment WHERE id = $1",
    [FILE_ALL] = "UPDATE attachment SET filed = $2 WHERE dossier = $1 AND filed = 0",
    [HAS] = "SELECT 1 FROM attachment WHERE dossier = $1 AND piece = $2 AND added_at > $3 LIMIT 1",
};

pia_status_t attachment_insert(pia_db_t *db, const char *dossier, const attachment_t *attachment)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[INSERT]);
    pia_stmt_text(stmt, 1, attachment->id);
    pia_stmt_text(stmt, 2, attachment->piece);
    pia_stmt_text(stmt, 3, attachment->name);
    pia_stmt_text(stmt, 4, attachment->type);
    pia_stmt_integer(stmt, 5, attachment->size);
    pia_stmt_text(stmt, 6, attachment->hash);
    pia_stmt_integer(stmt, 7, attachment->added_ms);
    pia_stmt_integer(stmt, 8, attachment->filed);
    pia_stmt_text(stmt, 9, dossier);
    return pia_stmt_run(stmt, NULL);
}

static void read_text(pia_stmt_t *stmt, int column, char *ret_text, size_t size)
{
    const char *text = pia_stmt_column_text(stmt, column);
    (void)snprintf(ret_text, size, "%s", text ? text : "");
}

static void read_row(pia_stmt_t *stmt, attachment_t *ret_attachment)
{
    read_text(stmt, 0, ret_attachment->id, sizeof ret_attachment->id);
    read_text(stmt, 1, ret_attachment->piece, sizeof ret_attachment->piece);
    read_text(stmt, 2, ret_attachment->name, sizeof ret_attachment->name);
    read_text(stmt, 3, ret_attachment->type, sizeof ret_attachment->type);
    ret_attachment->size = pia_stmt_column_integer(stmt, 4);
    read_text(stmt, 5, ret_attachment->hash, sizeof ret_attachment->hash);
    ret_attachment->added_ms = pia_stmt_column_integer(stmt, 6);
    ret_attachment->filed = pia_stmt_column_integer(stmt, 7);
}

pia_status_t
attachment_find(pia_db_t *db, const char *dossier, const char *id, attachment_t *ret_attachment)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, id);
    pia_stmt_text(stmt, 2, dossier);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        read_row(stmt, ret_attachment);
    pia_stmt_reset(stmt);
    return status;
}

pia_status_t attachment_remove(pia_db_t *db, const char *id)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[REMOVE]);
    pia_stmt_text(stmt, 1, id);
    return pia_stmt_run(stmt, NULL);
}

json_t *attachment_json(const attachment_t *attachment)
{
    char added_at[PIA_TIME_TEXT_SIZE];
    pia_time_format(attachment->added_ms, added_at);
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:b}", "id", attachment->id, "piece",
                     attachment->piece, "name", attachment->name, "type", attachment->type, "size",
                     (json_int_t)attachment->size, "sha256", attachment->hash, "added_at", added_at,
                     "filed", attachment->filed != 0);
}

pia_status_t attachment_list(pia_db_t *db, const char *dossier, json_t **ret_attachments)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[LIST]);
    pia_stmt_text(stmt, 1, dossier);
    json_t *attachments = json_array();
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK) {
        attachment_t attachment;
        read_row(stmt, &attachment);
        json_array_append_new(attachments, attachment_json(&attachment));
    }
    if (status == PIA_NOT_FOUND) {
        *ret_attachments = attachments;
        return PIA_OK;
    }
    json_decref(attachments);
    return status;
}

pia_status_t attachment_file(pia_db_t *db, const char *dossier, int64_t number)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FILE_ALL]);
    pia_stmt_text(stmt, 1, dossier);
    pia_stmt_integer(stmt, 2, number);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t attachment_has(
    pia_db_t *db, const char *dossier, const char *piece, int64_t after_ms, bool *ret_has)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[HAS]);
    pia_stmt_text(stmt, 1, dossier);
    pia_stmt_text(stmt, 2, piece);
    pia_stmt_integer(stmt, 3, after_ms);
    pia_status_t status = pia_stmt_step(stmt);
    *ret_has = status == PIA_OK;
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}
