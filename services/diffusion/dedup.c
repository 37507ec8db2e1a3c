/* dedup.c - one row an event: fingerprint of its identity, its number, half the hash of its
 * content. */
#include "dedup.h"

#include <sodium.h>
#include <string.h>

enum { HASH_KEPT = 16 };

static const char SQL_CLAIM[] = "INSERT INTO journal_dedup (fingerprint, sequence, hash)"
                                " VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
static const char SQL_FIND[] = "SELECT sequence, hash FROM journal_dedup WHERE fingerprint = $1";

static pia_status_t
compare(pia_db_t *db, const uint8_t *fingerprint, const uint8_t *hash, uint64_t *ret_sequence)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_FIND);
    pia_stmt_bytes(stmt, 1, fingerprint, 16);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
    size_t size = 0;
    const void *kept = pia_stmt_column_bytes(stmt, 1, &size);
    bool same = size == HASH_KEPT && memcmp(kept, hash, HASH_KEPT) == 0;
    *ret_sequence = (uint64_t)pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return same ? PIA_GONE : PIA_CONFLICT;
}

pia_status_t dedup_claim(pia_db_t *db,
                         const uint8_t fingerprint[16],
                         const uint8_t hash[32],
                         uint64_t sequence,
                         uint64_t *ret_sequence)
{
    int64_t changes = 0;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_CLAIM);
    pia_stmt_bytes(stmt, 1, fingerprint, 16);
    pia_stmt_integer(stmt, 2, (int64_t)sequence);
    pia_stmt_bytes(stmt, 3, hash, HASH_KEPT);
    pia_status_t status = pia_stmt_run(stmt, &changes);
    if (status != PIA_OK || changes == 1)
        return status;
    return compare(db, fingerprint, hash, ret_sequence);
}

void dedup_fingerprint(const uint8_t key[DEDUP_KEY_SIZE],
                       const char *source,
                       const char *id,
                       uint8_t ret_fingerprint[16])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, key, DEDUP_KEY_SIZE, 16);
    crypto_generichash_update(&state, (const uint8_t *)source, strlen(source) + 1);
    crypto_generichash_update(&state, (const uint8_t *)id, strlen(id));
    crypto_generichash_final(&state, ret_fingerprint, 16);
}
