/* test_replay.c - commits that a crash has left in the file: whole ones are there, torn ones never
 * were, and what cannot be is damage. */
#include "pia_test.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commit_entry.h"
#include "log_fixture.h"

enum { FILE_SIZE = 1 << 20, BIG = 20000, BLOCKS_OF_BIG = 5 }; /* blocks of an event of BIG bytes */

static void load(const log_fixture_t *f, uint8_t *ret_bytes)
{
    FILE *file = fopen(f->path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(ret_bytes, 1, FILE_SIZE, file), FILE_SIZE);
    (void)fclose(file);
}

static void store(const log_fixture_t *f, const uint8_t *bytes)
{
    FILE *file = fopen(f->path, "rb+");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, FILE_SIZE, file), FILE_SIZE);
    (void)fclose(file);
}

/* Three commits: small, big, small; of the big one only the blocks of `mask` were written. */
static void crash_with_blocks(unsigned mask, bool last_written)
{
    log_fixture_t f;
    uint8_t *before = malloc(FILE_SIZE);
    uint8_t *after = malloc(FILE_SIZE);
    log_fixture_open(&f);
    log_fixture_add(&f, 0, 10);
    load(&f, before);
    log_fixture_add(&f, 1, BIG);
    if (last_written)
        log_fixture_add(&f, 2, 10);
    load(&f, after);
    for (unsigned i = 0; i < BLOCKS_OF_BIG; i++) {
        size_t at = (size_t)(1 + i) * COMMIT_BLOCK;
        if (!(mask & 1U << i))
            memcpy(after + at, before + at, COMMIT_BLOCK);
    }
    store(&f, after);
    log_fixture_crash(&f);
    bool whole = mask == (1U << BLOCKS_OF_BIG) - 1;
    assert_int_equal(log_fixture_head(&f), !whole ? 1 : last_written ? 3 : 2);
    assert_int_equal(f.damaged, !whole && last_written);
    if (f.damaged) {
        assert_int_equal(f.good, 1);
        load(&f, before);
        assert_memory_equal(before, after, FILE_SIZE); /* nothing is changed */
    } else {
        assert_int_equal(log_fixture_add(&f, 7, 10).sequence, whole ? last_written ? 4 : 3 : 2);
    }
    free(before);
    free(after);
    log_fixture_close(&f);
}

static void a_torn_commit_at_the_end_was_never_there(void **state)
{
    (void)state;
    for (unsigned mask = 0; mask < 1U << BLOCKS_OF_BIG; mask += 3)
        crash_with_blocks(mask, false);
    crash_with_blocks((1U << BLOCKS_OF_BIG) - 1, false);
}

static void a_bad_commit_in_the_middle_is_damage(void **state)
{
    (void)state;
    crash_with_blocks(0, true);
    crash_with_blocks((1U << BLOCKS_OF_BIG) - 2, true);
    crash_with_blocks((1U << BLOCKS_OF_BIG) / 2 - 1, true);
    crash_with_blocks((1U << BLOCKS_OF_BIG) - 1, true);
}

/* Killed between any two steps: the file is there, the database has a part of it. */
static void replaying_again_changes_nothing(void **state)
{
    (void)state;
    log_fixture_t f;
    log_fixture_open(&f);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(log_fixture_add(&f, i, 100).sequence, i + 1);
        if (i % 7 == 3)
            journal_recall(f.f.journal);
        if (i % 5 == 1) {
            log_fixture_crash(&f);
            log_fixture_crash(&f);
        }
        assert_false(f.damaged);
    }
    log_fixture_crash(&f);
    assert_int_equal(log_fixture_head(&f), 20);
    log_fixture_close(&f);
}

static void exec(log_fixture_t *f, const char *sql)
{
    assert_int_equal(pia_db_begin(f->f.db), PIA_OK);
    assert_int_equal(pia_stmt_run(pia_db_prepare(f->f.db, sql), NULL), PIA_OK);
    assert_int_equal(pia_db_commit(f->f.db), PIA_OK);
}

