/* test_agenda.c - the order in which members leave as seldom as possible, against all orders. */
#include "pia_test.h"

#include <stdbool.h>
#include <string.h>

#include "session_agenda.h"

enum { SMALL_MAX = 7 };

/* The best of all orders of the items from `at` on. */
static size_t best_of_all(const uint64_t *away, size_t *order, size_t at, size_t count)
{
    if (at == count)
        return agenda_leaves(away, order, count);
    size_t best = SIZE_MAX;
    for (size_t i = at; i < count; i++) {
        size_t kept = order[at];
        order[at] = order[i];
        order[i] = kept;
        size_t found = best_of_all(away, order, at + 1, count);
        best = found < best ? found : best;
        order[i] = order[at];
        order[at] = kept;
    }
    return best;
}

static void assert_permutation(const size_t *order, size_t count)
{
    bool seen[AGENDA_ITEMS_MAX] = {false};
    for (size_t i = 0; i < count; i++) {
        assert_true(order[i] < count && !seen[order[i]]);
        seen[order[i]] = true;
    }
}

/* The next of a fixed sequence of numbers. */
static uint64_t next_number(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005U + 1442695040888963407U;
    return *seed >> 33;
}

/* About a quarter of its bits are set. */
static uint64_t sparse(uint64_t *seed)
{
    uint64_t first = next_number(seed), second = next_number(seed);
    return first & second;
}

static void no_order_of_a_short_agenda_is_better(void **state)
{
    (void)state;
    uint64_t seed = 20261126;
    for (int round = 0; round < 200; round++) {
        uint64_t away[SMALL_MAX];
        size_t order[SMALL_MAX], all[SMALL_MAX];
        size_t count = 1 + next_number(&seed) % SMALL_MAX;
        for (size_t i = 0; i < count; i++) {
            away[i] = sparse(&seed) & 31;
            all[i] = i;
        }
        size_t leaves = agenda_order(away, count, order);
        assert_permutation(order, count);
        assert_int_equal(leaves, agenda_leaves(away, order, count));
        assert_int_equal(leaves, best_of_all(away, all, 0, count));
    }
}

static void items_without_interests_stay_as_they_are(void **state)
{
    (void)state;
    const uint64_t away[] = {0, 0, 0, 0};
    size_t order[4];
    assert_int_equal(agenda_order(away, 4, order), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(order[i], i);
    assert_int_equal(agenda_order(away, 0, order), 0);
}

/* 1 and 3 concern one member, 0 and 2 another, 4 both: each leaves once. */
static void a_member_leaves_once_for_all_its_items(void **state)
{
    (void)state;
    const uint64_t away[] = {2, 1, 2, 1, 3, 0};
    size_t order[6];
    assert_int_equal(agenda_order(away, 6, order), 2);
    const size_t expected[] = {0, 2, 4, 1, 3, 5};
    assert_memory_equal(order, expected, sizeof expected);
}

static void a_long_agenda_is_ordered_too_and_no_worse_than_given(void **state)
{
    (void)state;
    uint64_t seed = 7, away[AGENDA_ITEMS_MAX];
    size_t order[AGENDA_ITEMS_MAX], again[AGENDA_ITEMS_MAX], given[AGENDA_ITEMS_MAX];
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < AGENDA_ITEMS_MAX; i++) {
            away[i] = sparse(&seed) & 0xffff;
            given[i] = i;
        }
        size_t leaves = agenda_order(away, AGENDA_ITEMS_MAX, order);
        assert_permutation(order, AGENDA_ITEMS_MAX);
        assert_true(leaves <= agenda_leaves(away, given, AGENDA_ITEMS_MAX));
        assert_int_equal(agenda_order(away, AGENDA_ITEMS_MAX, again), leaves);
        assert_memory_equal(order, again, sizeof order);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_order_of_a_short_agenda_is_better),
        cmocka_unit_test(items_without_interests_stay_as_they_are),
        cmocka_unit_test(a_member_leaves_once_for_all_its_items),
        cmocka_unit_test(a_long_agenda_is_ordered_too_and_no_worse_than_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
