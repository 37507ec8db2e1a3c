/* section.c - versions of sections in SQL, and what differs between two texts. */
#include "section.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"

enum { FIND, NEWEST, INSERT, PURGE_TEXTS, PURGE, LIST, FILE_NEWEST };

static const char *const sql[] = {
    [FIND] = "SELECT version, size, saved_at, filed, text_hash, author FROM section "
             "WHERE dossier = $1 AND name = $2 AND version = $3",
    [NEWEST] = "SELECT version, size, saved_at, filed, text_hash, author FROM section "
               "WHERE dossier = $1 AND name = $2 ORDER BY version DESC LIMIT 1",
    [INSERT] = "INSERT INTO section (dossier, name, version, text_hash, size, author, saved_at, "
               "filed) VALUES ($1, $2, $3, $4, $5, $6, $7, 0) ON CONFLICT DO NOTHING",
    [PURGE_TEXTS] = "DELETE FROM text WHERE hash IN (SELECT text_hash FROM section "
                    "WHERE dossier = $1 AND name = $2 AND version <= $3 AND filed = 0)",
    [PURGE] = "DELETE FROM section WHERE dossier = $1 AND name = $2 AND version <= $3 "
              "AND filed = 0",
    [LIST] = "SELECT version, size, saved_at, filed, text_hash, author FROM section "
             "WHERE dossier = $1 AND name = $2 AND version < $3 ORDER BY version DESC LIMIT $4",
    [FILE_NEWEST] =
        "UPDATE section SET filed = 1 WHERE dossier = $1 AND name = $2 AND version = $3",
};

static pia_stmt_t *prepare(pia_db_t *db, int which, const char *dossier, const char *name)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[which]);
    pia_stmt_text(stmt, 1, dossier);
    pia_stmt_text(stmt, 2, name);
    return stmt;
}

static void read_row(pia_stmt_t *stmt, section_t *ret_section)
{
    ret_section->version = pia_stmt_column_integer(stmt, 0);
    ret_section->size = pia_stmt_column_integer(stmt, 1);
    ret_section->saved_ms = pia_stmt_column_integer(stmt, 2);
    ret_section->filed = pia_stmt_column_integer(stmt, 3) != 0;
    (void)snprintf(ret_section->text_hash, sizeof ret_section->text_hash, "%s",
                   pia_stmt_column_text(stmt, 4));
    (void)snprintf(ret_section->author, sizeof ret_section->author, "%s",
                   pia_stmt_column_text(stmt, 5));
}

pia_status_t section_find(
    pia_db_t *db, const char *dossier, const char *name, int64_t wanted, section_t *ret_section)
{
    pia_stmt_t *stmt = prepare(db, wanted > 0 ? FIND : NEWEST, dossier, name);
    if (wanted > 0)
        pia_stmt_integer(stmt, 3, wanted);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        read_row(stmt, ret_section);
    pia_stmt_reset(stmt);
    return status;
}

/* Old versions and their texts go. */
static pia_status_t purge(pia_db_t *db, const section_save_t *save)
{
    int64_t last = save->base + 1 - SECTION_VERSIONS_MAX;
    pia_status_t status = PIA_OK;
    for (int which = PURGE_TEXTS; status == PIA_OK && last > 0 && which <= PURGE; which++) {
        pia_stmt_t *stmt = prepare(db, which, save->dossier, save->name);
        pia_stmt_integer(stmt, 3, last);
        status = pia_stmt_run(stmt, NULL);
    }
    return status;
}

/* Autosave says again what is there. */
static bool is_same(pia_db_t *db, const section_t *present, const char *text)
{
    char *old = NULL;
    if (present->size != (int64_t)strlen(text) || text_get(db, present->text_hash, &old) != PIA_OK)
        return false;
    bool same = strcmp(old, text) == 0;
    free(old);
    return same;
}

pia_status_t section_save(pia_db_t *db, const section_save_t *save)
{
    section_t present = {.version = 0};
    char hash[TEXT_HASH_SIZE];
    int64_t changes = 0;
    pia_status_t status = section_find(db, save->dossier, save->name, 0, &present);
    if (status != PIA_OK && status != PIA_NOT_FOUND)
        return status;
    if (present.version != save->base)
        return PIA_CONFLICT;
    if (status == PIA_OK && is_same(db, &present, save->text))
        return PIA_OK;
    status = text_add(db, save->dossier, save->text, save->saved_ms, hash);
    if (status != PIA_OK)
        return status;
    pia_stmt_t *stmt = prepare(db, INSERT, save->dossier, save->name);
    pia_stmt_integer(stmt, 3, save->base + 1);
    pia_stmt_text(stmt, 4, hash);
    pia_stmt_integer(stmt, 5, (int64_t)strlen(save->text));
    pia_stmt_text(stmt, 6, save->author);
    pia_stmt_integer(stmt, 7, save->saved_ms);
    status = pia_stmt_run(stmt, &changes);
    if (status == PIA_OK && changes == 0)
        return PIA_CONFLICT;
    return status == PIA_OK ? purge(db, save) : status;
}

