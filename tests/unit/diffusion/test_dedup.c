/* test_dedup.c - what is there already, through runs that are made, merged, undone and left half
 * written, after restarts, and with a second instance. */
#include "pia_test.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "dedup.h"
#include "diffusion_fixture.h"
#include "retention.h"
#include "run.h"

/* The runs alone, without a journal: the events are numbers. */
typedef struct {
    fixture_t f;
    dedup_t *dedup;
    uint64_t head;
} runs_t;

static const uint8_t key[FINGERPRINT_KEY_SIZE] = "key of the test";

static fingerprint_t nth(uint64_t n)
{
    char id[32];
    snprintf(id, sizeof id, "%llu", (unsigned long long)n);
    return fingerprint_of(key, "/services/test", id);
}

static void begin(runs_t *self)
{
    assert_int_equal(pia_db_begin(self->f.db), PIA_OK);
    if (pia_db_is_shared(self->f.db))
        assert_int_equal(dedup_began(self->dedup, self->f.db, self->head), PIA_OK);
}

static void commit(runs_t *self, uint64_t events)
{
    assert_int_equal(dedup_committing(self->dedup, self->f.db, events), PIA_OK);
    assert_int_equal(pia_db_commit(self->f.db), PIA_OK);
    dedup_committed(self->dedup, self->head);
}

static void open_runs(runs_t *self)
{
    assert_int_equal(pia_db_begin(self->f.db), PIA_OK);
    assert_int_equal(dedup_open(self->f.db, key, self->head, &self->dedup), PIA_OK);
    assert_int_equal(pia_db_commit(self->f.db), PIA_OK);
}

static void set_up(runs_t *self)
{
    *self = (runs_t){.head = 0};
    fixture_open(&self->f);
    open_runs(self);
}

static void tear_down(runs_t *self)
{
    dedup_destroy(&self->dedup);
    fixture_close(&self->f);
}

/* One transaction of `count` new events, which is said to be `events` large. */
static void claim(runs_t *self, uint64_t count, uint64_t events)
{
    uint64_t sequence = 0;
    begin(self);
    for (uint64_t i = 0; i < count; i++) {
        self->head++;
        assert_int_equal(dedup_find(self->dedup, self->f.db, nth(self->head), &sequence),
                         PIA_NOT_FOUND);
        dedup_claim(self->dedup, nth(self->head), self->head);
    }
    commit(self, events);
}

static void cover(runs_t *self)
{
    dedup_cover(self->dedup);
    for (int i = 0; i < 3 && dedup_covered(self->dedup) < self->head; i++)
        claim(self, 0, 0);
    assert_int_equal(dedup_covered(self->dedup), self->head);
}

static void expect_all(runs_t *self, uint64_t step)
{
    uint64_t sequence = 0;
    assert_int_equal(pia_db_begin(self->f.db), PIA_OK);
    for (uint64_t n = 1; n <= self->head; n += step) {
        assert_int_equal(dedup_find(self->dedup, self->f.db, nth(n), &sequence), PIA_OK);
        assert_int_equal(sequence, n);
    }
    for (uint64_t n = self->head + 1; n < self->head + 2000; n++)
        assert_int_equal(dedup_find(self->dedup, self->f.db, nth(n), &sequence), PIA_NOT_FOUND);
    pia_db_rollback(self->f.db);
}

static void reopen(runs_t *self)
{
    dedup_destroy(&self->dedup);
    open_runs(self);
}

static int64_t count_of(runs_t *self, const char *sql)
{
    return test_database_integer(self->f.db, sql);
}

static const char SQL_RUNS[] = "SELECT COUNT(*) FROM journal_run";
static const char SQL_PAGES[] = "SELECT COUNT(*) FROM journal_run_page";
static const char SQL_LEVEL[] = "SELECT MAX(level) FROM journal_run";

static void what_a_run_covers_is_known_after_a_restart(void **state)
{
    (void)state;
    runs_t runs;
    set_up(&runs);
    claim(&runs, 1000, 1000);
    assert_int_equal(dedup_covered(runs.dedup), 0);
    expect_all(&runs, 1);
    cover(&runs);
    expect_all(&runs, 1);
    reopen(&runs);
    assert_int_equal(count_of(&runs, SQL_RUNS), 1);
    expect_all(&runs, 1);
    tear_down(&runs);
}

