/* test_start.c - the first start, repeated, interrupted and raced. */
#include "pia_test.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

/* Reference files as short as they may be: their loading is test_reference.c's. */
static const struct {
    const char *path, *text;
} references[] = {
    {"reference/regions.tsv", "code\n"},
    {"reference/departements.tsv", "code\n"},
    {"reference/ape.tsv", "code\n"},
    {"reference/communes.tsv", "code\n"},
    {"reference/poles.json",
     "{\"themes\": [], \"sectors\": [], \"publication_kinds\": [], \"content_topics\": [], "
     "\"scopes\": [], \"partner_types\": [], \"innovation_forms\": [], \"service_types\": "
     "{\"materielle\": [], \"immaterielle\": [], \"modes\": []}, \"poles\": []}"},
};
enum { REFERENCES = sizeof references / sizeof references[0] };

typedef struct {
    registry_database_t database;
    char directory[64];
    char keys[PATHS][APIKEY_TEXT_SIZE];
} start_t;

static void write_references(void)
{
    assert_int_equal(mkdir("reference", 0700), 0);
    for (size_t i = 0; i < REFERENCES; i++) {
        FILE *stream = fopen(references[i].path, "w");
        assert_non_null(stream);
        assert_true(fputs(references[i].text, stream) >= 0);
        assert_int_equal(fclose(stream), 0);
    }
}

static void start_init(start_t *start)
{
    registry_database_init(&start->database);
    pia_db_rollback(start->database.db); /* the first start has its own transactions */
    snprintf(start->directory, sizeof start->directory, "/tmp/pia-start.XXXXXX");
    assert_non_null(mkdtemp(start->directory));
    assert_int_equal(chdir(start->directory), 0);
    write_references();
}

/* Removes what there must be, and so finds out whether there was more. */
static void start_clear(start_t *start)
{
    for (size_t i = 0; i < PATHS; i++) {
        assert_int_equal(unlink(paths[i]), 0);
    }
    for (size_t i = 0; i < REFERENCES; i++) {
        assert_int_equal(unlink(references[i].path), 0);
    }
    assert_int_equal(rmdir("reference"), 0);
    assert_int_equal(rmdir("run/keys"), 0);
    assert_int_equal(rmdir("run"), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(start->directory), 0);
    registry_database_clear(&start->database);
}

static void complete(start_t *start)
{
    pia_problem_t problem = {.detail = ""};
    if (start_complete(start->database.db, "reference", &problem) != PIA_OK) {
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

typedef struct {
    pid_t pid;
    int alive; /* a pipe whose other end closes with the process */
} child_t;

/* In a process of its own: a first start on its own connection. */
static child_t start_elsewhere(const start_t *start)
{
    int pipe_ends[2];
    assert_int_equal(pipe(pipe_ends), 0);
    child_t child = {.pid = fork(), .alive = pipe_ends[0]};
    assert_true(child.pid >= 0);
    if (child.pid == 0) {
        pia_problem_t problem = {.detail = ""};
        pia_db_t *db = NULL;
        if (pia_db_open(start->database.place.url, PIA_DB_WRITER, &db, &problem) == PIA_OK) {
            (void)start_complete(db, "reference", &problem);
        }
        _exit(0);
    }
    assert_int_equal(close(pipe_ends[1]), 0);
    return child;
}

/* Waits for the end; whether the process was killed. */
static bool was_killed(const child_t *child)
{
    int status = 0;
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    assert_int_equal(close(child->alive), 0);
    return WIFSIGNALED(status);
}

/* Kills it when `wanted` things have happened to the files; false if it ended before. */
static bool kill_after(const child_t *child, int watch, int wanted)
{
    char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    struct pollfd ready[] = {{.fd = watch, .events = POLLIN}, {.fd = child->alive}};
    for (int seen = 0; seen < wanted; seen++) {
        assert_true(poll(ready, 2, 20000) > 0);
        if ((ready[0].revents & POLLIN) == 0) {
            break;
        }
        assert_true(read(watch, buffer, sizeof(struct inotify_event) + 256) > 0);
    }
    assert_int_equal(kill(child->pid, SIGKILL), 0);
    return was_killed(child);
}

static void killed_anywhere_the_next_start_completes_it(void **state)
{
    (void)state;
    bool killed = true;
    for (int wanted = 1; killed && wanted < 100; wanted++) {
        start_t start;
        apikey_t key;
        start_init(&start);
        assert_int_equal(mkdir("run", 0700), 0);
        assert_int_equal(mkdir("run/keys", 0700), 0);
        int watch = inotify_init1(IN_CLOEXEC);
        assert_true(inotify_add_watch(watch, ".", IN_CREATE | IN_MODIFY | IN_MOVED_TO) >= 0);
        assert_true(inotify_add_watch(watch, "run/keys", IN_CREATE | IN_MODIFY | IN_MOVED_TO) >= 0);
        child_t child = start_elsewhere(&start);
        killed = kill_after(&child, watch, wanted);
        assert_int_equal(close(watch), 0);
        complete(&start);
        read_keys(&start);
        for (size_t i = 0; i < PATHS; i++) {
            assert_string_equal(state_of(&start, start.keys[i], &key), "valid");
        }
        start_clear(&start);
    }
}

static void two_first_starts_at_once_leave_one_set_of_keys(void **state)
{
    (void)state;
    start_t start;
    apikey_t key;
    if (!test_database_is_shared()) {
        skip(); /* on SQLite the lock file lets one process start */
    }
    start_init(&start);
    child_t one = start_elsewhere(&start);
    child_t two = start_elsewhere(&start);
    assert_false(was_killed(&one));
    assert_false(was_killed(&two));
    read_keys(&start);
    for (size_t i = 0; i < PATHS; i++) {
        assert_string_equal(state_of(&start, start.keys[i], &key), "valid");
    }
    assert_int_equal(pia_db_begin(start.database.db), PIA_OK);
    assert_int_equal(registry_database_integer(&start.database, "SELECT COUNT(*) FROM api_key"),
                     PATHS);
    pia_db_rollback(start.database.db);
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
        cmocka_unit_test(killed_anywhere_the_next_start_completes_it),
        cmocka_unit_test(two_first_starts_at_once_leave_one_set_of_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
