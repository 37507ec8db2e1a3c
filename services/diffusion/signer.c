/* signer.c - the journal's key. */
#include "signer.h"

#include <sodium.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/durable_file.h"

enum { SEED_SIZE = crypto_sign_SEEDBYTES, TEXT_SIZE = 2 * SEED_SIZE + 1 };

static const char SQL_NOTE[] = "INSERT INTO journal_key (public_key, noted_at) VALUES ($1, $2)"
                               " ON CONFLICT DO NOTHING";
static const char SQL_KNOWN[] = "SELECT 1 FROM journal_key WHERE public_key = $1";

/* The seed in hexadecimal and a line's end. PIA_CONFLICT: another process has just made one. */
static pia_status_t make(const char *path, pia_problem_t *problem)
{
    uint8_t seed[SEED_SIZE];
    char text[TEXT_SIZE + 1];
    randombytes_buf(seed, sizeof seed);
    sodium_bin2hex(text, TEXT_SIZE, seed, sizeof seed);
    text[TEXT_SIZE - 1] = '\n';
    pia_status_t status = pia_file_write(path, text, TEXT_SIZE, 0600, true, problem);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(text, sizeof text);
    return status == PIA_CONFLICT ? PIA_OK : status;
}

static pia_status_t take(const char *path, const char *text, signer_t *ret, pia_problem_t *problem)
{
    uint8_t seed[SEED_SIZE];
    size_t size = 0;
    if (sodium_hex2bin(seed, sizeof seed, text, strcspn(text, "\n"), NULL, &size, NULL) != 0 ||
        size != sizeof seed)
        return pia_problem_set(problem, PIA_UNAVAILABLE, "", "%s holds no key", path);
    int rc = crypto_sign_seed_keypair(ret->public_key, ret->secret, seed);
    sodium_memzero(seed, sizeof seed);
    return rc == 0 ? PIA_OK : PIA_INTERNAL;
}

pia_status_t signer_open(const char *path, signer_t *ret_signer, pia_problem_t *problem)
{
    char text[TEXT_SIZE + 2];
    pia_status_t status = pia_file_read(path, text, sizeof text, problem);
    if (status == PIA_NOT_FOUND) {
        status = make(path, problem);
        if (status == PIA_OK)
            status = pia_file_read(path, text, sizeof text, problem);
    }
    if (status == PIA_OK)
        status = take(path, text, ret_signer, problem);
    sodium_memzero(text, sizeof text);
    return status;
}

pia_status_t signer_note(pia_db_t *db, const uint8_t public_key[SIGNER_KEY_SIZE])
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_NOTE);
    pia_stmt_bytes(stmt, 1, public_key, SIGNER_KEY_SIZE);
    pia_stmt_integer(stmt, 2, pia_clock_wall());
    return pia_stmt_run(stmt, NULL);
}

bool signer_is_known(pia_db_t *db, const uint8_t public_key[SIGNER_KEY_SIZE])
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_KNOWN);
    pia_stmt_bytes(stmt, 1, public_key, SIGNER_KEY_SIZE);
    bool known = pia_stmt_step(stmt) == PIA_OK;
    pia_stmt_reset(stmt);
    return known;
}
