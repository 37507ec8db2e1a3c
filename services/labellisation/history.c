/* history.c - what happened to a matter, in a chain of hashes. */
#include "history.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "erasure.h"
#include "evidence.h"
#include "pia/clock.h"
#include "text.h"

enum { INSERT, PAGE };

static const char *const sql[] = {
    [INSERT] = "INSERT INTO history (matter, number, transition, from_state, to_state, actor, "
               "effective_at, recorded_at, data, salt, chain, position, nodes) "
               "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    [PAGE] = "SELECT number, transition, from_state, to_state, actor, effective_at, recorded_at, "
             "data, chain FROM history WHERE matter = $1 AND number > $2 ORDER BY number LIMIT $3",
};

void history_hash(const char *bytes,
                  const uint8_t salt[HISTORY_SALT_SIZE],
                  uint8_t ret_hash[HISTORY_HASH_SIZE])
{
    (void)crypto_generichash(ret_hash, HISTORY_HASH_SIZE, (const unsigned char *)bytes,
                             strlen(bytes), salt, HISTORY_SALT_SIZE);
}

void history_no_chain(char ret_chain[MATTER_HASH_SIZE])
{
    memset(ret_chain, '0', MATTER_HASH_SIZE - 1);
    ret_chain[MATTER_HASH_SIZE - 1] = '\0';
}

void history_chain(char chain[MATTER_HASH_SIZE], const uint8_t hash[HISTORY_HASH_SIZE])
{
    unsigned char link[2 * HISTORY_HASH_SIZE] = {0}, next[HISTORY_HASH_SIZE];
    (void)sodium_hex2bin(link, HISTORY_HASH_SIZE, chain, strlen(chain), NULL, NULL, NULL);
    memcpy(link + HISTORY_HASH_SIZE, hash, HISTORY_HASH_SIZE);
    (void)crypto_generichash(next, sizeof next, link, sizeof link, NULL, 0);
    (void)sodium_bin2hex(chain, MATTER_HASH_SIZE, next, sizeof next);
}

char *history_bytes(const char *matter, int64_t number, const history_entry_t *entry)
{
    json_t *json =
        json_pack("{s:s, s:I, s:s, s:s?, s:s, s:s, s:I, s:I, s:O}", "matter", matter, "number",
                  (json_int_t)number, "transition", entry->transition, "from", entry->from, "to",
                  entry->to, "actor", entry->actor, "effective_at", (json_int_t)entry->effective_ms,
                  "recorded_at", (json_int_t)entry->recorded_ms, "data", entry->data);
    char *bytes = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(json);
    return bytes;
}

/* Its place in the log over all matters. */
typedef struct {
    int64_t position;
    size_t count;
    merkle_hash_t nodes[MERKLE_LEVELS];
} place_t;

static pia_status_t take_place(pia_db_t *db, const matter_t *matter, place_t *ret_place)
{
    evidence_t evidence;
    merkle_hash_t leaf;
    pia_status_t status = evidence_lock(db, &evidence);
    if (status != PIA_OK)
        return status;
    evidence_leaf(matter->id, matter->version, matter->chain, leaf);
    ret_place->position = (int64_t)evidence.tree.size;
    ret_place->count = merkle_append(&evidence.tree, leaf, ret_place->nodes);
    return evidence_store(db, &evidence);
}

