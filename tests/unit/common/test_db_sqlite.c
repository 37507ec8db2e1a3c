/* test_db_sqlite.c - the conformance suite on SQLite, and what only SQLite does. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pia/db_file.h"
#include "test_database.h"
#include "test_db.h"

static const char SQL_TABLE[] = "CREATE TABLE entry (id BIGINT PRIMARY KEY, content BYTEA)";
static const char SQL_INSERT[] = "INSERT INTO entry (id, content) VALUES ($1, $2)";
static const char SQL_COUNT[] = "SELECT COUNT(*) FROM entry";
static const char CONTENT[1 << 20];

static int syncs;               /* since the program began */
static bool syncs_fail = false; /* as on a disk that is dying */

static int sync_or_fail(long call, int descriptor)
{
    syncs++;
    if (syncs_fail) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(call, descriptor);
}

/* These stand in place of the C library's, also for SQLite. */

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int fdatasync(int descriptor)
{
    return sync_or_fail(SYS_fdatasync, descriptor);
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int fsync(int descriptor)
{
    return sync_or_fail(SYS_fsync, descriptor);
}

static int set_up(void **state)
{
    test_database_t *database = calloc(1, sizeof *database);
    assert_non_null(database);
    test_database_init(database);
    *state = database;
    return 0;
}

static int tear_down(void **state)
{
    test_database_clear(*state);
    free(*state);
    return 0;
}

static pia_status_t append(pia_db_t *db, int64_t id, size_t size)
{
    if (pia_db_begin(db) != PIA_OK) {
        return PIA_UNAVAILABLE;
    }
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_INSERT);
    pia_stmt_integer(stmt, 1, id);
    pia_stmt_bytes(stmt, 2, CONTENT, size);
    pia_status_t status = pia_stmt_run(stmt, NULL);
    if (status != PIA_OK) {
        pia_db_rollback(db);
        return status;
    }
    return pia_db_commit(db);
}

static off_t size_of(const test_database_t *database, const char *name)
{
    char path[128];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", database->directory, name);
    assert_int_equal(stat(path, &info), 0);
    return info.st_size;
}

/* Commits until it is killed; each id goes into the pipe after its commit. */
static void commit_for_ever(const test_database_t *database, int acknowledged)
{
    pia_db_t *db = test_database_open(database, PIA_DB_WRITER);
    test_database_run(db, SQL_TABLE);
    for (int64_t id = 1;; id++) {
        if (append(db, id, 100) != PIA_OK || write(acknowledged, &id, sizeof id) != sizeof id) {
            _exit(1);
        }
    }
}

static void what_was_committed_survives_kill_9(void **state)
{
    const test_database_t *database = *state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        commit_for_ever(database, ends[1]);
    }
    (void)close(ends[1]);
    int64_t last = 0;
    while (last < 50) {
        assert_int_equal(read(ends[0], &last, sizeof last), sizeof last);
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    int64_t id = 0;
    while (read(ends[0], &id, sizeof id) == sizeof id) {
        last = id;
    }
    (void)close(ends[0]);
    pia_db_t *db = test_database_open(database, PIA_DB_WRITER);
    assert_true(test_database_integer(db, SQL_COUNT) >= last);
    assert_int_equal(test_database_integer(db, "SELECT COALESCE(MAX(id), 0) - COUNT(*) FROM entry"),
                     0);
    pia_db_close(&db);
}

static void the_files_are_for_their_owner_alone(void **state)
{
    static const char *const names[] = {"test.db", "test.db-wal"};
    const test_database_t *database = *state;
    pia_db_t *db = test_database_open(database, PIA_DB_WRITER);
    test_database_run(db, SQL_TABLE);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];
        struct stat info;
        snprintf(path, sizeof path, "%s/%s", database->directory, names[i]);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
    pia_db_close(&db);
}

static void the_log_stays_short(void **state)
{
    const test_database_t *database = *state;
    pia_db_t *db = test_database_open(database, PIA_DB_WRITER);
    test_database_run(db, SQL_TABLE);
    for (int64_t id = 0; id < 30; id++) {
        assert_int_equal(append(db, id, sizeof CONTENT), PIA_OK);
    }
    assert_true(size_of(database, "test.db-wal") < 8 << 20);
    assert_true(size_of(database, "test.db") > 20 << 20);
    pia_db_close(&db);
}

