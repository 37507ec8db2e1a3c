/* test_attributes.c - what is read from an event, and what is refused. */
#include "pia_test.h"

#include <stdio.h>
#include <string.h>

#include "entry.h"
#include "rights.h"

static pia_status_t
parse(const char *source, const char *more, entry_t *entry, pia_problem_t *problem)
{
    static char text[4096];
    snprintf(text, sizeof text,
             "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"%s\",\"type\":\"%s\"%s%s}", source,
             strstr(more, "\"title\"") ? "publication.published" : "chose.faite", *more ? "," : "",
             more);
    return entry_parse(text, strlen(text), NULL, NULL, entry, problem);
}

static const char *value_of(const char *more, attribute_t attribute)
{
    static char value[256];
    pia_problem_t problem = {0};
    entry_t entry;
    if (parse("/poles/cnidep", more, &entry, &problem) != PIA_OK)
        fail_msg("%s: %s %s", more, problem.pointer, problem.detail);
    const char *found = entry.attributes.value[attribute];
    snprintf(value, sizeof value, "%s", found ? found : "(none)");
    entry_clear(&entry);
    return value;
}

static void attributes_come_from_the_event(void **state)
{
    (void)state;
    assert_string_equal(value_of("\"themes\":\"arts,habitat\"", ATTRIBUTE_THEMES), "arts,habitat");
    assert_string_equal(value_of("\"kind\":\"guide\"", ATTRIBUTE_KIND), "guide");
    assert_string_equal(value_of("", ATTRIBUTE_KIND), "(none)");
    assert_string_equal(value_of("", ATTRIBUTE_POLE), "cnidep");
    assert_string_equal(value_of("\"partitionkey\":\"a,b\"", ATTRIBUTE_PARTITION_KEY), "a,b");
    assert_string_equal(value_of("", ATTRIBUTE_PARTITION_KEY), "(none)");
    assert_string_equal(value_of("", ATTRIBUTE_VISIBILITY), "public");
}

static void a_publications_attributes_may_stand_in_its_data(void **state)
{
    (void)state;
    static const char data[] = "\"data\":{\"title\":\"T\",\"kind\":\"guide\",\"themes\":[\"arts\","
                               "\"sante\"],\"departements\":[\"54\"],\"scope\":\"regional\","
                               "\"visibility\":\"network\"}";
    assert_string_equal(value_of(data, ATTRIBUTE_KIND), "guide");
    assert_string_equal(value_of(data, ATTRIBUTE_THEMES), "arts,sante");
    assert_string_equal(value_of(data, ATTRIBUTE_DEPARTEMENTS), "54");
    assert_string_equal(value_of(data, ATTRIBUTE_SCOPE), "regional");
    assert_string_equal(value_of(data, ATTRIBUTE_VISIBILITY), "network");
    assert_string_equal(value_of(data, ATTRIBUTE_TOPICS), "(none)");
}

static void refused(const char *source, const char *more, const char *pointer)
{
    pia_problem_t problem = {0};
    entry_t entry;
    pia_status_t status = parse(source, more, &entry, &problem);
    if (status == PIA_OK)
        fail_msg("%s was taken", more);
    assert_string_equal(problem.pointer, pointer);
}

static void what_is_not_ours_is_refused(void **state)
{
    (void)state;
    static const char pole[] = "/poles/cnidep";
    refused(pole, "\"kind\":\"roman\"", "/kind");
    refused(pole, "\"partitionkey\":5", "/partitionkey");
    refused(pole, "\"themes\":\"arts,\"", "/themes");
    refused(pole, "\"themes\":\",arts\"", "/themes");
    refused(pole, "\"themes\":\"arts,,sante\"", "/themes");
    refused(pole, "\"themes\":\"arts,cuisine\"", "/themes");
    refused(pole, "\"themes\":\"arts,arts,arts,arts,arts,arts,arts\"", "/themes");
    refused(pole, "\"regions\":\"00\"", "/regions");
    refused(pole, "\"departements\":\"20\"", "/departements");
    refused(pole, "\"scope\":\"world\"", "/scope");
    refused(pole, "\"kind\":true", "/kind");
    refused(pole, "\"pole\":\"cerfav\"", "/pole");
    refused("/poles/UPPER CASE", "", "/pole");
    refused(pole, "\"visibility\":\"secret\"", "/visibility");
    refused(pole, "\"visibility\":\"restricted\"", "/restrictedto");
    refused(pole, "\"visibility\":\"public\",\"restrictedto\":\"role:pole\"", "/restrictedto");
    refused(pole, "\"restrictedto\":\"role:pole\"", "/visibility");
    refused(pole, "\"visibility\":\"restricted\",\"restrictedto\":\"role:king\"", "/restrictedto");
    refused(pole,
            "\"data\":{\"title\":\"T\",\"kind\":\"guide\"},\"visibility\":\"restricted\","
            "\"restrictedto\":\"role:pole\"",
            "/visibility");
    refused("/services/registry", "", "/visibility"); /* a service has to say */
}

