/* test_journal.c - numbers, duplicates, what is undone, and the chain. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diffusion_fixture.h"
#include "epoch.h"
#include "journal_read.h"
#include "verify.h"

static void events_are_numbered_consecutively_from_one(void **state)
{
    (void)state;
    fixture_t f;
    fixture_open(&f);
    for (uint64_t i = 1; i <= 5; i++) {
        char id[8];
        snprintf(id, sizeof id, "e%d", (int)i);
        receipt_t receipt = fixture_add(&f, id, "x");
        assert_int_equal(receipt.sequence, i);
        assert_int_equal(receipt.epoch, 1);
        assert_false(receipt.duplicate);
    }
    assert_int_equal(f.told, 5);
    fixture_close(&f);
}

static void a_batch_is_one_row(void **state)
{
    (void)state;
    fixture_t f;
    receipt_t receipt;
    fixture_open(&f);
    fixture_begin(&f);
    assert_int_equal(fixture_append(&f, "a", "1", &receipt), PIA_OK);
    assert_int_equal(fixture_append(&f, "b", "2", &receipt), PIA_OK);
    assert_int_equal(f.told, 0); /* nobody is told before the commit */
    fixture_commit(&f);
    assert_int_equal(f.told, 2);
    assert_int_equal(test_database_integer(f.db, "SELECT COUNT(*) FROM journal_batch"), 1);
    fixture_close(&f);
}

static void the_same_event_gets_the_first_receipt(void **state)
{
    (void)state;
    fixture_t f;
    fixture_open(&f);
    fixture_add(&f, "before", "0");
    receipt_t first = fixture_add(&f, "a", "1");
    fixture_add(&f, "after", "2");
    for (int i = 0; i < 2; i++) {
        receipt_t again = fixture_add(&f, "a", "1");
        assert_true(again.duplicate);
        assert_int_equal(again.sequence, first.sequence);
        assert_memory_equal(again.chain, first.chain, CHAIN_SIZE);
        fixture_reopen(&f); /* for the life of the journal */
    }
    assert_int_equal(test_database_integer(f.db, "SELECT sequence FROM journal_head"), 3);
    fixture_close(&f);
}

static void other_content_under_the_same_id_conflicts(void **state)
{
    (void)state;
    fixture_t f;
    receipt_t receipt;
    fixture_open(&f);
    fixture_add(&f, "a", "1");
    fixture_begin(&f);
    assert_int_equal(fixture_append(&f, "a", "other", &receipt), PIA_CONFLICT);
    fixture_commit(&f);
    assert_int_equal(f.told, 1);
    fixture_close(&f);
}

static void duplicates_are_found_inside_a_batch(void **state)
{
    (void)state;
    fixture_t f;
    receipt_t first;
    receipt_t again;
    fixture_open(&f);
    fixture_begin(&f);
    assert_int_equal(fixture_append(&f, "a", "1", &first), PIA_OK);
    assert_int_equal(fixture_append(&f, "a", "1", &again), PIA_OK);
    assert_true(again.duplicate);
    assert_int_equal(again.sequence, first.sequence);
    assert_memory_equal(again.chain, first.chain, CHAIN_SIZE);
    assert_int_equal(fixture_append(&f, "a", "other", &again), PIA_CONFLICT);
    fixture_commit(&f);
    assert_int_equal(f.told, 1);
    fixture_close(&f);
}

static void a_refused_batch_of_events_stores_none_of_them(void **state)
{
    (void)state;
    fixture_t f;
    entry_t entries[3];
    receipt_t receipts[3];
    pia_problem_t problem = {0};
    fixture_open(&f);
    fixture_add(&f, "taken", "1");
    fixture_entry(&entries[0], "test", "new1", "x");
    fixture_entry(&entries[1], "test", "new2", "x");
    fixture_entry(&entries[2], "test", "taken", "other");
    fixture_begin(&f);
    assert_int_equal(pia_db_savepoint(f.db), PIA_OK);
    assert_int_equal(journal_append(f.journal, f.db, entries, 3, receipts, &problem), PIA_CONFLICT);
    pia_db_rollback_to(f.db);
    assert_string_equal(problem.pointer, "/2/id");
    fixture_commit(&f);
    assert_int_equal(f.told, 1);
    assert_int_equal(fixture_add(&f, "new1", "x").sequence, 2);
    for (int i = 0; i < 3; i++)
        entry_clear(&entries[i]);
    fixture_close(&f);
}