static pia_status_t insert(pia_db_t *db,
                           const matter_t *matter,
                           const history_entry_t *entry,
                           const uint8_t salt[HISTORY_SALT_SIZE],
                           const place_t *place)
{
    char *data = json_dumps(entry->data, JSON_COMPACT | JSON_SORT_KEYS);
    pia_stmt_t *stmt = pia_db_prepare(db, sql[INSERT]);
    pia_stmt_text(stmt, 1, matter->id);
    pia_stmt_integer(stmt, 2, matter->version);
    pia_stmt_text(stmt, 3, entry->transition);
    pia_stmt_text(stmt, 4, entry->from);
    pia_stmt_text(stmt, 5, entry->to);
    pia_stmt_text(stmt, 6, entry->actor);
    pia_stmt_integer(stmt, 7, entry->effective_ms);
    pia_stmt_integer(stmt, 8, entry->recorded_ms);
    pia_stmt_text(stmt, 9, data);
    pia_stmt_bytes(stmt, 10, salt, HISTORY_SALT_SIZE);
    pia_stmt_text(stmt, 11, matter->chain);
    pia_stmt_integer(stmt, 12, place->position);
    pia_stmt_bytes(stmt, 13, place->nodes, place->count * MERKLE_HASH_SIZE);
    free(data);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t history_append(pia_db_t *db, matter_t *matter, const history_entry_t *entry)
{
    uint8_t salt[HISTORY_SALT_SIZE], hash[HISTORY_HASH_SIZE];
    place_t place;
    char *bytes = history_bytes(matter->id, matter->version, entry);
    randombytes_buf(salt, sizeof salt);
    history_hash(bytes, salt, hash);
    free(bytes);
    history_chain(matter->chain, hash);
    pia_status_t status = take_place(db, matter, &place);
    return status == PIA_OK ? insert(db, matter, entry, salt, &place) : status;
}

static pia_stmt_t *open_page(pia_db_t *db, const char *matter, int64_t after, int64_t limit)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[PAGE]);
    pia_stmt_text(stmt, 1, matter);
    pia_stmt_integer(stmt, 2, after);
    pia_stmt_integer(stmt, 3, limit);
    return stmt;
}

/* Whom an entry does not name to those who need not know. */
static const char someone[] = "/persons";

bool history_may_read(const history_reader_t *reader, const char *transition, const char *actor)
{
    bool is_actor = strcmp(actor, reader->subject) == 0;
    return engine_reads(reader->machine, transition, reader->roles, is_actor);
}

bool history_may_know(const history_reader_t *reader, const char *actor)
{
    return strncmp(actor, someone, sizeof someone - 1) != 0 ||
           strcmp(actor, reader->subject) == 0 ||
           (reader->roles & (reader->machine->readers | PIA_ROLE_SERVICE)) != 0;
}

static bool may_read(pia_stmt_t *stmt, const history_reader_t *reader)
{
    return history_may_read(reader, pia_stmt_column_text(stmt, 1), pia_stmt_column_text(stmt, 4));
}

static bool may_know(pia_stmt_t *stmt, const history_reader_t *reader)
{
    return history_may_know(reader, pia_stmt_column_text(stmt, 4));
}

/* The present row as proto's history_entry. */
static json_t *row_json(pia_stmt_t *stmt, const history_reader_t *reader)
{
    char effective[PIA_TIME_TEXT_SIZE], recorded[PIA_TIME_TEXT_SIZE];
    pia_time_format(pia_stmt_column_integer(stmt, 5), effective);
    pia_time_format(pia_stmt_column_integer(stmt, 6), recorded);
    json_t *row = json_pack(
        "{s:I, s:s, s:s*, s:s, s:s, s:s, s:s, s:s}", "number",
        (json_int_t)pia_stmt_column_integer(stmt, 0), "transition", pia_stmt_column_text(stmt, 1),
        "from", pia_stmt_column_text(stmt, 2), "to", pia_stmt_column_text(stmt, 3), "actor",
        may_know(stmt, reader) ? pia_stmt_column_text(stmt, 4) : someone, "effective_at", effective,
        "recorded_at", recorded, "chain", pia_stmt_column_text(stmt, 8));
    if (may_read(stmt, reader))
        json_object_set_new(row, "data", json_loads(pia_stmt_column_text(stmt, 7), 0, NULL));
    return row;
}

pia_status_t history_page(pia_db_t *db,
                          const char *matter,
                          const history_reader_t *reader,
                          int64_t after,
                          int64_t limit,
                          json_t **ret_page)
{
    json_t *items = json_array();
    int64_t last = after;
    pia_stmt_t *stmt = open_page(db, matter, after, limit + 1);
    pia_status_t status = pia_stmt_step(stmt);
    while (status == PIA_OK && (int64_t)json_array_size(items) < limit) {
        last = pia_stmt_column_integer(stmt, 0);
        json_array_append_new(items, row_json(stmt, reader));
        status = pia_stmt_step(stmt);
    }
    if (status != PIA_OK && status != PIA_NOT_FOUND) {
        json_decref(items);
        return status;
    }
    *ret_page = json_pack("{s:o}", "items", items);
    if (status == PIA_OK) {
        char next[24];
        (void)snprintf(next, sizeof next, "%lld", (long long)last);
        json_object_set_new(*ret_page, "next", json_string(next));
        pia_stmt_reset(stmt);
    }
    return PIA_OK;
}

