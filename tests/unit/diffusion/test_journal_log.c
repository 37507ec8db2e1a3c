/* test_journal_log.c - commits that are logged, and the database behind them. */
#include "pia_test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "log_fixture.h"
#include "verify.h"

static uint64_t rows_of(const log_fixture_t *f)
{
    return (uint64_t)test_database_integer(f->f.db, "SELECT COUNT(*) FROM journal_batch");
}

static void a_logged_commit_is_in_the_database_when_it_is_asked(void **state)
{
    (void)state;
    log_fixture_t f;
    verification_t found;
    log_fixture_open(&f);
    for (uint64_t i = 1; i <= 5; i++)
        assert_int_equal(log_fixture_add(&f, (unsigned)i, 10).sequence, i);
    assert_int_equal(f.f.told, 5);
    assert_true(journal_is_behind(f.f.journal));
    assert_int_equal(rows_of(&f), 0);
    journal_recall(f.f.journal);
    assert_false(journal_is_behind(f.f.journal));
    assert_int_equal(rows_of(&f), 1); /* neighbours */
    assert_int_equal(journal_verify(f.f.db, 1, 100, &found), PIA_OK);
    assert_int_equal(found.bad, 0);
    assert_int_equal(found.good, 5);
    log_fixture_close(&f);
}

static void transactions_and_logged_commits_take_turns(void **state)
{
    (void)state;
    log_fixture_t f;
    verification_t found;
    log_fixture_open(&f);
    for (unsigned i = 0; i < 30; i++) {
        if (i % 3 == 2) {
            char id[16];
            (void)snprintf(id, sizeof id, "t%u", i);
            journal_recall(f.f.journal);
            assert_int_equal(fixture_add(&f.f, id, "x").sequence, i + 1);
        } else {
            assert_int_equal(log_fixture_add(&f, i, 10).sequence, i + 1);
        }
    }
    log_fixture_crash(&f);
    assert_int_equal(log_fixture_head(&f), 30);
    assert_int_equal(journal_verify(f.f.db, 1, 100, &found), PIA_OK);
    assert_int_equal(found.bad, 0);
    log_fixture_close(&f);
}

/* With 60 KiB events the file is full again and again, and rows do not fit together. */
static void blocks_are_used_again_when_the_database_has_them(void **state)
{
    (void)state;
    enum { COUNT = 150 };
    log_fixture_t f;
    log_fixture_open(&f);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(log_fixture_add(&f, i, 60000).sequence, i + 1);
        if (i % 49 == 48) {
            log_fixture_crash(&f);
            assert_int_equal(log_fixture_head(&f), i + 1);
        }
    }
    log_fixture_crash(&f);
    for (unsigned i = 0; i < COUNT; i += 23) {
        receipt_t again = log_fixture_add_somehow(&f, i, 60000);
        assert_true(again.duplicate);
        assert_int_equal(again.sequence, i + 1);
    }
    assert_false(f.damaged);
    log_fixture_close(&f);
}

static void a_duplicate_gets_its_receipt_wherever_the_first_one_is(void **state)
{
    (void)state;
    log_fixture_t f;
    receipt_t again;
    log_fixture_open(&f);
    receipt_t first = log_fixture_add(&f, 1, 10);
    /* not in the database yet: it has to be asked */
    assert_int_equal(log_fixture_try(&f, 1, 10, &again), PIA_CONFLICT);
    assert_int_equal(f.f.told, 1);
    again = log_fixture_add_somehow(&f, 1, 10);
    assert_true(again.duplicate && again.sequence == 1);
    assert_memory_equal(again.chain, first.chain, CHAIN_SIZE);
    assert_int_equal(log_fixture_try(&f, 1, 10, &again), PIA_OK);
    assert_true(again.duplicate && again.sequence == 1);
    assert_false(f.wrote);
    assert_int_equal(log_fixture_add(&f, 2, 10).sequence, 2);
    assert_true(f.wrote);
    log_fixture_close(&f);
}

/* What needs the database undoes the whole batch, which then runs in a transaction. */
static void a_refused_log_leaves_nothing(void **state)
{
    (void)state;
    log_fixture_t f;
    receipt_t receipt;
    const char *reason = NULL;
    log_fixture_open(&f);
    log_fixture_add(&f, 1, 10);
    assert_true(journal_may_log(f.f.journal, false));
    assert_int_equal(log_fixture_append(&f, 2, 10, &receipt), PIA_OK);
    journal_need_store(f.f.journal);
    assert_int_equal(journal_log(f.f.journal, false, &reason), PIA_CONFLICT);
    assert_int_equal(journal_next(f.f.journal), 2);
    receipt = log_fixture_add(&f, 3, 10);
    assert_int_equal(receipt.sequence, 2);
    assert_int_equal(log_fixture_add(&f, 2, 10).sequence, 3);
    log_fixture_close(&f);
}

/* What waits for the database is read from memory: the ring holds so much, and not more. */
static void what_memory_does_not_hold_is_not_logged(void **state)
{
    (void)state;
    enum { LARGE = 60000, SMALL_MAX = 3 * LARGE };
    log_fixture_t f;
    receipt_t receipt;
    fixture_open(&f.f);
    log_fixture_paths(&f);
    f.memory_max = SMALL_MAX;
    pia_problem_t problem = {0};
    assert_int_equal(log_fixture_start(&f, &problem), PIA_OK);
    assert_int_equal(log_fixture_add(&f, 1, LARGE).sequence, 1);
    assert_int_equal(log_fixture_add(&f, 2, LARGE).sequence, 2);
    assert_int_equal(log_fixture_try(&f, 3, LARGE, &receipt), PIA_CONFLICT);
    assert_int_equal(f.f.told, 2);
    assert_int_equal(log_fixture_add_somehow(&f, 3, LARGE).sequence, 3);
    assert_int_equal(log_fixture_head(&f), 3);
    assert_int_equal(log_fixture_add(&f, 4, 10).sequence, 4);
    log_fixture_close(&f);
}

