/* verifier.c - verifying: the public key, what was verified lately, and who was revoked. */
#include "pia/json.h"
#include "token_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/durable_file.h"
#include "pia/memory.h"

enum {
    SETS = 1024, /* power of two */
    WAYS = 4,
    REVOKED_MAX = 4096,
    REREAD_MS = 500, /* the public file is read at most so often */
    HASH_SIZE = 32,
    SKEW_MS = 5000, /* a token may come from a clock so far ahead */
};

/* A token that was verified before. */
typedef struct {
    uint8_t hash[HASH_SIZE];
    pia_principal_t principal;
    int64_t issued_at; /* wall, ms; 0: the place is free */
} entry_t;

typedef struct {
    char subject[64];
    int64_t wall_ms; /* its tokens made before are refused */
} revocation_t;

struct pia_verifier {
    char *public_path;
    bool has_key;
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
    uint8_t key_id[PIA_KEY_ID_SIZE];
    int64_t read_ms;  /* monotonic; when the file was last read */
    entry_t *entries; /* SETS * WAYS, by hash; the least recently made gives way */
    uint8_t next_way[SETS];
    revocation_t revoked[REVOKED_MAX];
    size_t revoked_count;
    int64_t floor_ms; /* tokens of anybody made before are refused: the table was too small */
};

pia_verifier_t *pia_verifier_new(const char *public_path)
{
    int rc = sodium_init();
    assert(rc >= 0);
    pia_verifier_t *verifier = pia_alloc(sizeof *verifier);
    verifier->public_path = pia_strdup(public_path);
    verifier->entries = pia_alloc((size_t)SETS * WAYS * sizeof(entry_t));
    verifier->read_ms = INT64_MIN / 2;
    return verifier;
}

void pia_verifier_destroy(pia_verifier_t **verifier_p)
{
    pia_verifier_t *verifier = *verifier_p;
    if (!verifier)
        return;
    free(verifier->public_path);
    free(verifier->entries);
    free(verifier);
    *verifier_p = NULL;
}

static void reread_key(pia_verifier_t *verifier)
{
    int64_t now = pia_clock_monotonic();
    if (now - verifier->read_ms < REREAD_MS)
        return;
    verifier->read_ms = now;
    char text[PIA_KEY_TEXT_MAX];
    uint8_t key[crypto_sign_PUBLICKEYBYTES];
    if (pia_file_read(verifier->public_path, text, sizeof text, NULL) != PIA_OK ||
        !pia_public_key_read(text, key))
        return;
    if (verifier->has_key && memcmp(key, verifier->public_key, sizeof key) != 0)
        memset(verifier->entries, 0, (size_t)SETS * WAYS * sizeof(entry_t));
    memcpy(verifier->public_key, key, sizeof key);
    pia_key_id(key, verifier->key_id);
    verifier->has_key = true;
}

static bool knows_key(pia_verifier_t *verifier, const uint8_t *key_id)
{
    if (!verifier->has_key || memcmp(key_id, verifier->key_id, PIA_KEY_ID_SIZE) != 0)
        reread_key(verifier);
    return verifier->has_key && memcmp(key_id, verifier->key_id, PIA_KEY_ID_SIZE) == 0;
}

static bool signature_holds(pia_verifier_t *verifier, const uint8_t *token, size_t size)
{
    uint8_t text[PIA_TOKEN_MAX];
    size_t signed_size = pia_token_signed_text(token + PIA_TOKEN_HEAD, size - PIA_TOKEN_HEAD, text);
    return crypto_sign_verify_detached(token + 1 + PIA_KEY_ID_SIZE, text, signed_size,
                                       verifier->public_key) == 0;
}

static bool copy_text(const json_t *payload, const char *name, char *ret_text, size_t size)
{
    const json_t *member = json_object_get(payload, name);
    if (!member)
        return true;
    if (!json_is_string(member) || json_string_length(member) >= size)
        return false;
    memcpy(ret_text, json_string_value(member), json_string_length(member) + 1);
    return true;
}

static bool copy_integer(const json_t *payload, const char *name, int64_t max, int64_t *ret_value)
{
    const json_t *member = json_object_get(payload, name);
    *ret_value = json_integer_value(member);
    return json_is_integer(member) && *ret_value >= 0 && *ret_value <= max;
}

/* Reads a payload whose signature holds; only a registry of another version can get it wrong. */
static bool read_payload(const uint8_t *token, size_t size, entry_t *ret_entry)
{
    pia_principal_t *principal = &ret_entry->principal;
    json_t *payload = NULL;
    if (pia_json_parse(token + PIA_TOKEN_HEAD, size - PIA_TOKEN_HEAD, &payload, NULL) != PIA_OK)
        return false;
    int64_t roles = 0;
    bool good =
        copy_text(payload, "sub", principal->subject, sizeof principal->subject) &&
        copy_text(payload, "person", principal->person, sizeof principal->person) &&
        copy_text(payload, "structure", principal->structure, sizeof principal->structure) &&
        copy_text(payload, "pole", principal->pole, sizeof principal->pole) &&
        copy_integer(payload, "roles", PIA_ROLE_ANY, &roles) &&
        copy_integer(payload, "exp", INT64_MAX, &principal->expires_at) &&
        copy_integer(payload, "iat", INT64_MAX, &ret_entry->issued_at);
    principal->roles = (uint32_t)roles;
    json_decref(payload);
    return good && principal->subject[0] != '\0' && ret_entry->issued_at > 0;
}