static json_t *change_json(pia_stmt_t *stmt, const history_reader_t *reader)
{
    char at[PIA_TIME_TEXT_SIZE];
    pia_time_format(pia_stmt_column_integer(stmt, 5), at);
    return json_pack("{s:I, s:s, s:s, s:s, s:s}", "number",
                     (json_int_t)pia_stmt_column_integer(stmt, 0), "transition",
                     pia_stmt_column_text(stmt, 1), "to", pia_stmt_column_text(stmt, 3), "actor",
                     may_know(stmt, reader) ? pia_stmt_column_text(stmt, 4) : someone, "at", at);
}

pia_status_t history_changes(pia_db_t *db,
                             const matter_t *matter,
                             const history_reader_t *reader,
                             int64_t version,
                             json_t **ret_changes)
{
    int64_t first = matter->version - HISTORY_CHANGES_MAX;
    json_t *changes = json_array();
    pia_stmt_t *stmt =
        open_page(db, matter->id, version > first ? version : first, HISTORY_CHANGES_MAX);
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK)
        json_array_append_new(changes, change_json(stmt, reader));
    if (status != PIA_NOT_FOUND) {
        json_decref(changes);
        return status;
    }
    *ret_changes = changes;
    return PIA_OK;
}

/* The data of one entry, if the reader may read it, and its transition (NULL: not any more). */
static pia_status_t read_data(pia_db_t *db,
                              const char *matter,
                              const history_reader_t *reader,
                              int64_t number,
                              const transition_t **ret_transition,
                              json_t **ret_data)
{
    pia_stmt_t *stmt = open_page(db, matter, number - 1, 1);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK && !may_read(stmt, reader))
        status = PIA_FORBIDDEN;
    if (status == PIA_OK) {
        *ret_transition = machine_transition(reader->machine, pia_stmt_column_text(stmt, 1));
        *ret_data = json_loads(pia_stmt_column_text(stmt, 7), 0, NULL);
    }
    pia_stmt_reset(stmt);
    return status;
}

/* Adds since when a text is erased, if it is said. */
static pia_status_t add_erasure(pia_db_t *db, const char *hash, json_t *item)
{
    erasure_t erasure;
    char at[PIA_TIME_TEXT_SIZE];
    pia_status_t status = erasure_find(db, hash, &erasure);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_OK : status;
    pia_time_format(erasure.erased_ms, at);
    json_object_set_new(item, "erased_at", json_string(at));
    return PIA_OK;
}

/* Appends the text that a member of the data names; a member that is no text adds nothing. */
static pia_status_t append_text(pia_db_t *db,
                                const transition_t *transition,
                                const char *name,
                                const json_t *value,
                                json_t *items)
{
    const char *hash = json_string_value(json_object_get(value, "blake2b"));
    const datum_t *datum = transition ? transition_datum(transition, name) : NULL;
    char *content = NULL;
    if (!hash)
        return PIA_OK;
    pia_status_t status = text_get(db, hash, &content);
    bool erased = status == PIA_NOT_FOUND;
    if (status != PIA_OK && !erased)
        return status;
    json_t *item =
        json_pack("{s:s, s:s*, s:s, s:b, s:s*}", "name", name, "label", datum ? datum->label : NULL,
                  "hash", hash, "erased", erased, "text", content);
    json_array_append_new(items, item);
    free(content);
    return erased ? add_erasure(db, hash, item) : PIA_OK;
}

pia_status_t history_texts(pia_db_t *db,
                           const char *matter,
                           const history_reader_t *reader,
                           int64_t number,
                           json_t **ret_list)
{
    const transition_t *transition = NULL;
    json_t *data = NULL, *value;
    const char *name;
    pia_status_t status = read_data(db, matter, reader, number, &transition, &data);
    json_t *items = json_array();
    json_object_foreach(data, name, value)
    {
        if (status == PIA_OK)
            status = append_text(db, transition, name, value, items);
    }
    json_decref(data);
    if (status == PIA_OK)
        *ret_list = json_pack("{s:o}", "items", items);
    else
        json_decref(items);
    return status;
}
