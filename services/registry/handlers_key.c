/* handlers_key.c - registry.key.* and registry.authenticate. */
#include <sodium.h>
#include <string.h>

#include "announce.h"
#include "handlers.h"
#include "pia/clock.h"
#include "pia/uuid.h"
#include "proto/key.h"
#include "store_key.h"
#include "store_person.h"

static const int64_t DAY_MS = 86400000;
enum { TOKEN_TEXT_SIZE = 2048 };

/* Finds what opens with this text: PIA_NOT_FOUND for all reasons alike. */
static pia_status_t
resolve(pia_db_t *db, const char *text, apikey_t *ret_key, pia_principal_t *ret_principal)
{
    if (!apikey_is_wellformed(text)) {
        return PIA_NOT_FOUND;
    }
    uint8_t hash[APIKEY_HASH_SIZE];
    apikey_hash(text, hash);
    pia_status_t status = store_key_find_by_hash(db, hash, ret_key);
    if (status != PIA_OK) {
        return status;
    }
    if (strcmp(apikey_state(ret_key, pia_clock_now()), "valid") != 0) {
        return PIA_NOT_FOUND;
    }
    person_t person;
    bool of_person = ret_key->person[0] != '\0';
    if (of_person) {
        status = store_person_find(db, ret_key->person, &person);
    }
    if (status == PIA_OK) {
        apikey_principal(ret_key, of_person ? &person : NULL, ret_principal);
    }
    return status;
}

/* Signs for as long as a token and the key live; ret_left_ms is that. */
static json_t *sign(registry_t *registry, const apikey_t *key, pia_principal_t *principal)
{
    int64_t left_ms = PIA_TOKEN_LIFE_MS;
    if (key->expires_at != 0 && key->expires_at - pia_clock_now() < left_ms) {
        left_ms = key->expires_at - pia_clock_now();
    }
    principal->expires_at = pia_clock_wall() + left_ms;
    uint8_t token[PIA_TOKEN_MAX];
    char text[TOKEN_TEXT_SIZE];
    size_t size = pia_signer_sign(registry->signer, principal, token);
    sodium_bin2base64(text, sizeof text, token, size, sodium_base64_VARIANT_ORIGINAL);
    json_t *body = json_object();
    json_object_set_new(body, "token", json_string(text));
    json_object_set_new(body, "principal", principal_json(principal));
    json_object_set_new(body, "expires_in_ms", json_integer(left_ms < 0 ? 0 : left_ms));
    return body;
}

static pia_status_t refuse_key(registry_t *registry, pia_problem_t *problem)
{
    registry->not_signed_in++;
    if (!limiter_take(&registry->failures, pia_clock_monotonic())) {
        return pia_problem_set(problem, PIA_RATE_LIMITED, NULL,
                               "too many keys were refused: try again later");
    }
    return pia_problem_set(problem, PIA_UNAUTHENTICATED, NULL, "this key does not open");
}

