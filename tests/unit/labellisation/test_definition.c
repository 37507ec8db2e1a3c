/* test_definition.c - what a definition may be, and how each fault is told. */
#include "pia_test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "definition.h"
#include "proto/process_definition.h"
#include "rule.h"

extern const char label_pia_v1[];

/* Small, and right; each fault below changes one thing in it. */
static const char tiny[] =
    "{'format': 1, 'name': 'bilan', 'version': 1, 'title': 'Bilan', 'themes': ['habitat'],"
    " 'sectors': [], 'machines': {'dossier': {'readers': ['secretariat'],"
    "  'states': [{'name': 'ouvert', 'label': 'Ouvert', 'initial': true},"
    "             {'name': 'clos', 'label': 'Clos', 'final': true}],"
    "  'transitions': ["
    "   {'name': 'ouvrir', 'label': 'Ouvrir', 'from': [], 'to': 'ouvert', 'roles': ['candidat']},"
    "   {'name': 'noter', 'label': 'Noter', 'from': ['ouvert'], 'roles': ['secretariat'],"
    "    'requires': [{'name': 'cote', 'label': 'Cote', 'type': 'choice', 'values': ['a', 'b']},"
    "                 {'name': 'jour', 'label': 'Jour', 'type': 'date'},"
    "                 {'name': 'texte', 'label': 'Texte', 'type': 'text', 'optional': true}],"
    "    'effects': [{'name': 'record_fact', 'fact': 'cote', 'data': 'cote', 'map': {'a': 'bon'}},"
    "                {'name': 'record_fact', 'fact': 'jour', 'data': 'jour'}]},"
    "   {'name': 'clore', 'label': 'Clore', 'from': ['ouvert'], 'to': 'clos', 'automatic': true,"
    "    'guards': [{'name': 'fact_is', 'fact': 'cote', 'value': 'bon'}]},"
    "   {'name': 'oublier', 'label': 'Oublier', 'from': ['ouvert'], 'to': 'clos'}],"
    "  'timers': [{'name': 'oubli', 'label': 'Oubli', 'states': ['ouvert'],"
    "              'after': {'months': 6}, 'transition': 'oublier'}]}}}";

/* With double quotes, for the caller to free. */
static char *quoted(const char *text)
{
    char *copy = strdup(text);
    assert_non_null(copy);
    for (char *at = copy; *at; at++)
        if (*at == '\'')
            *at = '"';
    return copy;
}

static pia_status_t load(const char *text, pia_problem_t *problem)
{
    definition_t *definition = NULL;
    char *json = quoted(text);
    pia_status_t status = definition_load(json, strlen(json), &definition, problem);
    free(json);
    definition_destroy(&definition);
    return status;
}

/* `tiny` with the first `old` replaced, for the caller to free. */
static char *changed(const char *old, const char *new)
{
    const char *at = strstr(tiny, old);
    assert_non_null(at);
    size_t size = strlen(tiny) + strlen(new) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    snprintf(text, size, "%.*s%s%s", (int)(at - tiny), tiny, new, at + strlen(old));
    return text;
}

typedef struct {
    const char *old, *new;
    const char *pointer;
} fault_t;

#define STATES "/machines/dossier/states/"
#define TRANSITIONS "/machines/dossier/transitions/"
#define TIMERS "/machines/dossier/timers/0/"

