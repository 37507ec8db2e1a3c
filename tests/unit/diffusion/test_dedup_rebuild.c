/* test_dedup_rebuild.c - runs of fingerprints that are damaged are made again from the journal, and
 * what only they knew is counted. */
#include "pia_test.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "diffusion_fixture.h"
#include "retention.h"
#include "run.h"

enum { EVENTS = 12, PER_RUN = 4 };

static const char GARBAGE[] = "no page of a run";

static void name_of(uint64_t n, char ret_id[16])
{
    snprintf(ret_id, 16, "e%u", (unsigned)n);
}

/* Transactions, until all that was there is in runs. */
static void cover(fixture_t *f)
{
    receipt_t head;
    journal_committed_head(f->journal, &head);
    journal_cover(f->journal);
    for (int i = 0; i < 10 && journal_covered(f->journal) < head.sequence; i++) {
        fixture_begin(f);
        fixture_commit(f);
    }
    assert_int_equal(journal_covered(f->journal), head.sequence);
}

/* Events 1 to EVENTS in as many runs as they make. */
static void fill(fixture_t *f)
{
    char id[16];
    fixture_open(f);
    for (uint64_t n = 1; n <= EVENTS; n++) {
        name_of(n, id);
        assert_int_equal(fixture_add(f, id, "x").sequence, n);
        if (n % PER_RUN == 0)
            cover(f);
    }
    assert_int_equal(test_database_integer(f->db, "SELECT COUNT(*) FROM journal_run"),
                     EVENTS / PER_RUN);
}

static void expect_known(fixture_t *f, uint64_t from)
{
    char id[16];
    for (uint64_t n = from; n <= EVENTS; n++) {
        name_of(n, id);
        receipt_t again = fixture_add(f, id, "x");
        assert_true(again.duplicate);
        assert_int_equal(again.sequence, n);
    }
}

static void spoil_pages(pia_db_t *db, const char *sql)
{
    assert_int_equal(pia_db_begin(db), PIA_OK);
    pia_stmt_t *stmt = pia_db_prepare(db, sql);
    pia_stmt_bytes(stmt, 1, GARBAGE, sizeof GARBAGE);
    int64_t changes = 0;
    assert_int_equal(pia_stmt_run(stmt, &changes), PIA_OK);
    assert_true(changes > 0);
    assert_int_equal(pia_db_commit(db), PIA_OK);
}

/* They are good once more: the next opening finds nothing wrong. */
static void expect_mended(fixture_t *f)
{
    fixture_reopen(f);
    assert_true(journal_is_whole(f->journal));
    assert_int_equal(journal_covered(f->journal), EVENTS);
    expect_known(f, 1);
    run_t *runs = NULL;
    size_t count = 0;
    assert_int_equal(run_load(f->db, &runs, &count), PIA_OK);
    for (size_t i = 0; i < count; i++) {
        claim_t *claims = NULL;
        size_t found = 0;
        for (uint64_t page = 0; page < (uint64_t)1 << run_page_bits(&runs[i]); page++)
            assert_int_equal(run_read_page(f->db, &runs[i], page, &claims, &found), PIA_OK);
        assert_int_equal(found, runs[i].last - runs[i].first + 1);
        free(claims);
    }
    free(runs);
}

static void pages_that_are_damaged_are_made_again(void **state)
{
    (void)state;
    static const char *const spoil[] = {
        "UPDATE journal_run_page SET bytes = $1",
        "UPDATE journal_run_page SET bytes = $1 WHERE place = (SELECT MAX(place) FROM"
        " journal_run_page)",
    };
    for (size_t i = 0; i < sizeof spoil / sizeof spoil[0]; i++) {
        fixture_t f;
        fill(&f);
        spoil_pages(f.db, spoil[i]);
        expect_mended(&f);
        expect_mended(&f);
        fixture_close(&f);
    }
}

/* A row of numbers that are not a run's, one that leaves a hole, and one that is gone. */
static void runs_that_are_missing_are_made_again(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "UPDATE journal_run SET level = 7 WHERE first_sequence = 5",
        "UPDATE journal_run SET last_sequence = 7 WHERE first_sequence = 5",
        "UPDATE journal_run SET first_sequence = 6 WHERE first_sequence = 5",
        "UPDATE journal_run SET first_sequence = 4 WHERE first_sequence = 5",
        "UPDATE journal_run SET first_sequence = 0 WHERE first_sequence = 1",
        "DELETE FROM journal_run WHERE first_sequence = 1",
        "DELETE FROM journal_run WHERE first_sequence = 5",
        "UPDATE journal_run SET last_sequence = 11 WHERE first_sequence = 9",
        "UPDATE journal_run SET level = 4",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        fixture_t f;
        fill(&f);
        test_database_run(f.db, wrong[i]);
        expect_mended(&f);
        fixture_close(&f);
    }
}

