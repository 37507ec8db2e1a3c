/* apikey.c - making, hashing and reading API keys. */
#include "apikey.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "pia/clock.h"

enum { SECRET_SIZE = 32, PREFIX_LENGTH = 4 };
static const char PREFIX[] = "pia_";
static const int64_t DAY_MS = 86400000;

void apikey_make(char ret_text[APIKEY_TEXT_SIZE])
{
    uint8_t secret[SECRET_SIZE];
    randombytes_buf(secret, sizeof secret);
    memcpy(ret_text, PREFIX, PREFIX_LENGTH);
    sodium_bin2base64(ret_text + PREFIX_LENGTH, APIKEY_TEXT_SIZE - PREFIX_LENGTH, secret,
                      sizeof secret, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(secret, sizeof secret);
}

bool apikey_is_wellformed(const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return strlen(text) == APIKEY_TEXT_SIZE - 1 && strncmp(text, PREFIX, PREFIX_LENGTH) == 0 &&
           strspn(text + PREFIX_LENGTH, digits) == APIKEY_TEXT_SIZE - 1 - PREFIX_LENGTH;
}

void apikey_hash(const char *text, uint8_t ret_hash[APIKEY_HASH_SIZE])
{
    crypto_generichash(ret_hash, APIKEY_HASH_SIZE, (const unsigned char *)text, strlen(text), NULL,
                       0);
}

const char *apikey_state(const apikey_t *key, int64_t now_ms)
{
    if (key->revoked_at != 0) {
        return "revoked";
    }
    return key->expires_at != 0 && key->expires_at <= now_ms ? "expired" : "valid";
}

void apikey_subject(const apikey_t *key, char ret_subject[64])
{
    bool of_person = key->person[0] != '\0';
    (void)snprintf(ret_subject, 64, "%s%s", of_person ? "/persons/" : "/services/",
                   of_person ? key->person : key->service);
}

void apikey_principal(const apikey_t *key, const person_t *person, pia_principal_t *ret_principal)
{
    memset(ret_principal, 0, sizeof *ret_principal);
    apikey_subject(key, ret_principal->subject);
    TEXT_SET(ret_principal->person, key->person);
    TEXT_SET(ret_principal->structure, key->structure);
    TEXT_SET(ret_principal->pole, key->pole);
    ret_principal->roles = key->roles;
    if (person != NULL) {
        ret_principal->roles &= person->roles;
        if (key->structure[0] == '\0' || person->structure[0] != '\0') {
            TEXT_SET(ret_principal->structure, person->structure);
        }
        if (key->pole[0] == '\0' || (person->pole[0] != '\0' && strcmp(person->pole, "*") != 0)) {
            TEXT_SET(ret_principal->pole, person->pole);
        }
    }
}

static void put_time(json_t *json, const char *name, int64_t time_ms)
{
    if (time_ms != 0) {
        char text[PIA_TIME_TEXT_SIZE];
        pia_time_format(time_ms, text);
        json_object_set_new(json, name, json_string(text));
    }
}

json_t *apikey_json(const apikey_t *key, int64_t now_ms)
{
    char subject[64];
    apikey_subject(key, subject);
    json_t *json = json_object();
    json_put_text(json, "id", key->id);
    json_put_text(json, "label", key->label);
    json_put_text(json, "subject", subject);
    json_object_set_new(json, "roles", pia_roles_json(key->roles));
    json_put_text(json, "structure", key->structure);
    json_put_text(json, "pole", key->pole);
    json_put_text(json, "state", apikey_state(key, now_ms));
    put_time(json, "created_at", key->created_at);
    put_time(json, "expires_at", key->expires_at);
    put_time(json, "revoked_at", key->revoked_at);
    if (key->last_used != 0) {
        char day[PIA_TIME_TEXT_SIZE];
        pia_time_format(key->last_used * DAY_MS, day);
        json_object_set_new(json, "last_used", json_stringn(day, 10));
    }
    return json;
}

json_t *principal_json(const pia_principal_t *principal)
{
    json_t *json = json_object();
    json_put_text(json, "subject", principal->subject);
    json_put_text(json, "person", principal->person);
    json_object_set_new(json, "roles", pia_roles_json(principal->roles));
    json_put_text(json, "structure", principal->structure);
    json_put_text(json, "pole", principal->pole);
    return json;
}