static const fault_t faults[] = {
    {"'format': 1", "'format': 2", "/format"},
    {"'version': 1,", "'version': 0,", "/version"},
    {"'name': 'bilan'", "'name': 'Bilan annuel'", "/name"},
    {"'title': 'Bilan',", "", "/title"},
    {"'sectors': []", "'sectors': [], 'colour': 'red'", "/colour"},
    {"'sectors': []", "'sectors': [], 'signatures': {'authority': 'required'}",
     "/signatures/authority"},
    {"{'dossier'", "{'person'", "/machines/person"},
    {"'readers': ['secretariat']", "'readers': ['king']", "/machines/dossier/readers/0"},
    {"{'name': 'clos'", "{'name': 'ouvert'", STATES "1/name"},
    {"{'name': 'clos'", "{'name': 'Clos'", STATES "1/name"},
    {"'final': true", "'final': false", STATES "1/final"},
    {"'initial': true", "'initial': true, 'final': true", STATES "0/final"},
    {"'initial': true", "'initial': false", TRANSITIONS "0/to"},
    {"{'name': 'clos',", "{'name': 'perdu', 'label': 'P', 'final': true}, {'name': 'clos',",
     STATES "1/name"},
    {"'to': 'ouvert', 'roles': ['candidat']", "'to': 'ouvert', 'roles': ['wizard']",
     TRANSITIONS "0/roles/0"},
    {"'to': 'ouvert', 'roles': ['candidat']", "'to': 'ouvert'", TRANSITIONS "0/roles"},
    {"'to': 'ouvert', 'roles'", "'to': 'ouvert', 'automatic': true, 'roles'",
     TRANSITIONS "0/automatic"},
    {"'to': 'ouvert'", "'to': 'ailleurs'", TRANSITIONS "0/to"},
    {"'from': ['ouvert'], 'roles'", "'from': ['ouvert', 'nulle'], 'roles'", TRANSITIONS "1/from/1"},
    {"'from': ['ouvert'], 'roles': ['secretariat']", "'from': ['ouvert']", TRANSITIONS "1/roles"},
    {"{'name': 'noter'", "{'name': 'ouvrir'", TRANSITIONS "1/name"},
    {"'values': ['a', 'b']", "'values': ['a', 'a']", TRANSITIONS "1/requires/0/values"},
    {", 'values': ['a', 'b']", "", TRANSITIONS "1/requires/0/values"},
    {"'type': 'date'}", "'type': 'date', 'min': 1}", TRANSITIONS "1/requires/1/min"},
    {"'type': 'date'}", "'type': 'colour'}", TRANSITIONS "1/requires/1/type"},
    {"'name': 'jour', 'label'", "'name': 'cote', 'label'", TRANSITIONS "1/requires/1/name"},
    {"'optional': true", "'min': 9, 'max': 3", TRANSITIONS "1/requires/2/min"},
    {"'optional': true", "'max': 70000", TRANSITIONS "1/requires/2/max"},
    {"'name': 'record_fact', 'fact': 'jour'", "'name': 'send_money', 'fact': 'jour'",
     TRANSITIONS "1/effects/1/name"},
    {"'data': 'jour'}", "'data': 'heure'}", TRANSITIONS "1/effects/1/data"},
    {"'data': 'jour'}", "'data': 'texte'}", TRANSITIONS "1/effects/1/data"},
    {", 'data': 'jour'}", "}", TRANSITIONS "1/effects/1/data"},
    {"'data': 'jour'}", "'data': 'jour', 'value': 'x'}", TRANSITIONS "1/effects/1/name"},
    {"'map': {'a': 'bon'}", "'map': {'c': 'bon'}", TRANSITIONS "1/effects/0/map"},
    {"'map': {'a': 'bon'}", "'map': {'a': 3}", TRANSITIONS "1/effects/0/map"},
    {"{'name': 'record_fact', 'fact': 'jour', 'data': 'jour'}",
     "{'name': 'award_label', 'transition': 'x', 'validity': {'years': 3}}",
     TRANSITIONS "1/effects/1/transition"},
    {"{'name': 'record_fact', 'fact': 'jour', 'data': 'jour'}",
     "{'name': 'end_label', 'day': 'today'}", TRANSITIONS "1/effects/1/name"},
    {"{'name': 'record_fact', 'fact': 'jour', 'data': 'jour'}",
     "{'name': 'move_children', 'kind': 'label', 'transition': 'x'}",
     TRANSITIONS "1/effects/1/transition"},
    {"{'name': 'record_fact', 'fact': 'jour', 'data': 'jour'}",
     "{'name': 'move_children', 'kind': 'appel', 'transition': 'x'}",
     TRANSITIONS "1/effects/1/kind"},
    {"{'name': 'fact_is'", "{'name': 'full_moon'", TRANSITIONS "2/guards/0/name"},
    {"'fact': 'cote', 'value'", "'fact': 'note', 'value'", TRANSITIONS "2/guards/0/fact"},
    {"{'name': 'fact_is', 'fact': 'cote', 'value': 'bon'}", "{'name': 'actor_independent'}",
     TRANSITIONS "2/guards/0/name"},
    {"'to': 'clos', 'automatic'", "'to': 'ouvert', 'automatic'", TRANSITIONS "2/to"},
    {"'automatic': true", "'automatic': true, 'roles': ['candidat']", TRANSITIONS "2/roles"},
    {"'automatic': true", "'automatic': true, 'notify': ['everyone']", TRANSITIONS "2/notify/0"},
    {"'automatic': true", "'automatic': true, 'notice': {'structure': 'decision'}",
     TRANSITIONS "2/notice/structure"},
    {"'automatic': true",
     "'automatic': true, 'notify': ['structure'], 'notice': {'others': 'decision'}",
     TRANSITIONS "2/notice/others"},
    {"'automatic': true", "'automatic': true, 'notice': {'structure': 'letter'}",
     TRANSITIONS "2/notice/structure"},
    {"'transition': 'oublier'}", "'transition': 'rien'}", TIMERS "transition"},
    {"'transition': 'oublier'}", "'transition': 'noter'}", TRANSITIONS "3/roles"},
    {"'to': 'clos'}]", "'to': 'clos', 'roles': ['secretariat']}]", TIMERS "transition"},
    {"'states': ['ouvert']", "'states': ['clos']", TIMERS "states"},
    {"'states': ['ouvert']", "'states': ['rien']", TIMERS "states/0"},
    {"'after': {'months': 6}", "'after': {}", TIMERS "after"},
    {"'after': {'months': 6}", "'after': {'months': 6}, 'on': 'jour', 'before': {'days': 1}",
     TIMERS "before"},
    {"'after': {'months': 6}", "'before': {'months': 6}", TIMERS "before"},
    {"'after': {'months': 6}", "'of': 'oubli', 'before': {'days': 7}", TIMERS "of"},
    {"'after': {'months': 6}", "'rule': 'silence'", TIMERS "rule"},
    {"'after': {'months': 6}", "'rule': 'silence-rejet', 'on': 'jour'", TIMERS "rule"},
    {"'after': {'months': 6}", "'rule': 'silence-rejet', 'after': {'months': 6}",
     TIMERS "reference"},
    {"'after': {'months': 6}", "'rule': 'silence-rejet', 'suspended_in': ['clos']",
     TIMERS "suspended_in"},
    {"'after': {'months': 6}",
     "'rule': 'motifs', 'completion': {'requested': ['noter'], 'until': 'jour',"
     " 'produced': ['noter']}",
     TIMERS "completion"},
    {"'after': {'months': 6}",
     "'rule': 'silence-rejet', 'completion': {'requested': ['noter'], 'until': 'cote',"
     " 'produced': ['noter']}",
     TIMERS "completion/until"},
    {"'after': {'months': 6}",
     "'rule': 'silence-rejet', 'completion': {'requested': ['noter'], 'until': 'jour',"
     " 'produced': ['rien']}",
     TIMERS "completion/produced/0"},
    {"'after': {'months': 6}", "'on': 'cote'", TIMERS "on"},
    {"'after': {'months': 6}", "'after': {'months': 6}, 'since': ['rien']", TIMERS "since/0"},
    {"'after': {'months': 6}", "'after': {'months': 6}, 'suspended_in': ['rien']",
     TIMERS "suspended_in/0"},
};