static void what_is_released_can_be_claimed_again(void **state)
{
    (void)state;
    runs_t runs;
    uint64_t sequence = 0;
    set_up(&runs);
    begin(&runs);
    dedup_claim(runs.dedup, nth(1), 1);
    dedup_claim(runs.dedup, nth(2), 2);
    dedup_release(runs.dedup, nth(2));
    assert_int_equal(dedup_find(runs.dedup, runs.f.db, nth(2), &sequence), PIA_NOT_FOUND);
    dedup_claim(runs.dedup, nth(3), 2);
    assert_int_equal(dedup_find(runs.dedup, runs.f.db, nth(3), &sequence), PIA_OK);
    assert_int_equal(sequence, 2);
    pia_db_rollback(runs.f.db);
    tear_down(&runs);
}

static void a_run_is_written_in_pieces_beside_the_events(void **state)
{
    (void)state;
    runs_t runs;
    set_up(&runs);
    while (runs.head < RUN_EVENTS)
        claim(&runs, 4096, 4096);
    claim(&runs, 4096, 4096);
    int64_t pages = count_of(&runs, SQL_PAGES);
    assert_true(pages > 0 && pages < 1 << RUN_PAGE_BITS);
    assert_int_equal(count_of(&runs, SQL_RUNS), 0);
    expect_all(&runs, 101);
    while (dedup_covered(runs.dedup) == 0)
        claim(&runs, 4096, 4096);
    assert_int_equal(dedup_covered(runs.dedup), RUN_EVENTS);
    assert_true(runs.head < 2 * (uint64_t)RUN_EVENTS);
    expect_all(&runs, 101);
    tear_down(&runs);
}

static void a_transaction_that_is_undone_undoes_its_piece(void **state)
{
    (void)state;
    runs_t runs;
    set_up(&runs);
    while (runs.head < RUN_EVENTS)
        claim(&runs, 4096, 4096);
    while (dedup_covered(runs.dedup) == 0) {
        begin(&runs);
        assert_int_equal(dedup_committing(runs.dedup, runs.f.db, 4096), PIA_OK);
        pia_db_rollback(runs.f.db);
        dedup_rolled_back(runs.dedup);
        claim(&runs, 100, 40960);
    }
    expect_all(&runs, 101);
    uint64_t head = runs.head;
    runs.head = RUN_EVENTS; /* what no run covers would be in the journal */
    reopen(&runs);
    runs.head = head;
    expect_all(&(runs_t){.f = runs.f, .dedup = runs.dedup, .head = RUN_EVENTS}, 101);
    tear_down(&runs);
}

static void many_runs_become_few(void **state)
{
    (void)state;
    runs_t runs;
    set_up(&runs);
    for (int i = 0; i < 2 * RUN_MERGE + 3; i++) {
        claim(&runs, 30, 30);
        cover(&runs);
    }
    assert_int_equal(count_of(&runs, SQL_RUNS), 2 * RUN_MERGE + 3);
    expect_all(&runs, 1);
    for (int i = 0; count_of(&runs, SQL_RUNS) > 5; i++) {
        claim(&runs, 0, UINT64_C(4) * 2048);
        assert_true(i < 1000);
        if (i % 50 == 0)
            expect_all(&runs, 7);
    }
    assert_int_equal(count_of(&runs, SQL_LEVEL), 1);
    expect_all(&runs, 1);
    for (int i = 0; i < 100; i++) /* what they were made of is removed */
        claim(&runs, 0, UINT64_C(4) * 2048);
    assert_true(count_of(&runs, SQL_PAGES) <= 35L * 30);
    expect_all(&runs, 1);
    reopen(&runs);
    expect_all(&runs, 1);
    tear_down(&runs);
}

/* A page costs what it held. */
static void tiny_runs_are_merged_for_little(void **state)
{
    (void)state;
    runs_t runs;
    set_up(&runs);
    for (int i = 0; i < RUN_MERGE; i++) {
        claim(&runs, 3, 3);
        cover(&runs);
    }
    claim(&runs, 0, 6144);
    for (int i = 0; i < 1 << RUN_PAGE_BITS; i++)
        claim(&runs, 0, 0);
    assert_int_equal(count_of(&runs, SQL_RUNS), 1);
    expect_all(&runs, 1);
    tear_down(&runs);
}