/* Removes and counts what was put aside of the commit file. */
static size_t count_kept(const log_fixture_t *f)
{
    char pattern[160];
    glob_t found = {.gl_pathc = 0};
    (void)snprintf(pattern, sizeof pattern, "%s.*", f->path);
    int rc = glob(pattern, 0, NULL, &found);
    assert_true(rc == 0 || rc == GLOB_NOMATCH);
    size_t count = found.gl_pathc;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(unlink(found.gl_pathv[i]), 0);
    globfree(&found);
    return count;
}

static void commits_of_an_older_epoch_are_not_replayed(void **state)
{
    (void)state;
    log_fixture_t f;
    log_fixture_open(&f);
    log_fixture_add(&f, 1, 10);
    exec(&f, "UPDATE journal_head SET epoch = 2");
    log_fixture_crash(&f);
    assert_int_equal(log_fixture_head(&f), 0);
    assert_false(f.damaged);
    assert_int_equal(count_kept(&f), 1); /* under another name */
    log_fixture_close(&f);
}

static void a_database_of_an_older_epoch_is_damage(void **state)
{
    (void)state;
    log_fixture_t f;
    log_fixture_open(&f);
    exec(&f, "UPDATE journal_head SET epoch = 2");
    log_fixture_crash(&f);
    log_fixture_add(&f, 1, 10);
    exec(&f, "UPDATE journal_head SET epoch = 1");
    log_fixture_crash(&f);
    assert_true(f.damaged);
    assert_int_equal(f.good, 0);
    log_fixture_close(&f);
}

static void commits_of_another_journal_are_not_replayed(void **state)
{
    (void)state;
    log_fixture_t f;
    log_fixture_open(&f);
    log_fixture_add(&f, 1, 10);
    exec(&f, "UPDATE journal_meta SET journal = '01a218de-2480-7f47-8aa4-499a657d305f'");
    log_fixture_crash(&f);
    assert_int_equal(log_fixture_head(&f), 0);
    assert_false(f.damaged);
    assert_int_equal(count_kept(&f), 1);
    log_fixture_close(&f);
}

static void what_the_file_still_holds_mends_a_lost_tail(void **state)
{
    (void)state;
    log_fixture_t f;
    log_fixture_open(&f);
    log_fixture_add(&f, 1, 10);
    log_fixture_add(&f, 2, 10);
    journal_recall(f.f.journal);
    exec(&f, "UPDATE journal_head SET sequence = 0, chain = zeroblob(32)");
    exec(&f, "DELETE FROM journal_batch");
    log_fixture_crash(&f);
    assert_int_equal(log_fixture_head(&f), 2);
    assert_false(f.damaged);
    log_fixture_close(&f);
}

/* A transaction that adds no event. */
static void change(log_fixture_t *f, bool excused)
{
    static const char sql[] = "INSERT INTO journal_key (public_key, noted_at) VALUES ($1, 1)";
    journal_recall(f->f.journal);
    fixture_begin(&f->f);
    pia_stmt_t *stmt = pia_db_prepare(f->f.db, sql);
    pia_stmt_bytes(stmt, 1, "any key", 7);
    if (excused)
        journal_excuse(f->f.journal);
    assert_int_equal(pia_stmt_run(stmt, NULL), PIA_OK);
    journal_job_begins(f->f.journal); /* another one, that only looks */
    fixture_commit(&f->f);
}

static void look(log_fixture_t *f)
{
    journal_recall(f->f.journal);
    fixture_begin(&f->f);
    (void)test_database_integer(f->f.db, "SELECT COUNT(*) FROM journal_key");
    fixture_commit(&f->f);
}

static void what_is_excused_does_not_count(void **state)
{
    (void)state;
    log_fixture_t f;
    log_fixture_open(&f);
    log_fixture_add(&f, 1, 10);
    change(&f, true);
    assert_int_equal(journal_turn(f.f.journal), 0);
    exec(&f, "DELETE FROM journal_key");
    change(&f, false);
    assert_int_equal(journal_turn(f.f.journal), 1);
    log_fixture_close(&f);
}

