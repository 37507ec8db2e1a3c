/* proof.c - proofs from the log. */
#include "proof.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"

enum { ENTRIES, CHAIN };

static const char *const sql[] = {
    [ENTRIES] = "SELECT number, transition, from_state, to_state, actor, effective_at, "
                "recorded_at, data, salt FROM history WHERE matter = $1 AND number >= $2 "
                "ORDER BY number LIMIT $3",
    [CHAIN] = "SELECT chain FROM history WHERE matter = $1 AND number = $2",
};

/* The log at a size, and what is proved in it. */
typedef struct {
    pia_db_t *db;
    const pia_signing_key_t *key;
    pia_problem_t *problem;
    evidence_t evidence;
} proof_t;

static proof_t proof_from(const proof_source_t *source)
{
    return (proof_t){.db = source->db, .key = source->key, .problem = source->problem};
}

static void set_hex(json_t *object, const char *name, const void *bytes, size_t size)
{
    char text[2 * EVIDENCE_SIGNATURE_SIZE + 1];
    (void)sodium_bin2hex(text, sizeof text, bytes, size);
    json_object_set_new(object, name, json_string(text));
}

/* Reads the log as it was with `size` entries, 0: as it is. `at`: where the size was asked. */
static pia_status_t open_log(proof_t *self, int64_t size, const char *at)
{
    const merkle_source_t source = evidence_source(self->db);
    pia_status_t status = evidence_read(self->db, &self->evidence);
    if (status != PIA_OK || size == 0)
        return status;
    if ((uint64_t)size > self->evidence.tree.size)
        return pia_problem_set(self->problem, PIA_INVALID, at, "the log has %lld entries",
                               (long long)self->evidence.tree.size);
    return merkle_load(&source, (uint64_t)size, &self->evidence.tree);
}

static json_t *head_json(const proof_t *self)
{
    const evidence_t *evidence = &self->evidence;
    merkle_hash_t root;
    uint8_t signature[EVIDENCE_SIGNATURE_SIZE];
    merkle_root(&evidence->tree, root);
    evidence_sign(evidence->log, evidence->tree.size, root, self->key, signature);
    json_t *json =
        json_pack("{s:s, s:I}", "log", evidence->log, "size", (json_int_t)evidence->tree.size);
    set_hex(json, "root", root, sizeof root);
    set_hex(json, "key", self->key->public_key, sizeof self->key->public_key);
    set_hex(json, "signature", signature, sizeof signature);
    return json;
}

static void set_path(json_t *json, const merkle_path_t *path)
{
    json_t *hashes = json_array();
    for (size_t i = 0; i < path->count; i++) {
        char text[2 * MERKLE_HASH_SIZE + 1];
        (void)sodium_bin2hex(text, sizeof text, path->hashes[i], MERKLE_HASH_SIZE);
        json_array_append_new(hashes, json_string(text));
    }
    json_object_set_new(json, "path", hashes);
}

pia_status_t proof_head(const proof_source_t *source, int64_t size, json_t **ret_head)
{
    proof_t self = proof_from(source);
    pia_status_t status = open_log(&self, size, "/size");
    if (status == PIA_OK)
        *ret_head = head_json(&self);
    return status;
}

pia_status_t
proof_consistency(const proof_source_t *source, int64_t first, int64_t size, json_t **ret_proof)
{
    proof_t self = proof_from(source);
    const merkle_source_t tree = evidence_source(source->db);
    merkle_path_t path;
    merkle_t earlier;
    merkle_hash_t root;
    pia_status_t status = open_log(&self, size, "/size");
    if (status == PIA_OK && (uint64_t)first > self.evidence.tree.size)
        status =
            pia_problem_set(source->problem, PIA_INVALID, "/first",
                            "the later head has %lld entries", (long long)self.evidence.tree.size);
    if (status == PIA_OK)
        status = merkle_load(&tree, (uint64_t)first, &earlier);
    if (status == PIA_OK)
        status = merkle_consistency(&tree, (uint64_t)first, self.evidence.tree.size, &path);
    if (status != PIA_OK)
        return status;
    merkle_root(&earlier, root);
    *ret_proof = head_json(&self);
    json_object_set_new(*ret_proof, "first", json_integer(first));
    set_hex(*ret_proof, "first_root", root, sizeof root);
    set_path(*ret_proof, &path);
    return PIA_OK;
}