/* What the executor does when a handler appends, answers, and is refused after that. */
static void an_undone_job_leaves_neither_event_nor_number(void **state)
{
    (void)state;
    fixture_t f;
    receipt_t receipt;
    fixture_open(&f);
    fixture_begin(&f);
    assert_int_equal(fixture_append(&f, "a", "1", &receipt), PIA_OK);
    fixture_append_undone(&f, "b");
    assert_int_equal(fixture_append(&f, "c", "3", &receipt), PIA_OK);
    assert_int_equal(receipt.sequence, 2);
    fixture_append_undone(&f, "d"); /* the last of the batch, too */
    fixture_commit(&f);
    assert_int_equal(f.told, 2);
    assert_int_equal(fixture_add(&f, "b", "2").sequence, 3);
    fixture_close(&f);
}

static void a_rolled_back_batch_never_was(void **state)
{
    (void)state;
    fixture_t f;
    receipt_t receipt;
    fixture_open(&f);
    fixture_add(&f, "a", "1");
    fixture_begin(&f);
    assert_int_equal(fixture_append(&f, "b", "2", &receipt), PIA_OK);
    assert_int_equal(journal_committing(f.journal, f.db), PIA_OK);
    fixture_rollback(&f);
    assert_int_equal(f.told, 1);
    receipt_t again = fixture_add(&f, "b", "other content");
    assert_int_equal(again.sequence, 2);
    assert_false(again.duplicate);
    fixture_close(&f);
}

static void large_batches_are_split_into_rows(void **state)
{
    (void)state;
    fixture_t f;
    receipt_t receipt;
    char payload[60001];
    memset(payload, 'x', 60000);
    payload[60000] = '\0';
    fixture_open(&f);
    fixture_begin(&f);
    for (int i = 0; i < 12; i++) {
        char id[8];
        snprintf(id, sizeof id, "e%d", i);
        assert_int_equal(fixture_append(&f, id, payload, &receipt), PIA_OK);
    }
    fixture_commit(&f);
    assert_int_equal(f.told, 12);
    assert_true(f.rows > 1 && f.rows < 12);
    verification_t found;
    assert_int_equal(journal_verify(f.db, 1, 1000, &found), PIA_OK);
    assert_int_equal(found.bad, 0);
    assert_int_equal(found.good, 12);
    fixture_close(&f);
}

static void an_event_is_read_back_as_it_came(void **state)
{
    (void)state;
    static const char text[] =
        "{ \"specversion\" : \"1.0\", \"id\":\"1\",\"source\":\"/poles/cnidep\","
        "\"type\":\"mesure.faite\",\"data\":{\"v\":1.50}}";
    fixture_t f;
    entry_t entry;
    receipt_t receipt;
    pia_problem_t problem = {0};
    fixture_open(&f);
    fixture_parse(&entry, text);
    fixture_begin(&f);
    assert_int_equal(journal_append(f.journal, f.db, &entry, 1, &receipt, &problem), PIA_OK);
    fixture_commit(&f);
    batch_t *batch = NULL;
    record_t record;
    attributes_t attributes;
    assert_int_equal(journal_read_batch(f.db, 1, &batch), PIA_OK);
    assert_true(batch_find(batch, 1, &record));
    assert_int_equal(record.event_size, sizeof text - 1);
    assert_memory_equal(record.event, text, sizeof text - 1);
    batch_attributes(batch, 1, &attributes);
    assert_string_equal(attributes.value[ATTRIBUTE_POLE], "cnidep");
    batch_release(&batch);
    assert_int_equal(journal_read_batch(f.db, 2, &batch), PIA_NOT_FOUND);
    assert_int_equal(journal_read_batch(f.db, 0, &batch), PIA_NOT_FOUND);
    entry_clear(&entry);
    fixture_close(&f);
}

static void the_chain_is_what_the_page_says(void **state)
{
    (void)state;
    fixture_t f;
    uint8_t chain[CHAIN_SIZE] = {0};
    fixture_open(&f);
    for (int i = 0; i < 3; i++) {
        char id[8];
        entry_t entry;
        snprintf(id, sizeof id, "e%d", i);
        receipt_t receipt = fixture_add(&f, id, "x");
        fixture_entry(&entry, "test", id, "x");
        record_hash(entry.bytes, entry.size, entry.hash);
        record_chain(chain, entry.hash);
        assert_memory_equal(receipt.chain, chain, CHAIN_SIZE);
        entry_clear(&entry);
    }
    fixture_close(&f);
}

