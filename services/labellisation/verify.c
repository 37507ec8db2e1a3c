/* verify.c - checks histories, one matter's or the whole log's. */
#include "verify.h"

#include <stdlib.h>
#include <string.h>

#include "erasure.h"
#include "evidence.h"
#include "history.h"
#include "minutes.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "text.h"

enum { PAGE = 500, ERASURES_MAX = 200 };

/* An entry, the one before it, and what its matter says of its last one. */
#define ENTRY                                                                                      \
    "SELECT h.matter, h.number, h.transition, h.from_state, h.to_state, h.actor, h.effective_at, " \
    "h.recorded_at, h.data, h.salt, h.chain, h.position, h.nodes, p.chain, p.position, "           \
    "m.version, m.chain FROM history h JOIN matter m ON m.id = h.matter "                          \
    "LEFT JOIN history p ON p.matter = h.matter AND p.number = h.number - 1 "

enum { OF_MATTER, OF_LOG, DATA, UNENDED };

static const char *const sql[] = {
    [OF_MATTER] = ENTRY "WHERE h.matter = $1 AND h.number >= $2 ORDER BY h.number LIMIT $3",
    [OF_LOG] = ENTRY "WHERE h.position >= $1 ORDER BY h.position LIMIT $2",
    [DATA] = "SELECT data FROM history WHERE matter = $1 AND number = $2",
    [UNENDED] = "SELECT m.id, m.version FROM matter m LEFT JOIN history h ON h.matter = m.id "
                "AND h.number = m.version WHERE h.number IS NULL LIMIT 1",
};

#undef ENTRY

/* A check in progress. */
typedef struct {
    pia_db_t *db;
    const pia_signing_key_t *key;    /* of the log's heads; NULL: a matter's check */
    int64_t heads, other_keys;       /* signed heads that are good; those signed with another key */
    char matter[PIA_UUID_TEXT_SIZE]; /* of the entry that is looked at */
    int64_t number;
    int64_t entries, erased;
    json_t *erasures;
    const char *wrong; /* what, at the entry that is looked at; NULL: nothing */
} check_t;

/* A row of ENTRY: borrowed from the statement, `data` parsed. */
typedef struct {
    const char *matter;
    int64_t number;
    history_entry_t entry;
    json_t *data;
    const uint8_t *salt; /* NULL: none of its size */
    const char *chain;
    int64_t position;
    const uint8_t *nodes;
    size_t nodes_size;
    const char *before; /* chain of the entry before, NULL: there is none */
    int64_t before_position;
    int64_t version; /* the matter's */
    const char *end; /* its chain */
} row_t;

static void read_row(pia_stmt_t *stmt, row_t *ret_row)
{
    size_t size;
    *ret_row = (row_t){
        .matter = pia_stmt_column_text(stmt, 0),
        .number = pia_stmt_column_integer(stmt, 1),
        .entry = {.transition = pia_stmt_column_text(stmt, 2),
                  .from = pia_stmt_column_text(stmt, 3),
                  .to = pia_stmt_column_text(stmt, 4),
                  .actor = pia_stmt_column_text(stmt, 5),
                  .effective_ms = pia_stmt_column_integer(stmt, 6),
                  .recorded_ms = pia_stmt_column_integer(stmt, 7)},
        .data = json_loads(pia_stmt_column_text(stmt, 8), 0, NULL),
        .salt = pia_stmt_column_bytes(stmt, 9, &size),
        .chain = pia_stmt_column_text(stmt, 10),
        .position = pia_stmt_column_integer(stmt, 11),
        .before = pia_stmt_column_text(stmt, 13),
        .before_position = pia_stmt_column_integer(stmt, 14),
        .version = pia_stmt_column_integer(stmt, 15),
        .end = pia_stmt_column_text(stmt, 16),
    };
    ret_row->nodes = pia_stmt_column_bytes(stmt, 12, &ret_row->nodes_size);
    ret_row->entry.data = ret_row->data;
    if (size != HISTORY_SALT_SIZE)
        ret_row->salt = NULL;
}

