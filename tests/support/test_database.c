/* test_database.c - a fresh, empty database of the engine under test. */
#include "test_database.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "pia/uuid.h"

bool test_database_is_shared(void)
{
    return getenv("PIA_TEST_DATABASE") != NULL;
}

void test_database_init(test_database_t *database)
{
    memset(database, 0, sizeof *database);
    if (test_database_is_shared()) {
        uint8_t id[PIA_UUID_SIZE];
        pia_uuid7(id);
        snprintf(database->url, sizeof database->url, "%s#t%02x%02x%02x%02x%02x%02x",
                 getenv("PIA_TEST_DATABASE"), id[10], id[11], id[12], id[13], id[14], id[15]);
        return;
    }
    snprintf(database->directory, sizeof database->directory, "/tmp/pia-db.XXXXXX");
    assert_non_null(mkdtemp(database->directory));
    snprintf(database->url, sizeof database->url, "sqlite:%s/test.db", database->directory);
}

void test_database_clear(test_database_t *database)
{
    static const char *const names[] = {"test.db", "test.db-wal", "test.db-shm"};
    if (database->directory[0] == '\0') {
        return; /* the schema goes with its server */
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", database->directory, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(database->directory), 0);
}

pia_db_t *test_database_open(const test_database_t *database, pia_db_mode_t mode)
{
    pia_db_t *db = NULL;
    pia_problem_t problem = {.detail = ""};
    if (pia_db_open(database->url, mode, &db, &problem) != PIA_OK) {
        fail_msg("%s", problem.detail);
    }
    return db;
}

void test_database_run(pia_db_t *db, const char *sql)
{
    assert_int_equal(pia_db_begin(db), PIA_OK);
    if (pia_stmt_run(pia_db_prepare(db, sql), NULL) != PIA_OK) {
        fail_msg("%s: %s", sql, pia_db_error(db));
    }
    assert_int_equal(pia_db_commit(db), PIA_OK);
}

int64_t test_database_integer(pia_db_t *db, const char *sql)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql);
    if (pia_stmt_step(stmt) != PIA_OK) {
        fail_msg("%s: %s", sql, pia_db_error(db));
    }
    int64_t value = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return value;
}
