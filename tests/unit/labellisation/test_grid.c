/* test_grid.c - grids against criteria: exact totals, thresholds, and errors that name the
 * criterion. */
#include "pia_test.h"

#include <stdlib.h>
#include <string.h>

#include "grid.h"

static json_t *parse(const char *text)
{
    char *copy = strdup(text);
    assert_non_null(copy);
    for (char *at = copy; *at; at++)
        if (*at == '\'')
            *at = '"';
    json_t *json = json_loads(copy, 0, NULL);
    free(copy);
    assert_non_null(json);
    return json;
}

/* Three criteria of equal weight on one scale, and one of another weight on another scale. */
#define CRITERIA                                                                                   \
    "{'threshold': 50, 'criteria': ["                                                              \
    "{'code': 'a', 'label': 'A', 'weight': 1, 'min': 0, 'max': 3, 'threshold': 1},"                \
    "{'code': 'b', 'label': 'B', 'weight': 1, 'min': 0, 'max': 3},"                                \
    "{'code': 'c', 'label': 'C', 'weight': 1, 'min': 1, 'max': 8}]}"

static json_t *scores_of(int a, int b, int c)
{
    return json_pack("[{s:s, s:i, s:s}, {s:s, s:i, s:s}, {s:s, s:i, s:s}]", "criterion", "c",
                     "score", c, "justification", "vu", "criterion", "a", "score", a,
                     "justification", "vu", "criterion", "b", "score", b, "justification", "vu");
}

static int64_t total_of(const json_t *specification, int a, int b, int c)
{
    json_t *scores = scores_of(a, b, c);
    int64_t total = grid_total(grid_points(specification, scores), grid_points_max(specification));
    json_decref(scores);
    return total;
}

static void a_total_is_exact_and_rounded_half_up(void **state)
{
    (void)state;
    json_t *specification = parse(CRITERIA);
    assert_int_equal(total_of(specification, 0, 0, 1), 0);
    assert_int_equal(total_of(specification, 3, 3, 8), 10000);
    assert_int_equal(total_of(specification, 3, 0, 1), 3333);
    assert_int_equal(total_of(specification, 3, 3, 1), 6667);
    assert_int_equal(total_of(specification, 1, 0, 1), 1111);
    assert_int_equal(total_of(specification, 0, 0, 2), 476);  /* 1/21 = 4.7619 % */
    assert_int_equal(total_of(specification, 2, 2, 6), 6825); /* (2/3 + 2/3 + 5/7) / 3 */
    json_decref(specification);
}

static void half_a_hundredth_is_rounded_up(void **state)
{
    (void)state;
    assert_int_equal(grid_total(1, 20000), 1); /* 0.5 hundredths */
    assert_int_equal(grid_total(1, 20001), 0);
    assert_int_equal(grid_total(3, 20000), 2); /* 1.5 */
}

static void the_largest_grid_does_not_overflow(void **state)
{
    (void)state;
    json_t *criteria = json_array(), *scores = json_array();
    static const int lengths[] = {64, 125, 3, 5}; /* their multiple: 24000 */
    for (int i = 0; i < 32; i++) {
        char code[8];
        snprintf(code, sizeof code, "c%d", i);
        json_array_append_new(criteria, json_pack("{s:s, s:i, s:i, s:i}", "code", code, "weight",
                                                  1000, "min", 0, "max", lengths[i % 4]));
        json_array_append_new(
            scores, json_pack("{s:s, s:i}", "criterion", code, "score", lengths[i % 4] - (i == 0)));
    }
    json_t *specification = json_pack("{s:O}", "criteria", criteria);
    assert_int_equal(grid_check_scales(specification, NULL), PIA_OK);
    assert_int_equal(grid_points_max(specification), INT64_C(32) * 1000 * 24000);
    assert_int_equal(grid_total(grid_points(specification, scores), grid_points_max(specification)),
                     9995);
    json_decref(specification);
    json_decref(criteria);
    json_decref(scores);
}

static void scales_without_a_common_multiple_are_refused(void **state)
{
    (void)state;
    pia_problem_t problem = {.status = PIA_OK};
    json_t *specification =
        parse("{'criteria': [{'code': 'a', 'min': 0, 'max': 997}, {'code': 'b', 'min': 0, 'max': "
              "991}, {'code': 'c', 'min': 0, 'max': 983}]}");
    assert_int_equal(grid_check_scales(specification, &problem), PIA_INVALID);
    assert_string_equal(problem.pointer, "/criteria/2/max");
    json_decref(specification);
}

