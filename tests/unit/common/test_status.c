/* test_status.c - the status map reads the same in all three directions. */
#include "pia_test.h"

#include "pia/status.h"

static void every_status_is_found_by_its_http_number(void **state)
{
    (void)state;
    for (int i = PIA_OK; i <= PIA_TIMEOUT; i++) {
        assert_int_equal(pia_status_from_http(pia_status_http((pia_status_t)i)), i);
    }
}

static void texts_are_the_wire_texts(void **state)
{
    (void)state;
    assert_string_equal(pia_status_text(PIA_OK), "ok");
    assert_string_equal(pia_status_text(PIA_NOT_FOUND), "not_found");
    assert_string_equal(pia_status_text(PIA_TIMEOUT), "timeout");
}

static void a_number_outside_the_list_is_harmless(void **state)
{
    (void)state;
    assert_string_equal(pia_status_text((pia_status_t)99), "unknown");
    assert_int_equal(pia_status_http((pia_status_t)99), 500);
    assert_int_equal(pia_status_from_http(418), PIA_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_is_found_by_its_http_number),
        cmocka_unit_test(texts_are_the_wire_texts),
        cmocka_unit_test(a_number_outside_the_list_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