/* Events that were logged after a change are no use to a database without that change. */
static void a_lost_change_without_events_is_damage(void **state)
{
    (void)state;
    for (int lost = 0; lost < 2; lost++) {
        log_fixture_t f;
        log_fixture_open(&f);
        log_fixture_add(&f, 1, 10);
        assert_int_equal(journal_turn(f.f.journal), 0);
        look(&f);
        assert_int_equal(journal_turn(f.f.journal), 0);
        change(&f, false);
        assert_int_equal(journal_turn(f.f.journal), 1);
        log_fixture_add(&f, 2, 10);
        if (lost)
            exec(&f, "UPDATE journal_head SET turn = 0");
        log_fixture_crash(&f);
        assert_int_equal(f.damaged, lost);
        assert_int_equal(log_fixture_head(&f), lost ? 1 : 2);
        assert_true(!lost || f.good == 1);
        assert_int_equal(journal_turn(f.f.journal), !lost);
        log_fixture_close(&f);
    }
}

/* The change stood behind the last event: SQLite has all of these. */
static void a_change_that_was_lost_behind_the_last_event_is_damage(void **state)
{
    (void)state;
    log_fixture_t f;
    log_fixture_open(&f);
    change(&f, false);
    log_fixture_add(&f, 1, 10);
    look(&f);
    exec(&f, "UPDATE journal_head SET turn = 0");
    log_fixture_crash(&f);
    assert_true(f.damaged && f.good == 1);
    log_fixture_close(&f);
}

static void a_commit_says_what_was_written(void **state)
{
    (void)state;
    const uint8_t journal[PIA_UUID_SIZE] = {7};
    const uint8_t chain[CHAIN_SIZE] = {9};
    receipt_t end = {.epoch = 3, .sequence = 42, .chain = {1, 2}};
    batch_row_t rows[2] = {
        {.first = 40, .count = 2, .epoch = 3, .chain_before = chain, .bytes = "bytes", .size = 5},
        {.first = 42,
         .count = 1,
         .epoch = 3,
         .chain_before = chain,
         .attributes = "x",
         .attributes_size = 1}};
    batch_t *batches[2] = {batch_new(&rows[0]), batch_new(&rows[1])};
    size_t size = commit_entry_size(batches, 2);
    assert_int_equal(size, COMMIT_BLOCK);
    uint8_t *bytes = malloc(size);
    commit_entry_write(bytes, journal, batches, 2, &end, 77);
    commit_entry_t entry;
    size_t offset = 0;
    batch_row_t row;
    assert_true(commit_entry_read(bytes, size, &entry));
    assert_int_equal(entry.epoch, 3);
    assert_int_equal(entry.turn, 77);
    assert_true(entry.first == 40 && entry.last == 42 && entry.padded == COMMIT_BLOCK);
    assert_memory_equal(entry.chain, end.chain, CHAIN_SIZE);
    assert_true(commit_entry_row(&entry, &offset, &row) && row.size == 5);
    assert_memory_equal(row.bytes, "bytes", 5);
    assert_true(commit_entry_row(&entry, &offset, &row) && row.first == 42);
    assert_false(commit_entry_row(&entry, &offset, &row));
    for (size_t i = 0; i < 300; i++) { /* any bit: it is another one, or none */
        bytes[i] ^= 4;
        if (i < COMMIT_HEAD_SIZE + 2 * 56 + 6 && (i < 6 || i >= 8))
            assert_false(commit_entry_read(bytes, size, &entry));
        bytes[i] ^= 4;
    }
    for (size_t i = 0; i < COMMIT_HEAD_SIZE + 2 * 56 + 6; i++)
        assert_false(commit_entry_read(bytes, i, &entry));
    free(bytes);
    batch_release(&batches[0]);
    batch_release(&batches[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_torn_commit_at_the_end_was_never_there),
        cmocka_unit_test(a_bad_commit_in_the_middle_is_damage),
        cmocka_unit_test(replaying_again_changes_nothing),
        cmocka_unit_test(commits_of_an_older_epoch_are_not_replayed),
        cmocka_unit_test(a_database_of_an_older_epoch_is_damage),
        cmocka_unit_test(commits_of_another_journal_are_not_replayed),
        cmocka_unit_test(what_the_file_still_holds_mends_a_lost_tail),
        cmocka_unit_test(what_is_excused_does_not_count),
        cmocka_unit_test(a_lost_change_without_events_is_damage),
        cmocka_unit_test(a_change_that_was_lost_behind_the_last_event_is_damage),
        cmocka_unit_test(a_commit_says_what_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
