/* test_cut.c - a tail is cut, and what was derived from its events goes back with it. */
#include "pia_test.h"

#include <stdio.h>
#include <string.h>

#include "cut.h"
#include "diffusion_fixture.h"
#include "epoch.h"
#include "journal_read.h"
#include "publication.h"
#include "publication_store.h"
#include "subscription.h"

static const char A[] = "01a216b1-c2e2-7903-af04-5a1def7eb701";
static const char B[] = "01a216b1-c2e2-7903-af04-5a1def7eb702";
static const char C[] = "01a216b1-c2e2-7903-af04-5a1def7eb703";

static pia_fresh_t fresh;

/* Appends an event of publication `id` and applies it, as append.c does; its number. */
static uint64_t tell(fixture_t *f, const char *id, const char *verb, const char *title)
{
    char text[1024];
    entry_t entry;
    receipt_t receipt;
    pia_problem_t problem = {0};
    snprintf(text, sizeof text,
             "{\"specversion\":\"1.0\",\"id\":\"%s-%s-%s\",\"source\":\"/poles/cnidep\",\"type\":"
             "\"publication.%s\",\"data\":{\"publication\":\"%s\",\"kind\":\"guide\",\"title\":"
             "\"%s\"}}",
             id, verb, title, verb, id, title);
    fixture_parse(&entry, text);
    fixture_begin(f);
    assert_int_equal(journal_append(f->journal, f->db, &entry, 1, &receipt, &problem), PIA_OK);
    pia_status_t status = publication_apply(f->db, &fresh,
                                            &(publication_step_t){.entry = &entry,
                                                                  .now_ms = 1800000000000,
                                                                  .sequence = receipt.sequence},
                                            &problem);
    if (status != PIA_OK)
        fail_msg("%s %s", problem.pointer, problem.detail);
    fixture_commit(f);
    entry_clear(&entry);
    return receipt.sequence;
}

static uint64_t cut(fixture_t *f, uint64_t end)
{
    uint64_t count = 0;
    uint32_t epoch = 0;
    epoch_begin_t begin = {.end = {.epoch = 1}, .reason = "a test"};
    assert_int_equal(pia_db_begin(f->db), PIA_OK);
    if (end)
        assert_int_equal(journal_read_receipt(f->db, end, &begin.end), PIA_OK);
    assert_int_equal(epoch_begin(f->db, &begin, &epoch), PIA_OK);
    assert_int_equal(cut_projections(f->db, &fresh, end, &count), PIA_OK);
    assert_int_equal(pia_db_commit(f->db), PIA_OK);
    fixture_reopen(f);
    return count;
}

static void expect(fixture_t *f, const char *id, const char *state, const char *title, int version)
{
    json_t *resource = NULL;
    const char *said = NULL, *called = NULL;
    json_int_t number = 0;
    assert_int_equal(publication_read(f->db, id, &resource), PIA_OK);
    assert_int_equal(json_unpack(resource, "{s:s, s:s, s:I}", "state", &said, "title", &called,
                                 "version", &number),
                     0);
    assert_string_equal(said, state);
    assert_string_equal(called, title);
    assert_int_equal(number, version);
    assert_int_equal(!json_object_get(resource, "published_at"), strcmp(state, "draft") == 0);
    assert_int_equal(!json_object_get(resource, "cancelled_at"), strcmp(state, "cancelled") != 0);
    json_decref(resource);
}

static void what_was_changed_behind_the_cut_is_as_before(void **state)
{
    (void)state;
    fixture_t f;
    fixture_open(&f);
    tell(&f, A, "published", "one");
    tell(&f, B, "published", "other");
    tell(&f, A, "changed", "two");
    uint64_t end = tell(&f, B, "changed", "other two");
    tell(&f, A, "changed", "three");
    tell(&f, A, "changed", "four");
    tell(&f, B, "cancelled", "other two");
    assert_int_equal(cut(&f, end), 2);
    expect(&f, A, "published", "two", 5); /* no version is given twice */
    expect(&f, B, "published", "other two", 4);
    /* and its life goes on */
    tell(&f, B, "cancelled", "other two");
    expect(&f, B, "cancelled", "other two", 5);
    assert_int_equal(cut(&f, end), 1);
    expect(&f, B, "published", "other two", 6);
    pia_fresh_undo(&fresh, 0);
    fixture_close(&f);
}

