/* test_db.c - what both engines promise; run once on each. */
#include "test_db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test_database.h"

static const char SQL_TABLE[] = "CREATE TABLE thing (id BIGINT PRIMARY KEY, label TEXT UNIQUE, "
                                "content BYTEA, number BIGINT CHECK (number <> 13))";
static const char SQL_INSERT[] =
    "INSERT INTO thing (id, label, content, number) VALUES ($1, $2, $3, $4)";
static const char SQL_READ[] = "SELECT label, content, number FROM thing WHERE id = $1";
static const char SQL_COUNT[] = "SELECT COUNT(*) FROM thing";

typedef struct {
    test_database_t database;
    pia_db_t *db;
} fixture_t;

static int set_up(void **state)
{
    fixture_t *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    test_database_init(&fixture->database);
    fixture->db = test_database_open(&fixture->database, PIA_DB_WRITER);
    test_database_run(fixture->db, SQL_TABLE);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;
    pia_db_close(&fixture->db);
    assert_null(fixture->db);
    test_database_clear(&fixture->database);
    free(fixture);
    return 0;
}

static pia_db_t *db_of(void **state)
{
    return ((fixture_t *)*state)->db;
}

static pia_status_t insert(pia_db_t *db, int64_t id, const char *label)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_INSERT);
    pia_stmt_integer(stmt, 1, id);
    pia_stmt_text(stmt, 2, label);
    return pia_stmt_run(stmt, NULL);
}

static pia_stmt_t *read_thing(pia_db_t *db, int64_t id)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_READ);
    pia_stmt_integer(stmt, 1, id);
    assert_int_equal(pia_stmt_step(stmt), PIA_OK);
    return stmt;
}

static void integers_keep_all_64_bits(void **state)
{
    static const int64_t values[] = {0, -1, 1, INT32_MAX, INT64_MAX, INT64_MIN};
    pia_db_t *db = db_of(state);
    assert_int_equal(pia_db_begin(db), PIA_OK);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        pia_stmt_t *stmt = pia_db_prepare(db, SQL_INSERT);
        pia_stmt_integer(stmt, 1, (int64_t)i);
        pia_stmt_integer(stmt, 4, values[i]);
        assert_int_equal(pia_stmt_run(stmt, NULL), PIA_OK);
    }
    assert_int_equal(pia_db_commit(db), PIA_OK);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        assert_true(pia_stmt_column_integer(read_thing(db, (int64_t)i), 2) == values[i]);
    }
}

static void texts_keep_every_character(void **state)
{
    static const char *const texts[] = {
        "",   "l'été à Fort-de-France", "œuf Ÿ ǅ 漢字 🜂", "a\nb\t\"c\" 'd' \\ $1 % ;--", "123",
        " 1 "};
    pia_db_t *db = db_of(state);
    assert_int_equal(pia_db_begin(db), PIA_OK);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(insert(db, (int64_t)i, texts[i]), PIA_OK);
    }
    assert_int_equal(pia_db_commit(db), PIA_OK);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_string_equal(pia_stmt_column_text(read_thing(db, (int64_t)i), 0), texts[i]);
    }
}

static void assert_bytes(pia_db_t *db, int64_t id, const void *expected, size_t expected_size)
{
    size_t size = 1;
    pia_stmt_t *stmt = read_thing(db, id);
    const void *bytes = pia_stmt_column_bytes(stmt, 1, &size);
    assert_non_null(bytes);
    assert_int_equal(size, expected_size);
    assert_memory_equal(bytes, expected, size);
    assert_ptr_equal(pia_stmt_column_bytes(stmt, 1, &size), bytes); /* asked again: the same */
    pia_stmt_reset(stmt);
}

static void insert_bytes(pia_db_t *db, int64_t id, const void *bytes, size_t size)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_INSERT);
    pia_stmt_integer(stmt, 1, id);
    pia_stmt_bytes(stmt, 3, bytes, size);
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(pia_stmt_run(stmt, NULL), PIA_OK);
    assert_int_equal(pia_db_commit(db), PIA_OK);
}

static void bytes_keep_every_value_and_any_size(void **state)
{
    enum { SIZE = 8 << 20 };
    pia_db_t *db = db_of(state);
    uint8_t *bytes = malloc(SIZE);
    assert_non_null(bytes);
    for (size_t i = 0; i < SIZE; i++) {
        bytes[i] = (uint8_t)(i ^ (i >> 8));
    }
    insert_bytes(db, 1, bytes, 256);
    insert_bytes(db, 2, bytes, SIZE);
    assert_bytes(db, 1, bytes, 256);
    assert_bytes(db, 2, bytes, SIZE);
    free(bytes);
}

