/* test_engine.c - the default definition, every state, transition and role; and its clocks. */
#include "pia_test.h"

#include <string.h>

#include "deadline.h"
#include "engine.h"
#include "pia/clock.h"

extern const char label_pia_v1[];

static definition_t *definition;

static int load_default(void **state)
{
    (void)state;
    return definition_load(label_pia_v1, strlen(label_pia_v1), &definition, NULL) == PIA_OK ? 0
                                                                                            : -1;
}

static int unload(void **state)
{
    (void)state;
    definition_destroy(&definition);
    return 0;
}

/* What the JSON itself says, read apart from the engine. */
static bool json_allows(const json_t *transition, const char *state, const char *role)
{
    const json_t *from = json_object_get(transition, "from");
    bool right_state = state ? names_have(from, state) : json_array_size(from) == 0;
    return right_state && names_have(json_object_get(transition, "roles"), role);
}

static const struct {
    const char *name;
    uint32_t bit;
} roles[] = {
#define X(name, text, bit) {text, PIA_ROLE_##name},
    PIA_ROLE_MAP(X)
#undef X
};

static size_t check_roles(const machine_t *machine, size_t index, const json_t *json, int at)
{
    const transition_t *transition = &machine->transitions[index];
    const char *name = at == STATE_NONE ? NULL : machine->states[at].name;
    size_t allowed_count = 0;
    for (size_t r = 0; r < sizeof roles / sizeof roles[0]; r++) {
        bool expected = json_allows(json, name, roles[r].name);
        bool has_role = names_have(json_object_get(json, "roles"), roles[r].name);
        pia_status_t status = engine_allows(machine, transition, at, roles[r].bit, NULL);
        pia_status_t refused = has_role ? PIA_CONFLICT : PIA_FORBIDDEN;
        if (status != (expected ? PIA_OK : refused))
            fail_msg("%s in %s by %s: %s", transition->name, name ? name : "-", roles[r].name,
                     pia_status_text(status));
        allowed_count += expected;
    }
    return allowed_count;
}

static void each_machine_allows_what_its_definition_says_and_nothing_else(void **state)
{
    (void)state;
    size_t allowed = 0;
    for (size_t m = 0; m < MACHINE_COUNT; m++) {
        const machine_t *machine = &definition->machines[m];
        const json_t *json = json_object_get(definition->json, "machines");
        json = json_object_get(json_object_get(json, kinds[m].name), "transitions");
        assert_int_equal(json_array_size(json), machine->transition_count);
        for (size_t t = 0; t < machine->transition_count; t++)
            for (int s = STATE_NONE; s < (int)machine->state_count; s++)
                allowed += check_roles(machine, t, json_array_get(json, t), s);
    }
    assert_true(allowed > 50);
}

static void nobody_makes_what_the_clock_makes(void **state)
{
    (void)state;
    const machine_t *machine = &definition->machines[MACHINE_DOSSIER];
    const transition_t *transition = machine_transition(machine, "refuser_implicitement");
    int decision = machine_state(machine, "decision");
    assert_int_equal(engine_allows(machine, transition, decision, UINT32_MAX, NULL), PIA_FORBIDDEN);
}

static void a_candidate_has_its_role_for_its_own_structure_only(void **state)
{
    (void)state;
    pia_principal_t candidate = {.roles = PIA_ROLE_CANDIDAT, .structure = "a"};
    pia_principal_t stray = {.roles = PIA_ROLE_CANDIDAT | PIA_ROLE_SECRETARIAT};
    assert_int_equal(engine_roles(&candidate, "a", false), PIA_ROLE_CANDIDAT);
    assert_int_equal(engine_roles(&candidate, "b", false), 0);
    assert_int_equal(engine_roles(&stray, "", false), PIA_ROLE_SECRETARIAT);
}

static void a_reviewer_has_its_role_where_assigned_only(void **state)
{
    (void)state;
    pia_principal_t reviewer = {.roles = PIA_ROLE_REVIEWER, .structure = "a"};
    assert_int_equal(engine_roles(&reviewer, "b", true), PIA_ROLE_REVIEWER);
    assert_int_equal(engine_roles(&reviewer, "b", false), 0);
}

