/* start.c - the first start. */
#include "start.h"

#include <sodium.h>
#include <string.h>

#include "announce.h"
#include "keyfile.h"
#include "pia/clock.h"
#include "pia/log.h"
#include "pia/uuid.h"
#include "reference.h"
#include "store_key.h"
#include "store_state.h"

enum { TRIES_MAX = 5 };

/* Files, what they open, and to whom. */
static const struct slot {
    const char *name, *path, *pole;
    uint32_t roles;
} slots[] = {
    {"admin", "admin.key", "*", PIA_ROLE_ANY},
    {"labellisation", "run/keys/labellisation.key", "", PIA_ROLE_SERVICE},
    {"diffusion", "run/keys/diffusion.key", "", PIA_ROLE_SERVICE},
    {"notifications", "run/keys/notifications.key", "", PIA_ROLE_SERVICE},
    {"gateway", "run/keys/gateway.key", "", PIA_ROLE_SERVICE},
};

/* Whether the text is the slot's key and opens: PIA_OK, or PIA_NOT_FOUND. */
static pia_status_t check_file(pia_db_t *db, const char *slot_key, const char *text, int64_t now_ms)
{
    uint8_t hash[APIKEY_HASH_SIZE];
    apikey_hash(text, hash);
    apikey_t key;
    pia_status_t status = store_key_find_by_hash(db, hash, &key);
    if (status != PIA_OK) {
        return status;
    }
    bool good = strcmp(key.id, slot_key) == 0 && strcmp(apikey_state(&key, now_ms), "valid") == 0;
    return good ? PIA_OK : PIA_NOT_FOUND;
}

/* Revokes what the lost file held. */
static pia_status_t
revoke_old(pia_db_t *db, const struct slot *slot, const char *id, int64_t now_ms)
{
    pia_log(PIA_LOG_WARN, "%s holds no valid key: a new one is made, the old is revoked",
            slot->path);
    apikey_t old;
    char subject[64];
    pia_status_t status = store_key_find(db, id, &old);
    if (status == PIA_OK) {
        status = store_key_revoke(db, id, now_ms);
    }
    if (status != PIA_OK) {
        return status;
    }
    apikey_subject(&old, subject);
    return announce_revocation(db, subject);
}

/* The file first, then the commit: a file whose key is not in the store is replaced at the next
 * start, and an instance that waits for its turn finds the file when its turn comes. */
static pia_status_t
make_key(pia_db_t *db, const struct slot *slot, int64_t now_ms, pia_problem_t *problem)
{
    apikey_t key = {.roles = slot->roles, .created_at = now_ms};
    pia_uuid7_text(key.id);
    TEXT_SET(key.label, slot->name);
    TEXT_SET(key.service, slot->name);
    TEXT_SET(key.pole, slot->pole);
    TEXT_SET(key.created_by, "/services/registry");
    char text[APIKEY_TEXT_SIZE];
    uint8_t hash[APIKEY_HASH_SIZE];
    apikey_make(text);
    apikey_hash(text, hash);
    pia_status_t status = store_key_insert(db, &key, hash);
    if (status == PIA_OK) {
        status = store_slot_set(db, slot->name, key.id);
    }
    if (status == PIA_OK) {
        status = keyfile_write(slot->path, text, problem);
    }
    sodium_memzero(text, sizeof text);
    return status;
}

static pia_status_t
fill_slot(pia_db_t *db, const struct slot *slot, int64_t now_ms, pia_problem_t *problem)
{
    char text[APIKEY_TEXT_SIZE] = "";
    char id[UUID_SIZE] = "";
    pia_status_t read = keyfile_read(slot->path, text, problem);
    if (read != PIA_OK && read != PIA_NOT_FOUND) {
        return read;
    }
    pia_status_t found = store_slot_find(db, slot->name, id);
    pia_status_t status = found;
    if (status == PIA_OK && read == PIA_OK) {
        status = check_file(db, id, text, now_ms);
        if (status == PIA_OK) {
            return PIA_OK;
        }
    }
    if (status != PIA_OK && status != PIA_NOT_FOUND) {
        return status;
    }
    if (found == PIA_OK) {
        status = revoke_old(db, slot, id, now_ms);
        if (status != PIA_OK) {
            return status;
        }
    }
    return make_key(db, slot, now_ms, problem);
}

static pia_status_t make_keys(pia_db_t *db, const char *reference, pia_problem_t *problem)
{
    (void)reference;
    pia_status_t status = PIA_OK;
    for (size_t i = 0; i < sizeof slots / sizeof slots[0] && status == PIA_OK; i++) {
        status = fill_slot(db, &slots[i], pia_clock_now(), problem);
    }
    return status;
}

static pia_status_t load_reference(pia_db_t *db, const char *reference, pia_problem_t *problem)
{
    return reference_load(db, reference, pia_clock_wall(), problem);
}

typedef pia_status_t step_fn(pia_db_t *db, const char *reference, pia_problem_t *problem);

/* One step in its own transaction, in turn with other instances. */
static pia_status_t
try_step(pia_db_t *db, step_fn *step, const char *reference, pia_problem_t *problem)
{
    pia_status_t status = pia_db_begin(db);
    if (status != PIA_OK) {
        return status;
    }
    status = store_first_start(db);
    if (status == PIA_OK) {
        status = step(db, reference, problem);
    }
    if (status == PIA_OK) {
        return pia_db_commit(db);
    }
    pia_db_rollback(db);
    return status;
}

static pia_status_t
run_step(pia_db_t *db, step_fn *step, const char *reference, pia_problem_t *problem)
{
    pia_status_t status = PIA_CONFLICT;
    for (int i = 0; i < TRIES_MAX && status == PIA_CONFLICT; i++) {
        problem->status = PIA_OK;
        status = try_step(db, step, reference, problem);
    }
    if (status != PIA_OK && problem->status == PIA_OK) {
        (void)pia_problem_set(problem, status, NULL, "first start: %s", pia_db_error(db));
    }
    return status;
}

pia_status_t start_complete(pia_db_t *db, const char *reference, pia_problem_t *problem)
{
    pia_status_t status = keyfile_make_directory("run", problem);
    if (status == PIA_OK) {
        status = keyfile_make_directory("run/keys", problem);
    }
    if (status == PIA_OK) {
        status = run_step(db, make_keys, reference, problem);
    }
    if (status == PIA_OK) {
        status = run_step(db, load_reference, reference, problem);
    }
    return status;
}
