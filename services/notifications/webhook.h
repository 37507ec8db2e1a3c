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

/* What is signed: "id.timestamp.body". */
typedef struct {
    const char *id;
    int64_t timestamp; /* seconds since 1970 */
    const char *body;
    size_t size;
} webhook_message_t;

/* "v1,…": base64 of its HMAC-SHA256. */
void webhook_sign(const uint8_t *secret,
                  size_t secret_size,
                  const webhook_message_t *message,
                  char ret_signature[WEBHOOK_SIGNATURE_SIZE]);

/* Whether an address is on the public Internet: not loopback, private, link-local, shared,
 * multicast, documentation, benchmarking or reserved (RFC 6890), nor IPv4 wrapped in IPv6. */
bool webhook_is_public(const struct sockaddr *address);

#endif
