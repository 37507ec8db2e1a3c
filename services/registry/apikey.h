/* apikey.h - API keys: random texts of which only a hash is kept. */
#ifndef REGISTRY_APIKEY_H
#define REGISTRY_APIKEY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "person.h"
#include "pia/principal.h"
#include "text.h"

/* "pia_" and 32 random bytes in base64url. */
enum { APIKEY_TEXT_SIZE = 48, APIKEY_HASH_SIZE = 32 };

typedef struct {
    char id[UUID_SIZE];
    char label[101];
    char person[UUID_SIZE];  /* whose it is, or … */
    char service[CODE_SIZE]; /* … which program's */
    uint32_t roles;
    char structure[UUID_SIZE];
    char pole[CODE_SIZE];
    char created_by[64]; /* subject */
    int64_t created_at;
    int64_t expires_at; /* legal time ms; 0: never */
    int64_t revoked_at; /* legal time ms; 0: not */
    int64_t last_used;  /* day since 1970; 0: never */
} apikey_t;

/* A new secret. */
void apikey_make(char ret_text[APIKEY_TEXT_SIZE]);

/* Whether a text could be one. */
bool apikey_is_wellformed(const char *text);

/* What is kept of it: BLAKE2b-256. A look-up by it takes no longer for a key that is almost right.
 */
void apikey_hash(const char *text, uint8_t ret_hash[APIKEY_HASH_SIZE]);

/* "valid", "expired" or "revoked" at `now_ms`. */
const char *apikey_state(const apikey_t *key, int64_t now_ms);

/* "/persons/UUID" or "/services/NAME". */
void apikey_subject(const apikey_t *key, char ret_subject[64]);

/* Who the bearer is. A person's key gives no more than the person has now: the person's structure
 * and pôle win over the key's own, which narrow "*" or fill a gap. `person` is NULL for a program's
 * key. */
void apikey_principal(const apikey_t *key, const person_t *person, pia_principal_t *ret_principal);

/* The resource, without the secret. */
json_t *apikey_json(const apikey_t *key, int64_t now_ms);

/* Who a token proves its bearer to be, for the answer of registry.authenticate. */
json_t *principal_json(const pia_principal_t *principal);

#endif
