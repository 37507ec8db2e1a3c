/* test_match_index.c - the index against the oracle: whatever is added and ended in whatever order,
 * each event reaches those whom it should, at each sequence, in one list or in pages. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bits.h"
#include "filter.h"
#include "match_index_private.h"
#include "match_oracle.h"
#include "match_shares.h"
#include "match_terms.h"
#include "pia/memory.h"

/* A world of subscriptions, kept twice. */
typedef struct {
    match_index_t *index;
    match_terms_t terms;
    struct {
        json_t *filter, *meanings;
        int64_t slot;
        uint64_t from, to; /* to 0: holds */
    } * own;
    size_t count, room;
    unsigned seed;
    uint64_t sequence; /* of the next event */
} world_t;

static void world_open(world_t *world, unsigned seed, size_t room)
{
    *world = (world_t){.index = match_index_new(), .room = room, .seed = seed, .sequence = 1};
    world->own = pia_alloc(room * sizeof *world->own);
}

static void world_close(world_t *world)
{
    for (size_t i = 0; i < world->count; i++) {
        json_decref(world->own[i].filter);
        json_decref(world->own[i].meanings);
    }
    match_terms_free(&world->terms);
    free(world->own);
    match_index_destroy(&world->index);
}

static void
add(match_index_t *index, match_terms_t *terms, const json_t *filter, int64_t slot, uint64_t from)
{
    match_entry_t entry = {.slot = slot, .from = from};
    char *text = json_dumps(filter, slot % 7 ? JSON_COMPACT : JSON_INDENT(1));
    assert_true(match_terms_of(terms, index, text, &entry.asks));
    free(text);
    entry.values = terms->values;
    entry.count = terms->count;
    match_index_add(index, &entry);
}

/* Adds one; now and then slots or sequences leap, so that chunks begin early. */
static void world_add(world_t *world)
{
    size_t i = world->count++;
    int64_t last = match_index_last(world->index);
    bool leaps = oracle_random(&world->seed, 200) == 0;
    if (leaps && oracle_random(&world->seed, 2))
        world->sequence += 5000000000U;
    world->own[i].filter = oracle_filter(&world->seed, &world->own[i].meanings);
    world->own[i].slot = last + (leaps ? 40000 : 1);
    world->own[i].from = world->sequence;
    world->own[i].to = 0;
    add(world->index, &world->terms, world->own[i].filter, world->own[i].slot, world->own[i].from);
}

static void world_end(world_t *world)
{
    size_t i = oracle_random(&world->seed, (unsigned)world->count);
    assert_true(match_index_end(world->index, world->own[i].slot, world->sequence));
    if (!world->own[i].to)
        world->own[i].to = world->sequence;
}

static bool is_reached(const world_t *world, size_t i, const json_t *event, uint64_t sequence)
{
    return sequence >= world->own[i].from && (!world->own[i].to || sequence < world->own[i].to) &&
           oracle_matches(world->own[i].filter, world->own[i].meanings, event);
}

static bool names(const json_t *filter, const char *member, const char *value)
{
    const json_t *array = json_object_get(filter, member);
    for (size_t i = 0; i < json_array_size(array); i++)
        if (strcmp(json_string_value(json_array_get(array, i)), value) == 0)
            return true;
    return false;
}

