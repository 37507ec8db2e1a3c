/* test_target.c - request targets taken apart and put together again. */
#include "pia_test.h"

#include <stdlib.h>
#include <string.h>

#include "link.h"
#include "target.h"

static void a_target_has_segments_and_parameters(void **state)
{
    (void)state;
    target_t target;
    const char *reason;
    assert_true(
        target_parse("/v1/poles/a%2Fb?theme=arts&q=%C3%A9t%C3%A9+x&flag", &target, &reason));
    assert_int_equal(target.segments, 3);
    assert_string_equal(target.segment[2], "a/b");
    assert_string_equal(target_parameter(&target, "theme"), "arts");
    assert_string_equal(target_parameter(&target, "q"), "\xc3\xa9t\xc3\xa9 x");
    assert_string_equal(target_parameter(&target, "flag"), "");
    assert_null(target_parameter(&target, "absent"));
    target_clear(&target);
    assert_true(target_parse("/", &target, &reason));
    assert_int_equal(target.segments, 0);
    target_clear(&target);
}

static void what_is_not_text_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "a",
        "//",
        "/a//b",
        "/a/",
        "/%00",
        "/%zz",
        "/a%2",
        "/%ff",
        "/%0a",
        "/a?b=%00",
        "/a?%ff=b",
        "/a?b=%ed%a0%80",
        "/a?b=%7f",
        "/1/2/3/4/5/6/7/8/9",
    };
    target_t target;
    const char *reason = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(target_parse(bad[i], &target, &reason));
        assert_non_null(reason);
    }
}

static void too_many_parameters_are_refused(void **state)
{
    (void)state;
    char raw[256] = "/a?";
    for (int i = 0; i < TARGET_PARAMETERS_MAX + 1; i++)
        strncat(raw, "b=1&", sizeof raw - strlen(raw) - 1);
    target_t target;
    const char *reason;
    assert_false(target_parse(raw, &target, &reason));
}

static void the_next_page_keeps_the_query(void **state)
{
    (void)state;
    target_t target;
    const char *reason;
    assert_true(target_parse("/v1/a%20b?after=old&q=x%26y&limit=2", &target, &reason));
    char *link = link_next(&target, "1.2.ab/c");
    assert_string_equal(link, "</v1/a%20b?q=x%26y&limit=2&after=1.2.ab%2Fc>; rel=\"next\"");
    free(link);
    char *child = link_child(&target, "i d");
    assert_string_equal(child, "/v1/a%20b/i%20d");
    free(child);
    target_clear(&target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_has_segments_and_parameters),
        cmocka_unit_test(what_is_not_text_is_refused),
        cmocka_unit_test(too_many_parameters_are_refused),
        cmocka_unit_test(the_next_page_keeps_the_query),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