static pia_status_t
may(const char *subject, uint32_t roles, const char *pole, const char *source, const char *type)
{
    pia_problem_t problem = {0};
    pia_principal_t principal = {.roles = roles};
    attributes_t attributes = {0};
    snprintf(principal.subject, sizeof principal.subject, "%s", subject);
    snprintf(principal.pole, sizeof principal.pole, "%s", pole);
    attributes.value[ATTRIBUTE_SOURCE] = source;
    attributes.value[ATTRIBUTE_TYPE] = type;
    attributes.value[ATTRIBUTE_POLE] = attributes_pole_of(source);
    return rights_check_append(&principal, &attributes, &problem);
}

static void who_may_append_what(void **state)
{
    (void)state;
    static const char pub[] = "publication.published";
    assert_int_equal(may("/persons/1", PIA_ROLE_POLE, "cnidep", "/poles/cnidep", pub), PIA_OK);
    assert_int_equal(may("/persons/1", PIA_ROLE_POLE, "*", "/poles/cnidep", pub), PIA_OK);
    assert_int_equal(may("/persons/1", PIA_ROLE_POLE, "cerfav", "/poles/cnidep", pub),
                     PIA_FORBIDDEN);
    assert_int_equal(may("/persons/1", PIA_ROLE_REVIEWER, "cnidep", "/poles/cnidep", pub),
                     PIA_FORBIDDEN);
    assert_int_equal(may("", 0, "", "/poles/cnidep", pub), PIA_UNAUTHENTICATED);
    assert_int_equal(may("/persons/1", PIA_ROLE_POLE, "*", "/poles/cnidep", "mesure.faite"),
                     PIA_OK);
    assert_int_equal(may("/persons/1", PIA_ROLE_POLE, "*", "/poles/cnidep", "label.awarded"),
                     PIA_FORBIDDEN);
    assert_int_equal(may("/persons/1", PIA_ROLE_POLE, "*", "/poles/cnidep", "pole.labelled"),
                     PIA_FORBIDDEN);
    assert_int_equal(may("/persons/1", PIA_ROLE_POLE, "*", "/poles/cnidep", "principal.revoked"),
                     PIA_FORBIDDEN);
    assert_int_equal(may("/persons/1", PIA_ROLE_POLE, "*", "/poles/cnidep", "publication.burnt"),
                     PIA_INVALID);
    assert_int_equal(
        may("/services/registry", PIA_ROLE_SERVICE, "", "/services/registry", "pole.updated"),
        PIA_OK);
    assert_int_equal(
        may("/services/registry", PIA_ROLE_SERVICE, "", "/services/labellisation", "label.awarded"),
        PIA_FORBIDDEN);
    assert_int_equal(may("/services/registry", PIA_ROLE_SERVICE, "", "/services/registry", pub),
                     PIA_FORBIDDEN);
    assert_int_equal(
        may("/services/registry", PIA_ROLE_OPERATOR, "", "/services/registry", "pole.updated"),
        PIA_FORBIDDEN);
    assert_int_equal(may("/persons/1", PIA_ROLE_ANY, "*", "/services/registry", "pole.updated"),
                     PIA_FORBIDDEN);
    assert_int_equal(may("/persons/1", PIA_ROLE_ANY, "*", "urn:other", "a.b"), PIA_FORBIDDEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_come_from_the_event),
        cmocka_unit_test(a_publications_attributes_may_stand_in_its_data),
        cmocka_unit_test(what_is_not_ours_is_refused),
        cmocka_unit_test(who_may_append_what),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