static void who_has_no_role_on_a_dossier_does_not_see_it(void **state)
{
    (void)state;
    const machine_t *machine = &definition->machines[MACHINE_DOSSIER];
    assert_true(engine_sees(machine, PIA_ROLE_SECRETARIAT));
    assert_true(engine_sees(machine, PIA_ROLE_COMMITTEE));
    assert_true(engine_sees(machine, PIA_ROLE_CANDIDAT));
    assert_true(engine_sees(machine, PIA_ROLE_REVIEWER));
    assert_false(engine_sees(machine, PIA_ROLE_OPERATOR));
    assert_false(engine_sees(machine, PIA_ROLE_NONE));
}

static int64_t at(const char *text)
{
    int64_t value;
    assert_true(pia_time_parse(text, &value));
    return value;
}

static void start(matter_t *matter)
{
    *matter = (matter_t){
        .definition = definition,
        .machine = &definition->machines[MACHINE_DOSSIER],
        .state = STATE_NONE,
        .facts = json_object(),
        .clocks = json_object(),
    };
}

/* Makes a transition at an instant, as matter.c does. */
static void step(matter_t *matter, const char *name, const char *when)
{
    const transition_t *transition = machine_transition(matter->machine, name);
    int from = matter->state;
    assert_non_null(transition);
    if (transition->to != STATE_NONE)
        matter->state = transition->to;
    const engine_step_t step = {transition, from, at(when), NULL, 0};
    pia_problem_t problem;
    assert_int_equal(engine_run_clocks(matter, &step, &problem), PIA_OK);
    if (matter->state != from)
        matter->entered_ms = at(when);
}

/* The timer of this name runs, and is due then. */
static void assert_due(const matter_t *matter, const char *name, const char *when)
{
    const timer_rule_t *timer = matter->machine->timers;
    while (strcmp(timer->name, name) != 0)
        timer++;
    int64_t due_ms = engine_due(matter, timer);
    assert_true(due_ms >= matter->due_ms && matter->due_ms != 0);
    char text[PIA_TIME_TEXT_SIZE];
    pia_time_format(due_ms, text);
    assert_string_equal(text, when);
}

static void end(matter_t *matter)
{
    json_decref(matter->facts);
    json_decref(matter->clocks);
}

static void silence_decides_two_months_after_the_filing(void **state)
{
    (void)state;
    matter_t matter;
    start(&matter);
    step(&matter, "creer", "2026-12-01T10:00:00Z");
    assert_int_equal(matter.due_ms, 0);
    step(&matter, "deposer", "2026-12-31T10:00:00Z");
    assert_due(&matter, "silence", "2027-02-28T23:00:00.000Z");
    step(&matter, "enregistrer", "2026-12-31T10:00:00Z");
    step(&matter, "declarer_complet", "2027-01-10T10:00:00Z");
    assert_due(&matter, "silence", "2027-02-28T23:00:00.000Z");
    step(&matter, "abandonner", "2027-01-11T10:00:00Z");
    assert_int_equal(matter.due_ms, 0);
    end(&matter);
}

/* Pieces are asked for until a day. */
static void ask_pieces(matter_t *matter, const char *when, const char *until)
{
    json_object_set_new(matter->facts, "delai_production", json_string(until));
    step(matter, "declarer_incomplet", when);
}

static void what_is_missing_suspends_the_silence(void **state)
{
    (void)state;
    matter_t matter;
    start(&matter);
    step(&matter, "deposer", "2026-06-01T08:00:00Z");
    step(&matter, "enregistrer", "2026-06-01T08:00:00Z");
    ask_pieces(&matter, "2026-06-10T08:00:00Z", "2026-07-10");
    assert_due(&matter, "production", "2026-07-10T22:00:00.000Z");
    step(&matter, "completer", "2026-06-20T08:00:00Z");
    assert_due(&matter, "silence", "2026-08-11T22:00:00.000Z");
    ask_pieces(&matter, "2026-06-21T08:00:00Z", "2026-06-23");
    assert_due(&matter, "production", "2026-06-23T22:00:00.000Z");
    step(&matter, "constater_delai", "2026-06-23T22:00:00Z");
    assert_due(&matter, "silence", "2026-08-13T22:00:00.000Z");
    end(&matter);
}