void handle_authenticate(void *self, pia_request_t **request_p)
{
    registry_t *registry = self;
    const pia_registry_authenticate_t *asked = pia_request_fields(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    pia_db_t *db = handler_db(self);
    apikey_t key;
    pia_principal_t principal;
    json_t *body = NULL;
    pia_status_t status = resolve(db, asked->key, &key, &principal);
    if (status == PIA_OK) {
        status = store_key_used(db, &key, pia_clock_now() / DAY_MS);
    }
    if (status == PIA_OK) {
        registry->signed_in++;
        body = sign(registry, &key, &principal);
    } else if (status == PIA_NOT_FOUND) {
        status = refuse_key(registry, &problem);
    }
    handler_end(request_p, status, body, 0, &problem);
}

/* Whose key it will be: the person, whose roles it has where it names none, or the program. */
static pia_status_t check_bearer(pia_db_t *db,
                                 const pia_registry_key_create_t *asked,
                                 person_t *ret_person,
                                 pia_problem_t *problem)
{
    if ((asked->person == NULL) == (asked->service == NULL)) {
        return pia_problem_set(problem, PIA_INVALID, "/person",
                               "a key is either a person's or a service's");
    }
    if (asked->person == NULL) {
        return PIA_OK;
    }
    pia_status_t status = store_person_find(db, asked->person, ret_person);
    if (status == PIA_NOT_FOUND) {
        return pia_problem_set(problem, status, "/person", "there is no such person");
    }
    return status;
}

/* Roles: those named, which a person must have; or all of the person's. */
static pia_status_t take_roles(const pia_registry_key_create_t *asked,
                               const person_t *person,
                               uint32_t *ret_roles,
                               pia_problem_t *problem)
{
    *ret_roles = asked->person == NULL ? PIA_ROLE_NONE : person->roles;
    if (asked->roles != NULL && !pia_roles_parse(asked->roles, ret_roles)) {
        return pia_problem_set(problem, PIA_INVALID, "/roles", "there is no such role");
    }
    if (asked->person != NULL && (*ret_roles & ~person->roles) != 0) {
        return pia_problem_set(problem, PIA_INVALID, "/roles",
                               "the person has not all of these roles");
    }
    if (*ret_roles == PIA_ROLE_NONE) {
        return pia_problem_set(problem, PIA_INVALID, "/roles", "a key needs a role");
    }
    return PIA_OK;
}

static pia_status_t take_expiry(const char *text, int64_t *ret_time_ms, pia_problem_t *problem)
{
    *ret_time_ms = 0;
    if (text == NULL) {
        return PIA_OK;
    }
    if (!pia_time_parse(text, ret_time_ms) || *ret_time_ms <= pia_clock_now()) {
        return pia_problem_set(problem, PIA_INVALID, "/expires_at", "this is not in the future");
    }
    return PIA_OK;
}

/* A key lets its bearer speak as the person: who makes it must hold all that the person holds. A
 * program's name is a subject: revoking such a key ends all tokens of that name, ours included. */
static pia_status_t check_rights(const pia_principal_t *asker,
                                 const person_t *person,
                                 const apikey_t *key,
                                 pia_problem_t *problem)
{
    if (key->service[0] != '\0' && (asker->roles & PIA_ROLE_OPERATOR) == 0) {
        return pia_problem_set(problem, PIA_FORBIDDEN, "/service",
                               "only an operator makes a program's key");
    }
    pia_status_t status = rights_may_give(asker, key->roles | person->roles, person->pole, problem);
    return status == PIA_OK ? rights_may_give(asker, key->roles, key->pole, problem) : status;
}

/* Fills a key from what was asked, checked in all respects. */
static pia_status_t
compose(pia_db_t *db, const pia_request_t *request, apikey_t *ret_key, pia_problem_t *problem)
{
    const pia_registry_key_create_t *asked = pia_request_fields(request);
    const pia_principal_t *asker = pia_request_principal(request);
    person_t person = {.roles = PIA_ROLE_NONE};
    pia_status_t status = check_bearer(db, asked, &person, problem);
    if (status == PIA_OK) {
        status = take_roles(asked, &person, &ret_key->roles, problem);
    }
    if (status == PIA_OK) {
        status = take_expiry(asked->expires_at, &ret_key->expires_at, problem);
    }
    if (status == PIA_OK) {
        status = handler_check_structure(db, asked->structure, problem);
    }
    if (status == PIA_OK) {
        status = handler_check_pole(db, asked->pole, problem);
    }
    if (status != PIA_OK) {
        return status;
    }
    TEXT_SET(ret_key->label, asked->label);
    TEXT_SET(ret_key->person, asked->person);
    TEXT_SET(ret_key->service, asked->service);
    TEXT_SET(ret_key->structure, asked->structure);
    TEXT_SET(ret_key->pole, asked->pole);
    TEXT_SET(ret_key->created_by, asker->subject);
    return check_rights(asker, &person, ret_key, problem);
}

void handle_key_create(void *self, pia_request_t **request_p)
{
    pia_problem_t problem = {.status = PIA_OK};
    pia_db_t *db = handler_db(self);
    apikey_t key = {.created_at = pia_clock_now()};
    char text[APIKEY_TEXT_SIZE];
    uint8_t hash[APIKEY_HASH_SIZE];
    json_t *body = NULL;
    pia_uuid7_text(key.id);
    apikey_make(text);
    apikey_hash(text, hash);
    pia_status_t status = compose(db, *request_p, &key, &problem);
    if (status == PIA_OK) {
        status = store_key_insert(db, &key, hash);
    }
    if (status == PIA_OK) {
        body = json_object();
        json_put_text(body, "id", key.id);
        json_put_text(body, "key", text);
    }
    sodium_memzero(text, sizeof text);
    handler_end(request_p, status, body, 0, &problem);
}

void handle_key_revoke(void *self, pia_request_t **request_p)
{
    const pia_registry_key_revoke_t *asked = pia_request_fields(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    pia_db_t *db = handler_db(self);
    apikey_t key;
    char subject[64];
    pia_status_t status = store_key_find(db, asked->id, &key);
    if (status == PIA_OK) {
        status = rights_may_give(pia_request_principal(*request_p), key.roles, key.pole, &problem);
    }
    if (status == PIA_OK && key.revoked_at == 0) {
        key.revoked_at = pia_clock_now();
        status = store_key_revoke(db, key.id, key.revoked_at);
        if (status == PIA_OK) {
            apikey_subject(&key, subject);
            status = announce_revocation(db, subject);
        }
    }
    handler_end(request_p, status, status == PIA_OK ? apikey_json(&key, pia_clock_now()) : NULL, 0,
                &problem);
}

void handle_key_list(void *self, pia_request_t **request_p)
{
    const pia_registry_key_list_t *asked = pia_request_fields(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    apikey_filter_t filter = {.person = asked->person, .service = asked->service};
    page_cursor_t cursor;
    json_t *body = NULL;
    pia_status_t status = cursor_read(asked->after, &cursor, &problem);
    if (status == PIA_OK) {
        page_t page;
        apikey_t key;
        int64_t now_ms = pia_clock_now();
        page_start(&page, asked->has_limit, asked->limit);
        pia_stmt_t *stmt = store_key_list(handler_db(self), &filter, &cursor, page.limit + 1);
        do {
            status = store_key_next(stmt, &key);
        } while (status == PIA_OK && page_add(&page, apikey_json(&key, now_ms), NULL, key.id));
        pia_stmt_reset(stmt);
        status = page_end(&page, status, &body);
    }
    handler_end(request_p, status, body, 0, &problem);
}
