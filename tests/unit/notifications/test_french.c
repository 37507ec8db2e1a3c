/* test_french.c - dates as the messages show them. */
#include "pia_test.h"

#include "french.h"
#include "pia/clock.h"

#define NBSP "\xc2\xa0"

static void expect_time(const char *time, const char *expected)
{
    int64_t time_ms = 0;
    assert_true(pia_time_parse(time, &time_ms));
    char text[FRENCH_SIZE];
    french_time(time_ms, text);
    assert_string_equal(text, expected);
}

static void days_have_french_names(void **state)
{
    (void)state;
    char text[FRENCH_SIZE];
    assert_true(french_day("2026-01-01", text));
    assert_string_equal(text, "1er" NBSP "janvier 2026");
    assert_true(french_day("2026-08-21", text));
    assert_string_equal(text, "21" NBSP "août 2026");
    assert_false(french_day("2026-02-29", text));
    assert_false(french_day("2026-08-21T00:00:00Z", text));
    assert_false(french_day("", text));
}

static void moments_are_in_paris(void **state)
{
    (void)state;
    expect_time("2026-11-26T06:05:00Z", "26" NBSP "novembre 2026 à 7" NBSP "h" NBSP "05");
    expect_time("2026-07-14T22:30:00Z", "15" NBSP "juillet 2026 à 0" NBSP "h" NBSP "30");
    expect_time("2026-12-31T23:00:00Z", "1er" NBSP "janvier 2027 à 0" NBSP "h" NBSP "00");
}

static void summer_time_begins_and_ends_on_last_sundays(void **state)
{
    (void)state;
    expect_time("2026-03-29T00:59:59Z", "29" NBSP "mars 2026 à 1" NBSP "h" NBSP "59");
    expect_time("2026-03-29T01:00:00Z", "29" NBSP "mars 2026 à 3" NBSP "h" NBSP "00");
    expect_time("2026-10-25T00:59:59Z", "25" NBSP "octobre 2026 à 2" NBSP "h" NBSP "59");
    expect_time("2026-10-25T01:00:00Z", "25" NBSP "octobre 2026 à 2" NBSP "h" NBSP "00");
    expect_time("2024-03-31T01:00:00Z", "31" NBSP "mars 2024 à 3" NBSP "h" NBSP "00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_have_french_names),
        cmocka_unit_test(moments_are_in_paris),
        cmocka_unit_test(summer_time_begins_and_ends_on_last_sundays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
