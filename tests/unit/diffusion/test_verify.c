/* test_verify.c - every byte of a small journal, changed in every bit: it is found, pin-pointed,
 * and never given out. */
#include "pia_test.h"

#include <stdlib.h>
#include <string.h>

#include "diffusion_fixture.h"
#include "journal_read.h"
#include "verify.h"

enum { EVENTS = 5, COLUMN_MAX = 4096 };

/* Two rows: events 1 to 3, and 4 and 5. */
static void fill(fixture_t *f)
{
    receipt_t receipt;
    fixture_open(f);
    fixture_begin(f);
    fixture_append(f, "a", "first", &receipt);
    fixture_append(f, "b", "second", &receipt);
    fixture_append(f, "c", "third", &receipt);
    fixture_commit(f);
    fixture_begin(f);
    fixture_append(f, "d", "fourth", &receipt);
    fixture_append(f, "e", "fifth", &receipt);
    fixture_commit(f);
}

/* A column of bytes, and how it is read and written. */
typedef struct {
    const char *read, *write;
    uint64_t first; /* of its row */
} column_t;

static size_t read_column(pia_db_t *db, const column_t *column, uint8_t *ret_bytes)
{
    size_t size = 0;
    pia_stmt_t *stmt = pia_db_prepare(db, column->read);
    pia_stmt_integer(stmt, 1, (int64_t)column->first);
    assert_int_equal(pia_stmt_step(stmt), PIA_OK);
    const void *bytes = pia_stmt_column_bytes(stmt, 0, &size);
    assert_true(size > 0 && size <= COLUMN_MAX);
    memcpy(ret_bytes, bytes, size);
    pia_stmt_reset(stmt);
    return size;
}

static void write_column(pia_db_t *db, const column_t *column, const uint8_t *bytes, size_t size)
{
    pia_stmt_t *stmt = pia_db_prepare(db, column->write);
    pia_stmt_integer(stmt, 1, (int64_t)column->first);
    pia_stmt_bytes(stmt, 2, bytes, size);
    assert_int_equal(pia_stmt_run(stmt, NULL), PIA_OK);
}

/* What the journal gives of event `sequence`: what was appended, or nothing. */
static void assert_given_right(pia_db_t *db, uint64_t sequence)
{
    static const char *const payloads[] = {"first", "second", "third", "fourth", "fifth"};
    batch_t *batch = NULL;
    pia_status_t status = journal_read_batch(db, sequence, &batch);
    if (status != PIA_OK) {
        assert_true(status == PIA_INTERNAL || status == PIA_NOT_FOUND);
        return;
    }
    record_t record;
    attributes_t values;
    assert_true(batch_find(batch, sequence, &record));
    const char *payload = payloads[sequence - 1];
    assert_non_null(memmem(record.event, record.event_size, payload, strlen(payload)));
    batch_attributes(batch, sequence, &values);
    assert_string_equal(values.value[ATTRIBUTE_VISIBILITY], "public");
    batch_release(&batch);
}

/* Damage in the row of event `first` is found there or in an event of the row, never before. */
static uint64_t verify_damaged(pia_db_t *db, uint64_t first)
{
    verification_t found;
    assert_int_equal(journal_verify(db, 1, 1000, &found), PIA_OK);
    assert_true(found.bad >= first && found.bad <= (first == 1 ? 3 : EVENTS));
    assert_int_equal(found.good, found.bad - 1);
    assert_non_null(found.detail);
    for (uint64_t i = 1; i <= EVENTS; i++)
        assert_given_right(db, i);
    return found.bad;
}

static void flip_each_bit(fixture_t *f, const column_t *column)
{
    uint8_t bytes[COLUMN_MAX];
    size_t size = read_column(f->db, column, bytes);
    for (size_t i = 0; i < 8 * size; i++) {
        bytes[i / 8] ^= (uint8_t)(1 << (i % 8));
        write_column(f->db, column, bytes, size);
        (void)verify_damaged(f->db, column->first);
        bytes[i / 8] ^= (uint8_t)(1 << (i % 8));
    }
    write_column(f->db, column, bytes, size - 1);
    (void)verify_damaged(f->db, column->first);
    write_column(f->db, column, bytes, size);
}

