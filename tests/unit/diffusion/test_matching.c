/* test_matching.c - audiences follow the table: they stay the same after ends, restarts and
 * rollbacks. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diffusion_fixture.h"
#include "matching.h"
#include "subscription.h"

static const char CONTACT[] = "01a216b1-c2e2-7903-af04-5a1def7eb79f";

static json_t *create(fixture_t *f, const char *filter_text, uint64_t from)
{
    json_t *filter = json_loads(filter_text, 0, NULL);
    json_t *resource = NULL;
    assert_int_equal(subscription_create(f->db, CONTACT, filter, from, &resource), PIA_OK);
    json_decref(filter);
    return resource;
}

static size_t audience(matching_t *matching, uint64_t sequence)
{
    attributes_t attributes = {0};
    attributes.value[ATTRIBUTE_THEMES] = "arts";
    int64_t found[10];
    return matching_audience(matching, sequence, &attributes, 0, found, 10);
}

static void a_subscription_holds_from_its_creation_to_its_end(void **state)
{
    (void)state;
    fixture_t f;
    fixture_open(&f);
    matching_t *matching = matching_new();
    assert_int_equal(pia_db_begin(f.db), PIA_OK);
    json_t *first = create(&f, "{\"themes\":[\"arts\"]}", 3);
    json_t *other = create(&f, "{\"themes\":[\"sante\"]}", 1);
    assert_int_equal(pia_db_commit(f.db), PIA_OK);
    assert_int_equal(matching_refresh(matching, f.db), PIA_OK);
    assert_int_equal(audience(matching, 2), 0);
    assert_int_equal(audience(matching, 3), 1);
    const char *id = json_string_value(json_object_get(first, "subscription"));
    assert_int_equal(pia_db_begin(f.db), PIA_OK);
    assert_int_equal(subscription_end(f.db, id, 7), PIA_OK);
    assert_int_equal(subscription_end(f.db, id, 9), PIA_OK); /* the first end stays */
    assert_int_equal(pia_db_commit(f.db), PIA_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(matching_refresh(matching, f.db), PIA_OK);
        assert_int_equal(audience(matching, 6), 1);
        assert_int_equal(audience(matching, 7), 0);
        assert_int_equal(audience(matching, 8), 0);
        matching_destroy(&matching); /* the same after a restart */
        matching = matching_new();
    }
    json_decref(first);
    json_decref(other);
    matching_destroy(&matching);
    fixture_close(&f);
}

static void what_was_rolled_back_is_forgotten(void **state)
{
    (void)state;
    fixture_t f;
    fixture_open(&f);
    matching_t *matching = matching_new();
    assert_int_equal(pia_db_begin(f.db), PIA_OK);
    json_t *undone = create(&f, "{}", 1);
    assert_int_equal(matching_refresh(matching, f.db), PIA_OK);
    assert_int_equal(audience(matching, 1), 1);
    pia_db_rollback(f.db);
    matching_rolled_back(matching);
    assert_int_equal(pia_db_begin(f.db), PIA_OK);
    json_t *kept = create(&f, "{\"themes\":[\"sante\"]}", 1);
    assert_int_equal(pia_db_commit(f.db), PIA_OK);
    assert_int_equal(matching_refresh(matching, f.db), PIA_OK);
    assert_int_equal(audience(matching, 1), 0);
    assert_int_equal(matching_count(matching), 1);
    json_decref(undone);
    json_decref(kept);
    matching_destroy(&matching);
    fixture_close(&f);
}

static void a_rollback_without_changes_keeps_what_is_there(void **state)
{
    (void)state;
    fixture_t f;
    fixture_open(&f);
    matching_t *matching = matching_new();
    assert_int_equal(pia_db_begin(f.db), PIA_OK);
    json_decref(create(&f, "{}", 1));
    assert_int_equal(pia_db_commit(f.db), PIA_OK);
    assert_int_equal(matching_refresh(matching, f.db), PIA_OK);
    matching_committed(matching);
    matching_rolled_back(matching);
    assert_int_equal(matching_count(matching), 1);
    matching_destroy(&matching);
    fixture_close(&f);
}

/* What a job undid does not count: who subscribes after it gets the event that takes its number. */
static void a_subscription_after_an_undone_event_gets_the_next_one(void **state)
{
    (void)state;
    fixture_t f;
    receipt_t receipt;
    fixture_open(&f);
    receipt_t first = fixture_add(&f, "a", "1");
    fixture_begin(&f);
    fixture_append_undone(&f, "b");
    assert_int_equal(journal_next(f.journal), first.sequence + 1);
    assert_int_equal(fixture_append(&f, "c", "1", &receipt), PIA_OK);
    assert_int_equal(receipt.sequence, first.sequence + 1);
    assert_int_equal(journal_next(f.journal), receipt.sequence + 1);
    fixture_commit(&f);
    fixture_close(&f);
}

typedef struct {
    json_t *const *made; /* in the order of their slots */
    const int64_t *slots;
    size_t told;
} people_t;

static void told_of(void *arg, const char *id, const char *contact)
{
    people_t *people = arg;
    json_t *own = people->made[people->slots[people->told++] - 1];
    assert_string_equal(id, json_string_value(json_object_get(own, "subscription")));
    assert_string_equal(contact, CONTACT);
}

/* One in `step` of them: a range where they are dense, a few at once where not. */
static void check_people(fixture_t *f, json_t *const *made, size_t count, size_t step)
{
    int64_t slots[200];
    people_t people = {.made = made, .slots = slots};
    size_t wanted = 0;
    for (size_t i = 0; i < count; i += step)
        slots[wanted++] = (int64_t)i + 1;
    assert_int_equal(subscription_people(f->db, slots, wanted, told_of, &people), PIA_OK);
    assert_int_equal(people.told, wanted);
}

static void people_are_found_by_their_slots(void **state)
{
    (void)state;
    enum { COUNT = 200 };
    fixture_t f;
    json_t *made[COUNT];
    fixture_open(&f);
    assert_int_equal(pia_db_begin(f.db), PIA_OK);
    for (int i = 0; i < COUNT; i++)
        made[i] = create(&f, "{}", 1);
    for (size_t step = 1; step < 60; step += 3)
        check_people(&f, made, COUNT, step);
    int64_t nobody[] = {COUNT, COUNT + 1};
    people_t people = {.made = made, .slots = nobody};
    assert_int_equal(subscription_people(f.db, nobody, 0, told_of, &people), PIA_OK);
    assert_int_equal(subscription_people(f.db, nobody, 2, told_of, &people), PIA_INTERNAL);
    assert_int_equal(pia_db_commit(f.db), PIA_OK);
    for (int i = 0; i < COUNT; i++)
        json_decref(made[i]);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subscription_holds_from_its_creation_to_its_end),
        cmocka_unit_test(what_was_rolled_back_is_forgotten),
        cmocka_unit_test(a_rollback_without_changes_keeps_what_is_there),
        cmocka_unit_test(a_subscription_after_an_undone_event_gets_the_next_one),
        cmocka_unit_test(people_are_found_by_their_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