static void the_small_definition_is_right(void **state)
{
    (void)state;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = load(tiny, &problem);
    if (status != PIA_OK)
        fail_msg("%s: %s", problem.pointer, problem.detail);
}

static void each_fault_is_told_at_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        char *text = changed(faults[i].old, faults[i].new);
        pia_problem_t problem = {.status = PIA_OK};
        pia_status_t status = load(text, &problem);
        free(text);
        if (status != PIA_INVALID || strcmp(problem.pointer, faults[i].pointer) != 0)
            fail_msg("%s -> %s: %s at %s (%s), not at %s", faults[i].old, faults[i].new,
                     pia_status_text(status), problem.pointer, problem.detail, faults[i].pointer);
        assert_true(problem.detail[0] != '\0');
    }
}

static void automatic_transitions_that_lead_back_are_refused(void **state)
{
    (void)state;
    static const char cycle[] =
        "{'format': 1, 'name': 'cycle', 'version': 1, 'title': 'Cycle', 'themes': ['habitat'],"
        " 'sectors': [], 'machines': {'dossier': {'readers': [], 'states': ["
        "  {'name': 'a', 'label': 'A', 'initial': true}, {'name': 'b', 'label': 'B'},"
        "  {'name': 'c', 'label': 'C'}], 'transitions': ["
        "  {'name': 'ouvrir', 'label': 'O', 'from': [], 'to': 'a', 'roles': ['candidat']},"
        "  {'name': 'un', 'label': '1', 'from': ['a'], 'to': 'b', 'automatic': true},"
        "  {'name': 'deux', 'label': '2', 'from': ['b'], 'to': 'c', 'automatic': true},"
        "  {'name': 'trois', 'label': '3', 'from': ['c'], 'to': 'a', 'automatic': true}]}}}";
    pia_problem_t problem;
    assert_int_equal(load(cycle, &problem), PIA_INVALID);
    assert_string_equal(problem.pointer, "/machines/dossier/transitions/1/to");
}

