/* test_simulate.c - what another definition would have made of a history; where faults stand. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "json_line.h"
#include "simulate.h"

extern const char label_pia_v1[];

/* The default definition with one text in the place of the first other. */
static definition_t *changed(const char *old, const char *new)
{
    definition_t *definition = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    const char *at = old ? strstr(label_pia_v1, old) : label_pia_v1;
    assert_non_null(at);
    size_t size = strlen(label_pia_v1) + (new ? strlen(new) : 0) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    snprintf(text, size, "%.*s%s%s", (int)(at - label_pia_v1), label_pia_v1, new ? new : "",
             at + (old ? strlen(old) : 0));
    if (definition_load(text, strlen(text), &definition, &problem) != PIA_OK)
        fail_msg("%s: %s", problem.pointer, problem.detail);
    free(text);
    return definition;
}

static json_t *outcome(const char *id, const char *old, const char *new)
{
    matter_t dossier;
    json_t *json = NULL;
    definition_t *definition = changed(old, new);
    bench_load(&bench, MACHINE_DOSSIER, id, &dossier);
    assert_int_equal(simulate(bench.db, &dossier, definition, bench.now_ms, &json), PIA_OK);
    matter_clear(&dossier);
    definition_destroy(&definition);
    return json;
}

static void expect(const char *id, const char *old, const char *new, const char *state)
{
    json_t *json = outcome(id, old, new);
    const char *simulated = json_string_value(json_object_get(json, "simulated"));
    const char *reason = json_string_value(json_object_get(json, "reason"));
    if (strcmp(simulated, state) != 0)
        fail_msg("%s, not %s: %s", simulated, state, reason ? reason : "");
    json_decref(json);
}

static void the_same_definition_makes_the_same_of_it(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    bench_to_decision(&bench, id);
    go(id, MINISTER, PIA_ROLE_SIGNATORY, "signer", "{'capacite': 'ministre'}");
    go(id, ISM, PIA_ROLE_SECRETARIAT, "signer", "{'capacite': 'ism'}");
    assert_state(id, "accorde");
    json_t *json = outcome(id, NULL, NULL);
    assert_true(json_is_false(json_object_get(json, "differs")));
    assert_null(json_object_get(json, "number"));
    json_decref(json);
}

static void silence_that_decides_sooner_is_seen(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    bench_create(&bench, "label-pia", id);
    go(id, CANDIDATE, PIA_ROLE_CANDIDAT, "deposer", NULL);
    bench.now_ms += (int64_t)40 * 24 * 3600 * 1000;
    go(id, ISM, PIA_ROLE_SECRETARIAT, "declarer_complet", NULL);
    expect(id, NULL, NULL, "instruction");
    const char *old = "\"rule\": \"silence-rejet\",\n         \"completion\"";
    const char *new = "\"rule\": \"silence-rejet\", \"after\": {\"months\": 1},"
                      "\"completion\"";
    json_t *json = outcome(id, old, new);
    assert_string_equal(json_string_value(json_object_get(json, "simulated")), "refuse_implicite");
    assert_string_equal(json_string_value(json_object_get(json, "recorded")), "instruction");
    assert_int_equal(json_integer_value(json_object_get(json, "number")), 4);
    json_decref(json);
}

static void what_a_definition_does_not_let_is_seen(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    bench_to_decision(&bench, id);
    json_t *json = outcome(id, "{\"name\": \"saisir_comite\",", "{\"name\": \"saisir\",");
    assert_string_equal(json_string_value(json_object_get(json, "simulated")), "evaluation");
    assert_string_equal(json_string_value(json_object_get(json, "reason")),
                        "saisir_comite: there is no such transition");
    json_decref(json);
}

static void a_fault_has_a_line(void **state)
{
    (void)state;
    static const char text[] = "{\n \"a\": [1,\n  {\"b\": \"x\\\"}\",\n   \"c\": 2}],\n \"d\": {}}";
    assert_int_equal(json_line(text, strlen(text), ""), 1);
    assert_int_equal(json_line(text, strlen(text), "/a/0"), 2);
    assert_int_equal(json_line(text, strlen(text), "/a/1/c"), 4);
    assert_int_equal(json_line(text, strlen(text), "/a/1/missing"), 3);
    assert_int_equal(json_line(text, strlen(text), "/a/9"), 2);
    assert_int_equal(json_line(text, strlen(text), "/d/e"), 5);
    for (size_t size = 0; size < sizeof text; size++)
        assert_true(json_line(text, size, "/a/1/c") <= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_same_definition_makes_the_same_of_it, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(silence_that_decides_sooner_is_seen, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(what_a_definition_does_not_let_is_seen, bench_setup,
                                        bench_teardown),
        cmocka_unit_test(a_fault_has_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