static void what_was_published_behind_the_cut_is_a_draft(void **state)
{
    (void)state;
    fixture_t f;
    fixture_open(&f);
    uint64_t end = tell(&f, A, "published", "one");
    tell(&f, C, "published", "new");
    tell(&f, C, "changed", "newer");
    assert_int_equal(cut(&f, end), 1);
    expect(&f, A, "published", "one", 1);
    expect(&f, C, "draft", "newer", 3);
    tell(&f, C, "published", "new"); /* the same event, once more */
    expect(&f, C, "published", "new", 4);
    assert_int_equal(cut(&f, 0), 2); /* nothing is left of the journal */
    expect(&f, A, "draft", "one", 2);
    expect(&f, C, "draft", "new", 5);
    pia_fresh_undo(&fresh, 0);
    fixture_close(&f);
}

/* The cut is in the midst of a row, and of a publication's events. */
static void the_events_of_one_row_are_told_apart(void **state)
{
    (void)state;
    fixture_t f;
    char texts[3][512]; /* they outlive the entries */
    entry_t entries[3];
    receipt_t receipts[3];
    pia_problem_t problem = {0};
    static const char *const titles[] = {"one", "two", "three"};
    fixture_open(&f);
    fixture_begin(&f);
    for (int i = 0; i < 3; i++) {
        snprintf(texts[i], sizeof texts[i],
                 "{\"specversion\":\"1.0\",\"id\":\"%d\",\"source\":\"/poles/cnidep\",\"type\":"
                 "\"publication.%s\",\"data\":{\"publication\":\"%s\",\"kind\":\"guide\","
                 "\"title\":\"%s\"}}",
                 i, i ? "changed" : "published", A, titles[i]);
        fixture_parse(&entries[i], texts[i]);
    }
    assert_int_equal(journal_append(f.journal, f.db, entries, 3, receipts, &problem), PIA_OK);
    for (int i = 0; i < 3; i++) {
        publication_step_t step = {
            .entry = &entries[i], .now_ms = 1800000000000, .sequence = receipts[i].sequence};
        assert_int_equal(publication_apply(f.db, &fresh, &step, &problem), PIA_OK);
        entry_clear(&entries[i]);
    }
    fixture_commit(&f);
    assert_int_equal(cut(&f, 2), 1);
    expect(&f, A, "published", "two", 4);
    assert_int_equal(cut(&f, 2), 0);
    pia_fresh_undo(&fresh, 0);
    fixture_close(&f);
}

/* Numbers behind the cut are given again: to who subscribes now, and to nobody who has left. */
static void subscriptions_hold_from_the_cut_on(void **state)
{
    (void)state;
    fixture_t f;
    fixture_open(&f);
    for (int i = 0; i < 6; i++)
        fixture_add(&f, (char[]){(char)('a' + i), '\0'}, "x");
    test_database_run(
        f.db, "INSERT INTO subscription (slot, id, contact, filter, from_sequence,"
              " to_sequence, created_at, change) VALUES (1, 'early', 'c', '{}', 2, NULL, 0, 1),"
              " (2, 'ended', 'c', '{}', 2, 6, 0, 2), (3, 'late', 'c', '{}', 6, NULL, 0, 3),"
              " (4, 'both', 'c', '{}', 5, 7, 0, 4), (5, 'before', 'c', '{}', 1, 3, 0, 5)");
    assert_int_equal(cut(&f, 3), 0);
    static const char *const kept[] = {
        "SELECT from_sequence = 2 AND to_sequence IS NULL FROM subscription WHERE id = 'early'",
        "SELECT from_sequence = 2 AND to_sequence = 4 FROM subscription WHERE id = 'ended'",
        "SELECT from_sequence = 4 AND to_sequence IS NULL FROM subscription WHERE id = 'late'",
        "SELECT from_sequence = 4 AND to_sequence = 4 FROM subscription WHERE id = 'both'",
        "SELECT from_sequence = 1 AND to_sequence = 3 FROM subscription WHERE id = 'before'"};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        assert_int_equal(test_database_integer(f.db, kept[i]), 1);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_changed_behind_the_cut_is_as_before),
        cmocka_unit_test(what_was_published_behind_the_cut_is_a_draft),
        cmocka_unit_test(the_events_of_one_row_are_told_apart),
        cmocka_unit_test(subscriptions_hold_from_the_cut_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
