/* test_start.c - the first start, repeated, interrupted and raced. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyfile.h"
#include "pia/clock.h"
#include "registry_database.h"
#include "start.h"
#include "store_key.h"

static const char *const paths[] = {"admin.key", "run/keys/labellisation.key",
                                    "run/keys/diffusion.key", "run/keys/notifications.key",
                                    "run/keys/gateway.key"};
enum { PATHS = sizeof paths / sizeof paths[0] };

typedef struct {
    registry_database_t database;
    char directory[64];
    char keys[PATHS][APIKEY_TEXT_SIZE];
} start_t;

static void start_init(start_t *start)
{
    registry_database_init(&start->database);
    pia_db_rollback(start->database.db); /* the first start has its own transactions */
    snprintf(start->directory, sizeof start->directory, "/tmp/pia-start.XXXXXX");
    assert_non_null(mkdtemp(start->directory));
    assert_int_equal(chdir(start->directory), 0);
}

static void start_clear(start_t *start)
{
    for (size_t i = 0; i < PATHS; i++) {
        (void)unlink(paths[i]);
    }
    assert_int_equal(rmdir("run/keys"), 0); /* no half-written file is left */
    assert_int_equal(rmdir("run"), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(start->directory), 0);
    registry_database_clear(&start->database);
}

static void complete(start_t *start)
{
    pia_problem_t problem = {.detail = ""};
    if (start_complete(start->database.db, "", &problem) != PIA_OK) {
        fail_msg("%s", problem.detail);
    }
}

static void read_keys(start_t *start)
{
    for (size_t i = 0; i < PATHS; i++) {
        assert_int_equal(keyfile_read(paths[i], start->keys[i], NULL), PIA_OK);
    }
}

/* The state of the key of this text, or NULL if it is not in the store. */
static const char *state_of(start_t *start, const char *text, apikey_t *ret_key)
{
    uint8_t hash[APIKEY_HASH_SIZE];
    apikey_hash(text, hash);
    assert_int_equal(pia_db_begin(start->database.db), PIA_OK);
    pia_status_t status = store_key_find_by_hash(start->database.db, hash, ret_key);
    assert_int_equal(pia_db_commit(start->database.db), PIA_OK);
    return status == PIA_OK ? apikey_state(ret_key, pia_clock_now()) : NULL;
}

static void the_first_start_makes_private_keys_that_open(void **state)
{
    (void)state;
    start_t start;
    apikey_t key;
    struct stat facts;
    start_init(&start);
    complete(&start);
    read_keys(&start);
    for (size_t i = 0; i < PATHS; i++) {
        assert_string_equal(state_of(&start, start.keys[i], &key), "valid");
        assert_int_equal(stat(paths[i], &facts), 0);
        assert_int_equal(facts.st_mode & 0777, 0600);
        assert_int_equal(key.roles, i == 0 ? PIA_ROLE_ANY : PIA_ROLE_SERVICE);
        assert_string_equal(key.pole, i == 0 ? "*" : "");
    }
    assert_int_equal(stat("run/keys", &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0700);
    start_clear(&start);
}

static void a_second_start_keeps_everything(void **state)
{
    (void)state;
    start_t start;
    char again[APIKEY_TEXT_SIZE];
    start_init(&start);
    complete(&start);
    read_keys(&start);
    complete(&start);
    for (size_t i = 0; i < PATHS; i++) {
        assert_int_equal(keyfile_read(paths[i], again, NULL), PIA_OK);
        assert_string_equal(again, start.keys[i]);
    }
    start_clear(&start);
}

static void a_lost_file_gets_a_new_key_and_the_old_is_revoked(void **state)
{
    (void)state;
    start_t start;
    apikey_t key;
    char lost[APIKEY_TEXT_SIZE];
    start_init(&start);
    complete(&start);
    read_keys(&start);
    memcpy(lost, start.keys[4], sizeof lost);
    assert_int_equal(unlink(paths[4]), 0);
    complete(&start);
    read_keys(&start);
    assert_string_not_equal(start.keys[4], lost);
    assert_string_equal(state_of(&start, lost, &key), "revoked");
    assert_string_equal(state_of(&start, start.keys[4], &key), "valid");
    assert_string_equal(state_of(&start, start.keys[0], &key), "valid");
    assert_int_equal(pia_db_begin(start.database.db), PIA_OK);
    assert_int_equal(registry_database_announced(&start.database, "principal.revoked"), 1);
    pia_db_rollback(start.database.db);
    start_clear(&start);
}

static void a_file_whose_commit_was_lost_is_replaced(void **state)
{
    (void)state;
    start_t start;
    apikey_t key;
    char orphan[APIKEY_TEXT_SIZE];
    start_init(&start);
    assert_int_equal(mkdir("run", 0700), 0);
    assert_int_equal(mkdir("run/keys", 0700), 0);
    apikey_make(orphan);
    assert_int_equal(keyfile_write(paths[0], orphan, NULL), PIA_OK); /* killed before the commit */
    complete(&start);
    read_keys(&start);
    assert_null(state_of(&start, orphan, &key));
    assert_string_equal(state_of(&start, start.keys[0], &key), "valid");
    start_clear(&start);
}

static void a_key_of_another_file_does_not_do(void **state)
{
    (void)state;
    start_t start;
    apikey_t key;
    start_init(&start);
    complete(&start);
    read_keys(&start);
    assert_int_equal(keyfile_write(paths[4], start.keys[0], NULL),
                     PIA_OK); /* admin's for gateway */
    complete(&start);
    read_keys(&start);
    assert_string_not_equal(start.keys[4], start.keys[0]);
    assert_string_equal(state_of(&start, start.keys[4], &key), "valid");
    assert_int_equal(key.roles, PIA_ROLE_SERVICE);
    start_clear(&start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_start_makes_private_keys_that_open),
        cmocka_unit_test(a_second_start_keeps_everything),
        cmocka_unit_test(a_lost_file_gets_a_new_key_and_the_old_is_revoked),
        cmocka_unit_test(a_file_whose_commit_was_lost_is_replaced),
        cmocka_unit_test(a_key_of_another_file_does_not_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
