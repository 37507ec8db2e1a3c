/* test_uuid.c - version 7 UUIDs and their text. */
#include "pia_test.h"

#include <string.h>
#include <time.h>

#include "pia/clock.h"
#include "pia/uuid.h"

static void a_new_one_has_version_variant_and_time(void **state)
{
    (void)state;
    int64_t before = pia_clock_wall();
    uint8_t uuid[PIA_UUID_SIZE];
    pia_uuid7(uuid);
    assert_int_equal(uuid[6] >> 4, 7);
    assert_int_equal(uuid[8] >> 6, 2);
    int64_t time_ms = 0;
    for (int i = 0; i < 6; i++) {
        time_ms = time_ms << 8 | uuid[i];
    }
    assert_in_range(time_ms, before, pia_clock_wall());
}

static void two_differ(void **state)
{
    (void)state;
    char one[PIA_UUID_TEXT_SIZE], other[PIA_UUID_TEXT_SIZE];
    pia_uuid7_text(one);
    pia_uuid7_text(other);
    assert_string_not_equal(one, other);
    assert_int_equal(strlen(one), PIA_UUID_TEXT_SIZE - 1);
}

static void the_later_one_is_greater(void **state)
{
    (void)state;
    enum { ROUNDS = 2000, LATER_NS = 1000 };
    for (int i = 0; i < ROUNDS; i++) {
        uint8_t one[PIA_UUID_SIZE], other[PIA_UUID_SIZE];
        struct timespec from, now;
        pia_uuid7(one);
        (void)clock_gettime(CLOCK_REALTIME, &from);
        do {
            (void)clock_gettime(CLOCK_REALTIME, &now);
        } while (now.tv_sec == from.tv_sec && now.tv_nsec < from.tv_nsec + LATER_NS);
        pia_uuid7(other);
        assert_true(memcmp(one, other, sizeof one) < 0);
    }
}

static void text_and_bytes_agree(void **state)
{
    (void)state;
    uint8_t uuid[PIA_UUID_SIZE];
    char text[PIA_UUID_TEXT_SIZE];
    assert_true(pia_uuid_parse("0192F0C1-2345-7abc-8def-0123456789aB", uuid));
    assert_int_equal(uuid[0], 0x01);
    assert_int_equal(uuid[15], 0xab);
    pia_uuid_format(uuid, text);
    assert_string_equal(text, "0192f0c1-2345-7abc-8def-0123456789ab");
}

static void expect_no_uuid(const char *text)
{
    uint8_t uuid[PIA_UUID_SIZE];
    if (pia_uuid_parse(text, uuid)) {
        fail_msg("'%s' is taken", text);
    }
}

static void what_is_not_a_uuid_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "0",
        "0192f0c1-2345-7abc-8def-0123456789a",
        "0192f0c1-2345-7abc-8def-0123456789abc",
        "0192f0c1-2345-7abc-8def-0123456789ab ",
        "0192f0c12345-7abc-8def-0123456789abcd",
        "0192f0c1-2345-7abc-8def_0123456789ab",
        "g192f0c1-2345-7abc-8def-0123456789ab",
        "{192f0c1-2345-7abc-8def-0123456789a}",
        "0192f0c1-2345-7abc-8def-",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        expect_no_uuid(bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_one_has_version_variant_and_time),
        cmocka_unit_test(two_differ),
        cmocka_unit_test(the_later_one_is_greater),
        cmocka_unit_test(text_and_bytes_agree),
        cmocka_unit_test(what_is_not_a_uuid_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
