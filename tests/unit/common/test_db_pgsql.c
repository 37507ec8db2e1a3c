/* test_db_pgsql.c - the conformance suite on PostgreSQL, and what only PostgreSQL does. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test_database.h"
#include "test_db.h"

static const char SQL_INSERT[] = "INSERT INTO entry (id) VALUES ($1)";
static const char SQL_COUNT[] = "SELECT COUNT(*) FROM entry";
static const char SQL_UPDATE[] = "UPDATE entry SET number = number + 1 WHERE id = $1";
static const char SQL_PID[] = "SELECT pg_backend_pid()";

typedef struct {
    test_database_t database;
    pia_db_t *db, *other; /* two connections of two instances */
} fixture_t;

static int set_up(void **state)
{
    fixture_t *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    test_database_init(&fixture->database);
    fixture->db = test_database_open(&fixture->database, PIA_DB_WRITER);
    fixture->other = test_database_open(&fixture->database, PIA_DB_WRITER);
    test_database_run(fixture->db,
                      "CREATE TABLE entry (id BIGINT PRIMARY KEY, number BIGINT DEFAULT 0)");
    test_database_run(fixture->db, "INSERT INTO entry (id) VALUES (1), (2)");
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;
    pia_db_close(&fixture->db);
    pia_db_close(&fixture->other);
    test_database_clear(&fixture->database);
    free(fixture);
    return 0;
}

static pia_status_t with_id(pia_db_t *db, const char *sql, int64_t id)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql);
    pia_stmt_integer(stmt, 1, id);
    return pia_stmt_run(stmt, NULL);
}

static void terminate(pia_db_t *db, int64_t process)
{
    pia_stmt_t *stmt = pia_db_prepare(db, "SELECT pg_terminate_backend(CAST($1 AS INTEGER), 5000)");
    pia_stmt_integer(stmt, 1, process);
    assert_int_equal(pia_stmt_step(stmt), PIA_OK);
    assert_int_equal(pia_stmt_column_integer(stmt, 0), 1);
    pia_stmt_reset(stmt);
}

static void a_failed_statement_that_is_not_undone_fails_the_commit(void **state)
{
    pia_db_t *db = ((fixture_t *)*state)->db;
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(with_id(db, SQL_INSERT, 3), PIA_OK);
    assert_int_equal(with_id(db, SQL_INSERT, 1), PIA_CONFLICT);
    assert_int_equal(with_id(db, SQL_INSERT, 4), PIA_INTERNAL);
    assert_non_null(strstr(pia_db_error(db), "duplicate")); /* the first reason is kept */
    assert_int_equal(pia_db_commit(db), PIA_INTERNAL);
    assert_int_equal(test_database_integer(db, SQL_COUNT), 2);
}

static void two_updates_of_one_snapshot_are_a_retryable_conflict(void **state)
{
    const fixture_t *fixture = *state;
    pia_db_t *db = fixture->db;
    assert_int_equal(pia_db_begin(db), PIA_OK);
    pia_stmt_t *stmt = pia_db_prepare(db, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    assert_int_equal(pia_stmt_run(stmt, NULL), PIA_OK);
    assert_int_equal(test_database_integer(db, SQL_COUNT), 2);
    test_database_run(fixture->other, "UPDATE entry SET number = 7 WHERE id = 1");
    assert_int_equal(pia_db_savepoint(db), PIA_OK);
    assert_int_equal(with_id(db, SQL_UPDATE, 1), PIA_CONFLICT);
    assert_true(pia_db_is_retryable(db));
    pia_db_rollback_to(db);
    assert_true(pia_db_is_retryable(db)); /* still asked after the job was undone */
    pia_db_rollback(db);
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_false(pia_db_is_retryable(db));
    assert_int_equal(with_id(db, SQL_UPDATE, 1), PIA_OK);
    assert_int_equal(pia_db_commit(db), PIA_OK);
}

typedef struct {
    pia_db_t *db;
    int64_t id;
    pia_status_t status;
    bool retryable;
} crossing_t;

/* In a transaction that holds the other entry: wants this one. */
static void *cross(void *arg)
{
    crossing_t *crossing = arg;
    crossing->status = with_id(crossing->db, SQL_UPDATE, crossing->id);
    crossing->retryable = pia_db_is_retryable(crossing->db);
    if (crossing->status == PIA_OK) {
        crossing->status = pia_db_commit(crossing->db);
    }
    pia_db_rollback(crossing->db);
    return NULL;
}

static void a_deadlock_is_a_retryable_conflict_for_one(void **state)
{
    const fixture_t *fixture = *state;
    crossing_t mine = {.db = fixture->db, .id = 2};
    crossing_t theirs = {.db = fixture->other, .id = 1};
    pthread_t thread;
    assert_int_equal(pia_db_begin(mine.db), PIA_OK);
    assert_int_equal(pia_db_begin(theirs.db), PIA_OK);
    assert_int_equal(with_id(mine.db, SQL_UPDATE, theirs.id), PIA_OK);
    assert_int_equal(with_id(theirs.db, SQL_UPDATE, mine.id), PIA_OK);
    assert_int_equal(pthread_create(&thread, NULL, cross, &theirs), 0);
    (void)cross(&mine);
    assert_int_equal(pthread_join(thread, NULL), 0);
    const crossing_t *loser = mine.status == PIA_OK ? &theirs : &mine;
    const crossing_t *winner = mine.status == PIA_OK ? &mine : &theirs;
    assert_int_equal(winner->status, PIA_OK);
    assert_int_equal(loser->status, PIA_CONFLICT);
    assert_true(loser->retryable);
    assert_int_equal(test_database_integer(mine.db, "SELECT SUM(number) FROM entry"), 2);
}

static void begin_connects_again_after_a_transaction_was_lost(void **state)
{
    const fixture_t *fixture = *state;
    pia_db_t *db = fixture->db;
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(with_id(db, SQL_INSERT, 3), PIA_OK);
    terminate(fixture->other, test_database_integer(db, SQL_PID));
    assert_int_equal(with_id(db, SQL_INSERT, 4), PIA_UNAVAILABLE);
    assert_false(pia_db_is_fatal(db));
    pia_db_rollback_to(db); /* as the executor would: harmless */
    assert_int_equal(pia_db_savepoint(db), PIA_UNAVAILABLE);
    assert_int_equal(pia_db_commit(db), PIA_UNAVAILABLE);
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(with_id(db, SQL_INSERT, 5), PIA_OK); /* prepared again */
    assert_int_equal(pia_db_commit(db), PIA_OK);
    assert_int_equal(test_database_integer(db, SQL_COUNT), 3);
}

static void begin_does_not_notice_a_connection_lost_while_idle(void **state)
{
    const fixture_t *fixture = *state;
    pia_db_t *db = fixture->db;
    terminate(fixture->other, test_database_integer(db, SQL_PID));
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(with_id(db, SQL_INSERT, 3), PIA_OK);
    assert_int_equal(pia_db_commit(db), PIA_OK);
}

static void a_statement_alone_fails_once_after_a_loss(void **state)
{
    const fixture_t *fixture = *state;
    pia_db_t *reader = test_database_open(&fixture->database, PIA_DB_READER);
    terminate(fixture->other, test_database_integer(reader, SQL_PID));
    assert_int_equal(pia_stmt_step(pia_db_prepare(reader, SQL_COUNT)), PIA_UNAVAILABLE);
    assert_int_equal(test_database_integer(reader, SQL_COUNT), 2);
    pia_db_close(&reader);
}

static void a_value_out_of_range_is_invalid(void **state)
{
    pia_db_t *db = ((fixture_t *)*state)->db;
    assert_int_equal(pia_db_begin(db), PIA_OK);
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_INSERT);
    pia_stmt_text(stmt, 1, "99999999999999999999");
    assert_int_equal(pia_stmt_run(stmt, NULL), PIA_INVALID);
    pia_db_rollback(db);
}