static void a_log_that_a_reader_made_long_becomes_short_again(void **state)
{
    const test_database_t *database = *state;
    pia_db_t *db = test_database_open(database, PIA_DB_WRITER);
    test_database_run(db, SQL_TABLE);
    pia_db_t *reader = test_database_open(database, PIA_DB_READER);
    assert_int_equal(pia_db_begin(reader), PIA_OK);
    assert_int_equal(test_database_integer(reader, SQL_COUNT), 0);
    for (int64_t id = 0; id < 70; id++) {
        assert_int_equal(append(db, id, sizeof CONTENT), PIA_OK);
    }
    assert_true(size_of(database, "test.db-wal") > 64 << 20);
    assert_int_equal(pia_db_commit(reader), PIA_OK);
    for (int64_t id = 70; id < 76; id++) {
        assert_int_equal(append(db, id, sizeof CONTENT), PIA_OK);
    }
    assert_true(size_of(database, "test.db-wal") < 8 << 20);
    pia_db_close(&reader);
    pia_db_close(&db);
}

static void an_idle_checkpoint_empties_the_log(void **state)
{
    const test_database_t *database = *state;
    pia_db_t *db = test_database_open(database, PIA_DB_WRITER);
    test_database_run(db, SQL_TABLE);
    assert_int_equal(append(db, 1, 100000), PIA_OK);
    assert_true(size_of(database, "test.db") < 100000);
    pia_db_checkpoint(db);
    assert_true(size_of(database, "test.db") > 100000);
    pia_db_close(&db);
}

/* A file size limit fails writes as a full disk does. */
static int commit_on_a_full_disk(const test_database_t *database)
{
    const struct rlimit limit = {.rlim_cur = 2 << 20, .rlim_max = 2 << 20};
    pia_db_t *db = test_database_open(database, PIA_DB_WRITER);
    test_database_run(db, SQL_TABLE);
    (void)signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 || append(db, 1, 1000) != PIA_OK) {
        return 1;
    }
    for (int64_t id = 2; id < 5; id++) {
        pia_status_t status = append(db, id, sizeof CONTENT);
        if (status != PIA_OK) {
            bool refused = pia_db_begin(db) == PIA_UNAVAILABLE;
            return status == PIA_UNAVAILABLE && pia_db_is_fatal(db) && refused ? 0 : 2;
        }
    }
    return 3;
}

static void a_full_disk_is_fatal_and_loses_nothing(void **state)
{
    const test_database_t *database = *state;
    pid_t child = fork();
    if (child == 0) {
        _exit(commit_on_a_full_disk(database));
    }
    int outcome = -1;
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_int_equal(outcome, 0);
    pia_db_t *db = test_database_open(database, PIA_DB_WRITER);
    assert_int_equal(test_database_integer(db, "SELECT COUNT(*) FROM entry WHERE id = 1"), 1);
    pia_db_close(&db);
}

static void every_commit_is_synced(void **state)
{
    const test_database_t *database = *state;
    pia_db_t *db = test_database_open(database, PIA_DB_WRITER);
    test_database_run(db, SQL_TABLE);
    for (int64_t id = 1; id <= 5; id++) {
        int before = syncs;
        assert_int_equal(append(db, id, 10), PIA_OK);
        assert_int_equal(syncs, before + 1);
    }
    pia_db_close(&db);
}

static void a_failed_sync_is_fatal(void **state)
{
    const test_database_t *database = *state;
    pia_db_t *db = test_database_open(database, PIA_DB_WRITER);
    test_database_run(db, SQL_TABLE);
    assert_int_equal(append(db, 1, 10), PIA_OK);
    syncs_fail = true;
    assert_int_equal(append(db, 2, 10), PIA_UNAVAILABLE);
    syncs_fail = false;
    assert_true(pia_db_is_fatal(db));
    assert_int_equal(pia_db_begin(db), PIA_UNAVAILABLE); /* a second try might lie */
    pia_db_close(&db);
    db = test_database_open(database, PIA_DB_WRITER);
    assert_int_equal(test_database_integer(db, "SELECT COUNT(*) FROM entry WHERE id = 1"), 1);
    pia_db_close(&db);
}

