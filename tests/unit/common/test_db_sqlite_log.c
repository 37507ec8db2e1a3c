/* test_db_sqlite_log.c - SQLite's log as we have it written: what lies on the disk at the moment of
 * an acknowledgement, and the words that SQLite gets. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db_sqlite_words.h"
#include "pia/memory.h"
#include "pia_test.h"
#include "test_database.h"

static const char SQL_INSERT[] = "INSERT INTO entry (id, content) VALUES ($1, $2)";
static const char SQL_COUNT[] = "SELECT COUNT(*) FROM entry";
static const char SQL_SUM[] = "SELECT SUM(LENGTH(content)) FROM entry";
static const char CONTENT[3 << 20];

enum { MIB = 1 << 20 };

static int set_up(void **state)
{
    test_database_t *database = pia_alloc(sizeof *database);
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

static pia_db_t *open_with_table(const test_database_t *database)
{
    pia_db_t *db = test_database_open(database, PIA_DB_WRITER);
    test_database_run(db, "CREATE TABLE entry (id BIGINT PRIMARY KEY, content BYTEA)");
    return db;
}

static void insert(pia_db_t *db, int64_t id, size_t size)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_INSERT);
    pia_stmt_integer(stmt, 1, id);
    pia_stmt_bytes(stmt, 2, CONTENT, size);
    assert_int_equal(pia_stmt_run(stmt, NULL), PIA_OK);
}

static void append(pia_db_t *db, int64_t id, size_t size)
{
    assert_int_equal(pia_db_begin(db), PIA_OK);
    insert(db, id, size);
    assert_int_equal(pia_db_commit(db), PIA_OK);
}

static void copy_file(const char *from, const char *to)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(in >= 0 && out >= 0);
    struct stat info;
    assert_int_equal(fstat(in, &info), 0);
    while (info.st_size > 0) {
        ssize_t copied = copy_file_range(in, NULL, out, NULL, (size_t)info.st_size, 0);
        assert_true(copied > 0);
        info.st_size -= copied;
    }
    (void)close(in);
    (void)close(out);
}

/* What a machine that stopped now would find, as rows and bytes of content. */
static void assert_found(const test_database_t *database, int64_t rows, int64_t bytes)
{
    test_database_t found;
    char from[128];
    char to[128];
    test_database_init(&found);
    static const char *const endings[] = {"", "-wal"};
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(from, sizeof from, "%s/test.db%s", database->directory, endings[i]);
        (void)snprintf(to, sizeof to, "%s/test.db%s", found.directory, endings[i]);
        copy_file(from, to);
    }
    pia_db_t *db = test_database_open(&found, PIA_DB_WRITER);
    assert_int_equal(test_database_integer(db, SQL_COUNT), rows);
    if (rows)
        assert_int_equal(test_database_integer(db, SQL_SUM), bytes);
    pia_db_close(&db);
    test_database_clear(&found);
}

static void what_is_committed_is_in_the_files(void **state)
{
    const test_database_t *database = *state;
    pia_db_t *db = open_with_table(database);
    int64_t bytes = 0;
    for (int64_t id = 1; id <= 20; id++) {
        append(db, id, (size_t)id * 1000);
        bytes += id * 1000;
        assert_found(database, id, bytes);
    }
    pia_db_close(&db);
}

static void a_commit_larger_than_what_is_gathered_is_whole(void **state)
{
    const test_database_t *database = *state;
    pia_db_t *db = open_with_table(database);
    append(db, 1, sizeof CONTENT);
    assert_found(database, 1, sizeof CONTENT);
    pia_db_close(&db);
}

/* More than the page cache holds is spilled into the log before the commit, and read back. */
static void what_was_spilled_is_read_again_and_undone(void **state)
{
    const test_database_t *database = *state;
    pia_db_t *db = open_with_table(database);
    append(db, 1, 100);
    assert_int_equal(pia_db_begin(db), PIA_OK);
    for (int64_t id = 2; id < 14; id++)
        insert(db, id, sizeof CONTENT);
    assert_int_equal(test_database_integer(db, SQL_SUM), 100 + 12 * (int64_t)sizeof CONTENT);
    pia_db_rollback(db);
    assert_found(database, 1, 100);
    append(db, 2, 50);
    assert_found(database, 2, 150);
    pia_db_close(&db);
}

static void a_reader_sees_each_commit(void **state)
{
    const test_database_t *database = *state;
    pia_db_t *db = open_with_table(database);
    append(db, 1, 10);
    pia_db_t *reader = test_database_open(database, PIA_DB_READER);
    for (int64_t id = 2; id <= 50; id++) {
        append(db, id, 5000);
        assert_int_equal(test_database_integer(reader, SQL_COUNT), id);
    }
    pia_db_close(&reader);
    pia_db_close(&db);
}

static void the_log_grows_by_whole_mebibytes_of_zeros(void **state)
{
    const test_database_t *database = *state;
    pia_db_t *db = open_with_table(database);
    append(db, 1, 10);
    char path[128];
    struct stat info;
    (void)snprintf(path, sizeof path, "%s/test.db-wal", database->directory);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, MIB);
    append(db, 2, MIB);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 2 * MIB);
    pia_db_close(&db);
}

static void assert_words(const char *from, const char *to)
{
    char *words = pia_sqlite_words(from);
    assert_string_equal(words, to);
    free(words);
}

static void sqlite_gets_its_own_words(void **state)
{
    (void)state;
    assert_words("SELECT 1", "SELECT 1");
    assert_words("", "");
    assert_words("SELECT a FROM b FOR UPDATE", "SELECT a FROM b");
    assert_words("SELECT a FROM b FOR UPDATE SKIP LOCKED LIMIT 1", "SELECT a FROM b LIMIT 1");
    assert_words("CREATE TABLE a (id BIGINT PRIMARY KEY, b BIGINT NOT NULL);"
                 "CREATE TABLE b (id BIGINT NOT NULL PRIMARY KEY);",
                 "CREATE TABLE a (id INTEGER PRIMARY KEY, b BIGINT NOT NULL);"
                 "CREATE TABLE b (id INTEGER NOT NULL PRIMARY KEY);");
    assert_words(" BIGINT PRIMARY KEY", " INTEGER PRIMARY KEY");
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(what_is_committed_is_in_the_files),
        LOG_TEST(a_commit_larger_than_what_is_gathered_is_whole),
        LOG_TEST(what_was_spilled_is_read_again_and_undone),
        LOG_TEST(a_reader_sees_each_commit),
        LOG_TEST(the_log_grows_by_whole_mebibytes_of_zeros),
        cmocka_unit_test(sqlite_gets_its_own_words),
    };
    return cmocka_run_group_tests_name("sqlite log", tests, NULL, NULL);
}