/* Whether the entry's chain follows from the one before it and from its content. */
static const char *check_chain(const row_t *row)
{
    char chain[MATTER_HASH_SIZE];
    uint8_t hash[HISTORY_HASH_SIZE];
    if (row->number > 1 && !row->before)
        return "the entry before it is missing";
    if (row->number > 1 && row->before_position >= row->position)
        return "it stands in the log before the entry before it";
    if (row->number > row->version)
        return "its matter does not know of it";
    history_no_chain(chain);
    if (row->number > 1 && strlen(row->before) == sizeof chain - 1)
        memcpy(chain, row->before, sizeof chain);
    char *bytes = row->data ? history_bytes(row->matter, row->number, &row->entry) : NULL;
    if (bytes && row->salt) {
        history_hash(bytes, row->salt, hash);
        history_chain(chain, hash);
    }
    bool good = bytes && row->salt && strcmp(chain, row->chain) == 0;
    free(bytes);
    if (!good)
        return "the entry is not the one that was recorded";
    if (row->number == row->version && strcmp(row->chain, row->end) != 0)
        return "its matter ends with another entry";
    return NULL;
}

/* The data of another entry of the same matter; NULL: there is none. */
static pia_status_t read_data(pia_db_t *db, const char *matter, int64_t number, json_t **ret_data)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[DATA]);
    pia_stmt_text(stmt, 1, matter);
    pia_stmt_integer(stmt, 2, number);
    pia_status_t status = pia_stmt_step(stmt);
    *ret_data = status == PIA_OK ? json_loads(pia_stmt_column_text(stmt, 0), 0, NULL) : NULL;
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

static void note_erasure(check_t *check, const char *name, const erasure_t *erasure)
{
    char at[PIA_TIME_TEXT_SIZE];
    pia_time_format(erasure->erased_ms, at);
    check->erased++;
    if (json_array_size(check->erasures) < ERASURES_MAX)
        json_array_append_new(check->erasures,
                              json_pack("{s:s, s:I, s:s, s:s, s:I}", "matter", check->matter,
                                        "number", (json_int_t)check->number, "name", name,
                                        "erased_at", at, "erased_by",
                                        (json_int_t)erasure->erased_by));
}

/* What is not there as it was named (`wrong` says so): a later entry must say that it erased it. */
static pia_status_t
check_missing(check_t *check, const char *name, const char *hash, const char *wrong)
{
    erasure_t erasure;
    json_t *data = NULL;
    pia_status_t status = erasure_find(check->db, hash, &erasure);
    if (status == PIA_OK && erasure.erased_by > check->number)
        status = read_data(check->db, check->matter, erasure.erased_by, &data);
    if (status != PIA_OK && status != PIA_NOT_FOUND)
        return status;
    if (data && erasure_says(data, hash))
        note_erasure(check, name, &erasure);
    else
        check->wrong = wrong;
    json_decref(data);
    return PIA_OK;
}

static pia_status_t check_text(check_t *check, const char *name, const char *hash)
{
    char *content = NULL;
    pia_status_t status = text_get(check->db, hash, &content);
    free(content);
    if (status == PIA_NOT_FOUND)
        return check_missing(check, name, hash,
                             "a text is missing, and no entry says that it was erased");
    if (status != PIA_INTERNAL)
        return status;
    check->wrong = "a text is not the one that was recorded";
    return PIA_OK;
}

/* The minutes that an entry has signed are those that are kept, or were replaced when a text in
 * them was erased. */
static pia_status_t check_minutes(check_t *check, const char *hash)
{
    file_t file = {.bytes = NULL};
    char kept[FILE_HASH_SIZE] = "";
    pia_status_t status = minutes_file(check->db, check->matter, &file);
    if (status != PIA_OK && status != PIA_NOT_FOUND)
        return status;
    if (file.bytes)
        file_hash(file.bytes, file.size, kept);
    free(file.bytes);
    return strcmp(kept, hash) == 0 ? PIA_OK
                                   : check_missing(check, "minutes", hash,
                                                   "the minutes are not those that were signed");
}

/* Looks for each text that the entry names by its hash. */
static pia_status_t check_texts(check_t *check, const json_t *data)
{
    const char *name, *minutes = pia_json_text(json_object_get(data, "minutes"), "sha256");
    json_t *value;
    pia_status_t status = minutes ? check_minutes(check, minutes) : PIA_OK;
    json_object_foreach((json_t *)data, name, value)
    {
        const char *hash = json_string_value(json_object_get(value, "blake2b"));
        if (hash && status == PIA_OK && !check->wrong)
            status = check_text(check, name, hash);
    }
    return status;
}