static void every_bit_of_the_rows_is_looked_at(void **state)
{
    (void)state;
    fixture_t f;
    static const char *const texts[][2] = {
        {"SELECT bytes FROM journal_batch WHERE first_sequence = $1",
         "UPDATE journal_batch SET bytes = $2 WHERE first_sequence = $1"},
        {"SELECT attributes FROM journal_batch WHERE first_sequence = $1",
         "UPDATE journal_batch SET attributes = $2 WHERE first_sequence = $1"},
        {"SELECT chain_before FROM journal_batch WHERE first_sequence = $1",
         "UPDATE journal_batch SET chain_before = $2 WHERE first_sequence = $1"},
    };
    fill(&f);
    assert_int_equal(pia_db_begin(f.db), PIA_OK);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        flip_each_bit(&f, &(column_t){texts[i][0], texts[i][1], 1});
        flip_each_bit(&f, &(column_t){texts[i][0], texts[i][1], 4});
    }
    pia_db_rollback(f.db);
    fixture_close(&f);
}

/* Which event: the one whose bytes were changed. */
static void a_changed_event_is_pin_pointed(void **state)
{
    (void)state;
    fixture_t f;
    static const char *const payloads[] = {"first", "second", "third", "fourth", "fifth"};
    fill(&f);
    assert_int_equal(pia_db_begin(f.db), PIA_OK);
    for (uint64_t i = 0; i < EVENTS; i++) {
        column_t column = {"SELECT bytes FROM journal_batch WHERE first_sequence = $1",
                           "UPDATE journal_batch SET bytes = $2 WHERE first_sequence = $1",
                           i < 3 ? 1 : 4};
        uint8_t bytes[COLUMN_MAX];
        size_t size = read_column(f.db, &column, bytes);
        uint8_t *event = memmem(bytes, size, payloads[i], strlen(payloads[i]));
        assert_non_null(event);
        *event ^= 0x20;
        write_column(f.db, &column, bytes, size);
        assert_int_equal(verify_damaged(f.db, column.first), i + 1);
        *event ^= 0x20;
        memset(event - 8, 0, 12); /* zeroed, too */
        write_column(f.db, &column, bytes, size);
        assert_int_equal(verify_damaged(f.db, column.first), i + 1);
        pia_db_rollback(f.db);
        assert_int_equal(pia_db_begin(f.db), PIA_OK);
    }
    pia_db_rollback(f.db);
    fixture_close(&f);
}

/* Runs `sql`, looks, and undoes it. */
static uint64_t bad_after(fixture_t *f, const char *sql)
{
    verification_t found;
    assert_int_equal(pia_db_begin(f->db), PIA_OK);
    assert_int_equal(pia_stmt_run(pia_db_prepare(f->db, sql), NULL), PIA_OK);
    assert_int_equal(journal_verify(f->db, 1, 1000, &found), PIA_OK);
    for (uint64_t i = 1; i <= EVENTS; i++)
        assert_given_right(f->db, i);
    pia_db_rollback(f->db);
    return found.bad;
}

static void the_numbers_beside_the_events_are_looked_at(void **state)
{
    (void)state;
    fixture_t f;
    fill(&f);
    static const struct {
        const char *sql;
        uint64_t bad;
    } cases[] = {
        {"UPDATE journal_batch SET count = count + 1 WHERE first_sequence = 1", 1},
        {"UPDATE journal_batch SET count = count - 1 WHERE first_sequence = 4", 4},
        {"UPDATE journal_batch SET epoch = 2 WHERE first_sequence = 4", 4},
        {"UPDATE journal_batch SET first_sequence = 5 WHERE first_sequence = 4", 4},
        {"UPDATE journal_batch SET first_sequence = 68 WHERE first_sequence = 4", 4},
        {"UPDATE journal_batch SET row_check = row_check + 1 WHERE first_sequence = 1", 1},
        {"UPDATE journal_batch SET bytes_check = bytes_check + 1 WHERE first_sequence = 4", 4},
        {"DELETE FROM journal_batch WHERE first_sequence = 1", 1},
        {"DELETE FROM journal_batch WHERE first_sequence = 4", 4},
        {"UPDATE journal_head SET sequence = 4", 6},
        {"UPDATE journal_head SET sequence = 6", 6},
        {"UPDATE journal_head SET epoch = 0", 6},
        {"UPDATE journal_head SET chain = journal_head.chain || journal_head.chain", 6},
        {"UPDATE journal_epoch SET first_sequence = 2", 1},
        {"UPDATE journal_epoch SET epoch = 2", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t bad = bad_after(&f, cases[i].sql);
        if (bad != cases[i].bad)
            fail_msg("%s: %llu", cases[i].sql, (unsigned long long)bad);
    }
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bit_of_the_rows_is_looked_at),
        cmocka_unit_test(a_changed_event_is_pin_pointed),
        cmocka_unit_test(the_numbers_beside_the_events_are_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