/* Compares how many of those who are reached name a theme, a département, or no place at all. */
static void world_check_shares(const world_t *world, const json_t *event, uint64_t sequence)
{
    attributes_t attributes = oracle_attributes(event);
    match_query_t query = {0};
    match_share_t shares[] = {
        {.names = {{CRITERION_THEMES, "sante"}}, .name_count = 1},
        {.names = {{CRITERION_DEPARTEMENTS, "54"}, {CRITERION_TERRITORIES, "departement:54"}},
         .name_count = 2},
        {.none_of = 1U << CRITERION_REGIONS | 1U << CRITERION_TERRITORIES},
    };
    size_t expected[4] = {0};
    match_query_init(&query, &attributes);
    for (size_t i = 0; i < world->count; i++) {
        const json_t *filter = world->own[i].filter;
        if (!is_reached(world, i, event, sequence))
            continue;
        expected[0] += names(filter, "themes", "sante");
        expected[1] +=
            names(filter, "departements", "54") || names(filter, "territories", "departement:54");
        expected[2] +=
            !json_object_get(filter, "regions") && !json_object_get(filter, "territories");
        expected[3]++;
    }
    assert_int_equal(match_index_shares(world->index, &query, sequence, shares, 3), expected[3]);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(shares[i].count, expected[i]);
    match_query_clear(&query);
}

/* Compares the audience of an event at a sequence, whole and in pages of `limit`. */
static size_t
world_check(const world_t *world, const json_t *event, uint64_t sequence, size_t limit)
{
    attributes_t attributes = oracle_attributes(event);
    match_query_t query = {0};
    match_query_init(&query, &attributes);
    int64_t *slots = pia_alloc((limit + 1) * sizeof *slots);
    size_t got = 0;
    size_t at = 0;
    size_t total = 0;
    int64_t after = 0;
    for (size_t i = 0; i < world->count; i++) {
        if (!is_reached(world, i, event, sequence))
            continue;
        if (at == got) {
            got = match_index_list(world->index, &query, sequence, after, slots, limit);
            at = 0;
            assert_true(got > 0);
            after = slots[got - 1];
        }
        assert_int_equal(slots[at++], world->own[i].slot);
        total++;
    }
    assert_int_equal(at, got);
    assert_int_equal(match_index_list(world->index, &query, sequence, after, slots, limit), 0);
    assert_int_equal(match_index_count(world->index, &query, sequence), total);
    free(slots);
    match_query_clear(&query);
    return total;
}

static size_t play(unsigned seed, size_t subscriptions, size_t events)
{
    world_t world;
    size_t reached = 0;
    world_open(&world, seed, subscriptions);
    while (world.count < subscriptions) {
        world_add(&world);
        if (oracle_random(&world.seed, 4) == 0)
            world_end(&world);
        world.sequence += oracle_random(&world.seed, 2);
    }
    for (size_t i = 0; i < events; i++) {
        json_t *event = oracle_event(&world.seed);
        size_t limit = 1 + oracle_random(&world.seed, 50);
        uint64_t past = world.own[oracle_random(&world.seed, (unsigned)world.count)].from;
        reached += world_check(&world, event, world.sequence, limit);
        reached += world_check(&world, event, past + oracle_random(&world.seed, 3), limit);
        world_check_shares(&world, event, past);
        json_decref(event);
    }
    world_close(&world);
    return reached;
}

static void small_worlds_of_many_seeds_are_exact(void **state)
{
    (void)state;
    size_t reached = 0;
    for (unsigned seed = 1; seed <= 3000; seed++)
        reached += play(seed, 1 + seed % 60, 6);
    assert_true(reached > 10000);
}

/* Large enough for values to change from lists to bitmaps on the way. */
static void larger_worlds_are_exact(void **state)
{
    (void)state;
    size_t reached = 0;
    for (unsigned seed = 1; seed <= 12; seed++)
        reached += play(seed, 4000, 12);
    assert_true(reached > 10000);
}

/* The streams' way of matching says the same. */
static void filters_alone_are_exact_too(void **state)
{
    (void)state;
    size_t matched = 0;
    for (unsigned seed = 1; seed <= 20000; seed++) {
        unsigned own = seed;
        json_t *meanings = NULL;
        json_t *json = oracle_filter(&own, &meanings);
        json_t *event = oracle_event(&own);
        attributes_t attributes = oracle_attributes(event);
        filter_t *filter = NULL;
        pia_problem_t problem = {0};
        if (filter_compile(json, &filter, &problem) != PIA_OK)
            fail_msg("seed %u: %s %s", seed, problem.pointer, problem.detail);
        bool found = filter_matches(filter, &attributes);
        if (found != oracle_matches(json, meanings, event))
            fail_msg("seed %u", seed);
        matched += found;
        filter_destroy(&filter);
        json_decref(json);
        json_decref(meanings);
        json_decref(event);
    }
    assert_true(matched > 1000 && matched < 19000);
}

