/* test_claims.c - the table of recent fingerprints, and the filter, against what they should know.
 */
#include "pia_test.h"

#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "seen.h"

enum { COUNT = 20000, BITS = 8 };

/* Spread as a hash is: splitmix64. */
static uint64_t scatter(uint64_t value)
{
    value += 0x9e3779b97f4a7c15U;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31);
}

static fingerprint_t nth(uint64_t n)
{
    return (fingerprint_t){.high = scatter(2 * n), .low = scatter(2 * n + 1)};
}

static claims_t *filled(size_t room)
{
    claims_t *claims = claims_new(room);
    for (uint64_t n = 1; n <= COUNT; n++)
        claims_add(claims, nth(n), n);
    return claims;
}

static void what_was_added_is_found(void **state)
{
    (void)state;
    claims_t *claims = filled(16); /* grows */
    assert_int_equal(claims_count(claims), COUNT);
    for (uint64_t n = 1; n <= COUNT; n++)
        assert_int_equal(claims_find(claims, nth(n)), n);
    for (uint64_t n = COUNT + 1; n <= 2 * (uint64_t)COUNT; n++)
        assert_int_equal(claims_find(claims, nth(n)), 0);
    claims_destroy(&claims);
}

static void what_was_removed_is_not_and_hides_nothing(void **state)
{
    (void)state;
    claims_t *claims = filled(COUNT);
    for (uint64_t n = 1; n <= COUNT; n += 2)
        claims_remove(claims, nth(n));
    for (uint64_t n = 1; n <= COUNT; n++)
        assert_int_equal(claims_find(claims, nth(n)), n % 2 ? 0 : n);
    assert_int_equal(claims_count(claims), COUNT / 2);
    claims_destroy(&claims);
}

/* Fingerprints that all want the last places: they stand at the beginning of the table. */
static void neighbours_at_the_end_go_on_at_the_beginning(void **state)
{
    (void)state;
    claims_t *claims = claims_new(64);
    for (uint64_t n = 1; n <= 50; n++)
        claims_add(claims, (fingerprint_t){.high = UINT64_MAX - n, .low = n}, n);
    claims_add(claims, (fingerprint_t){.high = 1, .low = 1}, 51);
    claim_t *page = NULL;
    assert_int_equal(claims_page(claims, BITS, 255, &page), 50);
    assert_int_equal(page[0].sequence, 50); /* sorted */
    free(page);
    assert_int_equal(claims_page(claims, BITS, 0, &page), 1);
    assert_int_equal(page[0].sequence, 51);
    free(page);
    for (uint64_t n = 1; n <= 50; n += 7)
        claims_remove(claims, (fingerprint_t){.high = UINT64_MAX - n, .low = n});
    for (uint64_t n = 1; n <= 50; n++)
        assert_int_equal(claims_find(claims, (fingerprint_t){.high = UINT64_MAX - n, .low = n}),
                         n % 7 == 1 ? 0 : n);
    assert_int_equal(claims_find(claims, (fingerprint_t){.high = 1, .low = 1}), 51);
    claims_destroy(&claims);
}

static void pages_are_sorted_and_together_they_are_all(void **state)
{
    (void)state;
    claims_t *claims = filled(COUNT);
    fingerprint_t last = {0, 0};
    size_t total = 0;
    for (uint64_t page = 0; page < 1U << BITS; page++) {
        claim_t *found = NULL;
        size_t count = claims_page(claims, BITS, page, &found);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(found[i].fingerprint.high >> (64 - BITS), page);
            assert_true(fingerprint_compare(last, found[i].fingerprint) < 0);
            assert_int_equal(claims_find(claims, found[i].fingerprint), found[i].sequence);
            last = found[i].fingerprint;
        }
        total += count;
        free(found);
    }
    assert_int_equal(total, COUNT);
    claims_destroy(&claims);
}

/* More than the first part holds: the filter has grown by then. */
static void the_filter_forgets_nothing_and_seldom_errs(void **state)
{
    enum { EVENTS = 600000 };
    (void)state;
    seen_t *seen = seen_new(0);
    for (uint64_t n = 0; n < EVENTS; n++)
        seen_add(seen, nth(n));
    size_t wrong = 0;
    for (uint64_t n = 0; n < EVENTS; n++)
        assert_true(seen_maybe(seen, nth(n)));
    for (uint64_t n = EVENTS; n < 2 * (uint64_t)EVENTS; n++)
        wrong += seen_maybe(seen, nth(n));
    print_message("%zu of %d strangers are said to be known\n", wrong, EVENTS);
    assert_true(wrong < EVENTS / 1000);
    seen_destroy(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_found),
        cmocka_unit_test(what_was_removed_is_not_and_hides_nothing),
        cmocka_unit_test(neighbours_at_the_end_go_on_at_the_beginning),
        cmocka_unit_test(pages_are_sorted_and_together_they_are_all),
        cmocka_unit_test(the_filter_forgets_nothing_and_seldom_errs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
