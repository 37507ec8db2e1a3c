/* evidence.c - the log's head, its nodes and its signed heads in SQL. */
#include "evidence.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEEP_MS = 3600 * 1000, STATEMENT_SIZE = 256, LEAF_SIZE = 192 };

enum { MAKE, READ, LOCK, STORE, NODE, POSITION, NOTE_KEY, KEEP, LAST_KEPT, KEPT };

static const char *const sql[] = {
    [MAKE] = "INSERT INTO evidence_head (id, log, size, peaks) VALUES (1, $1, 0, $2) "
             "ON CONFLICT DO NOTHING",
    [READ] = "SELECT log, size, peaks FROM evidence_head WHERE id = 1",
    [LOCK] = "SELECT log, size, peaks FROM evidence_head WHERE id = 1 FOR UPDATE",
    [STORE] = "UPDATE evidence_head SET size = $1, peaks = $2 WHERE id = 1",
    [NODE] = "SELECT matter, number, chain, nodes FROM history WHERE position = $1",
    [POSITION] = "SELECT position FROM history WHERE matter = $1 AND number = $2",
    [NOTE_KEY] = "INSERT INTO evidence_key (public_key) VALUES ($1) ON CONFLICT DO NOTHING",
    [KEEP] = "INSERT INTO evidence_kept (size, root, public_key, signature, kept_at) "
             "VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
    [LAST_KEPT] = "SELECT size, kept_at FROM evidence_kept ORDER BY size DESC LIMIT 1",
    [KEPT] = "SELECT root, k.public_key, signature FROM evidence_kept h "
             "LEFT JOIN evidence_key k ON k.public_key = h.public_key WHERE size = $1",
};

static pia_status_t make(pia_db_t *db)
{
    char log[PIA_UUID_TEXT_SIZE];
    pia_uuid7_text(log);
    pia_stmt_t *stmt = pia_db_prepare(db, sql[MAKE]);
    pia_stmt_text(stmt, 1, log);
    pia_stmt_bytes(stmt, 2, "", 0);
    return pia_stmt_run(stmt, NULL);
}

static pia_status_t read_row(pia_db_t *db, int which, evidence_t *ret_evidence)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[which]);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    size_t size = 0;
    merkle_t *tree = &ret_evidence->tree;
    int64_t leaves = pia_stmt_column_integer(stmt, 1);
    const char *log = pia_stmt_column_text(stmt, 0);
    const void *peaks = pia_stmt_column_bytes(stmt, 2, &size);
    tree->size = (uint64_t)leaves;
    bool good = leaves >= 0 && log && strlen(log) < sizeof ret_evidence->log &&
                leaves >> MERKLE_LEVELS == 0 &&
                size == merkle_peak_count(tree->size) * MERKLE_HASH_SIZE;
    if (good) {
        memcpy(ret_evidence->log, log, strlen(log) + 1);
        if (size > 0)
            memcpy(tree->peaks, peaks, size);
    }
    pia_stmt_reset(stmt);
    return good ? PIA_OK : PIA_INTERNAL;
}

static pia_status_t read_or_make(pia_db_t *db, int which, evidence_t *ret_evidence)
{
    pia_status_t status = read_row(db, which, ret_evidence);
    if (status != PIA_NOT_FOUND)
        return status;
    status = make(db);
    return status == PIA_OK ? read_row(db, which, ret_evidence) : status;
}

pia_status_t evidence_read(pia_db_t *db, evidence_t *ret_evidence)
{
    return read_or_make(db, READ, ret_evidence);
}

pia_status_t evidence_lock(pia_db_t *db, evidence_t *ret_evidence)
{
    return read_or_make(db, LOCK, ret_evidence);
}

pia_status_t evidence_store(pia_db_t *db, const evidence_t *evidence)
{
    const merkle_t *tree = &evidence->tree;
    pia_stmt_t *stmt = pia_db_prepare(db, sql[STORE]);
    pia_stmt_integer(stmt, 1, (int64_t)tree->size);
    pia_stmt_bytes(stmt, 2, tree->peaks, merkle_peak_count(tree->size) * MERKLE_HASH_SIZE);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t
evidence_position(pia_db_t *db, const char *matter, int64_t number, int64_t *ret_position)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[POSITION]);
    pia_stmt_text(stmt, 1, matter);
    pia_stmt_integer(stmt, 2, number);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        *ret_position = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return status;
}

void evidence_leaf(const char *matter, int64_t number, const char *chain, merkle_hash_t ret_leaf)
{
    char bytes[LEAF_SIZE];
    int size = snprintf(bytes, sizeof bytes, "%s %" PRId64 " %s", matter, number, chain);
    merkle_leaf(bytes, (size_t)size < sizeof bytes ? (size_t)size : sizeof bytes - 1, ret_leaf);
}

/* PIA_INTERNAL: the leaf that completes the node, or the node in it, is not there. */
static pia_status_t fetch(void *arg, unsigned level, uint64_t index, merkle_hash_t ret_hash)
{
    uint64_t position = ((index + 1) << level) - 1;
    pia_stmt_t *stmt = pia_db_prepare(arg, sql[NODE]);
    pia_stmt_integer(stmt, 1, (int64_t)position);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
    size_t size = 0;
    const uint8_t *nodes = pia_stmt_column_bytes(stmt, 3, &size);
    if (level == 0)
        evidence_leaf(pia_stmt_column_text(stmt, 0), pia_stmt_column_integer(stmt, 1),
                      pia_stmt_column_text(stmt, 2), ret_hash);
    else if (size >= (size_t)level * MERKLE_HASH_SIZE)
        memcpy(ret_hash, nodes + (size_t)(level - 1) * MERKLE_HASH_SIZE, MERKLE_HASH_SIZE);
    else
        status = PIA_INTERNAL;
    pia_stmt_reset(stmt);
    return status;
}