static void empty_bytes_and_texts_are_not_null(void **state)
{
    pia_db_t *db = db_of(state);
    insert_bytes(db, 1, "", 0);
    insert_bytes(db, 2, NULL, 0);
    assert_bytes(db, 1, "", 0);
    size_t size = 1;
    pia_stmt_t *stmt = read_thing(db, 2);
    assert_null(pia_stmt_column_bytes(stmt, 1, &size));
    assert_int_equal(size, 0);
    assert_true(pia_stmt_column_is_null(stmt, 0));
    assert_null(pia_stmt_column_text(stmt, 0));
    assert_int_equal(pia_stmt_column_integer(stmt, 2), 0);
    assert_true(pia_stmt_column_is_null(stmt, 2));
    pia_stmt_reset(stmt);
    assert_int_equal(test_database_integer(db, "SELECT COUNT(*) FROM thing WHERE content IS NULL"),
                     1);
}

static void parameters_are_numbered_not_ordered(void **state)
{
    pia_db_t *db = db_of(state);
    pia_stmt_t *stmt =
        pia_db_prepare(db, "SELECT '$9', CAST($2 AS TEXT), CAST($1 AS BIGINT), CAST($2 AS TEXT)");
    pia_stmt_integer(stmt, 1, 7);
    pia_stmt_text(stmt, 2, "two");
    assert_int_equal(pia_stmt_step(stmt), PIA_OK);
    assert_string_equal(pia_stmt_column_text(stmt, 0), "$9");
    assert_string_equal(pia_stmt_column_text(stmt, 1), "two");
    assert_int_equal(pia_stmt_column_integer(stmt, 2), 7);
    assert_string_equal(pia_stmt_column_text(stmt, 3), "two");
    assert_int_equal(pia_stmt_step(stmt), PIA_NOT_FOUND);
}

static void a_statement_used_again_has_no_parameters_left(void **state)
{
    pia_db_t *db = db_of(state);
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(insert(db, 1, "one"), PIA_OK);
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_INSERT);
    pia_stmt_integer(stmt, 1, 2);
    assert_int_equal(pia_stmt_run(stmt, NULL), PIA_OK);
    assert_int_equal(pia_db_commit(db), PIA_OK);
    assert_true(pia_stmt_column_is_null(read_thing(db, 2), 0));
    assert_string_equal(pia_stmt_column_text(read_thing(db, 1), 0), "one");
}

static void work_goes_on_after_a_duplicate_is_rolled_back(void **state)
{
    pia_db_t *db = db_of(state);
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(insert(db, 1, "one"), PIA_OK);
    assert_int_equal(pia_db_savepoint(db), PIA_OK);
    assert_int_equal(insert(db, 2, "one"), PIA_CONFLICT);
    assert_false(pia_db_is_retryable(db));
    assert_false(pia_db_is_fatal(db));
    pia_db_rollback_to(db);
    assert_true(strlen(pia_db_error(db)) > 0); /* the reason outlives it */
    assert_int_equal(pia_db_savepoint(db), PIA_OK);
    assert_int_equal(insert(db, 1, "primary"), PIA_CONFLICT);
    pia_db_rollback_to(db);
    assert_int_equal(insert(db, 3, "three"), PIA_OK);
    assert_int_equal(pia_db_commit(db), PIA_OK);
    assert_int_equal(test_database_integer(db, SQL_COUNT), 2);
}

static void other_constraints_are_invalid(void **state)
{
    pia_db_t *db = db_of(state);
    test_database_run(
        db, "CREATE TABLE part (thing BIGINT NOT NULL REFERENCES thing (id) DEFERRABLE INITIALLY "
            "IMMEDIATE)");
    static const char *const wrong[] = {"INSERT INTO thing (id, number) VALUES (1, 13)",
                                        "INSERT INTO part (thing) VALUES (NULL)",
                                        "INSERT INTO part (thing) VALUES (99)"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(pia_db_begin(db), PIA_OK);
        assert_int_equal(pia_stmt_run(pia_db_prepare(db, wrong[i]), NULL), PIA_INVALID);
        pia_db_rollback(db);
    }
}

static void a_deferred_constraint_fails_the_commit(void **state)
{
    pia_db_t *db = db_of(state);
    test_database_run(
        db, "CREATE TABLE part (thing BIGINT REFERENCES thing (id) DEFERRABLE INITIALLY DEFERRED)");
    static const char orphan[] = "INSERT INTO part (thing) VALUES (99)";
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(pia_stmt_run(pia_db_prepare(db, orphan), NULL), PIA_OK);
    assert_int_equal(pia_db_commit(db), PIA_INVALID);
    assert_int_equal(pia_db_begin(db), PIA_OK); /* it was rolled back */
    assert_int_equal(test_database_integer(db, "SELECT COUNT(*) FROM part"), 0);
    assert_int_equal(pia_db_commit(db), PIA_OK);
}

