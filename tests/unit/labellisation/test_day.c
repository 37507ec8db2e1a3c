/* test_day.c - periods from date to date, and days in Paris. */
#include "pia_test.h"

#include <string.h>

#include "day.h"
#include "pia/clock.h"

static int64_t day(const char *text)
{
    int64_t value;
    assert_true(pia_date_parse(text, &value));
    return value;
}

static int64_t at(const char *text)
{
    int64_t value;
    assert_true(pia_time_parse(text, &value));
    return value;
}

static void assert_ends(const char *from, period_t period, const char *expected)
{
    char text[DAY_TEXT_SIZE];
    day_format(day_add(day(from), &period), text);
    assert_string_equal(text, expected);
}

static void a_period_in_months_ends_on_the_same_day_number(void **state)
{
    (void)state;
    assert_ends("2026-11-26", (period_t){.months = 2}, "2027-01-26");
    assert_ends("2026-01-31", (period_t){.months = 2}, "2026-03-31");
    assert_ends("2007-10-01", (period_t){.months = 2}, "2007-12-01");
    assert_ends("2026-12-15", (period_t){.months = 1}, "2027-01-15");
    assert_ends("2026-05-10", (period_t){.months = 26}, "2028-07-10");
}

static void or_on_the_last_day_of_the_month(void **state)
{
    (void)state;
    assert_ends("2025-12-31", (period_t){.months = 2}, "2026-02-28");
    assert_ends("2023-12-31", (period_t){.months = 2}, "2024-02-29");
    assert_ends("2026-08-31", (period_t){.months = 1}, "2026-09-30");
    assert_ends("2024-02-29", (period_t){.years = 3}, "2027-02-28");
    assert_ends("2024-02-29", (period_t){.years = 4}, "2028-02-29");
    assert_ends("2026-02-28", (period_t){.months = 1}, "2026-03-28");
}

static void months_come_first_then_weeks_and_days(void **state)
{
    (void)state;
    assert_ends("2026-01-31", (period_t){.months = 1, .days = 1}, "2026-03-01");
    assert_ends("2026-01-31", (period_t){.months = 1, .weeks = 1, .days = 2}, "2026-03-09");
    assert_ends("2026-12-31", (period_t){.days = 1}, "2027-01-01");
    assert_ends("2026-11-26", (period_t){.years = 1, .months = 1, .days = 10}, "2028-01-05");
}

static void a_day_begins_at_midnight_in_paris(void **state)
{
    (void)state;
    assert_int_equal(day_start(day("2026-01-15")), at("2026-01-14T23:00:00Z"));
    assert_int_equal(day_start(day("2026-07-15")), at("2026-07-14T22:00:00Z"));
    /* The days on which the clocks change, and the days after. */
    assert_int_equal(day_start(day("2026-03-29")), at("2026-03-28T23:00:00Z"));
    assert_int_equal(day_start(day("2026-03-30")), at("2026-03-29T22:00:00Z"));
    assert_int_equal(day_start(day("2026-10-25")), at("2026-10-24T22:00:00Z"));
    assert_int_equal(day_start(day("2026-10-26")), at("2026-10-25T23:00:00Z"));
}

static void an_instant_belongs_to_the_local_day(void **state)
{
    (void)state;
    assert_int_equal(day_of(at("2026-11-26T22:59:59.999Z")), day("2026-11-26"));
    assert_int_equal(day_of(at("2026-11-26T23:00:00Z")), day("2026-11-27"));
    assert_int_equal(day_of(at("2026-06-30T22:00:00Z")), day("2026-07-01"));
    assert_int_equal(day_of(at("2026-12-31T23:30:00Z")), day("2027-01-01"));
}

static void every_day_begins_where_the_day_before_ends(void **state)
{
    (void)state;
    for (int64_t i = day("1996-11-01"); i < day("2080-01-01"); i++) {
        char text[DAY_TEXT_SIZE];
        day_format(i, text);
        assert_int_equal(day(text), i);
        assert_int_equal(day_of(day_start(i)), i);
        assert_int_equal(day_of(day_start(i) - 1), i - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_period_in_months_ends_on_the_same_day_number),
        cmocka_unit_test(or_on_the_last_day_of_the_month),
        cmocka_unit_test(months_come_first_then_weeks_and_days),
        cmocka_unit_test(a_day_begins_at_midnight_in_paris),
        cmocka_unit_test(an_instant_belongs_to_the_local_day),
        cmocka_unit_test(every_day_begins_where_the_day_before_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