/* The commit is in the log and durable; but what was to be copied may be lost behind its back. */
static void a_failed_sync_of_a_checkpoint_is_fatal(void **state)
{
    const test_database_t *database = *state;
    pia_db_t *db = test_database_open(database, PIA_DB_WRITER);
    test_database_run(db, SQL_TABLE);
    assert_int_equal(append(db, 1, 10), PIA_OK);
    syncs_fail = true;
    pia_db_checkpoint(db);
    syncs_fail = false;
    assert_true(pia_db_is_fatal(db));
    assert_int_equal(pia_db_begin(db), PIA_UNAVAILABLE);
    pia_db_close(&db);
}

static void what_is_not_a_database_is_refused(void **state)
{
    const test_database_t *database = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/test.db", database->directory);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, CONTENT, 8192), 8192);
    assert_int_equal(write(file, "text", 4), 4);
    (void)close(file);
    pia_db_t *db = NULL;
    pia_problem_t problem = {.detail = ""};
    assert_int_equal(pia_db_open(database->url, PIA_DB_WRITER, &db, &problem), PIA_INTERNAL);
    assert_non_null(strstr(problem.detail, path));
}

static bool is_on_disk(const test_database_t *database, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", database->directory, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    static char bytes[4 << 20];
    size_t size = fread(bytes, 1, sizeof bytes, file);
    assert_true(size < sizeof bytes);
    assert_int_equal(fclose(file), 0);
    return memmem(bytes, size, text, strlen(text)) != NULL;
}

static void erase(pia_db_t *db, const char *sql)
{
    pia_db_empty_log(db);
    test_database_run(db, sql);
}

/* Also if a reader holds the log: then later. */
static void what_is_erased_is_gone_from_the_disk(void **state)
{
    test_database_t *database = *state;
    pia_db_t *db = test_database_open(database, PIA_DB_WRITER);
    test_database_run(db, SQL_TABLE);
    test_database_run(db, "INSERT INTO entry (id, content) VALUES (1, 'to be forgotten')");
    test_database_run(db, "INSERT INTO entry (id, content) VALUES (2, 'to be held')");
    pia_db_checkpoint(db);
    assert_true(is_on_disk(database, "test.db", "to be forgotten"));
    assert_true(is_on_disk(database, "test.db-wal", "to be forgotten"));
    erase(db, "DELETE FROM entry WHERE id = 1");
    assert_false(is_on_disk(database, "test.db", "to be forgotten"));
    assert_false(is_on_disk(database, "test.db-wal", "to be forgotten"));

    pia_db_t *reader = test_database_open(database, PIA_DB_READER);
    assert_int_equal(pia_db_begin(reader), PIA_OK);
    assert_int_equal(test_database_integer(reader, SQL_COUNT), 1);
    erase(db, "DELETE FROM entry WHERE id = 2");
    assert_int_equal(pia_db_commit(reader), PIA_OK);
    assert_true(is_on_disk(database, "test.db", "to be held"));
    pia_db_checkpoint(db);
    assert_false(is_on_disk(database, "test.db", "to be held"));
    assert_false(is_on_disk(database, "test.db-wal", "to be held"));
    pia_db_close(&reader);
    pia_db_close(&db);
}

static void a_reader_makes_no_database(void **state)
{
    const test_database_t *database = *state;
    pia_db_t *db = NULL;
    assert_int_equal(pia_db_open(database->url, PIA_DB_READER, &db, NULL), PIA_UNAVAILABLE);
    assert_int_equal(access(database->url + strlen("sqlite:"), F_OK), -1);
}

#define DB_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DB_TEST(what_was_committed_survives_kill_9),
        DB_TEST(the_files_are_for_their_owner_alone),
        DB_TEST(the_log_stays_short),
        DB_TEST(a_log_that_a_reader_made_long_becomes_short_again),
        DB_TEST(an_idle_checkpoint_empties_the_log),
        DB_TEST(a_full_disk_is_fatal_and_loses_nothing),
        DB_TEST(every_commit_is_synced),
        DB_TEST(a_failed_sync_is_fatal),
        DB_TEST(a_failed_sync_of_a_checkpoint_is_fatal),
        DB_TEST(what_is_not_a_database_is_refused),
        DB_TEST(what_is_erased_is_gone_from_the_disk),
        DB_TEST(a_reader_makes_no_database),
    };
    int failures = test_db_run();
    return failures + cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
}
