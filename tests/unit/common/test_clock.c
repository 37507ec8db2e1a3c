/* test_clock.c - legal time, and RFC 3339 in both directions. */
#include "pia_test.h"

#include "pia/clock.h"

static void expect_time(const char *text, int64_t expected)
{
    int64_t time_ms = -1;
    if (!pia_time_parse(text, &time_ms)) {
        fail_msg("%s is refused", text);
    }
    assert_int_equal(time_ms, expected);
}

static void times_are_read(void **state)
{
    (void)state;
    expect_time("1970-01-01T00:00:00Z", 0);
    expect_time("2026-11-26T06:30:55.123Z", INT64_C(1795674655123));
    expect_time("2026-11-26t07:30:55.123999+01:00", INT64_C(1795674655123));
    expect_time("2024-02-29T23:59:59.5z", INT64_C(1709251199500));
    expect_time("1970-01-01T01:00:00+01:00", 0);
    expect_time("9999-12-31T23:59:59.999Z", INT64_C(253402300799999));
    expect_time("2000-01-01T00:00:00-00:30", INT64_C(946686600000));
}

static void expect_no_time(const char *text)
{
    int64_t time_ms = 42;
    if (pia_time_parse(text, &time_ms)) {
        fail_msg("'%s' is taken", text);
    }
    assert_int_equal(time_ms, 42);
}

static void what_is_not_a_time_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2026-11-26",
        "2026-11-26T06:30:55",
        "2026-11-26 06:30:55Z",
        "2026-11-26T06:30Z",
        "2026-11-26T06:30:55.Z",
        "2026-11-26T06:30:55.1234567890Z",
        "2026-11-26T06:30:55Zx",
        "2026-11-26T06:30:55+1:00",
        "2026-11-26T06:30:55+24:00",
        "2026-11-26T06:30:55+0100",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-04-00T00:00:00Z",
        "2026-11-26T24:00:00Z",
        "2026-11-26T23:60:00Z",
        "2026-11-26T23:59:60Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "+026-11-26T06:30:55Z",
        "202a-11-26T06:30:55Z",
        "20261-11-26T06:30:55Z",
        " 2026-11-26T06:30:55Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        expect_no_time(bad[i]);
    }
}

static void dates_are_days_of_the_calendar(void **state)
{
    (void)state;
    int64_t days = -1;
    assert_true(pia_date_parse("1970-01-02", &days));
    assert_int_equal(days, 1);
    assert_true(pia_date_parse("2000-02-29", &days));
    assert_int_equal(days, 11016);
    assert_false(pia_date_parse("2100-02-29", &days));
    assert_false(pia_date_parse("2026-1-1", &days));
    assert_false(pia_date_parse("2026-01-01T", &days));
}

static void format_and_parse_agree_on_every_month(void **state)
{
    (void)state;
    for (int64_t time_ms = 0; time_ms <= INT64_C(253402300799999); time_ms += 2592000007 * 5LL) {
        char text[PIA_TIME_TEXT_SIZE];
        pia_time_format(time_ms, text);
        expect_time(text, time_ms);
    }
    char text[PIA_TIME_TEXT_SIZE];
    pia_time_format(INT64_C(253402300799999), text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
}

static void legal_time_moves_forward_only(void **state)
{
    (void)state;
    int64_t wall = pia_clock_wall();
    pia_clock_set_shift(86400000);
    assert_int_equal(pia_clock_shift(), 86400000);
    pia_clock_set_shift(1000);
    assert_int_equal(pia_clock_shift(), 86400000);
    assert_in_range(pia_clock_now() - wall, 86400000, 86400000 + 10000);
    assert_in_range(pia_clock_wall() - wall, 0, 10000);
}

static void monotonic_time_does_not_go_back(void **state)
{
    (void)state;
    int64_t before = pia_clock_monotonic();
    for (int i = 0; i < 1000; i++) {
        int64_t now = pia_clock_monotonic();
        assert_true(now >= before);
        before = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(what_is_not_a_time_is_refused),
        cmocka_unit_test(dates_are_days_of_the_calendar),
        cmocka_unit_test(format_and_parse_agree_on_every_month),
        cmocka_unit_test(legal_time_moves_forward_only),
        cmocka_unit_test(monotonic_time_does_not_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
