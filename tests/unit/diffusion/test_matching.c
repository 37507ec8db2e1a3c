/* test_matching.c - audiences against an oracle that looks at each subscription's JSON by itself,
 * and that they stay the same after ends, restarts and rollbacks. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diffusion_fixture.h"
#include "matching.h"
#include "pia/territory.h"
#include "subscription.h"

static const char CONTACT[] = "01a216b1-c2e2-7903-af04-5a1def7eb79f";

static const char *const themes[] = {"habitat", "arts",       "alimentation",
                                     "sante",   "production", "numerique"};
static const char *const kinds[] = {"guide", "formation", "lettre", "veille"};
static const char *const departements[] = {"54", "57", "72", "14", "974", "2A"};
static const char *const regions[] = {"44", "52", "28", "04", "94"};

/* A fixed sequence of numbers, so that a failure comes again. */
static unsigned next_random(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245U + 12345U;
    return (*seed >> 16) % below;
}

static json_t *pick(unsigned *seed, const char *const *from, unsigned count)
{
    json_t *array = json_array();
    for (unsigned i = 1 + next_random(seed, 2); i > 0; i--)
        json_array_append_new(array, json_string(from[next_random(seed, count)]));
    return array;
}

static json_t *random_filter(unsigned *seed)
{
    json_t *filter = json_object();
    if (next_random(seed, 2))
        json_object_set_new(filter, "themes", pick(seed, themes, 6));
    if (next_random(seed, 2))
        json_object_set_new(filter, "kinds", pick(seed, kinds, 4));
    if (next_random(seed, 3) == 0)
        json_object_set_new(filter, "departements", pick(seed, departements, 6));
    if (next_random(seed, 3) == 0)
        json_object_set_new(filter, "regions", pick(seed, regions, 5));
    return filter;
}

/* The rules of the page again, written another way: on sets in JSON. */
static bool has(const json_t *array, const char *value)
{
    size_t index = 0;
    const json_t *item = NULL;
    json_array_foreach(array, index, item)
    {
        if (strcmp(json_string_value(item), value) == 0)
            return true;
    }
    return false;
}

typedef struct {
    const char *theme, *kind, *departement, *region;
    bool national;
} event_t;

static bool oracle_territory(const json_t *filter, const event_t *event)
{
    const json_t *wanted = json_object_get(filter, "departements");
    size_t index = 0;
    const json_t *item = NULL;
    bool found =
        !wanted || event->national || (event->departement && has(wanted, event->departement));
    json_array_foreach(wanted, index, item)
    {
        const char *of = pia_territory_region_of(json_string_value(item));
        found = found || (event->region && strcmp(of, event->region) == 0);
    }
    wanted = json_object_get(filter, "regions");
    if (!found || !wanted || event->national)
        return found;
    return (event->region && has(wanted, event->region)) ||
           (event->departement && has(wanted, pia_territory_region_of(event->departement)));
}

static bool oracle(const json_t *filter, const event_t *event)
{
    const json_t *wanted = json_object_get(filter, "themes");
    if (wanted && !has(wanted, event->theme))
        return false;
    wanted = json_object_get(filter, "kinds");
    return (!wanted || has(wanted, event->kind)) && oracle_territory(filter, event);
}

static event_t random_event(unsigned *seed, attributes_t *ret_attributes)
{
    event_t event = {.theme = themes[next_random(seed, 6)], .kind = kinds[next_random(seed, 4)]};
    unsigned where = next_random(seed, 4);
    event.national = where == 0;
    event.departement = where == 1 ? departements[next_random(seed, 6)] : NULL;
    event.region = where == 2 ? regions[next_random(seed, 5)] : NULL;
    *ret_attributes = (attributes_t){0};
    ret_attributes->value[ATTRIBUTE_THEMES] = event.theme;
    ret_attributes->value[ATTRIBUTE_KIND] = event.kind;
    ret_attributes->value[ATTRIBUTE_DEPARTEMENTS] = event.departement;
    ret_attributes->value[ATTRIBUTE_REGIONS] = event.region;
    ret_attributes->value[ATTRIBUTE_SCOPE] = event.national ? "national" : NULL;
    return event;
}

enum { SUBSCRIPTIONS = 300, EVENTS = 200 };

static void audiences_are_what_the_oracle_says(void **state)
{
    (void)state;
    unsigned seed = 7;
    matching_t *matching = matching_new();
    json_t *filters[SUBSCRIPTIONS];
    for (int i = 0; i < SUBSCRIPTIONS; i++) {
        pia_problem_t problem = {0};
        subscriber_t subscriber = {.slot = i + 1, .from = 1};
        filters[i] = random_filter(&seed);
        assert_int_equal(filter_compile(filters[i], &subscriber.filter, &problem), PIA_OK);
        matching_put(matching, &subscriber);
    }
    size_t matched = 0;
    for (int n = 0; n < EVENTS; n++) {
        attributes_t attributes;
        const subscriber_t *found[SUBSCRIPTIONS];
        event_t event = random_event(&seed, &attributes);
        size_t count = matching_audience(matching, 5, &attributes, 0, found, SUBSCRIPTIONS);
        size_t expected = 0;
        for (int i = 0; i < SUBSCRIPTIONS; i++) {
            if (!oracle(filters[i], &event))
                continue;
            assert_true(expected < count);
            assert_int_equal(found[expected++]->slot, i + 1);
        }
        assert_int_equal(count, expected);
        matched += count;
    }
    assert_true(matched > 1000 && matched < SUBSCRIPTIONS * EVENTS / 2);
    for (int i = 0; i < SUBSCRIPTIONS; i++)
        json_decref(filters[i]);
    matching_destroy(&matching);
}

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
    const subscriber_t *found[10];
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
    matching_reset(matching);
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

static void pages_join_in_a_stable_order(void **state)
{
    (void)state;
    matching_t *matching = matching_new();
    for (int i = 1; i <= 25; i++) {
        pia_problem_t problem = {0};
        subscriber_t subscriber = {.slot = i, .from = 1, .to = i % 3 == 0 ? 2 : 0};
        assert_int_equal(filter_compile(NULL, &subscriber.filter, &problem), PIA_OK);
        matching_put(matching, &subscriber);
    }
    attributes_t attributes = {0};
    const subscriber_t *all[25];
    const subscriber_t *page[4];
    size_t count = matching_audience(matching, 5, &attributes, 0, all, 25);
    assert_int_equal(count, 17);
    size_t seen = 0;
    int64_t after = 0;
    size_t got = 0;
    while ((got = matching_audience(matching, 5, &attributes, after, page, 4))) {
        for (size_t i = 0; i < got; i++)
            assert_ptr_equal(page[i], all[seen++]);
        after = page[got - 1]->slot;
    }
    assert_int_equal(seen, count);
    matching_destroy(&matching);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(audiences_are_what_the_oracle_says),
        cmocka_unit_test(a_subscription_holds_from_its_creation_to_its_end),
        cmocka_unit_test(what_was_rolled_back_is_forgotten),
        cmocka_unit_test(pages_join_in_a_stable_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
