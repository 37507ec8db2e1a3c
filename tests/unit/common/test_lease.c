/* test_lease.c - one instance holds the lease, and what that means on each engine. */
#include "pia/lease.h"

#include <pthread.h>
#include <stdlib.h>

#include "idempotency.h"
#include "pia_test.h"
#include "test_database.h"

extern const char pia_common_schema_sql[];
static const pia_migration_t MIGRATIONS[] = {{1, pia_common_schema_sql}, {0, NULL}};

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
    assert_int_equal(pia_db_migrate(fixture->db, "common", MIGRATIONS, NULL), PIA_OK);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;
    pia_db_close(&fixture->db);
    test_database_clear(&fixture->database);
    free(fixture);
    return 0;
}

static void keep(fixture_t *fixture, pia_lease_t *lease, int64_t now)
{
    assert_int_equal(pia_db_begin(fixture->db), PIA_OK);
    assert_int_equal(pia_lease_keep(fixture->db, lease, now), PIA_OK);
    assert_int_equal(pia_db_commit(fixture->db), PIA_OK);
}

static pia_status_t check(fixture_t *fixture, const pia_lease_t *lease)
{
    assert_int_equal(pia_db_begin(fixture->db), PIA_OK);
    pia_status_t status = pia_lease_check(fixture->db, lease);
    pia_db_rollback(fixture->db);
    return status;
}

static void the_first_takes_it(void **state)
{
    fixture_t *fixture = *state;
    pia_lease_t lease = {.holder = "a"};
    assert_int_equal(check(fixture, &lease), PIA_CONFLICT);
    keep(fixture, &lease, 1000);
    assert_true(lease.held);
    assert_int_equal(check(fixture, &lease), PIA_OK);
}

static void it_can_be_released(void **state)
{
    fixture_t *fixture = *state;
    pia_lease_t first = {.holder = "a"}, second = {.holder = "b"};
    keep(fixture, &first, 0);
    assert_int_equal(pia_db_begin(fixture->db), PIA_OK);
    assert_int_equal(pia_lease_release(fixture->db, &first), PIA_OK);
    assert_int_equal(pia_db_commit(fixture->db), PIA_OK);
    keep(fixture, &second, 1);
    assert_true(second.held);
    assert_int_equal(check(fixture, &first), PIA_CONFLICT);
    assert_int_equal(check(fixture, &second), PIA_OK);
}

/* Two machines may give their processes the same name: the term tells them apart. */
static void an_earlier_term_of_the_same_name_is_over(void **state)
{
    fixture_t *fixture = *state;
    pia_lease_t first = {.holder = "a"}, second = {.holder = "a"};
    keep(fixture, &first, 0);
    test_database_run(fixture->db, "UPDATE lease SET holder = ''");
    keep(fixture, &second, 1);
    assert_int_equal(check(fixture, &second), PIA_OK);
    assert_int_equal(check(fixture, &first), PIA_CONFLICT);
}

/* Where one process has the database there is nobody to wait for: its file lock has decided. */
static void another_waits_until_the_holder_stands_still(void **state)
{
    fixture_t *fixture = *state;
    pia_lease_t first = {.holder = "a"}, second = {.holder = "b"};
    keep(fixture, &first, 0);
    keep(fixture, &second, 0);
    if (!test_database_is_shared()) {
        assert_true(second.held);
        assert_int_equal(check(fixture, &first), PIA_CONFLICT);
        return;
    }
    for (int64_t now = 500; now < 20000; now += 500) { /* it beats: nothing is taken */
        keep(fixture, &first, now);
        keep(fixture, &second, now);
        assert_false(second.held);
    }
    keep(fixture, &second, 20000);
    keep(fixture, &second, 22000);
    assert_false(second.held);
    keep(fixture, &second, 23100);
    assert_true(second.held);
    assert_int_equal(check(fixture, &first), PIA_CONFLICT);
    keep(fixture, &first, 23200); /* back from its sleep: it has lost it */
    assert_false(first.held);
}

/* Both instances' batches also lock other rows, in any order: a watcher that waited for the lease
 * would often be in a deadlock with its holder. */
static void who_watches_does_not_wait_for_the_holder(void **state)
{
    fixture_t *fixture = *state;
    if (!test_database_is_shared())
        return;
    pia_lease_t first = {.holder = "a"}, second = {.holder = "b"};
    keep(fixture, &first, 0);
    fixture_t other = {.db = test_database_open(&fixture->database, PIA_DB_WRITER)};
    test_database_run(other.db, "SET lock_timeout = 1");
    assert_int_equal(pia_db_begin(fixture->db), PIA_OK);
    assert_int_equal(pia_lease_check(fixture->db, &first), PIA_OK); /* locked to the commit */
    keep(&other, &second, 0);
    assert_false(second.held);
    assert_int_equal(pia_db_commit(fixture->db), PIA_OK);
    pia_db_close(&other.db);
}

