/* test_filter.c - which events a filter lets through. */
#include "pia_test.h"

#include "filter.h"

static bool matches(const char *filter_text, attributes_t attributes)
{
    pia_problem_t problem = {0};
    filter_t *filter = NULL;
    json_t *json = filter_text ? json_loads(filter_text, 0, NULL) : NULL;
    assert_int_equal(filter_compile(json, &filter, &problem), PIA_OK);
    bool found = filter_matches(filter, &attributes);
    filter_destroy(&filter);
    json_decref(json);
    return found;
}

#define EVENT(...) ((attributes_t){.value = {__VA_ARGS__}})

static void no_filter_matches_everything(void **state)
{
    (void)state;
    assert_true(matches(NULL, EVENT([ATTRIBUTE_TYPE] = "a.b")));
    assert_true(matches("{}", EVENT([ATTRIBUTE_TYPE] = "a.b")));
    assert_true(matches("null", EVENT([ATTRIBUTE_TYPE] = "a.b")));
}

static void each_member_must_match_by_one_value(void **state)
{
    (void)state;
    static const char filter[] = "{\"themes\": [\"arts\", \"habitat\"], \"kinds\": [\"guide\"]}";
    assert_true(
        matches(filter, EVENT([ATTRIBUTE_THEMES] = "sante,habitat", [ATTRIBUTE_KIND] = "guide")));
    assert_false(
        matches(filter, EVENT([ATTRIBUTE_THEMES] = "sante,habitat", [ATTRIBUTE_KIND] = "lettre")));
    assert_false(matches(filter, EVENT([ATTRIBUTE_THEMES] = "sante", [ATTRIBUTE_KIND] = "guide")));
    assert_false(matches(filter, EVENT([ATTRIBUTE_KIND] = "guide")));
}

static void an_item_is_compared_whole(void **state)
{
    (void)state;
    assert_false(matches("{\"poles\": [\"cni\"]}", EVENT([ATTRIBUTE_POLE] = "cnidep")));
    assert_false(matches("{\"poles\": [\"cnidep\"]}", EVENT([ATTRIBUTE_POLE] = "cni")));
    assert_true(matches("{\"types\": [\"a.b\"]}", EVENT([ATTRIBUTE_TYPE] = "a.b")));
    assert_false(matches("{\"types\": [\"a.b\"]}", EVENT([ATTRIBUTE_TYPE] = "a.bc")));
}

static void an_empty_member_matches_nothing(void **state)
{
    (void)state;
    assert_false(matches("{\"themes\": []}", EVENT([ATTRIBUTE_THEMES] = "arts")));
}

static void what_is_national_is_everywhere(void **state)
{
    (void)state;
    attributes_t national = EVENT([ATTRIBUTE_SCOPE] = "national");
    assert_true(matches("{\"regions\": [\"44\"]}", national));
    assert_true(matches("{\"departements\": [\"974\"]}", national));
    assert_false(matches("{\"scopes\": [\"regional\"]}", national));
}

static void a_region_covers_its_departements(void **state)
{
    (void)state;
    attributes_t grand_est = EVENT([ATTRIBUTE_REGIONS] = "44");
    assert_true(matches("{\"departements\": [\"54\"]}", grand_est));
    assert_false(matches("{\"departements\": [\"72\"]}", grand_est));
    attributes_t meurthe = EVENT([ATTRIBUTE_DEPARTEMENTS] = "54");
    assert_true(matches("{\"regions\": [\"44\"]}", meurthe));
    assert_false(matches("{\"regions\": [\"52\"]}", meurthe));
    assert_false(matches("{\"departements\": [\"57\"]}", meurthe)); /* its neighbour */
    assert_false(matches("{\"regions\": [\"44\"]}", EVENT([ATTRIBUTE_TYPE] = "a.b")));
}

static void both_territories_must_match(void **state)
{
    (void)state;
    static const char filter[] = "{\"regions\": [\"44\"], \"departements\": [\"72\"]}";
    assert_false(matches(filter, EVENT([ATTRIBUTE_DEPARTEMENTS] = "54")));
    assert_true(matches(filter, EVENT([ATTRIBUTE_DEPARTEMENTS] = "54,72")));
}

static void unknown_members_and_codes_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"colour\": [\"red\"]}",
        "{\"themes\": [\"cuisine\"]}",
        "{\"themes\": \"arts\"}",
        "{\"regions\": [\"00\"]}",
        "{\"departements\": [\"20\"]}",
        "{\"kinds\": [1]}",
        "[]",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        pia_problem_t problem = {0};
        filter_t *filter = NULL;
        json_t *json = json_loads(texts[i], 0, NULL);
        assert_int_equal(filter_compile(json, &filter, &problem), PIA_INVALID);
        assert_null(filter);
        json_decref(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_filter_matches_everything),
        cmocka_unit_test(each_member_must_match_by_one_value),
        cmocka_unit_test(an_item_is_compared_whole),
        cmocka_unit_test(an_empty_member_matches_nothing),
        cmocka_unit_test(what_is_national_is_everywhere),
        cmocka_unit_test(a_region_covers_its_departements),
        cmocka_unit_test(both_territories_must_match),
        cmocka_unit_test(unknown_members_and_codes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
