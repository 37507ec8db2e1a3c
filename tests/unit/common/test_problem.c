/* test_problem.c - problems are cut at characters and survive the way through JSON. */
#include "pia_test.h"

#include <string.h>

#include "pia/problem.h"

static void set_returns_the_status_and_fills_the_parts(void **state)
{
    (void)state;
    pia_problem_t problem;
    assert_int_equal(pia_problem_set(&problem, PIA_CONFLICT, "/a", "version %d", 3), PIA_CONFLICT);
    assert_int_equal(problem.status, PIA_CONFLICT);
    assert_string_equal(problem.detail, "version 3");
    assert_string_equal(problem.pointer, "/a");
    assert_int_equal(pia_problem_set(NULL, PIA_GONE, NULL, "x"), PIA_GONE);
}

static void a_long_text_is_cut_at_a_character(void **state)
{
    (void)state;
    char text[2 * PIA_DETAIL_MAX + 2];
    for (size_t shift = 0; shift < 2; shift++) {
        size_t used = 0;
        for (; used < shift; used++) {
            text[used] = 'x';
        }
        for (; used + 2 < sizeof text; used += 2) {
            text[used] = '\xc3';
            text[used + 1] = '\xa9';
        }
        text[used] = '\0';
        pia_problem_t problem;
        (void)pia_problem_set(&problem, PIA_INVALID, NULL, "%s", text);
        assert_in_range(strlen(problem.detail), PIA_DETAIL_MAX - 2, PIA_DETAIL_MAX - 1);
        json_t *json = json_string(problem.detail); /* NULL if it is not UTF-8 */
        assert_non_null(json);
        json_decref(json);
    }
}

static void a_problem_may_be_made_from_its_own_detail(void **state)
{
    (void)state;
    pia_problem_t problem;
    (void)pia_problem_set(&problem, PIA_INVALID, "/x", "bad");
    (void)pia_problem_set(&problem, PIA_INVALID, problem.pointer, "file: %s", problem.detail);
    assert_string_equal(problem.detail, "file: bad");
    assert_string_equal(problem.pointer, "/x");
}

static void json_and_back_is_the_same(void **state)
{
    (void)state;
    pia_problem_t problem, again;
    (void)pia_problem_set(&problem, PIA_NOT_FOUND, "/pole", "no such pôle");
    json_t *json = pia_problem_json(&problem);
    assert_string_equal(json_string_value(json_object_get(json, "status")), "not_found");
    pia_problem_parse(PIA_NOT_FOUND, json, &again);
    json_decref(json);
    assert_string_equal(again.detail, problem.detail);
    assert_string_equal(again.pointer, problem.pointer);
}

static void nonsense_is_read_as_nothing(void **state)
{
    (void)state;
    pia_problem_t problem;
    json_t *json = json_pack("{s:i}", "detail", 3);
    pia_problem_parse(PIA_INTERNAL, json, &problem);
    json_decref(json);
    assert_string_equal(problem.detail, "");
    pia_problem_parse(PIA_INTERNAL, NULL, &problem);
    assert_string_equal(problem.pointer, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_returns_the_status_and_fills_the_parts),
        cmocka_unit_test(a_long_text_is_cut_at_a_character),
        cmocka_unit_test(a_problem_may_be_made_from_its_own_detail),
        cmocka_unit_test(json_and_back_is_the_same),
        cmocka_unit_test(nonsense_is_read_as_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