/* The loop's thread does not wait for the database: the store thread does. */
static void what_has_to_wait_is_not_logged_here(void **state)
{
    (void)state;
    enum { LARGE = 60000, SMALL_MAX = 3 * LARGE };
    log_fixture_t f;
    pia_problem_t problem = {0};
    fixture_open(&f.f);
    log_fixture_paths(&f);
    f.memory_max = SMALL_MAX;
    assert_int_equal(log_fixture_start(&f, &problem), PIA_OK);
    log_fixture_add(&f, 1, LARGE);
    assert_true(journal_may_log(f.f.journal, true));
    log_fixture_add(&f, 2, LARGE);
    log_fixture_add(&f, 3, LARGE / 4); /* more than three quarters */
    assert_false(journal_may_log(f.f.journal, true));
    assert_true(journal_is_behind(f.f.journal));
    assert_true(journal_may_log(f.f.journal, false));
    assert_false(journal_is_behind(f.f.journal));
    assert_true(journal_may_log(f.f.journal, true));
    log_fixture_close(&f);
}

static void set_file_limit(rlim_t size)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void without_space_nothing_is_logged(void **state)
{
    (void)state;
    log_fixture_t f;
    pia_problem_t problem = {0};
    fixture_open(&f.f);
    log_fixture_paths(&f);
    (void)signal(SIGXFSZ, SIG_IGN);
    set_file_limit(100000);
    assert_int_equal(log_fixture_start(&f, &problem), PIA_UNAVAILABLE);
    set_file_limit(RLIM_INFINITY);
    assert_true(strstr(problem.detail, "cannot be made") != NULL);
    assert_int_not_equal(access(f.path, F_OK), 0);
    assert_false(journal_may_log(f.f.journal, false));
    assert_int_equal(fixture_add(&f.f, "a", "1").sequence, 1);
    fixture_close(&f.f);
}

static void a_failed_write_is_told(void **state)
{
    (void)state;
    log_fixture_t f;
    receipt_t receipt;
    log_fixture_open(&f);
    log_fixture_add(&f, 1, 10);
    (void)signal(SIGXFSZ, SIG_IGN);
    set_file_limit(4096);
    assert_int_equal(log_fixture_try(&f, 2, 10, &receipt), PIA_UNAVAILABLE);
    set_file_limit(RLIM_INFINITY);
    log_fixture_crash(&f);
    assert_int_equal(log_fixture_head(&f), 1);
    log_fixture_close(&f);
}

/* A round of logged commits, all of which the next transactions put into a run; while they do, on
 * the other thread, what is there already is found. */
static void make_run(log_fixture_t *f, unsigned *number)
{
    receipt_t again;
    enum { EACH = 300 };
    journal_recall(f->f.journal);
    journal_cover(f->f.journal);
    for (int i = 0; i < 3; i++) {
        log_fixture_add_many(f, *number, EACH);
        *number += EACH;
        journal_follow(f->f.journal);
        log_fixture_add(f, (*number)++, 10);
        for (unsigned old = (unsigned)i; old + 2 * EACH < *number; old += 997) {
            if (log_fixture_try(f, old, 10, &again) == PIA_OK)
                assert_true(again.duplicate && again.sequence == old + 1);
        }
    }
}

/* They are merged, too. */
static void runs_are_made_by_the_transactions_that_follow(void **state)
{
    (void)state;
    enum { ROUNDS = 50 };
    log_fixture_t f;
    receipt_t again;
    unsigned number = 0;
    log_fixture_open(&f);
    for (int i = 0; i < ROUNDS; i++)
        make_run(&f, &number);
    journal_recall(f.f.journal);
    int64_t runs = test_database_integer(f.f.db, "SELECT COUNT(*) FROM journal_run");
    assert_true(runs >= 2 && runs < ROUNDS);
    assert_true(test_database_integer(f.f.db, "SELECT MAX(level) FROM journal_run") > 0);
    for (unsigned i = 0; i < number; i += 101) {
        assert_int_equal(log_fixture_try(&f, i, 10, &again), PIA_OK);
        assert_true(again.duplicate && again.sequence == i + 1);
    }
    log_fixture_crash(&f);
    assert_int_equal(log_fixture_head(&f), number);
    again = log_fixture_add_somehow(&f, 1234, 10);
    assert_true(again.duplicate && again.sequence == 1235);
    log_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_logged_commit_is_in_the_database_when_it_is_asked),
        cmocka_unit_test(transactions_and_logged_commits_take_turns),
        cmocka_unit_test(blocks_are_used_again_when_the_database_has_them),
        cmocka_unit_test(a_duplicate_gets_its_receipt_wherever_the_first_one_is),
        cmocka_unit_test(a_refused_log_leaves_nothing),
        cmocka_unit_test(what_memory_does_not_hold_is_not_logged),
        cmocka_unit_test(what_has_to_wait_is_not_logged_here),
        cmocka_unit_test(without_space_nothing_is_logged),
        cmocka_unit_test(a_failed_write_is_told),
        cmocka_unit_test(runs_are_made_by_the_transactions_that_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
