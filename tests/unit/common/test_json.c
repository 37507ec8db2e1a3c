/* test_json.c - JSON from outside: what gets in, and that a bomb does not. */
#include "pia_test.h"

#include <stdlib.h>
#include <string.h>

#include "pia/json.h"

static void expect_refused(const void *bytes, size_t size, const char *reason)
{
    json_t *json = NULL;
    pia_problem_t problem = {0};
    assert_int_equal(pia_json_parse(bytes, size, &json, &problem), PIA_INVALID);
    assert_null(json);
    if (!strstr(problem.detail, reason)) {
        fail_msg("'%s' does not say '%s'", problem.detail, reason);
    }
}

static void expect_text_refused(const char *text, const char *reason)
{
    expect_refused(text, strlen(text), reason);
}

static void an_object_gets_in(void **state)
{
    (void)state;
    static const char text[] = "{\"a\": \"é [{ \\\" ]}\", \"b\": [1, {\"c\": null}]}";
    json_t *json = NULL;
    assert_int_equal(pia_json_parse(text, sizeof text - 1, &json, NULL), PIA_OK);
    assert_int_equal(json_object_size(json), 2);
    json_decref(json);
}

static void what_is_not_an_object_is_refused(void **state)
{
    (void)state;
    expect_text_refused("", "ends too early");
    expect_refused(NULL, 0, "ends too early");
    expect_text_refused("[1]", "not an object");
    expect_text_refused("1", "syntax error");
    expect_text_refused("{} {}", "something follows");
    expect_text_refused("{\"a\": 1", "ends too early");
    expect_text_refused("{'a': 1}", "syntax error");
}

static void a_member_given_twice_is_refused(void **state)
{
    (void)state;
    expect_text_refused("{\"a\": 1, \"a\": 1}", "given twice");
    expect_text_refused("{\"x\": {\"a\": 1, \"\\u0061\": 2}}", "given twice");
}

static void nul_and_bad_utf8_are_refused(void **state)
{
    (void)state;
    expect_text_refused("{\"a\": \"\\u0000\"}", "NUL");
    expect_text_refused("{\"a\\u0000b\": 1}", "NUL");
    expect_refused("{\"a\": \"\0\"}", 10, "");
    expect_refused("{}\0", 3, "");
    expect_text_refused("{\"a\": \"\xff\"}", "UTF-8");
    expect_text_refused("{\"a\": \"\xc0\xaf\"}", "UTF-8");
    expect_text_refused("{\"a\": \"\xed\xa0\x80\"}", "UTF-8");
    expect_text_refused("{\"a\": \"\\ud800\"}", "");
}

static void numbers_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    expect_text_refused("{\"a\": 99999999999999999999}", "too large");
    expect_text_refused("{\"a\": 1e999}", "too large");
}

static void a_depth_bomb_is_refused_before_it_recurses(void **state)
{
    (void)state;
    size_t size = (size_t)1024 * 1024;
    char *bomb = malloc(size);
    assert_non_null(bomb);
    memset(bomb, '[', size);
    expect_refused(bomb, size, "deeper than 16");
    static const char level[] = "{\"a\":";
    for (size_t i = 0; i < size; i++) {
        bomb[i] = level[i % (sizeof level - 1)];
    }
    expect_refused(bomb, size, "deeper than 16");
    free(bomb);
}

static void sixteen_levels_are_the_limit(void **state)
{
    (void)state;
    json_t *json = NULL;
    static const char in[] = "{\"a\":[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}";
    assert_int_equal(pia_json_parse(in, sizeof in - 1, &json, NULL), PIA_OK);
    json_decref(json);
    expect_text_refused("{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}", "deeper");
}

static void the_reason_does_not_quote_the_input(void **state)
{
    (void)state;
    pia_problem_t problem = {0};
    json_t *json = NULL;
    static const char text[] = "{\"key\": pia_secret}";
    assert_int_equal(pia_json_parse(text, sizeof text - 1, &json, &problem), PIA_INVALID);
    assert_null(strstr(problem.detail, "secret"));
}

static void members_are_read_or_are_absent(void **state)
{
    (void)state;
    json_t *json = json_pack("{s:s, s:s, s:I}", "text", "é", "empty", "", "integer", (json_int_t)7);
    assert_string_equal(pia_json_text(json, "text"), "é");
    assert_string_equal(pia_json_text(json, "empty"), "");
    assert_null(pia_json_text(json, "absent"));
    assert_null(pia_json_text(json, "integer"));
    assert_null(pia_json_text(NULL, "text"));
    assert_null(pia_json_text(json_object_get(json, "text"), "text"));
    assert_string_equal(pia_json_text_or(json, "text", "other"), "é");
    assert_string_equal(pia_json_text_or(json, "empty", "other"), "");
    assert_string_equal(pia_json_text_or(json, "integer", "other"), "other");
    assert_null(pia_json_text_or(json, "absent", NULL));
    assert_int_equal(pia_json_integer(json, "integer"), 7);
    assert_int_equal(pia_json_integer(json, "text"), 0);
    assert_int_equal(pia_json_integer(json, "absent"), 0);
    assert_int_equal(pia_json_integer(NULL, "integer"), 0);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_gets_in),
        cmocka_unit_test(what_is_not_an_object_is_refused),
        cmocka_unit_test(a_member_given_twice_is_refused),
        cmocka_unit_test(nul_and_bad_utf8_are_refused),
        cmocka_unit_test(numbers_that_do_not_fit_are_refused),
        cmocka_unit_test(a_depth_bomb_is_refused_before_it_recurses),
        cmocka_unit_test(sixteen_levels_are_the_limit),
        cmocka_unit_test(the_reason_does_not_quote_the_input),
        cmocka_unit_test(members_are_read_or_are_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
