/* token.c - signing: the key, its files, and the token's bytes. */
#include "token_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/durable_file.h"
#include "pia/memory.h"

static const char PREFIX[] = "PIA-TOKEN-1";
static const char PUBLIC_LABEL[] = "PIA-TOKEN-PUBLIC-1";
static const char SECRET_LABEL[] = "PIA-TOKEN-SECRET-1";

struct pia_signer {
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES];
    uint8_t key_id[PIA_KEY_ID_SIZE];
};

static void key_text_write(const char *label, const uint8_t *bytes, size_t size, char *ret_text)
{
    char hex[2 * crypto_sign_SEEDBYTES + 1];
    assert(size == crypto_sign_SEEDBYTES);
    sodium_bin2hex(hex, sizeof hex, bytes, size);
    (void)snprintf(ret_text, PIA_KEY_TEXT_MAX, "%s %s\n", label, hex);
    sodium_memzero(hex, sizeof hex);
}

bool pia_key_text_read(const char *text, const char *label, uint8_t *ret_bytes, size_t size)
{
    size_t label_size = strlen(label);
    if (strncmp(text, label, label_size) != 0 || text[label_size] != ' ')
        return false;
    const char *hex = text + label_size + 1;
    size_t digits = strspn(hex, "0123456789abcdefABCDEF");
    size_t got = 0;
    if (digits != 2 * size || hex[digits + strspn(hex + digits, "\r\n ")] != '\0')
        return false;
    return sodium_hex2bin(ret_bytes, size, hex, digits, NULL, &got, NULL) == 0 && got == size;
}

void pia_public_key_write(const uint8_t key[crypto_sign_PUBLICKEYBYTES],
                          char ret_text[PIA_KEY_TEXT_MAX])
{
    key_text_write(PUBLIC_LABEL, key, crypto_sign_PUBLICKEYBYTES, ret_text);
}

bool pia_public_key_read(const char *text, uint8_t ret_key[crypto_sign_PUBLICKEYBYTES])
{
    return pia_key_text_read(text, PUBLIC_LABEL, ret_key, crypto_sign_PUBLICKEYBYTES);
}

void pia_key_id(const uint8_t key[crypto_sign_PUBLICKEYBYTES], uint8_t ret_id[PIA_KEY_ID_SIZE])
{
    uint8_t hash[crypto_generichash_BYTES];
    crypto_generichash(hash, sizeof hash, key, crypto_sign_PUBLICKEYBYTES, NULL, 0);
    memcpy(ret_id, hash, PIA_KEY_ID_SIZE);
}

size_t pia_token_signed_text(const void *payload, size_t size, uint8_t ret_text[PIA_TOKEN_MAX])
{
    assert(size <= PIA_TOKEN_MAX - PIA_TOKEN_HEAD);
    memcpy(ret_text, PREFIX, PIA_TOKEN_PREFIX_SIZE);
    memcpy(ret_text + PIA_TOKEN_PREFIX_SIZE, payload, size);
    return PIA_TOKEN_PREFIX_SIZE + size;
}

/* Makes a new key at `path` unless another process was faster. */
static pia_status_t make_key(const char *path, pia_problem_t *problem)
{
    uint8_t seed[crypto_sign_SEEDBYTES];
    char text[PIA_KEY_TEXT_MAX];
    randombytes_buf(seed, sizeof seed);
    key_text_write(SECRET_LABEL, seed, sizeof seed, text);
    pia_status_t status = pia_file_write(path, text, strlen(text), 0600, true, problem);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(text, sizeof text);
    return status == PIA_CONFLICT ? PIA_OK : status;
}

