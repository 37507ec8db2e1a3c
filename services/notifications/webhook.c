/* webhook.c - signatures and the address check. */
#include "webhook.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

void webhook_secret_text(const uint8_t secret[CONTACT_SECRET_SIZE],
                         char ret_text[WEBHOOK_SECRET_SIZE])
{
    static const char prefix[] = "whsec_";
    memcpy(ret_text, prefix, sizeof prefix);
    (void)sodium_bin2base64(ret_text + sizeof prefix - 1, WEBHOOK_SECRET_SIZE - sizeof prefix + 1,
                            secret, CONTACT_SECRET_SIZE, sodium_base64_VARIANT_ORIGINAL);
}

void webhook_sign(const uint8_t *secret,
                  size_t secret_size,
                  const webhook_message_t *message,
                  char ret_signature[WEBHOOK_SIGNATURE_SIZE])
{
    static const char prefix[] = "v1,";
    char when[32];
    (void)snprintf(when, sizeof when, ".%" PRId64 ".", message->timestamp);
    crypto_auth_hmacsha256_state state;
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    (void)crypto_auth_hmacsha256_init(&state, secret, secret_size);
    (void)crypto_auth_hmacsha256_update(&state, (const uint8_t *)message->id, strlen(message->id));
    (void)crypto_auth_hmacsha256_update(&state, (const uint8_t *)when, strlen(when));
    (void)crypto_auth_hmacsha256_update(&state, (const uint8_t *)message->body, message->size);
    (void)crypto_auth_hmacsha256_final(&state, mac);
    memcpy(ret_signature, prefix, sizeof prefix);
    (void)sodium_bin2base64(ret_signature + sizeof prefix - 1,
                            WEBHOOK_SIGNATURE_SIZE - sizeof prefix + 1, mac, sizeof mac,
                            sodium_base64_VARIANT_ORIGINAL);
}

typedef struct {
    uint32_t network;
    int bits;
} block4_t;

static bool is_public4(uint32_t address)
{
    static const block4_t blocks[] = {
        {0x00000000, 8},  /* 0.0.0.0/8 this network */
        {0x0A000000, 8},  /* 10.0.0.0/8 private */
        {0x64400000, 10}, /* 100.64.0.0/10 shared */
        {0x7F000000, 8},  /* 127.0.0.0/8 loopback */
        {0xA9FE0000, 16}, /* 169.254.0.0/16 link-local: cloud metadata */
        {0xAC100000, 12}, /* 172.16.0.0/12 private */
        {0xC0000000, 24}, /* 192.0.0.0/24 IETF */
        {0xC0000200, 24}, /* 192.0.2.0/24 documentation */
        {0xC0586300, 24}, /* 192.88.99.0/24 6to4 relay */
        {0xC0A80000, 16}, /* 192.168.0.0/16 private */
        {0xC6120000, 15}, /* 198.18.0.0/15 benchmarking */
        {0xC6336400, 24}, /* 198.51.100.0/24 documentation */
        {0xCB007100, 24}, /* 203.0.113.0/24 documentation */
        {0xE0000000, 3},  /* 224.0.0.0/3 multicast, reserved, broadcast */
    };
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        uint32_t mask = ~(uint32_t)0 << (32 - blocks[i].bits);
        if ((address & mask) == blocks[i].network) {
            return false;
        }
    }
    return true;
}

static bool begins(const uint8_t *address, const uint8_t *prefix, size_t size)
{
    return memcmp(address, prefix, size) == 0;
}

/* Only 2000::/3 is given out; and there not the blocks that carry IPv4 or are for documents. */
static bool is_public6(const uint8_t *address)
{
    if ((address[0] & 0xE0) != 0x20) {
        return false;
    }
    bool special = begins(address, (const uint8_t[]){0x20, 0x01}, 2) &&
                   (address[2] & 0xFE) == 0; /* 2001::/23: Teredo, ORCHID, benchmarking */
    bool documentation = begins(address, (const uint8_t[]){0x20, 0x01, 0x0D, 0xB8}, 4);
    bool six_to_four = begins(address, (const uint8_t[]){0x20, 0x02}, 2);
    bool documents = begins(address, (const uint8_t[]){0x3F, 0xFF}, 2); /* 3fff::/20 */
    return !special && !documentation && !six_to_four && !documents;
}

bool webhook_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return is_public4(ntohl(in.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return is_public6(in6.sin6_addr.s6_addr);
    }
    return false;
}
