/* test_plan.c - the notification plan: what is refused, and which rule is about what. */
#include "pia_test.h"

#include <stdlib.h>
#include <string.h>

#include "plan.h"

extern const char notifications_plan_default[];

#define RULE(members)                                                                              \
    "{\"format\": 1, \"rules\": [{\"event\": \"a.b\", \"to\": [\"persons:p\"], \"channels\": "     \
    "[\"email\"], \"template\": \"review_assigned\"" members "}]}"

static plan_t *load(const char *text)
{
    plan_t *plan = NULL;
    pia_problem_t problem = {0};
    if (plan_load(text, strlen(text), &plan, &problem) != PIA_OK) {
        fail_msg("%s", problem.detail);
    }
    return plan;
}

static void expect_refused(const char *text, const char *reason)
{
    plan_t *plan = NULL;
    pia_problem_t problem = {0};
    assert_int_equal(plan_load(text, strlen(text), &plan, &problem), PIA_INVALID);
    assert_null(plan);
    if (!strstr(problem.detail, reason)) {
        fail_msg("'%s' does not say '%s'", problem.detail, reason);
    }
}

static void the_built_in_plan_is_right(void **state)
{
    (void)state;
    plan_t *plan = load(notifications_plan_default);
    assert_true(plan->count >= 10);
    assert_string_equal(plan_label(plan, LANGUAGE_FR, "kind", "journee-technique"),
                        "Journée technique");
    assert_string_equal(plan_label(plan, LANGUAGE_FR, "kind", "unknown"), "unknown");
    assert_string_equal(plan_label(plan, LANGUAGE_FR, "none", "x"), "x");
    plan_destroy(&plan);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    expect_refused("[]", "not an object");
    expect_refused("{\"format\": 2, \"rules\": []}", "\"format\": 1");
    expect_refused("{\"format\": 1}", "\"rules\"");
    expect_refused("{\"format\": 1, \"rules\": [3]}", "Rule 1 of the plan: it is not an object");
    expect_refused(RULE(", \"x\": 1"), "unknown member");
    expect_refused(RULE(", \"event\": \"A\""), "given twice");
    expect_refused(RULE(", \"when\": []"), "a condition is not an object");
    expect_refused(RULE(", \"when\": {\"a\": \"b\"}"), "values are not a list");
    expect_refused(RULE(", \"unless\": {\"a\": []}"), "values are not a list");
    expect_refused(RULE(", \"link\": \"http://example.org\""), "not a path");
    expect_refused(RULE(", \"link\": \"/{{a\""), "not a path");
}

static void expect_rule_refused(const char *member, const char *value, const char *reason)
{
    json_t *rule = json_pack("{s:s, s:[s], s:[s], s:s}", "event", "a.b", "to", "audience",
                             "channels", "email", "template", "review_assigned");
    json_object_set_new(rule, member, json_loads(value, JSON_DECODE_ANY, NULL));
    json_t *plan = json_pack("{s:i, s:[o]}", "format", 1, "rules", rule);
    char *text = json_dumps(plan, 0);
    expect_refused(text, reason);
    free(text);
    json_decref(plan);
}

static void members_of_a_rule_are_checked(void **state)
{
    (void)state;
    expect_rule_refused("event", "\"A\"", "\"event\"");
    expect_rule_refused("event", "null", "\"event\"");
    expect_rule_refused("template", "\"none\"", "\"template\"");
    expect_rule_refused("to", "[]", "\"to\"");
    expect_rule_refused("to", "[\"everyone\"]", "unknown recipient");
    expect_rule_refused("to", "[\"role:king\"]", "unknown recipient");
    expect_rule_refused("to", "[\"persons:\"]", "unknown recipient");
    expect_rule_refused("to", "[1]", "unknown recipient");
    expect_rule_refused("channels", "[\"fax\"]", "unknown channel");
    expect_rule_refused("channels", "\"email\"", "\"channels\"");
}

static bool matches(const char *plan_text, const char *type, const char *data_text)
{
    plan_t *plan = load(plan_text);
    json_t *data = json_loads(data_text, 0, NULL);
    bool result = rule_matches(&plan->rules[0], type, data);
    json_decref(data);
    plan_destroy(&plan);
    return result;
}

static void conditions_look_at_the_data(void **state)
{
    (void)state;
    assert_true(matches(RULE(""), "a.b", "{}"));
    assert_false(matches(RULE(""), "a.b.c", "{}"));
    assert_true(matches(RULE(", \"when\": {\"s\": [\"x\", \"y\"]}"), "a.b", "{\"s\": \"y\"}"));
    assert_false(matches(RULE(", \"when\": {\"s\": [\"x\", \"y\"]}"), "a.b", "{\"s\": \"z\"}"));
    assert_false(matches(RULE(", \"when\": {\"s\": [\"x\"]}"), "a.b", "{}"));
    assert_true(matches(RULE(", \"when\": {\"d\": [true]}"), "a.b", "{\"d\": true}"));
    assert_false(matches(RULE(", \"unless\": {\"s\": [\"x\"]}"), "a.b", "{\"s\": \"x\"}"));
    assert_true(
        matches(RULE(", \"unless\": {\"s\": [\"x\"], \"t\": [1]}"), "a.b", "{\"s\": \"x\"}"));
}

static void an_event_without_data_is_no_harm(void **state)
{
    (void)state;
    plan_t *plan = load(RULE(", \"when\": {\"s\": [\"x\"]}"));
    assert_false(rule_matches(&plan->rules[0], "a.b", NULL));
    plan_destroy(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_built_in_plan_is_right),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(members_of_a_rule_are_checked),
        cmocka_unit_test(conditions_look_at_the_data),
        cmocka_unit_test(an_event_without_data_is_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