merkle_source_t evidence_source(pia_db_t *db)
{
    return (merkle_source_t){.fetch = fetch, .arg = db};
}

static size_t
write_statement(const char *log, uint64_t size, const merkle_hash_t root, char ret[STATEMENT_SIZE])
{
    char hex[2 * MERKLE_HASH_SIZE + 1];
    (void)sodium_bin2hex(hex, sizeof hex, root, MERKLE_HASH_SIZE);
    return (size_t)snprintf(ret, STATEMENT_SIZE, "pia evidence 1\n%s\n%" PRIu64 "\n%s\n", log, size,
                            hex);
}

void evidence_sign(const char *log,
                   uint64_t size,
                   const merkle_hash_t root,
                   const pia_signing_key_t *key,
                   uint8_t ret_signature[EVIDENCE_SIGNATURE_SIZE])
{
    char text[STATEMENT_SIZE];
    size_t length = write_statement(log, size, root, text);
    int rc =
        crypto_sign_detached(ret_signature, NULL, (const unsigned char *)text, length, key->secret);
    if (rc != 0)
        abort();
}

pia_status_t evidence_open(pia_db_t *db, const pia_signing_key_t *key)
{
    evidence_t evidence;
    pia_status_t status = evidence_read(db, &evidence);
    if (status != PIA_OK)
        return status;
    pia_stmt_t *stmt = pia_db_prepare(db, sql[NOTE_KEY]);
    pia_stmt_bytes(stmt, 1, key->public_key, sizeof key->public_key);
    return pia_stmt_run(stmt, NULL);
}

/* The size of the last kept head, 0 if there is none, and when it was kept. */
static pia_status_t last_kept(pia_db_t *db, uint64_t *ret_size, int64_t *ret_kept_ms)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[LAST_KEPT]);
    pia_status_t status = pia_stmt_step(stmt);
    *ret_size = status == PIA_OK ? (uint64_t)pia_stmt_column_integer(stmt, 0) : 0;
    *ret_kept_ms = status == PIA_OK ? pia_stmt_column_integer(stmt, 1) : 0;
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t evidence_keep(pia_db_t *db, const pia_signing_key_t *key, int64_t wall_ms)
{
    uint64_t size;
    int64_t kept_ms;
    evidence_t evidence;
    pia_status_t status = last_kept(db, &size, &kept_ms);
    if (status != PIA_OK || (size > 0 && wall_ms - kept_ms < KEEP_MS))
        return status;
    status = evidence_read(db, &evidence);
    if (status != PIA_OK || evidence.tree.size == size)
        return status;
    merkle_hash_t root;
    uint8_t signature[EVIDENCE_SIGNATURE_SIZE];
    merkle_root(&evidence.tree, root);
    evidence_sign(evidence.log, evidence.tree.size, root, key, signature);
    pia_stmt_t *stmt = pia_db_prepare(db, sql[KEEP]);
    pia_stmt_integer(stmt, 1, (int64_t)evidence.tree.size);
    pia_stmt_bytes(stmt, 2, root, sizeof root);
    pia_stmt_bytes(stmt, 3, key->public_key, sizeof key->public_key);
    pia_stmt_bytes(stmt, 4, signature, sizeof signature);
    pia_stmt_integer(stmt, 5, wall_ms);
    return pia_stmt_run(stmt, NULL);
}

/* The present row of KEPT against the statement, and the key that signed it. */
static bool is_good(pia_stmt_t *stmt, const evidence_t *evidence, const void **ret_key)
{
    char text[STATEMENT_SIZE];
    merkle_hash_t root;
    merkle_root(&evidence->tree, root);
    size_t length = write_statement(evidence->log, evidence->tree.size, root, text), sizes[3];
    const void *kept = pia_stmt_column_bytes(stmt, 0, &sizes[0]);
    const void *key = pia_stmt_column_bytes(stmt, 1, &sizes[1]);
    const void *signature = pia_stmt_column_bytes(stmt, 2, &sizes[2]);
    *ret_key = key;
    return sizes[0] == MERKLE_HASH_SIZE && memcmp(kept, root, MERKLE_HASH_SIZE) == 0 &&
           sizes[1] == PIA_PUBLIC_KEY_SIZE && sizes[2] == EVIDENCE_SIGNATURE_SIZE &&
           crypto_sign_verify_detached(signature, (const unsigned char *)text, length, key) == 0;
}

pia_status_t evidence_check(pia_db_t *db,
                            const pia_signing_key_t *key,
                            const evidence_t *evidence,
                            bool *ret_own)
{
    const void *signer = NULL;
    pia_stmt_t *stmt = pia_db_prepare(db, sql[KEPT]);
    pia_stmt_integer(stmt, 1, (int64_t)evidence->tree.size);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK && !is_good(stmt, evidence, &signer))
        status = PIA_CONFLICT;
    *ret_own = status == PIA_OK && memcmp(signer, key->public_key, PIA_PUBLIC_KEY_SIZE) == 0;
    pia_stmt_reset(stmt);
    return status;
}