static void an_empty_index_reaches_nobody(void **state)
{
    (void)state;
    match_index_t *index = match_index_new();
    match_query_t query = {0};
    attributes_t attributes = {.value = {[ATTRIBUTE_KIND] = "guide"}};
    int64_t slot = 0;
    match_query_init(&query, &attributes);
    assert_int_equal(match_index_count(index, &query, 1), 0);
    assert_int_equal(match_index_list(index, &query, 1, 0, &slot, 1), 0);
    assert_int_equal(match_index_last(index), 0);
    assert_false(match_index_end(index, 1, 1));
    match_query_clear(&query);
    match_index_destroy(&index);
}

static void ends_of_unknown_slots_are_refused(void **state)
{
    (void)state;
    match_index_t *index = match_index_new();
    match_terms_t terms = {0};
    json_t *filter = json_object();
    add(index, &terms, filter, 10, 1);
    json_decref(filter);
    match_terms_free(&terms);
    assert_false(match_index_end(index, 9, 2));
    assert_false(match_index_end(index, 11, 2));
    assert_true(match_index_end(index, 10, 2));
    assert_int_equal(match_index_size(index), 1);
    match_index_destroy(&index);
}

/* The place in the table of the n-th of some values, each made if it is new. */
static size_t place_of(match_index_t *index, int n)
{
    char text[16];
    (void)snprintf(text, sizeof text, "word%d", n);
    const match_value_t *value = match_index_value(index, CRITERION_KEYWORDS, text);
    size_t place = 0;
    while (index->table[place] != value)
        place++;
    return place;
}

/* Whoever knew could choose values that all stand in one place. */
static void where_a_value_stands_cannot_be_known(void **state)
{
    (void)state;
    match_index_t *one = match_index_new();
    match_index_t *other = match_index_new();
    int same = 0;
    for (int i = 0; i < 100; i++)
        same += place_of(one, i) == place_of(other, i);
    assert_in_range(same, 0, 20);
    match_index_destroy(&one);
    match_index_destroy(&other);
}

static void counting_counts_each_bit(void **state)
{
    (void)state;
    static uint64_t words[BITS_WORDS];
    static uint64_t other[BITS_WORDS];
    unsigned seed = 3;
    memset(words, 0xff, sizeof words);
    assert_int_equal(bits_count(words, BITS_WORDS / BITS_BLOCK), BITS_SIZE);
    for (int round = 0; round < 50; round++) {
        size_t expected = 0;
        size_t both = 0;
        for (size_t i = 0; i < BITS_WORDS; i++) {
            words[i] = (uint64_t)oracle_random(&seed, 65536) << 40 | oracle_random(&seed, 65536);
            other[i] = (uint64_t)oracle_random(&seed, 65536) << 40 | oracle_random(&seed, 65536);
            expected += (size_t)__builtin_popcountll(words[i]);
            both += (size_t)__builtin_popcountll(words[i] & other[i]);
        }
        assert_int_equal(bits_count(words, BITS_WORDS / BITS_BLOCK), expected);
        assert_int_equal(bits_count_and(words, other, BITS_WORDS / BITS_BLOCK), both);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_worlds_of_many_seeds_are_exact),
        cmocka_unit_test(larger_worlds_are_exact),
        cmocka_unit_test(filters_alone_are_exact_too),
        cmocka_unit_test(an_empty_index_reaches_nobody),
        cmocka_unit_test(ends_of_unknown_slots_are_refused),
        cmocka_unit_test(where_a_value_stands_cannot_be_known),
        cmocka_unit_test(counting_counts_each_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