/* A crash in the midst of merging: the inputs are still there, and what was written is removed. */
static void a_merge_left_half_begins_again(void **state)
{
    (void)state;
    runs_t runs;
    set_up(&runs);
    for (int i = 0; i < RUN_MERGE; i++) {
        claim(&runs, 30, 30);
        cover(&runs);
    }
    int64_t pages = count_of(&runs, SQL_PAGES);
    for (int i = 0; i < 20; i++)
        claim(&runs, 0, UINT64_C(4) * 2048);
    assert_true(count_of(&runs, SQL_PAGES) > pages);
    assert_int_equal(count_of(&runs, SQL_RUNS), RUN_MERGE);
    reopen(&runs);
    expect_all(&runs, 1);
    claim(&runs, 30, 30);
    cover(&runs); /* where there are several instances, this one takes the work over */
    for (int i = 0; count_of(&runs, SQL_RUNS) > 2; i++) {
        claim(&runs, 0, UINT64_C(4) * 2048);
        assert_true(i < 1000);
    }
    expect_all(&runs, 1);
    tear_down(&runs);
}

/* A tail that was lost takes its runs with it. */
static void runs_beyond_the_end_of_the_journal_are_not_believed(void **state)
{
    (void)state;
    runs_t runs;
    set_up(&runs);
    claim(&runs, 100, 100);
    cover(&runs);
    claim(&runs, 100, 100);
    cover(&runs);
    for (runs.head = 100; runs.head > 0; runs.head -= 50) { /* in the midst of one, too */
        reopen(&runs);
        assert_int_equal(dedup_covered(runs.dedup), runs.head);
        expect_all(&runs, 1);
    }
    tear_down(&runs);
}

/* Each bit of a page is looked at by whoever reads it; a row that is none of a run is refused. */
static void damaged_runs_are_not_believed(void **state)
{
    (void)state;
    runs_t runs;
    uint64_t sequence = 0;
    uint8_t bytes[28] = {0};
    set_up(&runs);
    claim(&runs, 1, 1);
    cover(&runs);
    reopen(&runs);
    pia_db_t *db = runs.f.db;
    pia_stmt_t *stmt = pia_db_prepare(db, "SELECT bytes FROM journal_run_page");
    size_t size = 0;
    assert_int_equal(pia_stmt_step(stmt), PIA_OK);
    const void *stored = pia_stmt_column_bytes(stmt, 0, &size);
    assert_int_equal(size, sizeof bytes);
    memcpy(bytes, stored, size);
    pia_stmt_reset(stmt);
    assert_int_equal(pia_db_begin(db), PIA_OK);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        dedup_t *other = NULL;
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        stmt = pia_db_prepare(db, "UPDATE journal_run_page SET bytes = $1");
        pia_stmt_bytes(stmt, 1, bytes, sizeof bytes);
        assert_int_equal(pia_stmt_run(stmt, NULL), PIA_OK);
        assert_int_equal(dedup_find(runs.dedup, db, nth(1), &sequence), PIA_INTERNAL);
        assert_int_equal(dedup_open(db, key, runs.head, &other), PIA_INTERNAL);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    pia_db_rollback(db);
    static const char *const wrong[] = {
        "UPDATE journal_run SET level = 4", "UPDATE journal_run SET level = -1",
        "UPDATE journal_run SET first_sequence = 0", "UPDATE journal_run SET first_sequence = 2"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        run_t *loaded = NULL;
        size_t count = 0;
        assert_int_equal(pia_db_begin(db), PIA_OK);
        assert_int_equal(pia_stmt_run(pia_db_prepare(db, wrong[i]), NULL), PIA_OK);
        assert_int_equal(run_load(db, &loaded, &count), PIA_INTERNAL);
        pia_db_rollback(db);
    }
    tear_down(&runs);
}

/* The journal as it is: claims that no run covers are read from its rows. */
static void recent_events_are_known_from_the_rows(void **state)
{
    (void)state;
    fixture_t f;
    fixture_open(&f);
    receipt_t first = fixture_add(&f, "a", "1");
    fixture_add(&f, "b", "1");
    journal_cover(f.journal);
    fixture_add(&f, "c", "1");
    fixture_add(&f, "d", "1");
    assert_int_equal(journal_covered(f.journal), 3); /* d comes from its row */
    fixture_reopen(&f);
    static const char *const ids[] = {"a", "b", "c", "d"};
    for (uint64_t i = 0; i < 4; i++) {
        receipt_t again = fixture_add(&f, ids[i], "1");
        assert_true(again.duplicate);
        assert_int_equal(again.sequence, first.sequence + i);
    }
    fixture_close(&f);
}

