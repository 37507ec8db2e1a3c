/* test_outbox.c - what leaves the outbox: only what stands in the journal up to a place that two
 * backups hold, in slices, and never the last one that the journal took. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "pia/event.h"
#include "pia/outbox.h"
#include "relay_store.h"
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

static void announce(pia_db_t *db, int count)
{
    assert_int_equal(pia_db_begin(db), PIA_OK);
    for (int i = 0; i < count; i++) {
        json_t *event =
            pia_event_new("test", "thing.changed", "/a", "network", NULL, json_object());
        assert_int_equal(pia_outbox_add(db, "/a", event), PIA_OK);
    }
    assert_int_equal(pia_db_commit(db), PIA_OK);
}

/* Announcement n stands at event 10 n of epoch 1. */
static void record_all(pia_db_t *db)
{
    test_database_run(db, "UPDATE outbox SET state = 1, epoch = 1, sequence = 10 * number,"
                          " chain = '00000000'");
}

static int64_t purge(pia_db_t *db, const char *cursor)
{
    int64_t count = -1;
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(pia_outbox_purge(db, cursor, &count), PIA_OK);
    assert_int_equal(pia_db_commit(db), PIA_OK);
    return count;
}

static bool lacks(pia_db_t *db, const char *cursor)
{
    bool answer = false;
    assert_int_equal(pia_outbox_lacks(db, cursor, &answer), PIA_OK);
    return answer;
}

static int64_t first(pia_db_t *db)
{
    return test_database_integer(db, "SELECT MIN(number) FROM outbox");
}

static void what_stands_up_to_the_place_goes(void **state)
{
    pia_db_t *db = ((fixture_t *)*state)->db;
    announce(db, 6);
    record_all(db);
    assert_int_equal(purge(db, "1.9.00000000"), 0);
    assert_int_equal(purge(db, "1.29.00000000"), 2);
    assert_int_equal(first(db), 3);
    assert_int_equal(purge(db, "1.30.00000000"), 1);
    assert_int_equal(first(db), 4);
    announce(db, 1); /* numbers go on */
    assert_int_equal(test_database_integer(db, "SELECT MAX(number) FROM outbox"), 7);
}

/* Without its receipt a new epoch of the journal would not be noticed. */
static void the_last_one_in_the_journal_stays(void **state)
{
    pia_db_t *db = ((fixture_t *)*state)->db;
    announce(db, 3);
    record_all(db);
    assert_int_equal(purge(db, "2.5.00000000"), 2);
    assert_int_equal(purge(db, "2.5.00000000"), 0);
    assert_int_equal(first(db), 3);
}

static void what_waits_or_was_refused_stays(void **state)
{
    pia_db_t *db = ((fixture_t *)*state)->db;
    announce(db, 5);
    record_all(db);
    test_database_run(db, "UPDATE outbox SET state = 0, epoch = NULL WHERE number = 2");
    test_database_run(db, "UPDATE outbox SET state = 2 WHERE number = 3"); /* has been there once */
    assert_int_equal(purge(db, "1.45.00000000"), 2);
    assert_int_equal(test_database_integer(db, "SELECT COUNT(*) FROM outbox WHERE number IN"
                                               " (2, 3, 5)"),
                     3);
}

/* An epoch's numbers go on where the one before was cut: the epoch is compared first. */
static void a_later_epoch_is_behind_an_earlier_one(void **state)
{
    pia_db_t *db = ((fixture_t *)*state)->db;
    announce(db, 4);
    record_all(db);
    test_database_run(db, "UPDATE outbox SET epoch = 2, sequence = 15 WHERE number >= 3");
    assert_int_equal(purge(db, "1.1000.00000000"), 2);
    assert_int_equal(first(db), 3);
}

static void it_goes_in_slices(void **state)
{
    pia_db_t *db = ((fixture_t *)*state)->db;
    announce(db, PIA_OUTBOX_PURGE_MAX + 3);
    record_all(db);
    assert_int_equal(purge(db, "9.0.00000000"), PIA_OUTBOX_PURGE_MAX);
    assert_int_equal(first(db), PIA_OUTBOX_PURGE_MAX + 1); /* the oldest first */
    assert_int_equal(purge(db, "9.0.00000000"), 2);
    assert_int_equal(test_database_integer(db, "SELECT COUNT(*) FROM outbox"), 1);
}

static void it_is_known_what_cannot_be_sent_again(void **state)
{
    pia_db_t *db = ((fixture_t *)*state)->db;
    announce(db, 6);
    record_all(db);
    assert_false(lacks(db, "1.0.00000000"));
    assert_int_equal(purge(db, "1.45.00000000"), 4); /* the last of them stood at 40 */
    assert_true(lacks(db, "1.39.00000000"));
    assert_false(lacks(db, "1.40.00000000"));
    assert_false(lacks(db, "2.7.00000000"));
    int64_t count = 0;
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(pia_outbox_resend(db, "1.39.00000000", &count), PIA_OK);
    assert_int_equal(pia_db_commit(db), PIA_OK);
    assert_int_equal(count, 2);
}

#define WITH_OUTBOX(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_OUTBOX(what_stands_up_to_the_place_goes),
        WITH_OUTBOX(the_last_one_in_the_journal_stays),
        WITH_OUTBOX(what_waits_or_was_refused_stays),
        WITH_OUTBOX(a_later_epoch_is_behind_an_earlier_one),
        WITH_OUTBOX(it_goes_in_slices),
        WITH_OUTBOX(it_is_known_what_cannot_be_sent_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