/* One entry by itself. */
static pia_status_t check_row(check_t *check, const row_t *row)
{
    memcpy(check->matter, row->matter, strnlen(row->matter, sizeof check->matter - 1) + 1);
    check->number = row->number;
    check->wrong = check_chain(row);
    return check->wrong ? PIA_OK : check_texts(check, row->data);
}

/* What a check found, as members of the answer. */
static json_t *result_of(check_t *check)
{
    json_t *json = json_pack("{s:b, s:I, s:I, s:O}", "valid", check->wrong == NULL, "entries",
                             (json_int_t)check->entries, "erased", (json_int_t)check->erased,
                             "erasures", check->erasures);
    if (check->wrong)
        json_object_set_new(json, "detail", json_string(check->wrong));
    return json;
}

/* One page of a matter's entries; *ret_more: it was full. */
static pia_status_t check_page(check_t *check, const char *matter, bool *ret_more)
{
    int64_t first = check->entries + 1, count = 0;
    pia_stmt_t *stmt = pia_db_prepare(check->db, sql[OF_MATTER]);
    pia_stmt_text(stmt, 1, matter);
    pia_stmt_integer(stmt, 2, first);
    pia_stmt_integer(stmt, 3, PAGE);
    pia_status_t status = PIA_OK;
    while (!check->wrong && (status = pia_stmt_step(stmt)) == PIA_OK) {
        row_t row;
        read_row(stmt, &row);
        check->number = check->entries + 1;
        if (row.number != check->number)
            check->wrong = "an entry is missing";
        else
            status = check_row(check, &row);
        json_decref(row.data);
        if (status != PIA_OK)
            break;
        check->entries += check->wrong == NULL;
        count++;
    }
    pia_stmt_reset(stmt);
    *ret_more = count == PAGE && !check->wrong;
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* Whether the last entry is in the log, whose root covers it. */
static pia_status_t check_inclusion(check_t *check, const matter_t *matter, int64_t position)
{
    evidence_t evidence;
    merkle_path_t path;
    merkle_hash_t leaf, root;
    const merkle_source_t source = evidence_source(check->db);
    pia_status_t status = evidence_read(check->db, &evidence);
    if (status != PIA_OK)
        return status;
    uint64_t size = evidence.tree.size;
    bool within = position >= 0 && (uint64_t)position < size;
    if (within)
        status = merkle_inclusion(&source, (uint64_t)position, size, &path);
    if (status != PIA_OK && status != PIA_INTERNAL)
        return status;
    evidence_leaf(matter->id, matter->version, matter->chain, leaf);
    merkle_root(&evidence.tree, root);
    if (!within || status != PIA_OK ||
        !merkle_includes(root, size, leaf, (uint64_t)position, &path))
        check->wrong = "the log does not have its last entry";
    return PIA_OK;
}

/* What one matter's entries cannot say by themselves. */
static pia_status_t check_end(check_t *check, const matter_t *matter)
{
    int64_t position = -1;
    check->number = check->entries + 1;
    if (check->entries != matter->version) {
        check->wrong = "the last entries are missing";
        return PIA_OK;
    }
    check->number = check->entries;
    pia_status_t status = evidence_position(check->db, matter->id, matter->version, &position);
    return status == PIA_OK ? check_inclusion(check, matter, position) : status;
}

pia_status_t verify_matter(pia_db_t *db, const matter_t *matter, json_t **ret_proof)
{
    check_t check = {.db = db, .erasures = json_array()};
    bool more = true;
    pia_status_t status = PIA_OK;
    while (status == PIA_OK && more)
        status = check_page(&check, matter->id, &more);
    if (status == PIA_OK && !check.wrong)
        status = check_end(&check, matter);
    if (status == PIA_OK) {
        *ret_proof = result_of(&check);
        json_object_set_new(*ret_proof, "head", json_string(matter->chain));
        if (check.wrong)
            json_object_set_new(*ret_proof, "broken_at", json_integer(check.number));
    }
    json_decref(check.erasures);
    return status;
}

/* Adds the entry to the tree as it is computed anew, and compares what was kept of it. */
static pia_status_t check_place(check_t *check, const row_t *row, evidence_t *evidence)
{
    merkle_hash_t leaf, nodes[MERKLE_LEVELS];
    evidence_leaf(row->matter, row->number, row->chain, leaf);
    size_t size = merkle_append(&evidence->tree, leaf, nodes) * sizeof nodes[0];
    if (size != row->nodes_size || (size > 0 && memcmp(nodes, row->nodes, size) != 0)) {
        check->wrong = "the log's tree is not the one of its entries";
        return PIA_OK;
    }
    bool own;
    pia_status_t status = evidence_check(check->db, check->key, evidence, &own);
    check->heads += status == PIA_OK;
    check->other_keys += status == PIA_OK && !own;
    if (status == PIA_CONFLICT && !pia_db_is_retryable(check->db))
        check->wrong = "a head that was signed is not the one of the entries up to here";
    else if (status != PIA_NOT_FOUND)
        return status;
    return PIA_OK;
}

static pia_status_t check_entries(check_t *check, evidence_t *evidence, int64_t limit)
{
    pia_stmt_t *stmt = pia_db_prepare(check->db, sql[OF_LOG]);
    pia_stmt_integer(stmt, 1, (int64_t)evidence->tree.size);
    pia_stmt_integer(stmt, 2, limit);
    pia_status_t status = PIA_OK;
    while (!check->wrong && (status = pia_stmt_step(stmt)) == PIA_OK) {
        row_t row;
        read_row(stmt, &row);
        if (row.position != (int64_t)evidence->tree.size)
            check->wrong = "an entry is missing from the log";
        else
            status = check_row(check, &row);
        if (status == PIA_OK && !check->wrong)
            status = check_place(check, &row, evidence);
        json_decref(row.data);
        if (status != PIA_OK)
            break;
        check->entries += check->wrong == NULL;
    }
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* After the last entry: the head is the one of the entries, and no matter says that it has more. */
static pia_status_t check_head(check_t *check, const evidence_t *evidence, const evidence_t *head)
{
    const merkle_t *tree = &evidence->tree;
    size_t size = merkle_peak_count(tree->size) * MERKLE_HASH_SIZE;
    if (tree->size != head->tree.size || memcmp(tree->peaks, head->tree.peaks, size) != 0) {
        check->wrong = "the log's head is not the one of its entries";
        return PIA_OK;
    }
    pia_stmt_t *stmt = pia_db_prepare(check->db, sql[UNENDED]);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK) {
        const char *matter = pia_stmt_column_text(stmt, 0);
        memcpy(check->matter, matter, strnlen(matter, sizeof check->matter - 1) + 1);
        check->number = pia_stmt_column_integer(stmt, 1);
        check->wrong = "its last entry is missing";
    }
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

static json_t *piece_of(check_t *check, int64_t from, const evidence_t *head)
{
    int64_t to = from + check->entries, size = (int64_t)head->tree.size;
    json_t *json = result_of(check);
    json_object_set_new(json, "from", json_integer(from));
    json_object_set_new(json, "size", json_integer(size));
    json_object_set_new(json, "heads", json_integer(check->heads));
    json_object_set_new(json, "other_keys", json_integer(check->other_keys));
    if (check->wrong) {
        json_object_set_new(json, "broken_at", json_integer(to));
        if (check->matter[0] != '\0') {
            json_object_set_new(json, "matter", json_string(check->matter));
            json_object_set_new(json, "number", json_integer(check->number));
        }
    } else if (to < size) {
        json_object_set_new(json, "next", json_integer(to));
    }
    return json;
}

pia_status_t verify_log(
    pia_db_t *db, const pia_signing_key_t *key, int64_t from, int64_t limit, json_t **ret_check)
{
    check_t check = {.db = db, .key = key, .erasures = json_array()};
    const merkle_source_t source = evidence_source(db);
    evidence_t head = {.log = ""}, evidence;
    pia_status_t status = evidence_read(db, &head);
    evidence = head;
    if (status == PIA_OK && (uint64_t)from > head.tree.size)
        status = PIA_INVALID;
    if (status == PIA_OK)
        status = merkle_load(&source, (uint64_t)from, &evidence.tree);
    if (status == PIA_INTERNAL && !pia_db_is_damaged(db)) {
        check.wrong = "the log's head or its tree is not whole";
        status = PIA_OK;
    } else if (status == PIA_OK) {
        status = check_entries(&check, &evidence, limit);
    }
    bool ended = check.entries < limit || evidence.tree.size == head.tree.size;
    if (status == PIA_OK && !check.wrong && ended)
        status = check_head(&check, &evidence, &head);
    if (status == PIA_OK)
        *ret_check = piece_of(&check, from, &head);
    json_decref(check.erasures);
    return status;
}