static json_t *version_json(const section_t *section, bool authors)
{
    char saved_at[PIA_TIME_TEXT_SIZE];
    pia_time_format(section->saved_ms, saved_at);
    return json_pack("{s:I, s:I, s:s, s:s*, s:b}", "version", (json_int_t)section->version, "size",
                     (json_int_t)section->size, "saved_at", saved_at, "author",
                     authors ? section->author : NULL, "filed", section->filed);
}

pia_status_t section_versions(pia_db_t *db, const section_query_t *query, json_t **ret_items)
{
    pia_stmt_t *stmt = prepare(db, LIST, query->dossier, query->name);
    pia_stmt_integer(stmt, 3, query->before > 0 ? query->before : INT64_MAX);
    pia_stmt_integer(stmt, 4, query->limit + 1);
    json_t *items = json_array();
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK) {
        section_t section;
        read_row(stmt, &section);
        json_array_append_new(items, version_json(&section, query->authors));
    }
    if (status == PIA_NOT_FOUND) {
        *ret_items = items;
        return PIA_OK;
    }
    json_decref(items);
    return status;
}

pia_status_t section_file(pia_db_t *db, const matter_t *dossier, json_t **ret_texts)
{
    const content_t *content = &dossier->definition->content;
    json_t *texts = json_object();
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < content->section_count; i++) {
        const char *name = content->sections[i].name;
        section_t section;
        status = section_find(db, dossier->id, name, 0, &section);
        if (status == PIA_NOT_FOUND) {
            status = PIA_OK;
            continue;
        }
        if (status != PIA_OK)
            break;
        json_object_set_new(texts, name,
                            json_pack("{s:I, s:s}", "version", (json_int_t)section.version,
                                      "blake2b", section.text_hash));
        pia_stmt_t *stmt = prepare(db, FILE_NEWEST, dossier->id, name);
        pia_stmt_integer(stmt, 3, section.version);
        status = pia_stmt_run(stmt, NULL);
    }
    if (status == PIA_OK)
        *ret_texts = texts;
    else
        json_decref(texts);
    return status;
}

pia_status_t section_missing(pia_db_t *db, const matter_t *dossier, json_t **ret_names)
{
    const content_t *content = &dossier->definition->content;
    json_t *names = json_array();
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < content->section_count; i++) {
        const section_rule_t *rule = &content->sections[i];
        section_t section = {.size = 0};
        if (!rule->required)
            continue;
        status = section_find(db, dossier->id, rule->name, 0, &section);
        if (status == PIA_NOT_FOUND)
            status = PIA_OK;
        if (status == PIA_OK && section.size == 0)
            json_array_append_new(names, json_string(rule->name));
    }
    if (status == PIA_OK)
        *ret_names = names;
    else
        json_decref(names);
    return status;
}

/* Bytes that both texts begin with, up to the last line end among them; counts those lines. */
static size_t common_start(const char *before, const char *after, int64_t *ret_lines)
{
    size_t same = 0;
    for (size_t i = 0; before[i] && before[i] == after[i]; i++)
        if (before[i] == '\n') {
            same = i + 1;
            (*ret_lines)++;
        }
    return same;
}

/* Whether a line begins at `at`; `start` is where one does. */
static bool begins_line(const char *text, size_t at, size_t start)
{
    return at == start || text[at - 1] == '\n';
}

/* Bytes that both end with, from a line's start on, none of them before `start`. */
static size_t common_end(const char *before, const char *after, size_t start)
{
    size_t left = strlen(before), right = strlen(after), same = 0, whole = 0;
    for (;;) {
        if (begins_line(before, left, start) && begins_line(after, right, start))
            whole = same;
        if (left == start || right == start || before[left - 1] != after[right - 1])
            return whole;
        left--;
        right--;
        same++;
    }
}

json_t *section_change(const char *before, const char *after)
{
    int64_t line = 1;
    if (strcmp(before, after) == 0)
        return NULL;
    size_t start = common_start(before, after, &line);
    size_t end = common_end(before, after, start);
    return json_pack("{s:I, s:s%, s:s%}", "line", (json_int_t)line, "before", before + start,
                     strlen(before) - start - end, "after", after + start,
                     strlen(after) - start - end);
}
