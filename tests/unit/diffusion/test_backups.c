/* test_backups.c - how far two backups hold the journal, through epochs and restores. */
#include "pia_test.h"

#include <stdio.h>

#include "backups.h"
#include "diffusion_fixture.h"
#include "epoch.h"
#include "journal_read.h"

static cursor_t place(fixture_t *f, uint64_t sequence)
{
    receipt_t receipt;
    cursor_t cursor;
    assert_int_equal(journal_read_receipt(f->db, sequence, &receipt), PIA_OK);
    receipt_cursor(&receipt, &cursor);
    return cursor;
}

static void note(fixture_t *f, uint64_t sequence)
{
    cursor_t end = place(f, sequence);
    assert_int_equal(pia_db_begin(f->db), PIA_OK);
    assert_int_equal(backups_note(f->db, &end), PIA_OK);
    assert_int_equal(pia_db_commit(f->db), PIA_OK);
}

/* 0: there are not two. */
static uint64_t covered(fixture_t *f)
{
    cursor_t end = {.sequence = 0};
    pia_status_t status = backups_covered(f->db, &end);
    if (status == PIA_NOT_FOUND)
        return 0;
    assert_int_equal(status, PIA_OK);
    cursor_t there = place(f, end.sequence);
    assert_true(cursor_equal(&end, &there));
    return end.sequence;
}

static void add(fixture_t *f, const char *prefix, int count)
{
    char id[32];
    for (int i = 0; i < count; i++) {
        (void)snprintf(id, sizeof id, "%s%d", prefix, i);
        (void)fixture_add(f, id, "{}");
    }
}

static void the_last_but_one_counts(void **state)
{
    (void)state;
    fixture_t f = {.told = 0};
    fixture_open(&f);
    add(&f, "a", 9);
    assert_int_equal(covered(&f), 0);
    note(&f, 3);
    assert_int_equal(covered(&f), 0);
    note(&f, 5);
    assert_int_equal(covered(&f), 3);
    note(&f, 9);
    assert_int_equal(covered(&f), 5);
    note(&f, 9); /* another one, and nothing has come between */
    assert_int_equal(covered(&f), 9);
    note(&f, 4); /* one that was noted late */
    assert_int_equal(covered(&f), 9);
    fixture_close(&f);
}

static void begin_epoch(fixture_t *f, uint64_t last)
{
    uint32_t epoch = 0;
    epoch_begin_t begin = {.reason = "a test"};
    assert_int_equal(pia_db_begin(f->db), PIA_OK);
    assert_int_equal(journal_read_receipt(f->db, last, &begin.end), PIA_OK);
    assert_int_equal(epoch_begin(f->db, &begin, &epoch), PIA_OK);
    assert_int_equal(pia_db_commit(f->db), PIA_OK);
    fixture_reopen(f);
}

static void an_epoch_forgets_backups_of_what_it_lost(void **state)
{
    (void)state;
    fixture_t f = {.told = 0};
    fixture_open(&f);
    add(&f, "a", 9);
    note(&f, 3);
    note(&f, 5);
    note(&f, 7);
    begin_epoch(&f, 6);
    assert_int_equal(covered(&f), 3);
    add(&f, "b", 3);
    note(&f, 8);
    assert_int_equal(covered(&f), 5);
    fixture_close(&f);
}

static void take_over(fixture_t *restored, fixture_t *replaced)
{
    assert_int_equal(pia_db_begin(restored->db), PIA_OK);
    assert_int_equal(backups_take_over(restored->db, replaced->db), PIA_OK);
    assert_int_equal(pia_db_commit(restored->db), PIA_OK);
}

/* Backups of another branch of the history end at numbers that this one has, too. */
static void a_restore_takes_over_what_is_of_its_history(void **state)
{
    (void)state;
    fixture_t restored = {.told = 0}, replaced = {.told = 0};
    fixture_open(&restored);
    fixture_open(&replaced);
    add(&restored, "a", 5);
    add(&restored, "b", 4);
    add(&replaced, "a", 5);
    add(&replaced, "c", 4);
    note(&replaced, 2);
    note(&replaced, 7);
    note(&replaced, 8);
    take_over(&restored, &replaced);
    assert_int_equal(test_database_integer(restored.db, "SELECT COUNT(*) FROM journal_backup"), 1);
    note(&restored, 9);
    assert_int_equal(covered(&restored), 2);
    take_over(&restored, &replaced); /* what is known stays */
    assert_int_equal(covered(&restored), 2);
    fixture_close(&replaced);
    fixture_close(&restored);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_but_one_counts),
        cmocka_unit_test(an_epoch_forgets_backups_of_what_it_lost),
        cmocka_unit_test(a_restore_takes_over_what_is_of_its_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
