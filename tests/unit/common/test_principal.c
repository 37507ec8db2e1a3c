/* test_principal.c - roles by name, and who sees what. */
#include "pia_test.h"

#include <string.h>

#include "pia/principal.h"

#define PERSON "0192f0c1-2345-7abc-8def-0123456789ab"
#define STRUCTURE "0192f0c1-2345-7abc-8def-0123456789ac"

static const pia_principal_t anonymous;
static const pia_principal_t candidate = {
    .person = PERSON, .structure = STRUCTURE, .roles = PIA_ROLE_CANDIDAT};
static const pia_principal_t reviewer = {.roles = PIA_ROLE_REVIEWER};
static const pia_principal_t service = {.roles = PIA_ROLE_SERVICE};

static void roles_have_names(void **state)
{
    (void)state;
    assert_int_equal(pia_role_parse("candidat"), PIA_ROLE_CANDIDAT);
    assert_int_equal(pia_role_parse("service"), PIA_ROLE_SERVICE);
    assert_int_equal(pia_role_parse("servic"), 0);
    assert_int_equal(pia_role_parse("services"), 0);
    assert_int_equal(pia_role_parse(""), 0);
}

static void roles_go_through_json(void **state)
{
    (void)state;
    uint32_t roles = 0;
    json_t *json = pia_roles_json(PIA_ROLE_POLE | PIA_ROLE_OPERATOR);
    assert_int_equal(json_array_size(json), 2);
    assert_true(pia_roles_parse(json, &roles));
    assert_int_equal(roles, PIA_ROLE_POLE | PIA_ROLE_OPERATOR);
    json_array_append_new(json, json_string("king"));
    assert_false(pia_roles_parse(json, &roles));
    json_decref(json);
    assert_false(pia_roles_parse(NULL, &roles));
    json = json_pack("[i]", 1);
    assert_false(pia_roles_parse(json, &roles));
    json_decref(json);
}

static void only_its_own_pole_or_any(void **state)
{
    (void)state;
    pia_principal_t principal = {.pole = "cnrace"};
    assert_true(pia_principal_acts_for_pole(&principal, "cnrace"));
    assert_false(pia_principal_acts_for_pole(&principal, "cnrac"));
    assert_false(pia_principal_acts_for_pole(&principal, ""));
    assert_false(pia_principal_acts_for_pole(&principal, "*"));
    assert_false(pia_principal_acts_for_pole(&anonymous, "cnrace"));
    assert_false(pia_principal_acts_for_pole(&anonymous, ""));
    memcpy(principal.pole, "*", sizeof "*");
    assert_true(pia_principal_acts_for_pole(&principal, "cnrace"));
}

static void public_is_for_all_and_network_for_the_network(void **state)
{
    (void)state;
    assert_true(pia_principal_sees(&anonymous, "public", NULL));
    assert_false(pia_principal_sees(&anonymous, "network", NULL));
    assert_false(pia_principal_sees(&candidate, "network", NULL));
    assert_true(pia_principal_sees(&reviewer, "network", NULL));
    assert_true(pia_principal_sees(&service, "network", NULL));
    pia_principal_t both = candidate;
    both.roles |= PIA_ROLE_POLE;
    assert_true(pia_principal_sees(&both, "network", NULL));
}

static void restricted_is_for_those_who_are_named(void **state)
{
    (void)state;
    const char *visibility = "restricted";
    assert_true(pia_principal_sees(&reviewer, visibility, "role:secretariat,role:reviewer"));
    assert_false(pia_principal_sees(&reviewer, visibility, "role:secretariat"));
    assert_true(pia_principal_sees(&candidate, visibility, "person:" PERSON));
    assert_true(pia_principal_sees(&candidate, visibility, "role:reviewer,structure:" STRUCTURE));
    assert_false(pia_principal_sees(&candidate, visibility, "person:" STRUCTURE));
    assert_true(pia_principal_sees(&service, visibility, "role:secretariat"));
    assert_true(pia_principal_sees(&service, visibility, NULL));
    assert_false(pia_principal_sees(&anonymous, visibility, "role:secretariat"));
}

static void a_malformed_restriction_names_nobody(void **state)
{
    (void)state;
    static const char *const malformed[] = {"",
                                            ",",
                                            "role:",
                                            "person:",
                                            "structure:",
                                            "role:reviewers",
                                            "role: reviewer",
                                            "Role:reviewer",
                                            "xrole:reviewer",
                                            "reviewer",
                                            "role:reviewer;role:pole",
                                            "*"};
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        assert_false(pia_principal_sees(&reviewer, "restricted", malformed[i]));
        assert_false(pia_principal_sees(&anonymous, "restricted", malformed[i]));
    }
    assert_false(pia_principal_sees(&reviewer, "restricted", NULL));
}

static void an_unknown_visibility_is_seen_by_nobody(void **state)
{
    (void)state;
    assert_false(pia_principal_sees(&service, "secret", "role:service"));
    assert_false(pia_principal_sees(&service, "", NULL));
    assert_false(pia_principal_sees(&service, NULL, NULL));
    assert_false(pia_principal_sees(&reviewer, "Public", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_have_names),
        cmocka_unit_test(roles_go_through_json),
        cmocka_unit_test(only_its_own_pole_or_any),
        cmocka_unit_test(public_is_for_all_and_network_for_the_network),
        cmocka_unit_test(restricted_is_for_those_who_are_named),
        cmocka_unit_test(a_malformed_restriction_names_nobody),
        cmocka_unit_test(an_unknown_visibility_is_seen_by_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
