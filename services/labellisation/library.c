/* library.c - definitions by name and version, in the store and in memory. */
#include "library.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/memory.h"

enum { FIND, INSERT, LATEST, CARD, CARDS };

static const char *const sql[] = {
    [FIND] = "SELECT hash, content FROM process WHERE name = $1 AND version = $2",
    [INSERT] = "INSERT INTO process (name, version, title, hash, content, stored_at) "
               "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    [LATEST] = "SELECT version FROM process WHERE name = $1 ORDER BY version DESC LIMIT 1",
    [CARD] = "SELECT name, version, title, hash, stored_at FROM process "
             "WHERE name = $1 AND version = $2",
    [CARDS] = "SELECT name, version, title, hash, stored_at FROM process "
              "WHERE name > $1 OR (name = $1 AND version > $2) ORDER BY name, version LIMIT $3",
};

struct library {
    definition_t **items; /* in the order of first need; few: one for each procedure ever used */
    size_t count;
};

library_t *library_new(void)
{
    return pia_alloc(sizeof(library_t));
}

void library_destroy(library_t **library_p)
{
    library_t *library = *library_p;
    if (!library)
        return;
    for (size_t i = 0; i < library->count; i++)
        definition_destroy(&library->items[i]);
    free(library->items);
    free(library);
    *library_p = NULL;
}

static const definition_t *keep(library_t *library, definition_t *definition)
{
    size_t size = (library->count + 1) * sizeof(definition_t *);
    library->items = pia_realloc(library->items, size);
    library->items[library->count++] = definition;
    return definition;
}

static const definition_t *find_kept(const library_t *library, const char *name, int64_t version)
{
    for (size_t i = 0; i < library->count; i++)
        if (library->items[i]->version == version && strcmp(library->items[i]->name, name) == 0)
            return library->items[i];
    return NULL;
}

static pia_status_t insert(pia_db_t *db, const definition_t *definition, const char *bytes)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[INSERT]);
    pia_stmt_text(stmt, 1, definition->name);
    pia_stmt_integer(stmt, 2, definition->version);
    pia_stmt_text(stmt, 3, definition->title);
    pia_stmt_text(stmt, 4, definition->hash);
    pia_stmt_text(stmt, 5, bytes);
    pia_stmt_integer(stmt, 6, pia_clock_now());
    return pia_stmt_run(stmt, NULL);
}

/* Compares with what is stored under the same name and version. */
static pia_status_t
check_stored(pia_db_t *db, const definition_t *definition, pia_problem_t *problem)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, definition->name);
    pia_stmt_integer(stmt, 2, definition->version);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK && strcmp(pia_stmt_column_text(stmt, 0), definition->hash) != 0)
        status = pia_problem_set(problem, PIA_CONFLICT, "/version",
                                 "%s version %lld is stored with another content; a changed "
                                 "procedure is a new version",
                                 definition->name, (long long)definition->version);
    pia_stmt_reset(stmt);
    return status;
}

pia_status_t library_add(
    library_t *library, pia_db_t *db, const char *bytes, size_t size, pia_problem_t *problem)
{
    definition_t *definition = NULL;
    pia_status_t status = definition_load(bytes, size, &definition, problem);
    char *text = pia_strndup(bytes, size);
    if (status == PIA_OK)
        status = insert(db, definition, text);
    if (status == PIA_OK)
        status = check_stored(db, definition, problem);
    if (status == PIA_OK && !find_kept(library, definition->name, definition->version)) {
        (void)keep(library, definition);
        definition = NULL;
    }
    definition_destroy(&definition);
    free(text);
    return status;
}

static pia_status_t latest(pia_db_t *db, const char *name, int64_t *ret_version)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[LATEST]);
    pia_stmt_text(stmt, 1, name);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        *ret_version = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return status;
}

static pia_status_t read_stored(library_t *library,
                                pia_db_t *db,
                                const char *name,
                                int64_t version,
                                const definition_t **ret_definition,
                                pia_problem_t *problem)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, name);
    pia_stmt_integer(stmt, 2, version);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    const char *content = pia_stmt_column_text(stmt, 1);
    definition_t *definition = NULL;
    status = definition_load(content, strlen(content), &definition, problem);
    pia_stmt_reset(stmt);
    if (status == PIA_OK)
        *ret_definition = keep(library, definition);
    return status;
}

pia_status_t library_find(library_t *library,
                          pia_db_t *db,
                          const char *name,
                          int64_t version,
                          const definition_t **ret_definition,
                          pia_problem_t *problem)
{
    pia_status_t status = version == 0 ? latest(db, name, &version) : PIA_OK;
    const definition_t *kept = status == PIA_OK ? find_kept(library, name, version) : NULL;
    if (kept)
        *ret_definition = kept;
    else if (status == PIA_OK)
        status = read_stored(library, db, name, version, ret_definition, problem);
    if (status == PIA_NOT_FOUND)
        return pia_problem_set(problem, status, "/process", "there is no such process definition");
    return status;
}

static json_t *row_json(pia_stmt_t *stmt)
{
    char stored[PIA_TIME_TEXT_SIZE];
    pia_time_format(pia_stmt_column_integer(stmt, 4), stored);
    return json_pack("{s:s, s:I, s:s, s:s, s:s}", "name", pia_stmt_column_text(stmt, 0), "version",
                     (json_int_t)pia_stmt_column_integer(stmt, 1), "title",
                     pia_stmt_column_text(stmt, 2), "hash", pia_stmt_column_text(stmt, 3),
                     "stored_at", stored);
}

pia_status_t library_card(pia_db_t *db, const char *name, int64_t version, json_t **ret_card)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[CARD]);
    pia_stmt_text(stmt, 1, name);
    pia_stmt_integer(stmt, 2, version);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        *ret_card = row_json(stmt);
    pia_stmt_reset(stmt);
    return status;
}

pia_status_t
library_cards(pia_db_t *db, const char *name, int64_t version, int64_t limit, json_t **ret_cards)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[CARDS]);
    pia_stmt_text(stmt, 1, name);
    pia_stmt_integer(stmt, 2, version);
    pia_stmt_integer(stmt, 3, limit);
    json_t *cards = json_array();
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK)
        json_array_append_new(cards, row_json(stmt));
    if (status != PIA_NOT_FOUND) {
        json_decref(cards);
        return status;
    }
    *ret_cards = cards;
    return PIA_OK;
}