static void run_tells_how_many_rows_changed(void **state)
{
    static const char skip[] = "INSERT INTO thing (id) VALUES ($1) ON CONFLICT DO NOTHING";
    pia_db_t *db = db_of(state);
    int64_t changes = -1;
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(insert(db, 1, "one"), PIA_OK);
    assert_int_equal(insert(db, 2, "two"), PIA_OK);
    pia_stmt_t *stmt = pia_db_prepare(db, "UPDATE thing SET number = $1 WHERE id < 3");
    pia_stmt_integer(stmt, 1, 5);
    assert_int_equal(pia_stmt_run(stmt, &changes), PIA_OK);
    assert_int_equal(changes, 2);
    stmt = pia_db_prepare(db, skip);
    pia_stmt_integer(stmt, 1, 1);
    assert_int_equal(pia_stmt_run(stmt, &changes), PIA_OK);
    assert_int_equal(changes, 0);
    stmt = pia_db_prepare(db, SQL_COUNT);
    assert_int_equal(pia_stmt_run(stmt, &changes), PIA_OK);
    assert_int_equal(changes, 0);
    assert_int_equal(pia_db_commit(db), PIA_OK);
}

static void an_upsert_returns_its_row(void **state)
{
    static const char upsert[] =
        "INSERT INTO thing (id, number) VALUES ($1, 1) ON CONFLICT (id) DO UPDATE "
        "SET number = thing.number + 1 RETURNING number";
    pia_db_t *db = db_of(state);
    assert_int_equal(pia_db_begin(db), PIA_OK);
    for (int64_t i = 1; i <= 3; i++) {
        pia_stmt_t *stmt = pia_db_prepare(db, upsert);
        pia_stmt_integer(stmt, 1, 42);
        assert_int_equal(pia_stmt_step(stmt), PIA_OK);
        assert_int_equal(pia_stmt_column_integer(stmt, 0), i);
        assert_int_equal(pia_stmt_step(stmt), PIA_NOT_FOUND);
    }
    assert_int_equal(pia_db_commit(db), PIA_OK);
}

static void savepoints_nest(void **state)
{
    pia_db_t *db = db_of(state);
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(insert(db, 1, "kept"), PIA_OK);
    assert_int_equal(pia_db_savepoint(db), PIA_OK);
    assert_int_equal(insert(db, 2, "kept too"), PIA_OK);
    assert_int_equal(pia_db_savepoint(db), PIA_OK);
    assert_int_equal(insert(db, 3, "undone"), PIA_OK);
    pia_db_rollback_to(db);
    assert_int_equal(pia_db_release(db), PIA_OK);
    assert_int_equal(pia_db_savepoint(db), PIA_OK);
    assert_int_equal(insert(db, 4, "undone too"), PIA_OK);
    pia_db_rollback_to(db);
    assert_int_equal(pia_db_commit(db), PIA_OK);
    assert_int_equal(test_database_integer(db, SQL_COUNT), 2);
}

static void a_rollback_undoes_everything(void **state)
{
    pia_db_t *db = db_of(state);
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(insert(db, 1, "one"), PIA_OK);
    pia_stmt_t *half_read = read_thing(db, 1);
    pia_db_rollback(db);
    assert_int_equal(pia_stmt_step(half_read), PIA_NOT_FOUND); /* starts anew */
    pia_db_rollback(db);                                       /* without one: nothing */
    assert_int_equal(test_database_integer(db, SQL_COUNT), 0);
}

static void wrong_sql_shows_at_the_first_step(void **state)
{
    static const char later[] = "SELECT COUNT(*) FROM later WHERE id = $1";
    pia_db_t *db = db_of(state);
    pia_stmt_t *stmt = pia_db_prepare(db, later);
    pia_stmt_integer(stmt, 1, 1);
    assert_int_equal(pia_stmt_step(stmt), PIA_INTERNAL);
    assert_non_null(strstr(pia_db_error(db), "later"));
    test_database_run(db, "CREATE TABLE later (id BIGINT)");
    stmt = pia_db_prepare(db, later); /* the same text, once its table exists */
    pia_stmt_integer(stmt, 1, 1);
    assert_int_equal(pia_stmt_step(stmt), PIA_OK);
}

static void booleans_and_sums_read_as_integers(void **state)
{
    pia_db_t *db = db_of(state);
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(insert(db, 20, "a"), PIA_OK);
    assert_int_equal(insert(db, 22, "b"), PIA_OK);
    assert_int_equal(pia_db_commit(db), PIA_OK);
    assert_int_equal(test_database_integer(db, "SELECT SUM(id) FROM thing"), 42);
    assert_int_equal(test_database_integer(db, "SELECT EXISTS (SELECT 1 FROM thing)"), 1);
    assert_int_equal(test_database_integer(db, "SELECT 1 > 2"), 0);
}