typedef struct {
    fixture_t fixture;
    pia_lease_t lease;
} rival_t;

static void *take_at_4000(void *arg)
{
    rival_t *rival = arg;
    keep(&rival->fixture, &rival->lease, 4000);
    return NULL;
}

/* The holder beats after the rival has seen it stand still, and before he takes it. */
static void a_beat_that_comes_in_between_counts(void **state)
{
    fixture_t *fixture = *state;
    if (!test_database_is_shared())
        return;
    pia_lease_t first = {.holder = "a"};
    rival_t rival = {.lease = {.holder = "b"}};
    rival.fixture.db = test_database_open(&fixture->database, PIA_DB_WRITER);
    keep(fixture, &first, 0);
    keep(&rival.fixture, &rival.lease, 0);
    assert_int_equal(pia_db_begin(fixture->db), PIA_OK);
    assert_int_equal(pia_lease_keep(fixture->db, &first, 3900), PIA_OK);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, take_at_4000, &rival), 0);
    pia_db_t *third = test_database_open(&fixture->database, PIA_DB_READER);
    while (test_database_integer(third, "SELECT COUNT(*) FROM pg_locks WHERE NOT granted") == 0)
        ;
    assert_int_equal(pia_db_commit(fixture->db), PIA_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_false(rival.lease.held);
    assert_int_equal(check(fixture, &first), PIA_OK);
    pia_db_close(&third);
    pia_db_close(&rival.fixture.db);
}

/* A term that was taken in a transaction that did not come true is no proof. */
static void a_rolled_back_take_is_none(void **state)
{
    fixture_t *fixture = *state;
    pia_lease_t ghost = {.holder = "a"}, second = {.holder = "b"};
    assert_int_equal(pia_db_begin(fixture->db), PIA_OK);
    assert_int_equal(pia_lease_keep(fixture->db, &ghost, 0), PIA_OK);
    pia_db_rollback(fixture->db);
    assert_int_equal(check(fixture, &ghost), PIA_CONFLICT);
    keep(fixture, &second, 0); /* has the same term now */
    assert_int_equal(check(fixture, &second), PIA_OK);
    assert_int_equal(check(fixture, &ghost), PIA_CONFLICT);
}

static void leases_of_other_names_are_apart(void **state)
{
    fixture_t *fixture = *state;
    pia_lease_t relay = {.holder = "a"}, group = {.name = "group.1", .holder = "b"};
    pia_lease_t nothing = {.name = "group.2", .holder = "b"};
    assert_int_equal(pia_db_begin(fixture->db), PIA_OK);
    assert_int_equal(pia_lease_make(fixture->db, "group.1"), PIA_OK);
    assert_int_equal(pia_lease_make(fixture->db, "group.1"), PIA_OK);
    assert_int_equal(pia_db_commit(fixture->db), PIA_OK);
    keep(fixture, &relay, 0);
    keep(fixture, &group, 0);
    assert_int_equal(check(fixture, &relay), PIA_OK);
    assert_int_equal(check(fixture, &group), PIA_OK);
    assert_int_equal(pia_lease_keep(fixture->db, &nothing, 0), PIA_INTERNAL);
}

static void old_answers_are_purged(void **state)
{
    fixture_t *fixture = *state;
    const int64_t day = INT64_C(86400000);
    test_database_run(fixture->db,
                      "INSERT INTO idempotency (principal, number, key, hash, made_at) "
                      "VALUES ('a', 1, 'old', '', 0), ('a', 1, 'new', '', 86400001)");
    test_database_run(
        fixture->db,
        "INSERT INTO idempotency (principal, number, key, hash, made_at) "
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) "
        "SELECT 'b', 1, CAST(i AS TEXT), '', 0 FROM n");
    bool more = true;
    for (int tries = 0; more; tries++) {
        assert_true(tries < 10);
        assert_int_equal(pia_db_begin(fixture->db), PIA_OK);
        assert_int_equal(pia_idempotency_purge(fixture->db, 8 * day, &more), PIA_OK);
        assert_int_equal(pia_db_commit(fixture->db), PIA_OK);
    }
    assert_int_equal(
        test_database_integer(fixture->db, "SELECT COUNT(*) FROM idempotency WHERE key = 'new'"),
        1);
    assert_int_equal(test_database_integer(fixture->db, "SELECT COUNT(*) FROM idempotency"), 1);
}

#define WITH_DATABASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(the_first_takes_it),
        WITH_DATABASE(it_can_be_released),
        WITH_DATABASE(an_earlier_term_of_the_same_name_is_over),
        WITH_DATABASE(another_waits_until_the_holder_stands_still),
        WITH_DATABASE(who_watches_does_not_wait_for_the_holder),
        WITH_DATABASE(a_beat_that_comes_in_between_counts),
        WITH_DATABASE(a_rolled_back_take_is_none),
        WITH_DATABASE(leases_of_other_names_are_apart),
        WITH_DATABASE(old_answers_are_purged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
