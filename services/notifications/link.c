/* link.c - unsubscription links. */
#include "link.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { HASH_SIZE = 16 };

void link_token(const uint8_t key[LINK_KEY_SIZE],
                const char *contact,
                char ret_token[LINK_TOKEN_SIZE])
{
    uint8_t hash[HASH_SIZE];
    (void)crypto_generichash(hash, sizeof hash, (const uint8_t *)contact, strlen(contact), key,
                             LINK_KEY_SIZE);
    (void)sodium_bin2hex(ret_token, LINK_TOKEN_SIZE, hash, sizeof hash);
}

bool link_is_valid(const uint8_t key[LINK_KEY_SIZE], const char *contact, const char *token)
{
    char expected[LINK_TOKEN_SIZE];
    link_token(key, contact, expected);
    return strlen(token) == LINK_TOKEN_SIZE - 1 &&
           sodium_memcmp(expected, token, LINK_TOKEN_SIZE - 1) == 0;
}

void link_unsubscribe(const notifications_t *self, const char *contact, char ret_link[LINK_SIZE])
{
    char token[LINK_TOKEN_SIZE];
    link_token(self->link_key, contact, token);
    (void)snprintf(ret_link, LINK_SIZE, "%.400s/desabonnement?contact=%s&token=%s", self->site,
                   contact, token);
}