static void texts_compare_by_their_bytes(void **state)
{
    pia_db_t *db = db_of(state);
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(insert(db, 1, "Zoo"), PIA_OK);
    assert_int_equal(insert(db, 2, "abc"), PIA_OK);
    assert_int_equal(insert(db, 3, "été"), PIA_OK);
    assert_int_equal(pia_db_commit(db), PIA_OK);
    assert_int_equal(test_database_integer(db, "SELECT COUNT(*) FROM thing WHERE label LIKE 'z%'"),
                     0);
    assert_int_equal(test_database_integer(db, "SELECT id FROM thing ORDER BY label LIMIT 1"), 1);
    assert_int_equal(test_database_integer(db, "SELECT id FROM thing ORDER BY label DESC LIMIT 1"),
                     3);
}

static void rows_for_update_can_be_skipped(void **state)
{
    static const char take[] = "UPDATE thing SET number = 1 WHERE id IN (SELECT id FROM thing "
                               "ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id";
    pia_db_t *db = db_of(state);
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(insert(db, 5, "five"), PIA_OK);
    assert_int_equal(test_database_integer(db, take), 5);
    assert_int_equal(test_database_integer(db, "SELECT number FROM thing WHERE id = 5 FOR UPDATE"),
                     1);
    assert_int_equal(pia_db_commit(db), PIA_OK);
}

static void a_reader_sees_what_is_committed_and_writes_nothing(void **state)
{
    pia_db_t *db = db_of(state);
    const fixture_t *fixture = *state;
    pia_db_t *reader = test_database_open(&fixture->database, PIA_DB_READER);
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(insert(db, 1, "one"), PIA_OK);
    assert_int_equal(test_database_integer(reader, SQL_COUNT), 0);
    assert_int_equal(pia_db_commit(db), PIA_OK);
    assert_int_equal(test_database_integer(reader, SQL_COUNT), 1);
    assert_int_equal(insert(reader, 2, "two"), PIA_INTERNAL);
    assert_int_equal(test_database_integer(reader, SQL_COUNT), 1);
    pia_db_close(&reader);
}

static void a_readers_transaction_is_a_snapshot(void **state)
{
    pia_db_t *db = db_of(state);
    const fixture_t *fixture = *state;
    pia_db_t *reader = test_database_open(&fixture->database, PIA_DB_READER);
    assert_int_equal(pia_db_begin(reader), PIA_OK);
    assert_int_equal(test_database_integer(reader, SQL_COUNT), 0);
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(insert(db, 1, "one"), PIA_OK);
    assert_int_equal(pia_db_commit(db), PIA_OK);
    assert_int_equal(test_database_integer(reader, SQL_COUNT), 0);
    assert_int_equal(pia_db_commit(reader), PIA_OK);
    assert_int_equal(test_database_integer(reader, SQL_COUNT), 1);
    pia_db_close(&reader);
}

static void another_kind_of_url_is_refused(void **state)
{
    static const char *const urls[] = {"", "sqlite:", "mysql://x", "postgresql:///x#Bad;name",
                                       "postgresql:///x#"};
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        pia_db_t *db = NULL;
        pia_problem_t problem = {.detail = ""};
        assert_int_equal(pia_db_open(urls[i], PIA_DB_WRITER, &db, &problem), PIA_INVALID);
        assert_null(db);
        assert_true(problem.detail[0] != '\0');
    }
}

#define DB_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int test_db_run(void)
{
    const struct CMUnitTest tests[] = {
        DB_TEST(integers_keep_all_64_bits),
        DB_TEST(texts_keep_every_character),
        DB_TEST(bytes_keep_every_value_and_any_size),
        DB_TEST(empty_bytes_and_texts_are_not_null),
        DB_TEST(parameters_are_numbered_not_ordered),
        DB_TEST(a_statement_used_again_has_no_parameters_left),
        DB_TEST(work_goes_on_after_a_duplicate_is_rolled_back),
        DB_TEST(other_constraints_are_invalid),
        DB_TEST(a_deferred_constraint_fails_the_commit),
        DB_TEST(run_tells_how_many_rows_changed),
        DB_TEST(an_upsert_returns_its_row),
        DB_TEST(savepoints_nest),
        DB_TEST(a_rollback_undoes_everything),
        DB_TEST(wrong_sql_shows_at_the_first_step),
        DB_TEST(booleans_and_sums_read_as_integers),
        DB_TEST(texts_compare_by_their_bytes),
        DB_TEST(rows_for_update_can_be_skipped),
        DB_TEST(a_reader_sees_what_is_committed_and_writes_nothing),
        DB_TEST(a_readers_transaction_is_a_snapshot),
        cmocka_unit_test(another_kind_of_url_is_refused),
    };
    return cmocka_run_group_tests_name("conformance", tests, NULL, NULL);
}
