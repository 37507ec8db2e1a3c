/* signing_key.c - an Ed25519 key in a file: its seed in hexadecimal and a line's end. */
#include "pia/signing_key.h"

#include <sodium.h>
#include <string.h>

#include "pia/durable_file.h"

enum { SEED_SIZE = crypto_sign_SEEDBYTES, TEXT_SIZE = 2 * SEED_SIZE + 1 };

/* PIA_OK also if another process has just made one. */
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

static pia_status_t
take(const char *path, const char *text, pia_signing_key_t *ret_key, pia_problem_t *problem)
{
    uint8_t seed[SEED_SIZE];
    size_t size = 0;
    if (sodium_hex2bin(seed, sizeof seed, text, strcspn(text, "\n"), NULL, &size, NULL) != 0 ||
        size != sizeof seed)
        return pia_problem_set(problem, PIA_UNAVAILABLE, "", "%s holds no key", path);
    int rc = crypto_sign_seed_keypair(ret_key->public_key, ret_key->secret, seed);
    sodium_memzero(seed, sizeof seed);
    return rc == 0 ? PIA_OK : PIA_INTERNAL;
}

pia_status_t
pia_signing_key_open(const char *path, pia_signing_key_t *ret_key, pia_problem_t *problem)
{
    char text[TEXT_SIZE + 2];
    pia_status_t status = pia_file_read(path, text, sizeof text, problem);
    if (status == PIA_NOT_FOUND) {
        status = make(path, problem);
        if (status == PIA_OK)
            status = pia_file_read(path, text, sizeof text, problem);
    }
    if (status == PIA_OK)
        status = take(path, text, ret_key, problem);
    sodium_memzero(text, sizeof text);
    return status;
}