static void errors_name_the_criterion(void **state)
{
    (void)state;
    static const struct {
        const char *scores, *pointer, *named;
    } wrong[] = {
        {"[]", "/data/grille", "a is not scored"},
        {"[{'criterion': 'a', 'score': 1, 'justification': 'vu'}]", "/data/grille",
         "b is not scored"},
        {"[{'criterion': 'z', 'score': 1, 'justification': 'vu'}]", "/data/grille/0/criterion",
         "no criterion z"},
        {"[{'criterion': 'a', 'score': 1, 'justification': 'vu'},"
         " {'criterion': 'a', 'score': 1, 'justification': 'vu'}]",
         "/data/grille/1/criterion", "a is scored twice"},
        {"[{'criterion': 'a', 'score': 4, 'justification': 'vu'}]", "/data/grille/0/score",
         "a is scored from 0 to 3"},
        {"[{'criterion': 'c', 'score': 0, 'justification': 'vu'}]", "/data/grille/0/score",
         "c is scored from 1 to 8"},
        {"[{'criterion': 'a', 'score': 3, 'justification': 'v'}]", "/data/grille/0/justification",
         "score of a is justified in 2 bytes"},
    };
    json_t *specification = parse(CRITERIA);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        pia_problem_t problem = {.status = PIA_OK};
        json_t *scores = parse(wrong[i].scores);
        assert_int_equal(grid_check(specification, scores, 2, "/data/grille", &problem),
                         PIA_INVALID);
        assert_string_equal(problem.pointer, wrong[i].pointer);
        assert_non_null(strstr(problem.detail, wrong[i].named));
        json_decref(scores);
    }
    json_t *good = scores_of(0, 3, 8);
    assert_int_equal(grid_check(specification, good, 2, "/data/grille", NULL), PIA_OK);
    json_decref(good);
    json_decref(specification);
}

static void a_draft_says_what_is_missing(void **state)
{
    (void)state;
    json_t *specification = parse(CRITERIA);
    json_t *some =
        parse("[{'criterion': 'c', 'score': 8}, {'criterion': 'a', 'justification': 'vu'},"
              " {'criterion': 'b', 'score': 1, 'justification': 'vu'}]");
    pia_problem_t problem = {.status = PIA_OK};
    assert_int_equal(grid_check_draft(specification, some, "/content/scores", &problem), PIA_OK);
    json_t *missing = grid_missing(specification, some, 2), *expected = parse("['a', 'c']");
    assert_true(json_equal(missing, expected));
    json_decref(missing);
    missing = grid_missing(specification, NULL, 0);
    assert_int_equal(json_array_size(missing), 3);
    json_t *wrong = parse("[{'criterion': 'a', 'score': 9}]");
    assert_int_equal(grid_check_draft(specification, wrong, "/content/scores", &problem),
                     PIA_INVALID);
    assert_string_equal(problem.pointer, "/content/scores/0/score");
    json_decref(wrong);
    json_decref(missing);
    json_decref(expected);
    json_decref(some);
    json_decref(specification);
}

static bool is_met(const json_t *specification, int a, int b, int c)
{
    json_t *scores = scores_of(a, b, c);
    bool met = grid_is_met(specification, scores);
    json_decref(scores);
    return met;
}

static void thresholds_hold_for_each_criterion_and_the_whole(void **state)
{
    (void)state;
    json_t *specification = parse(CRITERIA);
    assert_true(is_met(specification, 3, 3, 8));
    assert_false(is_met(specification, 0, 3, 8)); /* a below 1 */
    assert_false(is_met(specification, 1, 0, 8)); /* 44.44 % */
    assert_true(is_met(specification, 1, 1, 8));  /* 55.56 % */
    json_decref(specification);
}

/* 29.995 % is shown as 30.00 %, and does not reach 30. */
static void thresholds_and_differences_are_judged_before_rounding(void **state)
{
    (void)state;
    assert_int_equal(grid_total(5999, 20000), 3000);
    assert_false(grid_reaches(5999, 20000, 30));
    assert_true(grid_reaches(6000, 20000, 30));
    assert_false(grid_differs(2000, 8000, 20000, 30)); /* 30 exactly: not by more */
    assert_true(grid_differs(8001, 2000, 20000, 30));
    assert_true(grid_differs(2000, 8001, 20000, 30));
}

static void lines_come_in_the_order_of_the_criteria(void **state)
{
    (void)state;
    json_t *specification = parse(CRITERIA), *scores = scores_of(0, 3, 8);
    json_t *lines = grid_lines(specification, scores);
    json_t *expected =
        parse("{'criterion': 'a', 'score': 0, 'justification': 'vu', 'label': 'A', 'min': 0,"
              " 'max': 3, 'weight': 1, 'threshold': 1, 'met': false}");
    assert_int_equal(json_array_size(lines), 3);
    assert_true(json_equal(json_array_get(lines, 0), expected));
    assert_null(json_object_get(json_array_get(lines, 1), "met"));
    json_decref(expected);
    json_decref(lines);
    json_decref(scores);
    json_decref(specification);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_total_is_exact_and_rounded_half_up),
        cmocka_unit_test(half_a_hundredth_is_rounded_up),
        cmocka_unit_test(the_largest_grid_does_not_overflow),
        cmocka_unit_test(scales_without_a_common_multiple_are_refused),
        cmocka_unit_test(errors_name_the_criterion),
        cmocka_unit_test(a_draft_says_what_is_missing),
        cmocka_unit_test(thresholds_hold_for_each_criterion_and_the_whole),
        cmocka_unit_test(thresholds_and_differences_are_judged_before_rounding),
        cmocka_unit_test(lines_come_in_the_order_of_the_criteria),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