static cursor_t cursor_after(const receipt_t *receipt)
{
    cursor_t cursor;
    receipt_cursor(receipt, &cursor);
    return cursor;
}

static void a_cursor_is_valid_where_its_chain_matches(void **state)
{
    (void)state;
    fixture_t f;
    cursor_t common;
    fixture_open(&f);
    receipt_t first = fixture_add(&f, "a", "1");
    receipt_t second = fixture_add(&f, "b", "2");
    cursor_t cursor = cursor_after(&first);
    assert_int_equal(journal_locate(f.db, &cursor, &common), PIA_OK);
    cursor = cursor_after(&second);
    assert_int_equal(journal_locate(f.db, &cursor, &common), PIA_OK);
    cursor = (cursor_t){.epoch = 1};
    assert_int_equal(journal_locate(f.db, &cursor, &common), PIA_OK);
    cursor = cursor_after(&second);
    cursor.chain ^= 1; /* another history */
    assert_int_equal(journal_locate(f.db, &cursor, &common), PIA_GONE);
    assert_int_equal(common.sequence, 0);
    cursor = cursor_after(&second);
    cursor.sequence = 77; /* beyond the end */
    assert_int_equal(journal_locate(f.db, &cursor, &common), PIA_GONE);
    cursor.epoch = 9; /* an epoch that we never had */
    assert_int_equal(journal_locate(f.db, &cursor, &common), PIA_GONE);
    fixture_close(&f);
}

static void a_cursor_of_a_lost_tail_has_the_epochs_end_in_common(void **state)
{
    (void)state;
    fixture_t f;
    cursor_t common;
    fixture_open(&f);
    fixture_add(&f, "a", "1");
    receipt_t kept = fixture_add(&f, "b", "2");
    test_database_run(
        f.db, "INSERT INTO journal_epoch (epoch, first_sequence, chain_before, began_at, reason)"
              " SELECT 2, 3, chain, 0, '' FROM journal_head");
    test_database_run(f.db, "UPDATE journal_head SET epoch = 2");
    fixture_reopen(&f);
    receipt_t next = fixture_add(&f, "c", "3");
    assert_int_equal(next.epoch, 2);
    assert_int_equal(next.sequence, 3);
    cursor_t lost = {.epoch = 1, .sequence = 5, .chain = 12345};
    cursor_t expected = cursor_after(&kept);
    assert_int_equal(journal_locate(f.db, &lost, &common), PIA_GONE);
    assert_true(cursor_equal(&common, &expected));
    assert_int_equal(journal_locate(f.db, &expected, &common), PIA_OK);
    verification_t found;
    assert_int_equal(journal_verify(f.db, 1, 1000, &found), PIA_OK);
    assert_int_equal(found.bad, 0);
    fixture_close(&f);
}

/* Flips one byte of the event that holds `needle`. */
static void damage(fixture_t *f, const char *needle)
{
    pia_stmt_t *stmt = pia_db_prepare(f->db, "SELECT first_sequence, bytes FROM journal_batch");
    int64_t row = 0;
    uint8_t *bytes = NULL;
    size_t size = 0;
    while (pia_stmt_step(stmt) == PIA_OK) {
        const void *stored = pia_stmt_column_bytes(stmt, 1, &size);
        const uint8_t *found = memmem(stored, size, needle, strlen(needle));
        if (!found)
            continue;
        row = pia_stmt_column_integer(stmt, 0);
        bytes = malloc(size);
        memcpy(bytes, stored, size);
        bytes[found - (const uint8_t *)stored] ^= 1;
        break;
    }
    pia_stmt_reset(stmt);
    assert_non_null(bytes);
    assert_int_equal(pia_db_begin(f->db), PIA_OK);
    stmt = pia_db_prepare(f->db, "UPDATE journal_batch SET bytes = $1 WHERE first_sequence = $2");
    pia_stmt_bytes(stmt, 1, bytes, size);
    pia_stmt_integer(stmt, 2, row);
    assert_int_equal(pia_stmt_run(stmt, NULL), PIA_OK);
    assert_int_equal(pia_db_commit(f->db), PIA_OK);
    free(bytes);
}

