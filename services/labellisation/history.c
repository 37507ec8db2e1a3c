/* history.c - what happened to a matter, in a chain of hashes. */
#include "history.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "pia/clock.h"
#include "text.h"

enum { INSERT, PAGE };

static const char *const sql[] = {
    [INSERT] = "INSERT INTO history (matter, number, transition, from_state, to_state, actor, "
               "effective_at, recorded_at, data, chain) "
               "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    [PAGE] = "SELECT number, transition, from_state, to_state, actor, effective_at, recorded_at, "
             "data, chain FROM history WHERE matter = $1 AND number > $2 ORDER BY number LIMIT $3",
};

/* The chain after an entry of these bytes. */
static void chain_on(char chain[MATTER_HASH_SIZE], const char *bytes)
{
    unsigned char link[2 * crypto_generichash_BYTES] = {0};
    const size_t half = crypto_generichash_BYTES;
    (void)sodium_hex2bin(link, half, chain, strlen(chain), NULL, NULL, NULL);
    (void)crypto_generichash(link + half, half, (const unsigned char *)bytes, strlen(bytes), NULL,
                             0);
    unsigned char hash[crypto_generichash_BYTES];
    (void)crypto_generichash(hash, sizeof hash, link, sizeof link, NULL, 0);
    (void)sodium_bin2hex(chain, MATTER_HASH_SIZE, hash, sizeof hash);
}

/* The entry's bytes, for the caller to free. */
static char *entry_bytes(const char *matter, int64_t number, const history_entry_t *entry)
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

pia_status_t history_append(pia_db_t *db, matter_t *matter, const history_entry_t *entry)
{
    char *bytes = entry_bytes(matter->id, matter->version, entry);
    chain_on(matter->chain, bytes);
    free(bytes);
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
    pia_stmt_text(stmt, 10, matter->chain);
    free(data);
    return pia_stmt_run(stmt, NULL);
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

static bool may_read(pia_stmt_t *stmt, const history_reader_t *reader)
{
    bool is_actor = strcmp(pia_stmt_column_text(stmt, 4), reader->subject) == 0;
    return engine_reads(reader->machine, pia_stmt_column_text(stmt, 1), reader->roles, is_actor);
}

/* Whether the reader may know who made it: who decides, and who made it. */
static bool may_know(pia_stmt_t *stmt, const history_reader_t *reader)
{
    const char *actor = pia_stmt_column_text(stmt, 4);
    return strncmp(actor, someone, sizeof someone - 1) != 0 ||
           strcmp(actor, reader->subject) == 0 ||
           (reader->roles & (reader->machine->readers | PIA_ROLE_SERVICE)) != 0;
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
    if (status == PIA_OK || status == PIA_NOT_FOUND)
        json_array_append_new(items, json_pack("{s:s, s:s*, s:s, s:b, s:s*}", "name", name, "label",
                                               datum ? datum->label : NULL, "hash", hash, "erased",
                                               status == PIA_NOT_FOUND, "text", content));
    free(content);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
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

/* A check in progress. */
typedef struct {
    pia_db_t *db;
    const matter_t *matter;
    char chain[MATTER_HASH_SIZE];
    int64_t entries, erased;
    int64_t broken_at; /* 0: nothing */
    const char *detail;
} check_t;

static void broken(check_t *check, int64_t number, const char *detail)
{
    check->broken_at = number;
    check->detail = detail;
}

/* Looks for each text that an entry names by its hash. */
static pia_status_t check_texts(check_t *check, const json_t *data, int64_t number)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)data, name, value)
    {
        const char *hash = json_string_value(json_object_get(value, "blake2b"));
        char *content = NULL;
        if (!hash)
            continue;
        pia_status_t status = text_get(check->db, hash, &content);
        free(content);
        if (status == PIA_NOT_FOUND)
            check->erased++;
        else if (status == PIA_INTERNAL)
            broken(check, number, "a text is not the one that was recorded");
        else if (status != PIA_OK)
            return status;
    }
    return PIA_OK;
}

/* The row as it was hashed; `data` parsed. */
static void read_entry(pia_stmt_t *stmt, const json_t *data, history_entry_t *ret_entry)
{
    *ret_entry = (history_entry_t){
        .transition = pia_stmt_column_text(stmt, 1),
        .from = pia_stmt_column_text(stmt, 2),
        .to = pia_stmt_column_text(stmt, 3),
        .actor = pia_stmt_column_text(stmt, 4),
        .effective_ms = pia_stmt_column_integer(stmt, 5),
        .recorded_ms = pia_stmt_column_integer(stmt, 6),
        .data = data,
    };
}

static void check_entry(check_t *check, pia_stmt_t *stmt, const json_t *data, int64_t number)
{
    history_entry_t entry;
    read_entry(stmt, data, &entry);
    char *bytes = entry_bytes(check->matter->id, number, &entry);
    chain_on(check->chain, bytes);
    free(bytes);
    if (strcmp(check->chain, pia_stmt_column_text(stmt, 8)) != 0)
        broken(check, number, "the entry is not the one that was recorded");
}

/* One entry; the texts are looked up after the row has been read. */
static pia_status_t check_next(check_t *check)
{
    pia_stmt_t *stmt = open_page(check->db, check->matter->id, check->entries, 1);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    int64_t number = pia_stmt_column_integer(stmt, 0);
    json_t *data = json_loads(pia_stmt_column_text(stmt, 7), 0, NULL);
    if (number != check->entries + 1 || !data)
        broken(check, check->entries + 1, "an entry is missing");
    else
        check_entry(check, stmt, data, number);
    pia_stmt_reset(stmt);
    if (check->broken_at == 0) {
        check->entries++;
        status = check_texts(check, data, number);
    }
    json_decref(data);
    return status;
}

pia_status_t history_verify(pia_db_t *db, const matter_t *matter, json_t **ret_proof)
{
    check_t check = {.db = db, .matter = matter};
    memset(check.chain, '0', MATTER_HASH_SIZE - 1);
    pia_status_t status = PIA_OK;
    while (status == PIA_OK && check.broken_at == 0)
        status = check_next(&check);
    if (status != PIA_OK && status != PIA_NOT_FOUND)
        return status;
    if (check.broken_at == 0 &&
        (check.entries != matter->version || strcmp(check.chain, matter->chain) != 0))
        broken(&check, check.entries + 1, "the last entries are missing");
    *ret_proof = json_pack("{s:b, s:I, s:I, s:s}", "valid", check.broken_at == 0, "entries",
                           (json_int_t)check.entries, "erased", (json_int_t)check.erased, "head",
                           matter->chain);
    if (check.broken_at != 0) {
        json_object_set_new(*ret_proof, "broken_at", json_integer(check.broken_at));
        json_object_set_new(*ret_proof, "detail", json_string(check.detail));
    }
    return PIA_OK;
}