static void what_is_not_json_or_too_large_is_refused(void **state)
{
    (void)state;
    pia_problem_t problem;
    definition_t *definition = NULL;
    assert_int_equal(load("{'format': 1,", &problem), PIA_INVALID);
    assert_int_equal(load("[]", &problem), PIA_INVALID);
    char *large = calloc(1, DEFINITION_SIZE_MAX + 1);
    assert_non_null(large);
    assert_int_equal(definition_load(large, DEFINITION_SIZE_MAX + 1, &definition, &problem),
                     PIA_TOO_LARGE);
    free(large);
    assert_null(definition);
}

static void a_date_of_a_fact_may_be_a_timers_end(void **state)
{
    (void)state;
    pia_problem_t problem = {.status = PIA_OK};
    char *text = changed("'after': {'months': 6}", "'on': 'jour'");
    assert_int_equal(load(text, &problem), PIA_OK);
    free(text);
}

static void the_default_definition_is_right(void **state)
{
    (void)state;
    definition_t *definition = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        definition_load(label_pia_v1, strlen(label_pia_v1), &definition, &problem);
    if (status != PIA_OK)
        fail_msg("%s: %s", problem.pointer, problem.detail);
    assert_string_equal(definition->name, "label-pia");
    assert_int_equal(definition->machines[MACHINE_DOSSIER].state_count, 19);
    assert_int_equal(definition->machines[MACHINE_LABEL].state_count, 9);
    assert_string_equal(machine_creation(&definition->machines[MACHINE_DOSSIER])->name, "creer");
    definition_destroy(&definition);
    assert_null(definition);
}

/* The values of the enum of `name` in a definition of the schema. */
static const char *const *names_of(const pia_schema_t *schema)
{
    for (const pia_field_t *field = schema->fields; field->name; field++)
        if (strcmp(field->name, "name") == 0)
            return field->values;
    return NULL;
}

static void the_schema_names_exactly_the_functions_that_exist(void **state)
{
    (void)state;
    size_t count = 0;
    for (const char *const *name = names_of(&pia_definition_guard_schema); *name; name++, count++)
        assert_non_null(guard_find(*name));
    assert_int_equal(count, guard_count());
    count = 0;
    for (const char *const *name = names_of(&pia_definition_effect_schema); *name; name++, count++)
        assert_non_null(effect_find(*name));
    assert_int_equal(count, effect_count());
    assert_null(guard_find("full_moon"));
    assert_null(effect_find("send_money"));
}

/* The default definition with the first `old` replaced is refused there, for this. */
static void assert_default_fault(const char *old, const char *new, const char *at, const char *why)
{
    pia_problem_t problem = {.status = PIA_OK};
    definition_t *definition = NULL;
    const char *found = strstr(label_pia_v1, old);
    assert_non_null(found);
    size_t before = (size_t)(found - label_pia_v1);
    char *text = NULL;
    assert_true(asprintf(&text, "%.*s%s%s", (int)before, label_pia_v1, new, found + strlen(old)) >
                0);
    assert_int_equal(definition_load(text, strlen(text), &definition, &problem), PIA_INVALID);
    if (strncmp(problem.pointer, at, strlen(at)) != 0 || !strstr(problem.detail, why))
        fail_msg("%s: %s", problem.pointer, problem.detail);
    free(text);
}

static void what_a_letter_is_written_from_must_be_there(void **state)
{
    (void)state;
    static const char letters[] = "/machines/label/transitions/";
    assert_default_fault("\"fraude\": \"il a été", "\"autre\": \"il a été", "/words/bases",
                         "fraude");
    assert_default_fault("\"retrait\": \"le retrait", "\"autre\": \"le retrait", "/words/measures",
                         "retrait");
    assert_default_fault("\"label\": \"Pôle d’innovation pour l’artisanat\"", "\"autre\": \"Pôle\"",
                         "/words/documents", "label");
    assert_default_fault("\"griefs\", \"label\"", "\"reproches\", \"label\"", letters, "griefs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_small_definition_is_right),
        cmocka_unit_test(each_fault_is_told_at_its_place),
        cmocka_unit_test(automatic_transitions_that_lead_back_are_refused),
        cmocka_unit_test(what_is_not_json_or_too_large_is_refused),
        cmocka_unit_test(a_date_of_a_fact_may_be_a_timers_end),
        cmocka_unit_test(the_default_definition_is_right),
        cmocka_unit_test(what_a_letter_is_written_from_must_be_there),
        cmocka_unit_test(the_schema_names_exactly_the_functions_that_exist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
