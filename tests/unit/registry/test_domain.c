/* test_domain.c - texts and codes, pôles' states, structures' numbers, the budget of failures. */
#include "pia_test.h"

#include <string.h>

#include "limiter.h"
#include "pole.h"
#include "structure.h"
#include "text.h"

static void a_text_that_does_not_fit_is_not_cut(void **state)
{
    (void)state;
    char small[4];
    assert_true(text_copy(small, sizeof small, "abc"));
    assert_false(text_copy(small, sizeof small, "abcd"));
    assert_string_equal(small, "");
    assert_true(text_copy(small, sizeof small, NULL));
}

static void codes_join_and_come_apart_again(void **state)
{
    (void)state;
    char codes[CODES_SIZE];
    json_t *json = json_pack("[s, s, s]", "habitat", "arts", "habit");
    assert_true(codes_join(json, codes));
    assert_string_equal(codes, "habitat,arts,habit");
    json_t *again = codes_json(codes);
    assert_true(json_equal(json, again));
    json_decref(json);
    json_decref(again);
}

static void repeated_or_bad_codes_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"[\"a\", \"b\", \"a\"]", "[\"a,b\"]", "[\"\"]", "[1]",
                                      "[\"0123456789012345678901234567890123456789\"]"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char codes[CODES_SIZE];
        json_t *json = json_loads(bad[i], 0, NULL);
        assert_non_null(json);
        assert_false(codes_join(json, codes));
        json_decref(json);
    }
}

static void only_an_active_pole_is_suspended_and_only_a_suspended_one_reactivated(void **state)
{
    (void)state;
    pole_t pole = {.state = POLE_ACTIVE};
    pia_problem_t problem;
    assert_int_equal(pole_reactivate(&pole, &problem), PIA_CONFLICT);
    assert_int_equal(pole_suspend(&pole, "enquête", &problem), PIA_OK);
    assert_string_equal(pole.reason, "enquête");
    assert_int_equal(pole_suspend(&pole, "encore", &problem), PIA_CONFLICT);
    assert_string_equal(pole.reason, "enquête");
    assert_int_equal(pole_reactivate(&pole, &problem), PIA_OK);
    assert_string_equal(pole.reason, "");
    pole.state = POLE_ENDED;
    assert_int_equal(pole_suspend(&pole, "trop tard", &problem), PIA_CONFLICT);
    pole.state = POLE_UNKNOWN;
    assert_int_equal(pole_suspend(&pole, "inconnu", &problem), PIA_CONFLICT);
}

static void what_is_not_known_of_a_pole_is_absent(void **state)
{
    (void)state;
    pole_t pole = {.code = "iris-st", .name = "IRIS-ST", .version = 1};
    json_t *json = pole_json(&pole);
    assert_null(json_object_get(json, "state"));
    assert_null(json_object_get(json, "region"));
    assert_int_equal(json_object_size(json),
                     6); /* code name themes sectors demonstration version */
    json_decref(json);
}

static void a_region_follows_from_the_departement(void **state)
{
    (void)state;
    pole_t pole = {.version = 1};
    pole_place(&pole, "974");
    assert_string_equal(pole.region, "04");
    pole_place(&pole, "2A");
    assert_string_equal(pole.region, "94");
    pole_place(&pole, NULL);
    assert_string_equal(pole.region, "");
}

static void a_structure_is_completed_by_its_siret_and_commune(void **state)
{
    (void)state;
    structure_t structure = {.siret = "73282932000074", .commune = "97411"};
    assert_int_equal(structure_complete(&structure, NULL), PIA_OK);
    assert_string_equal(structure.siren, "732829320");
    assert_string_equal(structure.departement, "974");
    assert_string_equal(structure.region, "04");
}

static void contradictions_in_a_structure_are_refused(void **state)
{
    (void)state;
    pia_problem_t problem;
    structure_t numbers = {.siren = "552081317", .siret = "73282932000074"};
    assert_int_equal(structure_complete(&numbers, &problem), PIA_INVALID);
    assert_string_equal(problem.pointer, "/siret");
    structure_t places = {.commune = "2A004", .departement = "2B"};
    assert_int_equal(structure_complete(&places, &problem), PIA_INVALID);
    assert_string_equal(problem.pointer, "/departement");
}

static void failures_are_answered_within_a_budget_that_grows_again(void **state)
{
    (void)state;
    limiter_t limiter = {.seen_ms = 0};
    for (int i = 0; i < LIMITER_BURST; i++) {
        assert_true(limiter_take(&limiter, 1000));
    }
    assert_false(limiter_take(&limiter, 1000));
    assert_true(limiter_take(&limiter, 1000 + 1000 / LIMITER_PER_SECOND));
    assert_false(limiter_take(&limiter, 1000 + 1000 / LIMITER_PER_SECOND));
    int64_t later = 1000000;
    for (int i = 0; i < LIMITER_BURST; i++) {
        assert_true(limiter_take(&limiter, later));
    }
    assert_false(limiter_take(&limiter, later));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_that_does_not_fit_is_not_cut),
        cmocka_unit_test(codes_join_and_come_apart_again),
        cmocka_unit_test(repeated_or_bad_codes_are_refused),
        cmocka_unit_test(only_an_active_pole_is_suspended_and_only_a_suspended_one_reactivated),
        cmocka_unit_test(what_is_not_known_of_a_pole_is_absent),
        cmocka_unit_test(a_region_follows_from_the_departement),
        cmocka_unit_test(a_structure_is_completed_by_its_siret_and_commune),
        cmocka_unit_test(contradictions_in_a_structure_are_refused),
        cmocka_unit_test(failures_are_answered_within_a_budget_that_grows_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
