/* fuzz_token.c - tokens: as they come, and rightly signed over any payload. */
#include "fuzz.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "pia/token.h"
#include "token_private.h"

static uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
static uint8_t secret_key[crypto_sign_SECRETKEYBYTES];
static pia_verifier_t *verifier;

/* Writes the public key where a verifier reads it, once. */
static void open_verifier(void)
{
    static const uint8_t seed[crypto_sign_SEEDBYTES] = "a key for the fuzzer";
    char path[] = "/tmp/pia-fuzz-token.XXXXXX";
    char text[PIA_KEY_TEXT_MAX];
    FUZZ_CHECK(sodium_init() >= 0);
    FUZZ_CHECK(crypto_sign_seed_keypair(public_key, secret_key, seed) == 0);
    pia_public_key_write(public_key, text);
    int file = mkstemp(path);
    FUZZ_CHECK(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text));
    (void)close(file);
    verifier = pia_verifier_new(path);
    pia_principal_t principal;
    FUZZ_CHECK(pia_verifier_check(verifier, "x", 1, &principal, NULL) == PIA_UNAUTHENTICATED);
    uint8_t token[PIA_TOKEN_HEAD] = {PIA_TOKEN_VERSION};
    pia_key_id(public_key, token + 1); /* names the key, so that the file is read now */
    FUZZ_CHECK(pia_verifier_check(verifier, token, sizeof token, &principal, NULL) != PIA_OK);
    (void)unlink(path);
}

static void check(const uint8_t *token, size_t size)
{
    pia_principal_t principal = {.subject = ""};
    pia_problem_t problem = {.detail = ""};
    pia_status_t status = pia_verifier_check(verifier, token, size, &principal, &problem);
    FUZZ_CHECK(status == PIA_OK || status == PIA_UNAUTHENTICATED || status == PIA_UNAVAILABLE);
    if (status != PIA_OK) {
        FUZZ_CHECK(problem.detail[0] != '\0');
        return;
    }
    FUZZ_CHECK(memchr(principal.subject, '\0', sizeof principal.subject) != NULL);
    FUZZ_CHECK(memchr(principal.person, '\0', sizeof principal.person) != NULL);
    FUZZ_CHECK((principal.roles & ~(uint32_t)PIA_ROLE_ANY) == 0);
    FUZZ_CHECK(size == 0 || principal.expires_at > 0);
}

/* Signs what the fuzzer gives as a payload: what a registry with a fault could send. */
static void check_signed(const uint8_t *payload, size_t size)
{
    uint8_t *token = malloc(PIA_TOKEN_HEAD + size);
    uint8_t text[PIA_TOKEN_MAX];
    FUZZ_CHECK(token != NULL);
    token[0] = PIA_TOKEN_VERSION;
    pia_key_id(public_key, token + 1);
    size_t text_size = pia_token_signed_text(payload, size, text);
    FUZZ_CHECK(
        crypto_sign_detached(token + 1 + PIA_KEY_ID_SIZE, NULL, text, text_size, secret_key) == 0);
    if (size > 0) {
        memcpy(token + PIA_TOKEN_HEAD, payload, size);
    }
    check(token, PIA_TOKEN_HEAD + size);
    free(token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t fuzz = {data, size};
    if (verifier == NULL) {
        open_verifier();
    }
    bool is_signed = (fuzz_byte(&fuzz) & 1) != 0;
    size_t taken = 0;
    uint8_t *bytes = fuzz_block(&fuzz, size, &taken);
    if (!is_signed) {
        check(bytes, taken);
    } else if (taken <= PIA_TOKEN_MAX - PIA_TOKEN_HEAD) {
        check_signed(bytes, taken);
    }
    free(bytes);
    return 0;
}
