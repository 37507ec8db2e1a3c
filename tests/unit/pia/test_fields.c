/* Options that are a message's fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "proto/dossier.h"
#include "proto/event.h"
#include "proto/pole.h"
#include "proto/publication.h"
#include "proto/subscription.h"

static json_t *set(const pia_schema_t *schema, const char *const *pairs, pia_status_t expected)
{
    json_t *body = json_object();
    pia_status_t status = PIA_OK;
    for (; *pairs && status == PIA_OK; pairs += 2)
        status = fields_set(schema, body, pairs[0], pairs[1], NULL);
    assert_int_equal(status, expected);
    return body;
}
#define SET(schema, ...) set(schema, (const char *const[]){__VA_ARGS__, NULL}, PIA_OK)

static void assert_json(json_t *body, const char *expected)
{
    char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, expected);
    free(text);
    json_decref(body);
}

static void a_field_is_an_option_with_dashes(void **state)
{
    (void)state;
    assert_json(SET(&pia_diffusion_publication_create_schema, "title", "Métaux", "starts-at",
                    "2026-12-01T09:00:00Z", "capacity", "12", "publish", ""),
                "{\"capacity\":12,\"publish\":true,\"starts_at\":\"2026-12-01T09:00:00Z\","
                "\"title\":\"Métaux\"}");
}

static void lists_are_separated_by_commas_or_repeated_and_may_be_singular(void **state)
{
    (void)state;
    assert_json(SET(&pia_filter_schema, "theme", "a,b", "themes", "c", "kind", "guide"),
                "{\"kinds\":[\"guide\"],\"themes\":[\"a\",\"b\",\"c\"]}");
    assert_json(SET(&pia_registry_pole_list_schema, "theme", "a"), "{\"themes\":[\"a\"]}");
    assert_json(SET(&pia_diffusion_publication_list_schema, "kind", "lettre", "kinds", "guide"),
                "{\"kinds\":[\"lettre\",\"guide\"]}");
}

static void members_of_objects_are_options_too(void **state)
{
    (void)state;
    assert_json(SET(&pia_labellisation_dossier_create_schema, "pole-code", "x", "code", "y",
                    "process-version", "2"),
                "{\"pole\":{\"code\":\"y\"},\"process\":{\"version\":2}}");
    assert_json(SET(&pia_diffusion_subscription_create_schema, "theme", "a", "filter-kind", "b"),
                "{\"filter\":{\"kinds\":[\"b\"],\"themes\":[\"a\"]}}");
    /* Both the pôle and the process have a name. */
    assert_int_equal(fields_known(&pia_labellisation_dossier_create_schema, "name"), 0);
    assert_int_equal(fields_known(&pia_labellisation_dossier_create_schema, "pole"), 0);
}

static void options_say_whether_they_have_a_value(void **state)
{
    (void)state;
    assert_int_equal(fields_known(&pia_diffusion_publication_create_schema, "publish"), 1);
    assert_int_equal(fields_known(&pia_diffusion_publication_create_schema, "title"), 2);
    assert_int_equal(fields_known(&pia_diffusion_publication_create_schema, "titl"), 0);
    assert_int_equal(fields_known(&pia_diffusion_publication_create_schema, "titles"), 0);
    assert_int_equal(fields_known(&pia_diffusion_publication_create_schema, ""), 0);
}

static void what_is_no_number_or_no_text_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "1x", "x", "1.5", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *const pair[] = {"capacity", wrong[i], NULL};
        json_decref(set(&pia_diffusion_publication_create_schema, pair, PIA_INVALID));
    }
    const char *const latin[] = {"title", "\xe9t\xe9", NULL};
    json_decref(set(&pia_diffusion_publication_create_schema, latin, PIA_INVALID));
}

static void words_are_whole(void **state)
{
    (void)state;
    assert_true(words_have("dossier transition", "dossier"));
    assert_true(words_have("dossier transition", "transition"));
    assert_false(words_have("dossier transition", "trans"));
    assert_false(words_have("", "x"));
    assert_false(words_have(NULL, "x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_is_an_option_with_dashes),
        cmocka_unit_test(lists_are_separated_by_commas_or_repeated_and_may_be_singular),
        cmocka_unit_test(members_of_objects_are_options_too),
        cmocka_unit_test(options_say_whether_they_have_a_value),
        cmocka_unit_test(what_is_no_number_or_no_text_is_refused),
        cmocka_unit_test(words_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