/* Whether its time has come and is not over, and nobody has revoked it. */
static bool is_valid_now(const pia_verifier_t *verifier, const entry_t *entry)
{
    int64_t now = pia_clock_wall();
    if (entry->principal.expires_at <= now || entry->issued_at > now + SKEW_MS ||
        entry->principal.expires_at > now + SKEW_MS + PIA_TOKEN_LIFE_MS ||
        entry->issued_at < verifier->floor_ms)
        return false;
    for (size_t i = 0; i < verifier->revoked_count; i++) {
        const revocation_t *revocation = &verifier->revoked[i];
        if (entry->issued_at < revocation->wall_ms &&
            strcmp(entry->principal.subject, revocation->subject) == 0)
            return false;
    }
    return true;
}

static size_t set_of(const uint8_t hash[HASH_SIZE])
{
    return ((size_t)hash[0] << 8 | hash[1]) & (SETS - 1);
}

static entry_t *find_entry(pia_verifier_t *verifier, const uint8_t hash[HASH_SIZE])
{
    entry_t *set = &verifier->entries[set_of(hash) * WAYS];
    for (size_t way = 0; way < WAYS; way++)
        if (set[way].issued_at > 0 && memcmp(set[way].hash, hash, HASH_SIZE) == 0)
            return &set[way];
    return NULL;
}

static entry_t *add_entry(pia_verifier_t *verifier, const uint8_t hash[HASH_SIZE], entry_t *entry)
{
    size_t set = set_of(hash);
    entry_t *place = &verifier->entries[set * WAYS + verifier->next_way[set]];
    verifier->next_way[set] = (uint8_t)((verifier->next_way[set] + 1) % WAYS);
    memcpy(entry->hash, hash, HASH_SIZE);
    *place = *entry;
    return place;
}

/* The verified entry of a token, from the cache or anew; NULL: it is not good. */
static const entry_t *verify(pia_verifier_t *verifier, const uint8_t *token, size_t size)
{
    if (size <= PIA_TOKEN_HEAD || size > PIA_TOKEN_MAX || token[0] != PIA_TOKEN_VERSION)
        return NULL;
    if (!knows_key(verifier, token + 1))
        return NULL;
    uint8_t hash[HASH_SIZE];
    crypto_generichash(hash, sizeof hash, token, size, NULL, 0);
    const entry_t *found = find_entry(verifier, hash);
    if (found)
        return found;
    entry_t entry = {0};
    if (!signature_holds(verifier, token, size) || !read_payload(token, size, &entry))
        return NULL;
    return add_entry(verifier, hash, &entry);
}

pia_status_t pia_verifier_check(pia_verifier_t *verifier,
                                const void *token,
                                size_t size,
                                pia_principal_t *ret_principal,
                                pia_problem_t *problem)
{
    if (size == 0) {
        memset(ret_principal, 0, sizeof *ret_principal);
        return PIA_OK;
    }
    const entry_t *entry = verify(verifier, token, size);
    if (!entry || !is_valid_now(verifier, entry))
        return pia_problem_set(problem, PIA_UNAUTHENTICATED, NULL, "the token is not valid");
    *ret_principal = entry->principal;
    return PIA_OK;
}

/* Forgets revocations that no living token can be older than. */
static void forget_old(pia_verifier_t *verifier)
{
    int64_t oldest = pia_clock_wall() - PIA_TOKEN_LIFE_MS - SKEW_MS;
    size_t kept = 0;
    for (size_t i = 0; i < verifier->revoked_count; i++)
        if (verifier->revoked[i].wall_ms >= oldest)
            verifier->revoked[kept++] = verifier->revoked[i];
    verifier->revoked_count = kept;
}

void pia_verifier_revoke(pia_verifier_t *verifier, const char *subject, int64_t wall_ms)
{
    int64_t now = pia_clock_wall();
    if (wall_ms > now)
        wall_ms = now; /* what is made from now on is made knowing it */
    forget_old(verifier);
    for (size_t i = 0; i < verifier->revoked_count; i++) {
        revocation_t *known = &verifier->revoked[i];
        if (strcmp(known->subject, subject) == 0) {
            if (wall_ms > known->wall_ms)
                known->wall_ms = wall_ms;
            return;
        }
    }
    if (wall_ms < now - PIA_TOKEN_LIFE_MS - SKEW_MS)
        return;
    if (verifier->revoked_count == REVOKED_MAX) { /* fail closed: all have to ask anew */
        verifier->floor_ms = now;
        return;
    }
    revocation_t *added = &verifier->revoked[verifier->revoked_count++];
    memset(added, 0, sizeof *added);
    strncpy(added->subject, subject, sizeof added->subject - 1);
    added->wall_ms = wall_ms;
}
