/* test_migrate.c - migrations, on either engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "test_database.h"

static const pia_migration_t FIRST[] = {
    {1, "CREATE TABLE a (id BIGINT PRIMARY KEY); INSERT INTO a (id) VALUES (1);"}, {0, NULL}};
static const pia_migration_t SECOND[] = {
    {1, "CREATE TABLE a (id BIGINT PRIMARY KEY); INSERT INTO a (id) VALUES (1);"},
    {2, "ALTER TABLE a ADD COLUMN label TEXT;\nUPDATE a SET label = 'x;y';"},
    {3, "CREATE TABLE b (id BIGINT PRIMARY KEY); -- a comment;\nINSERT INTO b (id) VALUES (1);"},
    {0, NULL}};
static const pia_migration_t BROKEN[] = {
    {1, "CREATE TABLE a (id BIGINT PRIMARY KEY); INSERT INTO a (id) VALUES (1);"},
    {2, "CREATE TABLE b (id BIGINT PRIMARY KEY); INSERT INTO nowhere (id) VALUES (1);"},
    {0, NULL}};
static const pia_migration_t OTHER[] = {{1, "CREATE TABLE c (id BIGINT PRIMARY KEY);"}, {0, NULL}};

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

static int64_t version_of(pia_db_t *db, const char *set)
{
    pia_stmt_t *stmt = pia_db_prepare(db, "SELECT MAX(version) FROM migration WHERE name = $1");
    pia_stmt_text(stmt, 1, set);
    assert_int_equal(pia_stmt_step(stmt), PIA_OK);
    int64_t version = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return version;
}

static void a_database_is_brought_forward_step_by_step(void **state)
{
    pia_db_t *db = test_database_open(*state, PIA_DB_WRITER);
    assert_int_equal(pia_db_migrate(db, "test", FIRST, NULL), PIA_OK);
    assert_int_equal(version_of(db, "test"), 1);
    assert_int_equal(pia_db_migrate(db, "test", SECOND, NULL), PIA_OK);
    assert_int_equal(version_of(db, "test"), 3);
    assert_int_equal(test_database_integer(db, "SELECT COUNT(*) FROM a WHERE label = 'x;y'"), 1);
    assert_int_equal(pia_db_migrate(db, "test", SECOND, NULL), PIA_OK); /* again: nothing */
    assert_int_equal(test_database_integer(db, "SELECT COUNT(*) FROM b"), 1);
    pia_db_close(&db);
}

static void sets_are_side_by_side(void **state)
{
    pia_db_t *db = test_database_open(*state, PIA_DB_WRITER);
    assert_int_equal(pia_db_migrate(db, "common", OTHER, NULL), PIA_OK);
    assert_int_equal(pia_db_migrate(db, "test", SECOND, NULL), PIA_OK);
    assert_int_equal(version_of(db, "common"), 1);
    assert_int_equal(version_of(db, "test"), 3);
    pia_db_close(&db);
}

static void a_failed_migration_leaves_nothing_of_itself(void **state)
{
    pia_db_t *db = test_database_open(*state, PIA_DB_WRITER);
    pia_problem_t problem = {.detail = ""};
    assert_int_equal(pia_db_migrate(db, "test", BROKEN, &problem), PIA_INTERNAL);
    assert_non_null(strstr(problem.detail, "nowhere"));
    assert_int_equal(version_of(db, "test"), 1);
    assert_int_equal(pia_db_migrate(db, "test", SECOND, NULL), PIA_OK); /* makes table b itself */
    pia_db_close(&db);
}

static void a_newer_database_is_refused(void **state)
{
    pia_db_t *db = test_database_open(*state, PIA_DB_WRITER);
    pia_problem_t problem = {.detail = ""};
    assert_int_equal(pia_db_migrate(db, "test", SECOND, NULL), PIA_OK);
    assert_int_equal(pia_db_migrate(db, "test", FIRST, &problem), PIA_CONFLICT);
    assert_non_null(strstr(problem.detail, "newer"));
    assert_int_equal(version_of(db, "test"), 3);
    pia_db_close(&db);
}

/* What an instance does first; its exit status. */
static pia_status_t start(const test_database_t *database)
{
    pia_db_t *db = NULL;
    pia_status_t status = pia_db_open(database->url, PIA_DB_WRITER, &db, NULL);
    return status == PIA_OK ? pia_db_migrate(db, "test", SECOND, NULL) : status;
}

static void several_instances_may_start_at_once(void **state)
{
    enum { INSTANCES = 4 };
    pid_t children[INSTANCES];
    for (int i = 0; i < INSTANCES; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            _exit((int)start(*state));
        }
    }
    for (int i = 0; i < INSTANCES; i++) {
        int outcome = -1;
        assert_int_equal(waitpid(children[i], &outcome, 0), children[i]);
        assert_int_equal(outcome, 0);
    }
    pia_db_t *db = test_database_open(*state, PIA_DB_WRITER);
    assert_int_equal(test_database_integer(db, "SELECT COUNT(*) FROM a"), 1);
    pia_db_close(&db);
}

#define DB_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DB_TEST(a_database_is_brought_forward_step_by_step),  DB_TEST(sets_are_side_by_side),
        DB_TEST(a_failed_migration_leaves_nothing_of_itself), DB_TEST(a_newer_database_is_refused),
        DB_TEST(several_instances_may_start_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