/* The present row of ENTRIES; NULL: it cannot be hashed, somebody has changed it. */
static json_t *entry_json(pia_stmt_t *stmt, const char *matter, const history_reader_t *reader)
{
    size_t size;
    uint8_t hash[HISTORY_HASH_SIZE];
    json_t *data = json_loads(pia_stmt_column_text(stmt, 7), 0, NULL), *json = json_object();
    const history_entry_t entry = {
        .transition = pia_stmt_column_text(stmt, 1),
        .from = pia_stmt_column_text(stmt, 2),
        .to = pia_stmt_column_text(stmt, 3),
        .actor = pia_stmt_column_text(stmt, 4),
        .effective_ms = pia_stmt_column_integer(stmt, 5),
        .recorded_ms = pia_stmt_column_integer(stmt, 6),
        .data = data,
    };
    const uint8_t *salt = pia_stmt_column_bytes(stmt, 8, &size);
    char *bytes = data && size == HISTORY_SALT_SIZE
                      ? history_bytes(matter, pia_stmt_column_integer(stmt, 0), &entry)
                      : NULL;
    if (!bytes) {
        json_decref(json);
        json = NULL;
    } else if (history_may_read(reader, entry.transition, entry.actor) &&
               history_may_know(reader, entry.actor)) {
        json_object_set_new(json, "entry", json_string(bytes));
        set_hex(json, "salt", salt, size);
    } else {
        history_hash(bytes, salt, hash);
        set_hex(json, "hash", hash, sizeof hash);
    }
    free(bytes);
    json_decref(data);
    return json;
}

static pia_status_t read_entries(pia_db_t *db,
                                 const char *matter,
                                 const history_reader_t *reader,
                                 int64_t first,
                                 json_t *entries)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[ENTRIES]);
    pia_stmt_text(stmt, 1, matter);
    pia_stmt_integer(stmt, 2, first);
    pia_stmt_integer(stmt, 3, PROOF_ENTRIES_MAX);
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK) {
        json_t *entry = entry_json(stmt, matter, reader);
        if (!entry) {
            pia_stmt_reset(stmt);
            return PIA_INTERNAL;
        }
        json_array_append_new(entries, entry);
    }
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

static pia_status_t
read_before(pia_db_t *db, const char *matter, int64_t first, char ret_chain[MATTER_HASH_SIZE])
{
    history_no_chain(ret_chain);
    if (first == 1)
        return PIA_OK;
    pia_stmt_t *stmt = pia_db_prepare(db, sql[CHAIN]);
    pia_stmt_text(stmt, 1, matter);
    pia_stmt_integer(stmt, 2, first - 1);
    pia_status_t status = pia_stmt_step(stmt);
    const char *chain = status == PIA_OK ? pia_stmt_column_text(stmt, 0) : "";
    if (strlen(chain) == MATTER_HASH_SIZE - 1)
        memcpy(ret_chain, chain, MATTER_HASH_SIZE);
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
}

/* The history as members of the proof. */
static pia_status_t add_history(const proof_t *self,
                                const matter_t *matter,
                                const history_reader_t *reader,
                                json_t *proof)
{
    int64_t first =
        matter->version > PROOF_ENTRIES_MAX ? matter->version - PROOF_ENTRIES_MAX + 1 : 1;
    char before[MATTER_HASH_SIZE];
    json_t *entries = json_array();
    pia_status_t status = read_before(self->db, matter->id, first, before);
    if (status == PIA_OK)
        status = read_entries(self->db, matter->id, reader, first, entries);
    json_object_set_new(proof, "format", json_string("pia evidence 1"));
    json_object_set_new(proof, "matter", json_string(matter->id));
    json_object_set_new(proof, "first", json_integer(first));
    json_object_set_new(proof, "before", json_string(before));
    json_object_set_new(proof, "entries", entries);
    return status;
}

pia_status_t proof_matter(const proof_source_t *source,
                          const matter_t *matter,
                          const history_reader_t *reader,
                          int64_t size,
                          json_t **ret_proof)
{
    proof_t self = proof_from(source);
    const merkle_source_t tree = evidence_source(source->db);
    int64_t position = 0;
    merkle_path_t path;
    pia_status_t status = evidence_position(source->db, matter->id, matter->version, &position);
    if (status == PIA_OK)
        status = open_log(&self, size == PROOF_LEAST ? position + 1 : size, "/size");
    if (status == PIA_OK && (uint64_t)position >= self.evidence.tree.size)
        status = pia_problem_set(source->problem, PIA_INVALID, "/size",
                                 "its last entry is the log's entry %lld", (long long)position + 1);
    if (status == PIA_OK)
        status = merkle_inclusion(&tree, (uint64_t)position, self.evidence.tree.size, &path);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
    json_t *proof = head_json(&self);
    json_object_set_new(proof, "position", json_integer(position));
    set_path(proof, &path);
    status = add_history(&self, matter, reader, proof);
    if (status == PIA_OK)
        *ret_proof = proof;
    else
        json_decref(proof);
    return status;
}
