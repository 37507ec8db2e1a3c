/* token_private.h - what signing and verifying have in common. */
#ifndef PIA_TOKEN_PRIVATE_H
#define PIA_TOKEN_PRIVATE_H

#include <sodium.h>
#include <stdbool.h>

#include "pia/token.h"

enum {
    PIA_TOKEN_VERSION = 1,
    PIA_KEY_ID_SIZE = 8,
    PIA_TOKEN_HEAD = 1 + PIA_KEY_ID_SIZE + crypto_sign_BYTES, /* then the payload */
    PIA_TOKEN_PREFIX_SIZE = 11,                               /* "PIA-TOKEN-1" */
    PIA_KEY_TEXT_MAX = 256,
};

/* A public key as it stands in its file: "PIA-TOKEN-PUBLIC-1 <64 hex digits>\n". */
void pia_public_key_write(const uint8_t key[crypto_sign_PUBLICKEYBYTES],
                          char ret_text[PIA_KEY_TEXT_MAX]);
bool pia_public_key_read(const char *text, uint8_t ret_key[crypto_sign_PUBLICKEYBYTES]);

/* Reads "<label> <hex of exactly `size` bytes>", spaces and line ends around it allowed. */
bool pia_key_text_read(const char *text, const char *label, uint8_t *ret_bytes, size_t size);

/* The first bytes of the key's hash. */
void pia_key_id(const uint8_t key[crypto_sign_PUBLICKEYBYTES], uint8_t ret_id[PIA_KEY_ID_SIZE]);

/* "PIA-TOKEN-1" and the payload, which the signature covers. Returns the size. */
size_t pia_token_signed_text(const void *payload, size_t size, uint8_t ret_text[PIA_TOKEN_MAX]);

#endif