static void verify_pin_points_the_first_bad_event(void **state)
{
    (void)state;
    fixture_t f;
    receipt_t receipt;
    verification_t found;
    fixture_open(&f);
    fixture_begin(&f);
    fixture_append(&f, "a", "1", &receipt);
    fixture_append(&f, "b", "needle", &receipt);
    fixture_append(&f, "c", "3", &receipt);
    fixture_commit(&f);
    fixture_add(&f, "d", "4");
    assert_int_equal(journal_verify(f.db, 1, 1000, &found), PIA_OK);
    assert_int_equal(found.bad, 0);
    damage(&f, "needle");
    assert_int_equal(journal_verify(f.db, 1, 1000, &found), PIA_OK);
    assert_int_equal(found.bad, 2);
    assert_int_equal(found.good, 1);
    assert_non_null(found.detail);
    fixture_close(&f);
}

static void verify_sees_damaged_attributes(void **state)
{
    (void)state;
    fixture_t f;
    verification_t found;
    fixture_open(&f);
    fixture_add(&f, "a", "1");
    fixture_add(&f, "b", "2");
    test_database_run(f.db, "UPDATE journal_batch SET attributes = bytes WHERE first_sequence = 2");
    assert_int_equal(journal_verify(f.db, 1, 1000, &found), PIA_OK);
    assert_int_equal(found.bad, 2);
    assert_int_equal(found.good, 1);
    fixture_close(&f);
}

static void verify_sees_a_missing_row_and_a_missing_tail(void **state)
{
    (void)state;
    fixture_t f;
    verification_t found;
    fixture_open(&f);
    fixture_add(&f, "a", "1");
    fixture_add(&f, "b", "2");
    fixture_add(&f, "c", "3");
    test_database_run(f.db, "DELETE FROM journal_batch WHERE first_sequence = 3");
    assert_int_equal(journal_verify(f.db, 1, 1000, &found), PIA_OK);
    assert_int_equal(found.bad, 3);
    test_database_run(f.db, "DELETE FROM journal_batch WHERE first_sequence = 2");
    assert_int_equal(journal_verify(f.db, 1, 1000, &found), PIA_OK);
    assert_int_equal(found.bad, 2);
    fixture_close(&f);
}

static void verify_goes_on_where_it_stopped(void **state)
{
    (void)state;
    fixture_t f;
    verification_t found = {0};
    fixture_open(&f);
    for (int i = 0; i < 10; i++) {
        char id[8];
        snprintf(id, sizeof id, "e%d", i);
        fixture_add(&f, id, "x");
    }
    uint64_t from = 1;
    for (int steps = 0; from && steps < 10; steps++) {
        assert_int_equal(journal_verify(f.db, from, 3, &found), PIA_OK);
        assert_int_equal(found.bad, 0);
        from = found.next;
    }
    assert_int_equal(from, 0);
    assert_int_equal(found.good, 10);
    fixture_close(&f);
}

static void a_journal_whose_id_is_no_uuid_is_not_opened(void **state)
{
    (void)state;
    fixture_t f;
    journal_t *other = NULL;
    pia_problem_t problem = {0};
    fixture_open(&f);
    test_database_run(f.db, "UPDATE journal_meta SET journal = 'x' || substr(journal, 2)");
    assert_int_equal(journal_open(f.db, &other, &problem), PIA_INTERNAL);
    test_database_run(f.db, "UPDATE journal_meta SET journal = substr(journal, 2)");
    assert_int_equal(journal_open(f.db, &other, &problem), PIA_INTERNAL);
    assert_null(other);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_numbered_consecutively_from_one),
        cmocka_unit_test(a_batch_is_one_row),
        cmocka_unit_test(the_same_event_gets_the_first_receipt),
        cmocka_unit_test(other_content_under_the_same_id_conflicts),
        cmocka_unit_test(duplicates_are_found_inside_a_batch),
        cmocka_unit_test(a_refused_batch_of_events_stores_none_of_them),
        cmocka_unit_test(an_undone_job_leaves_neither_event_nor_number),
        cmocka_unit_test(a_rolled_back_batch_never_was),
        cmocka_unit_test(large_batches_are_split_into_rows),
        cmocka_unit_test(an_event_is_read_back_as_it_came),
        cmocka_unit_test(the_chain_is_what_the_page_says),
        cmocka_unit_test(a_cursor_is_valid_where_its_chain_matches),
        cmocka_unit_test(a_cursor_of_a_lost_tail_has_the_epochs_end_in_common),
        cmocka_unit_test(verify_pin_points_the_first_bad_event),
        cmocka_unit_test(verify_sees_damaged_attributes),
        cmocka_unit_test(verify_sees_a_missing_row_and_a_missing_tail),
        cmocka_unit_test(verify_goes_on_where_it_stopped),
        cmocka_unit_test(a_journal_whose_id_is_no_uuid_is_not_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
