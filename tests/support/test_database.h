/* test_database.h - a fresh, empty database of the engine under test: in the PostgreSQL server that
 * PIA_TEST_DATABASE names (tests/support/private_postgres), without it SQLite in a new directory.
 */
#ifndef PIA_TEST_DATABASE_H
#define PIA_TEST_DATABASE_H

#include <stdbool.h>

#include "pia/db.h"

typedef struct {
    char directory[64]; /* SQLite's; "" on PostgreSQL */
    char url[512];
} test_database_t;

bool test_database_is_shared(void);
void test_database_init(test_database_t *database);
void test_database_clear(test_database_t *database);

/* Opens it or fails the test. */
pia_db_t *test_database_open(const test_database_t *database, pia_db_mode_t mode);

/* Runs one statement without parameters in a transaction of its own, or fails the test. */
void test_database_run(pia_db_t *db, const char *sql);

/* The first column of the first row, or fails the test. */
int64_t test_database_integer(pia_db_t *db, const char *sql);

#endif
