/* test_mustache.c - the public specification's cases, and what is refused. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mustache.h"

static char *render(const char *text, const char *view, mustache_escape_t escape)
{
    json_t *json = json_loads(view, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    char *result = NULL;
    pia_problem_t problem = {0};
    if (mustache_render(text, json, escape, &result, &problem) != PIA_OK) {
        fail_msg("%s: %s", text, problem.detail);
    }
    json_decref(json);
    return result;
}

static void expect(const char *text, const char *view, const char *expected)
{
    char *result = render(text, view, MUSTACHE_PLAIN);
    assert_string_equal(result, expected);
    free(result);
}

static void run_case(const json_t *test)
{
    const char *name = json_string_value(json_object_get(test, "name"));
    const char *text = json_string_value(json_object_get(test, "template"));
    const char *expected = json_string_value(json_object_get(test, "expected"));
    char *result = NULL;
    pia_problem_t problem = {0};
    pia_status_t status =
        mustache_render(text, json_object_get(test, "data"), MUSTACHE_HTML, &result, &problem);
    if (status != PIA_OK || strcmp(result, expected) != 0) {
        fail_msg("%s: '%s' gives '%s'", name, text, result ? result : problem.detail);
    }
    free(result);
}

static void the_specifications_cases_pass(void **state)
{
    (void)state;
    static const char *const files[] = {"interpolation", "sections", "inverted", "comments"};
    size_t count = 0;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s.json", MUSTACHE_SPEC, files[i]);
        json_t *file = json_load_file(path, 0, NULL);
        assert_non_null(file);
        const json_t *tests = json_object_get(file, "tests");
        for (size_t j = 0; j < json_array_size(tests); j++, count++) {
            run_case(json_array_get(tests, j));
        }
        json_decref(file);
    }
    assert_int_equal(count, 110);
}

static void plain_text_is_not_escaped(void **state)
{
    (void)state;
    expect("{{a}} {{{a}}} {{&a}}", "{\"a\": \"<b> & \\\"c\\\"\"}",
           "<b> & \"c\" <b> & \"c\" <b> & \"c\"");
}

static void a_value_is_not_a_template(void **state)
{
    (void)state;
    expect("{{a}}", "{\"a\": \"{{b}}{{#c}}\", \"b\": \"no\"}", "{{b}}{{#c}}");
}

static void an_empty_text_is_false(void **state)
{
    (void)state;
    expect("{{#a}}x{{/a}}{{^a}}y{{/a}}", "{\"a\": \"\"}", "y");
}

static void expect_refused(const char *text, pia_status_t expected)
{
    json_t *view =
        json_pack("{s:b, s:[i,i,i,i,i,i,i,i,i,i]}", "a", 1, "l", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    char *result = NULL;
    pia_problem_t problem = {0};
    assert_int_equal(mustache_render(text, view, MUSTACHE_PLAIN, &result, &problem), expected);
    assert_null(result);
    assert_true(problem.detail[0]);
    json_decref(view);
}

static void what_is_not_well_formed_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{{",          "{{a",
        "{{{a}}",      "{{#a}}",
        "{{/a}}",      "{{#a}}{{/b}}",
        "{{}}",        "{{ }}",
        "{{a b}}",     "{{a..b}}",
        "{{.a}}",      "{{>partial}}",
        "{{=<% %>=}}", "{{#a}}{{#b}}{{/a}}{{/b}}",
        "{{^a}}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        expect_refused(bad[i], PIA_INVALID);
    }
}

static void an_output_without_end_is_refused(void **state)
{
    (void)state;
    /* 10 to the power of 7 repetitions of one byte, from a template of 120 */
    expect_refused(
        "{{#l}}{{#l}}{{#l}}{{#l}}{{#l}}{{#l}}{{#l}}x{{/l}}{{/l}}{{/l}}{{/l}}{{/l}}{{/l}}{{/l}}",
        PIA_TOO_LARGE);
}

static void sections_are_nested_to_a_limit(void **state)
{
    (void)state;
    char text[2000] = "";
    for (int i = 0; i < MUSTACHE_DEPTH_MAX; i++) {
        strncat(text, "{{#a}}", sizeof text - strlen(text) - 1);
    }
    for (int i = 0; i < MUSTACHE_DEPTH_MAX; i++) {
        strncat(text, "{{/a}}", sizeof text - strlen(text) - 1);
    }
    expect_refused(text, PIA_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_specifications_cases_pass),
        cmocka_unit_test(plain_text_is_not_escaped),
        cmocka_unit_test(a_value_is_not_a_template),
        cmocka_unit_test(an_empty_text_is_false),
        cmocka_unit_test(what_is_not_well_formed_is_refused),
        cmocka_unit_test(an_output_without_end_is_refused),
        cmocka_unit_test(sections_are_nested_to_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
