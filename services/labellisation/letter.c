/* letter.c - messages and notes in SQL; their texts are rows of `text`. */
#include "letter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "text.h"

static const char *const kinds[] = {[LETTER_MESSAGE] = "message", [LETTER_NOTE] = "note"};
static const char *const sides[] = {[SIDE_CANDIDATE] = "candidate", [SIDE_OFFICE] = "office"};

enum { LAST, INSERT, LIST, UNREAD, MARK };

static const char *const sql[] = {
    [LAST] = "SELECT CAST(COALESCE(MAX(number), 0) AS BIGINT) FROM letter "
             "WHERE dossier = $1 AND kind = $2",
    [INSERT] = "INSERT INTO letter (dossier, kind, number, side, author, text_hash, written_at) "
               "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
    [LIST] = "SELECT number, side, author, text_hash, written_at, read_at FROM letter "
             "WHERE dossier = $1 AND kind = $2 AND number > $3 ORDER BY number LIMIT $4",
    [UNREAD] = "SELECT COUNT(*) FROM letter "
               "WHERE dossier = $1 AND kind = $2 AND side <> $3 AND read_at IS NULL",
    [MARK] = "UPDATE letter SET read_at = $4 WHERE dossier = $1 AND kind = $2 AND side <> $3 "
             "AND number <= $5 AND read_at IS NULL",
};

static pia_stmt_t *prepare(pia_db_t *db, int which, const char *dossier, letter_kind_t kind)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[which]);
    pia_stmt_text(stmt, 1, dossier);
    pia_stmt_text(stmt, 2, kinds[kind]);
    return stmt;
}

static pia_status_t read_number(pia_stmt_t *stmt, int64_t *ret_number)
{
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        *ret_number = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return status;
}

static void set_time(json_t *json, const char *name, int64_t time_ms)
{
    char text[PIA_TIME_TEXT_SIZE];
    pia_time_format(time_ms, text);
    json_object_set_new(json, name, json_string(text));
}

pia_status_t letter_add(pia_db_t *db, const letter_t *letter, json_t **ret_json)
{
    int64_t number = 0, changes = 0;
    char hash[TEXT_HASH_SIZE];
    pia_status_t status = read_number(prepare(db, LAST, letter->dossier, letter->kind), &number);
    if (status == PIA_OK)
        status = text_add(db, letter->dossier, letter->text, letter->written_ms, hash);
    if (status != PIA_OK)
        return status;
    pia_stmt_t *stmt = prepare(db, INSERT, letter->dossier, letter->kind);
    pia_stmt_integer(stmt, 3, ++number);
    pia_stmt_text(stmt, 4, sides[letter->side]);
    pia_stmt_text(stmt, 5, letter->author);
    pia_stmt_text(stmt, 6, hash);
    pia_stmt_integer(stmt, 7, letter->written_ms);
    status = pia_stmt_run(stmt, &changes);
    if (status == PIA_OK && changes == 0)
        return PIA_CONFLICT;
    if (status != PIA_OK)
        return status;
    *ret_json =
        json_pack("{s:I, s:s, s:s, s:b, s:s}", "number", (json_int_t)number, "side",
                  sides[letter->side], "author", letter->author, "read", 0, "text", letter->text);
    set_time(*ret_json, "written_at", letter->written_ms);
    return PIA_OK;
}

/* The present row; its text is added later, by the hash that stands in "text" until then. */
static json_t *row_json(pia_stmt_t *stmt, side_t reader)
{
    const char *side = pia_stmt_column_text(stmt, 1);
    bool read = !pia_stmt_column_is_null(stmt, 5);
    json_t *json =
        json_pack("{s:I, s:s, s:b, s:s}", "number", (json_int_t)pia_stmt_column_integer(stmt, 0),
                  "side", side, "read", read, "text", pia_stmt_column_text(stmt, 3));
    if (strcmp(side, sides[reader]) == 0)
        json_object_set_new(json, "author", json_string(pia_stmt_column_text(stmt, 2)));
    set_time(json, "written_at", pia_stmt_column_integer(stmt, 4));
    if (read)
        set_time(json, "read_at", pia_stmt_column_integer(stmt, 5));
    return json;
}

static pia_status_t read_rows(pia_db_t *db, const letter_query_t *query, json_t *items)
{
    pia_stmt_t *stmt = prepare(db, LIST, query->dossier, query->kind);
    pia_stmt_integer(stmt, 3, query->after);
    pia_stmt_integer(stmt, 4, query->limit + 1);
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK)
        json_array_append_new(items, row_json(stmt, query->side));
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

static pia_status_t add_texts(pia_db_t *db, json_t *items)
{
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < json_array_size(items); i++) {
        json_t *item = json_array_get(items, i);
        char *text = NULL;
        status = text_get(db, json_string_value(json_object_get(item, "text")), &text);
        if (text)
            json_object_set_new(item, "text", json_string(text));
        else
            json_object_del(item, "text");
        if (status == PIA_NOT_FOUND) /* erased */
            status = PIA_OK;
        free(text);
    }
    return status;
}

static json_t *page_of(json_t *items, int64_t limit, int64_t unread)
{
    json_t *page = json_pack("{s:O, s:I}", "items", items, "unread", (json_int_t)unread);
    if ((int64_t)json_array_size(items) > limit) {
        char next[24];
        json_array_remove(items, (size_t)limit);
        const json_t *last = json_array_get(items, (size_t)limit - 1);
        (void)snprintf(next, sizeof next, "%lld",
                       (long long)json_integer_value(json_object_get(last, "number")));
        json_object_set_new(page, "next", json_string(next));
    }
    return page;
}

pia_status_t letter_list(pia_db_t *db, const letter_query_t *query, json_t **ret_page)
{
    int64_t unread = 0;
    json_t *items = json_array();
    pia_status_t status = read_rows(db, query, items);
    if (status == PIA_OK)
        status = add_texts(db, items);
    pia_stmt_t *stmt = prepare(db, UNREAD, query->dossier, query->kind);
    pia_stmt_text(stmt, 3, sides[query->side]);
    if (status == PIA_OK)
        status = read_number(stmt, &unread);
    if (status == PIA_OK)
        *ret_page = page_of(items, query->limit, unread);
    json_decref(items);
    return status;
}

pia_status_t letter_mark(pia_db_t *db,
                         const char *dossier,
                         side_t reader,
                         int64_t number,
                         int64_t read_ms,
                         int64_t *ret_marked)
{
    pia_stmt_t *stmt = prepare(db, MARK, dossier, LETTER_MESSAGE);
    pia_stmt_text(stmt, 3, sides[reader]);
    pia_stmt_integer(stmt, 4, read_ms);
    pia_stmt_integer(stmt, 5, number);
    return pia_stmt_run(stmt, ret_marked);
}
