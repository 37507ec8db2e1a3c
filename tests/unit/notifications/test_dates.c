/* test_dates.c - dates as the messages show them. */
#include "pia_test.h"

#include "dates.h"
#include "pia/clock.h"

#define NBSP "\xc2\xa0"

static void expect_time(const char *time, const char *expected)
{
    int64_t time_ms = 0;
    assert_true(pia_time_parse(time, &time_ms));
    char text[DATE_TEXT_SIZE];
    date_moment(LANGUAGE_FR, time_ms, text);
    assert_string_equal(text, expected);
}

static void days_have_french_names(void **state)
{
    (void)state;
    char text[DATE_TEXT_SIZE];
    assert_true(date_day(LANGUAGE_FR, "2026-01-01", text));
    assert_string_equal(text, "1er" NBSP "janvier" NBSP "2026");
    assert_true(date_day(LANGUAGE_FR, "2026-08-21", text));
    assert_string_equal(text, "21" NBSP "août" NBSP "2026");
    assert_false(date_day(LANGUAGE_FR, "2026-02-29", text));
    assert_false(date_day(LANGUAGE_FR, "2026-08-21T00:00:00Z", text));
    assert_false(date_day(LANGUAGE_FR, "", text));
}

static void english_readers_get_english(void **state)
{
    (void)state;
    char text[DATE_TEXT_SIZE];
    assert_int_equal(language_parse("en"), LANGUAGE_EN);
    assert_int_equal(language_parse("fr"), LANGUAGE_FR);
    assert_int_equal(language_parse("de"), LANGUAGE_FR);
    assert_int_equal(language_parse(NULL), LANGUAGE_FR);
    assert_true(date_day(LANGUAGE_EN, "2026-01-01", text));
    assert_string_equal(text, "1" NBSP "January" NBSP "2026");
    date_moment(LANGUAGE_EN, INT64_C(1795674655123), text);
    assert_string_equal(text, "26" NBSP "November" NBSP "2026 at 7:30");
}

static void moments_are_in_paris(void **state)
{
    (void)state;
    expect_time("2026-11-26T06:05:00Z", "26" NBSP "novembre" NBSP "2026 à 7" NBSP "h" NBSP "05");
    expect_time("2026-07-14T22:30:00Z", "15" NBSP "juillet" NBSP "2026 à 0" NBSP "h" NBSP "30");
    expect_time("2026-12-31T23:00:00Z", "1er" NBSP "janvier" NBSP "2027 à 0" NBSP "h" NBSP "00");
}

static void the_last_moment_there_is_has_a_date(void **state)
{
    (void)state;
    expect_time("9999-12-31T23:59:59.999Z",
                "31" NBSP "décembre" NBSP "9999 à 23" NBSP "h" NBSP "59");
    expect_time("1970-01-01T00:00:00Z", "1er" NBSP "janvier" NBSP "1970 à 1" NBSP "h" NBSP "00");
}

static void summer_time_begins_and_ends_on_last_sundays(void **state)
{
    (void)state;
    expect_time("2026-03-29T00:59:59Z", "29" NBSP "mars" NBSP "2026 à 1" NBSP "h" NBSP "59");
    expect_time("2026-03-29T01:00:00Z", "29" NBSP "mars" NBSP "2026 à 3" NBSP "h" NBSP "00");
    expect_time("2026-10-25T00:59:59Z", "25" NBSP "octobre" NBSP "2026 à 2" NBSP "h" NBSP "59");
    expect_time("2026-10-25T01:00:00Z", "25" NBSP "octobre" NBSP "2026 à 2" NBSP "h" NBSP "00");
    expect_time("2024-03-31T01:00:00Z", "31" NBSP "mars" NBSP "2024 à 3" NBSP "h" NBSP "00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_have_french_names),
        cmocka_unit_test(english_readers_get_english),
        cmocka_unit_test(moments_are_in_paris),
        cmocka_unit_test(the_last_moment_there_is_has_a_date),
        cmocka_unit_test(summer_time_begins_and_ends_on_last_sundays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