/* Removes the events before `before`; the fixture's have no kind. */
static void removed_before(fixture_t *f, uint64_t before)
{
    signer_t signer;
    retention_result_t result = {.next = 1};
    pia_problem_t problem = {0};
    retention_t rule = {.kind = "-", .before_ms = INT64_MAX, .before = before};
    uint64_t count = 0;
    crypto_sign_keypair(signer.public_key, signer.secret);
    for (int i = 0; i < 10 && result.next; i++) {
        rule.from = result.next;
        fixture_begin(f);
        assert_int_equal(retention_run(f->db, f->journal, &signer, &rule, &result, &problem),
                         PIA_OK);
        fixture_commit(f);
        count += result.count;
    }
    assert_int_equal(count, before - 1);
}

static void what_only_a_damaged_run_knew_is_lost_by_decision_alone(void **state)
{
    (void)state;
    fixture_t f;
    uint64_t forgotten = 0;
    receipt_t head;
    fill(&f);
    removed_before(&f, 4); /* 1, 2, 3 */
    journal_committed_head(f.journal, &head);
    spoil_pages(f.db, "UPDATE journal_run_page SET bytes = $1");
    fixture_reopen(&f);
    assert_false(journal_is_whole(f.journal)); /* nothing is appended as if they were new */
    assert_int_equal(journal_forgotten(f.journal), 3);
    assert_int_equal(pia_db_begin(f.db), PIA_OK);
    assert_int_equal(journal_rebuild(f.journal, f.db, head.sequence, &forgotten), PIA_OK);
    assert_int_equal(forgotten, 3);
    assert_int_equal(pia_db_commit(f.db), PIA_OK);
    fixture_reopen(&f);
    assert_true(journal_is_whole(f.journal));
    expect_known(&f, 4);
    assert_false(fixture_add(&f, "e2", "x").duplicate); /* as was said */
    fixture_reopen(&f);
    assert_true(fixture_add(&f, "e2", "x").duplicate);
    fixture_close(&f);
}

static void what_a_good_page_knows_of_removed_events_stays(void **state)
{
    (void)state;
    fixture_t f;
    fill(&f);
    removed_before(&f, 4);
    /* of the second run, whose events are all there */
    spoil_pages(f.db, "UPDATE journal_run_page SET bytes = $1 WHERE place >= 32 * 1048576"
                      " AND place < 33 * 1048576");
    fixture_reopen(&f);
    assert_true(journal_is_whole(f.journal));
    expect_known(&f, 1);
    fixture_close(&f);
}

/* Behind a cut, what the journal does not have any more is not looked for. */
static void runs_are_made_up_to_the_cut(void **state)
{
    (void)state;
    fixture_t f;
    uint64_t forgotten = 1;
    fill(&f);
    spoil_pages(f.db, "UPDATE journal_run_page SET bytes = $1");
    test_database_run(f.db, "DELETE FROM journal_batch WHERE first_sequence > 6");
    assert_int_equal(pia_db_begin(f.db), PIA_OK);
    assert_int_equal(journal_rebuild(f.journal, f.db, 6, &forgotten), PIA_OK);
    assert_int_equal(forgotten, 0);
    assert_int_equal(run_remove_after(f.db, 6), PIA_OK);
    pia_db_rollback(f.db);
    assert_int_equal(pia_db_begin(f.db), PIA_OK); /* more than that it does not have */
    assert_int_equal(journal_rebuild(f.journal, f.db, 7, &forgotten), PIA_INTERNAL);
    pia_db_rollback(f.db);
    fixture_close(&f);
}

static void a_run_that_is_damaged_while_it_is_used_is_noticed(void **state)
{
    (void)state;
    fixture_t f;
    receipt_t receipt;
    fill(&f);
    spoil_pages(f.db, "UPDATE journal_run_page SET bytes = $1");
    assert_false(journal_is_torn(f.journal));
    fixture_begin(&f);
    assert_int_equal(fixture_append(&f, "e1", "x", &receipt), PIA_INTERNAL);
    fixture_rollback(&f);
    assert_true(journal_is_torn(f.journal));
    expect_mended(&f);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_that_are_damaged_are_made_again),
        cmocka_unit_test(runs_that_are_missing_are_made_again),
        cmocka_unit_test(what_only_a_damaged_run_knew_is_lost_by_decision_alone),
        cmocka_unit_test(what_a_good_page_knows_of_removed_events_stays),
        cmocka_unit_test(runs_are_made_up_to_the_cut),
        cmocka_unit_test(a_run_that_is_damaged_while_it_is_used_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
