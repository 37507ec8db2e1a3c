/* link.h - the link by which the owner of an address ends its use without a login: it carries a
 * keyed hash of the contact, so nobody can make one for another's. Store thread. */
#ifndef LINK_H
#define LINK_H

#include "notifications.h"

enum { LINK_SIZE = 512, LINK_TOKEN_SIZE = 33 };

/* 32 hexadecimal digits. */
void link_token(const uint8_t key[LINK_KEY_SIZE],
                const char *contact,
                char ret_token[LINK_TOKEN_SIZE]);

/* Whether the token is this contact's, compared in constant time. */
bool link_is_valid(const uint8_t key[LINK_KEY_SIZE], const char *contact, const char *token);

/* "https://…/desabonnement?contact=…&token=…", a page that asks once more. */
void link_unsubscribe(const notifications_t *self, const char *contact, char ret_link[LINK_SIZE]);

#endif
