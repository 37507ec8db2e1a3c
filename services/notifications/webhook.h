/* webhook.h - Standard Webhooks (standardwebhooks.com): what a receiver checks, and the address
 * check that keeps our requests out of private networks. */
#ifndef WEBHOOK_H
#define WEBHOOK_H

#include <curl/curl.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "contact.h"

enum {
    WEBHOOK_SIGNATURE_SIZE = 48, /* "v1," and the base64 of 32 bytes */
    WEBHOOK_SECRET_SIZE = 64,    /* "whsec_" and the base64 of CONTACT_SECRET_SIZE bytes */
};

/* "whsec_…": how the secret is shown to its owner, once. */
void webhook_secret_text(const uint8_t secret[CONTACT_SECRET_SIZE],
                         char ret_text[WEBHOOK_SECRET_SIZE]);

/* "v1,…": base64 of HMAC-SHA256 over "id.timestamp.body". */
void webhook_sign(const uint8_t *secret,
                  size_t secret_size,
                  const char *id,
                  int64_t timestamp,
                  const char *body,
                  size_t body_size,
                  char ret_signature[WEBHOOK_SIGNATURE_SIZE]);

/* Whether an address is on the public Internet: not loopback, private, link-local, shared,
 * multicast, documentation, benchmarking or reserved (RFC 6890), nor IPv4 wrapped in IPv6. */
bool webhook_is_public(const struct sockaddr *address);

#endif
