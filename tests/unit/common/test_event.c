/* test_event.c - what a CloudEvents object of ours is, and what is not one. */
#include "pia/event.h"

#include <string.h>

#include "pia/clock.h"
#include "pia_test.h"

static json_t *good(void)
{
    return pia_event_new("registry", "pole.labelled", "/poles/bois", "public", NULL,
                         json_pack("{s:s}", "code", "bois"));
}

static void expect(json_t *event, pia_status_t status, const char *pointer)
{
    pia_problem_t problem = {0};
    assert_int_equal(pia_event_check(event, &problem), status);
    if (pointer)
        assert_string_equal(problem.pointer, pointer);
    json_decref(event);
}

static void refused_with(const char *name, json_t *value, const char *pointer)
{
    json_t *event = good();
    json_object_set_new(event, name, value);
    expect(event, PIA_INVALID, pointer);
}

static void refused_without(const char *name, const char *pointer)
{
    json_t *event = good();
    json_object_del(event, name);
    expect(event, PIA_INVALID, pointer);
}

static void a_new_event_is_complete(void **state)
{
    (void)state;
    json_t *event = good();
    int64_t time_ms = 0;
    assert_string_equal(json_string_value(json_object_get(event, "source")), "/services/registry");
    assert_string_equal(json_string_value(json_object_get(event, "subject")), "/poles/bois");
    assert_true(pia_time_parse(json_string_value(json_object_get(event, "time")), &time_ms));
    assert_null(json_object_get(event, "restrictedto"));
    expect(event, PIA_OK, NULL);
}

static void two_events_have_different_ids(void **state)
{
    (void)state;
    json_t *one = good();
    json_t *two = good();
    assert_string_not_equal(json_string_value(json_object_get(one, "id")),
                            json_string_value(json_object_get(two, "id")));
    json_decref(one);
    json_decref(two);
}

static void a_restricted_event_names_its_audience(void **state)
{
    (void)state;
    expect(pia_event_new("labellisation", "review.created", NULL, "restricted",
                         "role:secretariat,person:0190a5d2-0000-7000-8000-000000000001",
                         json_object()),
           PIA_OK, NULL);
    expect(pia_event_new("x", "y", NULL, "restricted", NULL, json_object()), PIA_INVALID,
           "/restrictedto");
    static const char *const bad[] = {"role:",    "role:a,",  ",role:a", "everybody",
                                      "person:1", "role:a b", "person:", "structure:x",
                                      "ROLE:abc", "role:abc "};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect(pia_event_new("x", "y", NULL, "restricted", bad[i], json_object()), PIA_INVALID,
               "/restrictedto");
    expect(pia_event_new("x", "y", NULL, "public", "role:secretariat", json_object()), PIA_INVALID,
           "/restrictedto");
}

/* All roles and as many reviewers as a dossier may have. */
static void a_large_audience_is_fine(void **state)
{
    (void)state;
    char text[4096] =
        "role:secretariat,role:instructeur,role:committee,role:signatory,role:service";
    for (int i = 0; i < 32; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text),
                       ",person:0190b000-0000-7000-8000-%012d", i);
    expect(pia_event_new("x", "y", NULL, "restricted", text, json_object()), PIA_OK, NULL);
}

static void what_is_required_must_be_there(void **state)
{
    (void)state;
    refused_without("id", "/id");
    refused_without("source", "/source");
    refused_without("type", "/type");
    refused_without("specversion", "/specversion");
}

static void bad_attributes_are_refused(void **state)
{
    (void)state;
    char longer[2000];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    refused_with("specversion", json_string("0.3"), "/specversion");
    refused_with("id", json_string(""), "/id");
    refused_with("id", json_integer(7), "/id");
    refused_with("id", json_string(longer), "/id");
    refused_with("source", json_string("poles"), "/source");
    refused_with("type", json_string("a\nb"), "/type");
    refused_with("time", json_string("yesterday"), "/time");
    refused_with("visibility", json_string("secret"), "/visibility");
    refused_with("themes", json_string(longer), "/themes");
    refused_with("themes", json_array(), "/themes");
    refused_with("themes", json_null(), "/themes");
    refused_with("count", json_integer(INT64_C(1) << 31), "/count");
    refused_with("count", json_real(0.5), "/count");
    refused_with("Themes", json_string("a"), "");
    refused_with("the_mes", json_string("a"), "");
    refused_with("aaaaaaaaaaaaaaaaaaaaa", json_string("a"), "");
    refused_with("data_base64", json_string("AA=="), "");
}

static void good_extensions_are_fine(void **state)
{
    (void)state;
    json_t *event = good();
    json_object_set_new(event, "themes", json_string("numerique,environnement"));
    json_object_set_new(event, "capacity", json_integer(-2147483647));
    json_object_set_new(event, "free", json_true());
    json_object_set_new(event, "aaaaaaaaaaaaaaaaaaaa", json_string("20 letters"));
    expect(event, PIA_OK, NULL);
}

static void a_large_event_is_too_large(void **state)
{
    (void)state;
    static char text[PIA_EVENT_SIZE_MAX + 1];
    memset(text, 'x', sizeof text - 1);
    json_t *event = good();
    json_object_set_new(event, "data", json_string(text));
    expect(event, PIA_TOO_LARGE, NULL);
}

static void only_an_object_is_an_event(void **state)
{
    (void)state;
    expect(json_array(), PIA_INVALID, NULL);
    expect(json_string("event"), PIA_INVALID, NULL);
    expect(json_object(), PIA_INVALID, "/specversion");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_event_is_complete),
        cmocka_unit_test(two_events_have_different_ids),
        cmocka_unit_test(a_restricted_event_names_its_audience),
        cmocka_unit_test(a_large_audience_is_fine),
        cmocka_unit_test(what_is_required_must_be_there),
        cmocka_unit_test(bad_attributes_are_refused),
        cmocka_unit_test(good_extensions_are_fine),
        cmocka_unit_test(a_large_event_is_too_large),
        cmocka_unit_test(only_an_object_is_an_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