static void a_server_that_is_away_is_unavailable(void **state)
{
    pia_db_t *db = NULL;
    pia_problem_t problem = {.detail = ""};
    (void)state;
    assert_int_equal(
        pia_db_open("postgresql:///pia?host=/nonexistent#x", PIA_DB_WRITER, &db, &problem),
        PIA_UNAVAILABLE);
    assert_null(db);
    assert_true(problem.detail[0] != '\0');
}

static const char SQL_IDLE[] = "SELECT CAST(setting AS BIGINT) FROM pg_settings "
                               "WHERE name = 'idle_in_transaction_session_timeout'";
static const char SQL_LOCK[] = "SELECT CAST(setting AS BIGINT) FROM pg_settings "
                               "WHERE name = 'lock_timeout'";

/* An instance that is frozen with a row in its hands: the others get the row, not a conflict. */
static void who_stops_inside_a_transaction_loses_it_first(void **state)
{
    fixture_t *fixture = *state;
    int64_t idle = test_database_integer(fixture->db, SQL_IDLE);
    int64_t lock = test_database_integer(fixture->db, SQL_LOCK);
    assert_true(idle > 0 && idle + 2000 <= lock && lock <= 10000);
    test_database_run(fixture->db, "SET idle_in_transaction_session_timeout = 200");
    assert_int_equal(pia_db_begin(fixture->db), PIA_OK);
    assert_int_equal(with_id(fixture->db, SQL_UPDATE, 1), PIA_OK);
    assert_int_equal(pia_db_begin(fixture->other), PIA_OK);
    assert_int_equal(with_id(fixture->other, SQL_UPDATE, 1), PIA_OK);
    assert_int_equal(pia_db_commit(fixture->other), PIA_OK);
    assert_int_equal(pia_db_commit(fixture->db), PIA_UNAVAILABLE);
    assert_int_equal(pia_db_begin(fixture->db), PIA_OK);
    pia_db_rollback(fixture->db);
}

static void durability_is_set_for_the_session(void **state)
{
    pia_db_t *db = ((fixture_t *)*state)->db;
    assert_true(pia_db_is_shared(db));
    pia_stmt_t *stmt = pia_db_prepare(db, "SHOW synchronous_commit");
    assert_int_equal(pia_stmt_step(stmt), PIA_OK);
    assert_string_equal(pia_stmt_column_text(stmt, 0), "on");
    pia_stmt_reset(stmt);
}

#define DB_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DB_TEST(a_failed_statement_that_is_not_undone_fails_the_commit),
        DB_TEST(two_updates_of_one_snapshot_are_a_retryable_conflict),
        DB_TEST(a_deadlock_is_a_retryable_conflict_for_one),
        DB_TEST(begin_connects_again_after_a_transaction_was_lost),
        DB_TEST(begin_does_not_notice_a_connection_lost_while_idle),
        DB_TEST(a_statement_alone_fails_once_after_a_loss),
        DB_TEST(a_value_out_of_range_is_invalid),
        DB_TEST(durability_is_set_for_the_session),
        DB_TEST(who_stops_inside_a_transaction_loses_it_first),
        cmocka_unit_test(a_server_that_is_away_is_unavailable),
    };
    int failures = test_db_run();
    return failures + cmocka_run_group_tests_name("postgresql", tests, NULL, NULL);
}