/* Another journal over the same database, as another instance has it. */
static void open_second(const fixture_t *f, fixture_t *ret_second)
{
    pia_problem_t problem = {0};
    *ret_second = (fixture_t){.database = f->database};
    ret_second->db = test_database_open(&ret_second->database, PIA_DB_WRITER);
    assert_int_equal(journal_open(ret_second->db, &ret_second->journal, &problem), PIA_OK);
}

static void instances_know_each_others_events(void **state)
{
    (void)state;
    fixture_t first;
    fixture_t second;
    fixture_open(&first);
    if (!pia_db_is_shared(first.db)) {
        fixture_close(&first);
        skip();
    }
    journal_on_batch(first.journal, NULL, NULL); /* it is told of its own events alone */
    fixture_add(&first, "early", "x");
    open_second(&first, &second);
    for (int i = 0; i < 40; i++) {
        char id[16];
        snprintf(id, sizeof id, "e%d", i);
        fixture_t *one = i % 2 ? &first : &second;
        fixture_t *other = i % 2 ? &second : &first;
        receipt_t receipt = fixture_add(one, id, "x");
        assert_false(receipt.duplicate);
        receipt_t again = fixture_add(other, id, "x");
        assert_true(again.duplicate);
        assert_int_equal(again.sequence, receipt.sequence);
        if (i % 5 == 0)
            journal_cover(one->journal); /* makes a run, which the other has to take in */
    }
    assert_true(fixture_add(&second, "early", "x").duplicate);
    journal_destroy(&second.journal);
    pia_db_close(&second.db);
    fixture_close(&first);
}

/* Removes all that has no kind. */
static void remove_all(fixture_t *f)
{
    signer_t signer;
    retention_result_t result = {.next = 1};
    pia_problem_t problem = {0};
    uint64_t count = 0;
    receipt_t head;
    journal_committed_head(f->journal, &head);
    retention_t rule = {.kind = "-", .before_ms = INT64_MAX, .before = head.sequence + 1};
    crypto_sign_keypair(signer.public_key, signer.secret);
    for (int i = 0; i < 10 && result.next; i++) {
        rule.from = result.next;
        fixture_begin(f);
        assert_int_equal(retention_run(f->db, f->journal, &signer, &rule, &result, &problem),
                         PIA_OK);
        fixture_commit(f);
        count += result.count;
    }
    assert_true(count > 0 && !result.next);
}

/* The other instance sees the rows only when their events are gone. */
static void instances_know_what_others_have_removed(void **state)
{
    (void)state;
    fixture_t first;
    fixture_t second;
    fixture_open(&first);
    if (!pia_db_is_shared(first.db)) {
        fixture_close(&first);
        skip();
    }
    journal_on_batch(first.journal, NULL, NULL);
    open_second(&first, &second);
    assert_false(fixture_add(&second, "own", "x").duplicate);
    for (int round = 0; round < 2; round++) {
        const char *id = round ? "later" : "gone";
        receipt_t receipt = fixture_add(&first, id, "x");
        remove_all(&first);
        receipt_t again = fixture_add(&second, id, "x");
        assert_true(again.duplicate);
        assert_int_equal(again.sequence, receipt.sequence);
    }
    journal_destroy(&second.journal);
    pia_db_close(&second.db);
    fixture_close(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_run_covers_is_known_after_a_restart),
        cmocka_unit_test(what_is_released_can_be_claimed_again),
        cmocka_unit_test(a_run_is_written_in_pieces_beside_the_events),
        cmocka_unit_test(a_transaction_that_is_undone_undoes_its_piece),
        cmocka_unit_test(many_runs_become_few),
        cmocka_unit_test(a_merge_left_half_begins_again),
        cmocka_unit_test(runs_beyond_the_end_of_the_journal_are_not_believed),
        cmocka_unit_test(damaged_runs_are_not_believed),
        cmocka_unit_test(tiny_runs_are_merged_for_little),
        cmocka_unit_test(recent_events_are_known_from_the_rows),
        cmocka_unit_test(instances_know_each_others_events),
        cmocka_unit_test(instances_know_what_others_have_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