static pia_status_t load_key(pia_signer_t *signer, const char *path, pia_problem_t *problem)
{
    char text[PIA_KEY_TEXT_MAX];
    uint8_t seed[crypto_sign_SEEDBYTES];
    pia_status_t status = pia_file_read(path, text, sizeof text, problem);
    if (status == PIA_NOT_FOUND) {
        status = make_key(path, problem);
        if (status == PIA_OK)
            status = pia_file_read(path, text, sizeof text, problem);
    }
    if (status != PIA_OK)
        return status;
    bool read = pia_key_text_read(text, SECRET_LABEL, seed, sizeof seed);
    sodium_memzero(text, sizeof text);
    if (!read)
        return pia_problem_set(problem, PIA_INVALID, NULL, "%s holds no signing key", path);
    crypto_sign_seed_keypair(signer->public_key, signer->secret_key, seed);
    sodium_memzero(seed, sizeof seed);
    pia_key_id(signer->public_key, signer->key_id);
    return PIA_OK;
}

/* Writes the public file unless it says the same already: readers may be reading it. */
static pia_status_t
publish_key(const pia_signer_t *signer, const char *path, pia_problem_t *problem)
{
    char wanted[PIA_KEY_TEXT_MAX];
    char found[PIA_KEY_TEXT_MAX];
    pia_public_key_write(signer->public_key, wanted);
    if (pia_file_read(path, found, sizeof found, NULL) == PIA_OK && strcmp(found, wanted) == 0)
        return PIA_OK;
    return pia_file_write(path, wanted, strlen(wanted), 0644, false, problem);
}

pia_status_t pia_signer_open(const char *path,
                             const char *public_path,
                             pia_signer_t **ret_signer,
                             pia_problem_t *problem)
{
    if (sodium_init() < 0)
        return pia_problem_set(problem, PIA_UNAVAILABLE, NULL, "libsodium does not start");
    pia_signer_t *signer = pia_alloc(sizeof *signer);
    pia_status_t status = load_key(signer, path, problem);
    if (status == PIA_OK)
        status = publish_key(signer, public_path, problem);
    if (status == PIA_OK)
        *ret_signer = signer;
    else
        pia_signer_destroy(&signer);
    return status;
}

void pia_signer_destroy(pia_signer_t **signer_p)
{
    if (!*signer_p)
        return;
    sodium_memzero(*signer_p, sizeof **signer_p);
    free(*signer_p);
    *signer_p = NULL;
}

static void set_text(json_t *payload, const char *name, const char *value)
{
    if (value[0] != '\0')
        json_object_set_new(payload, name, json_string(value));
}

/* The payload: short names, absent when empty. The caller frees the text. */
static char *payload_of(const pia_principal_t *principal)
{
    int64_t now = pia_clock_wall();
    int64_t expires = now + PIA_TOKEN_LIFE_MS;
    if (principal->expires_at > 0 && principal->expires_at < expires)
        expires = principal->expires_at;
    json_t *payload = json_object();
    json_object_set_new(payload, "sub", json_string(principal->subject));
    set_text(payload, "person", principal->person);
    set_text(payload, "structure", principal->structure);
    set_text(payload, "pole", principal->pole);
    json_object_set_new(payload, "roles", json_integer(principal->roles));
    json_object_set_new(payload, "iat", json_integer(now));
    json_object_set_new(payload, "exp", json_integer(expires));
    char *text = json_dumps(payload, JSON_COMPACT);
    json_decref(payload);
    assert(text);
    return text;
}

size_t pia_signer_sign(const pia_signer_t *signer,
                       const pia_principal_t *principal,
                       uint8_t ret_token[PIA_TOKEN_MAX])
{
    uint8_t text[PIA_TOKEN_MAX];
    char *payload = payload_of(principal);
    size_t size = strlen(payload);
    size_t signed_size = pia_token_signed_text(payload, size, text);
    ret_token[0] = PIA_TOKEN_VERSION;
    memcpy(ret_token + 1, signer->key_id, PIA_KEY_ID_SIZE);
    crypto_sign_detached(ret_token + 1 + PIA_KEY_ID_SIZE, NULL, text, signed_size,
                         signer->secret_key);
    memcpy(ret_token + PIA_TOKEN_HEAD, text + PIA_TOKEN_PREFIX_SIZE, size);
    free(payload);
    return PIA_TOKEN_HEAD + size;
}