static void a_delay_that_ends_before_it_is_given_is_refused(void **state)
{
    (void)state;
    matter_t matter;
    start(&matter);
    step(&matter, "deposer", "2026-06-01T08:00:00Z");
    json_object_set_new(matter.facts, "delai_production", json_string("2026-06-09"));
    const transition_t *transition = machine_transition(matter.machine, "declarer_incomplet");
    const engine_step_t step = {transition, matter.state, at("2026-06-10T08:00:00Z"), NULL, 0};
    pia_problem_t problem;
    assert_int_equal(engine_run_clocks(&matter, &step, &problem), PIA_INVALID);
    assert_string_equal(problem.pointer, "/data");
    end(&matter);
}

static void a_deadline_is_explained_while_pieces_are_waited_for(void **state)
{
    (void)state;
    matter_t matter;
    start(&matter);
    step(&matter, "deposer", "2026-06-01T08:00:00Z");
    step(&matter, "enregistrer", "2026-06-01T08:00:00Z");
    ask_pieces(&matter, "2026-06-10T08:00:00Z", "2026-06-30");
    json_t *view = deadline_view(&matter);
    assert_string_equal(json_string_value(json_object_get(view, "last_day")), "2026-08-21");
    assert_string_equal(json_string_value(json_object_get(view, "silence")), "rejet");
    const json_t *segment = json_array_get(json_object_get(view, "segments"), 1);
    assert_string_equal(json_string_value(json_object_get(segment, "effect")), "suspended");
    assert_string_equal(json_string_value(json_object_get(segment, "to")), "2026-06-30");
    json_decref(view);
    step(&matter, "retirer", "2026-06-11T08:00:00Z");
    assert_null(deadline_view(&matter));
    end(&matter);
}

static void a_new_instruction_starts_the_silence_anew(void **state)
{
    (void)state;
    matter_t matter;
    start(&matter);
    step(&matter, "deposer", "2026-01-05T08:00:00Z");
    matter.state = machine_state(matter.machine, "decision");
    step(&matter, "ajourner", "2026-02-05T08:00:00Z");
    assert_int_equal(matter.due_ms, 0);
    step(&matter, "reprendre_instruction", "2026-05-05T08:00:00Z");
    assert_due(&matter, "silence", "2026-07-05T22:00:00.000Z");
    end(&matter);
}

static void a_label_expires_when_its_first_day_without_begins(void **state)
{
    (void)state;
    matter_t matter;
    start(&matter);
    matter.machine = &definition->machines[MACHINE_LABEL];
    json_object_set_new(matter.facts, "until", json_string("2029-11-26"));
    step(&matter, "delivrer", "2026-11-26T08:00:00Z");
    assert_due(&matter, "validite", "2029-11-25T23:00:00.000Z");
    step(&matter, "ouvrir_procedure", "2027-01-01T08:00:00Z");
    assert_due(&matter, "validite", "2029-11-25T23:00:00.000Z");
    step(&matter, "suspendre", "2027-02-01T08:00:00Z");
    assert_due(&matter, "validite", "2029-11-25T23:00:00.000Z");
    end(&matter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_machine_allows_what_its_definition_says_and_nothing_else),
        cmocka_unit_test(nobody_makes_what_the_clock_makes),
        cmocka_unit_test(a_candidate_has_its_role_for_its_own_structure_only),
        cmocka_unit_test(a_reviewer_has_its_role_where_assigned_only),
        cmocka_unit_test(who_has_no_role_on_a_dossier_does_not_see_it),
        cmocka_unit_test(silence_decides_two_months_after_the_filing),
        cmocka_unit_test(what_is_missing_suspends_the_silence),
        cmocka_unit_test(a_delay_that_ends_before_it_is_given_is_refused),
        cmocka_unit_test(a_deadline_is_explained_while_pieces_are_waited_for),
        cmocka_unit_test(a_new_instruction_starts_the_silence_anew),
        cmocka_unit_test(a_label_expires_when_its_first_day_without_begins),
    };
    return cmocka_run_group_tests(tests, load_default, unload);
}
