/* seated.c - a committee with its meeting on a bench. */
#include "pia_test.h"

#include "seated.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kin.h"
#include "labelled.h"

char committee[PIA_UUID_TEXT_SIZE], session[PIA_UUID_TEXT_SIZE];

json_t *bench_parse(const char *text)
{
    char *copy = strdup(text);
    for (char *at = copy; *at; at++)
        if (*at == '\'')
            *at = '"';
    json_t *json = json_loads(copy, 0, NULL);
    assert_non_null(json);
    free(copy);
    return json;
}

static pia_principal_t office(void)
{
    return bench_person(ISM, PIA_ROLE_SECRETARIAT, NULL);
}

pia_status_t move_committee(const char *transition, const char *data)
{
    const pia_principal_t asker = office();
    return bench_move_kind(&bench, MACHINE_COMMITTEE, committee, &asker, transition, data);
}

pia_status_t meet(const char *transition, const char *data)
{
    const pia_principal_t asker = office();
    return bench_move_kind(&bench, MACHINE_SESSION, session, &asker, transition, data);
}

pia_status_t meet_as(const char *person, const char *transition, const char *data)
{
    const pia_principal_t asker = bench_person(person, PIA_ROLE_COMMITTEE, OTHER_STRUCTURE);
    return bench_move_kind(&bench, MACHINE_SESSION, session, &asker, transition, data);
}

static act_t act_on(matter_t *matter, const pia_principal_t *asker)
{
    return (act_t){.db = bench.db,
                   .library = bench.library,
                   .matter = matter,
                   .principal = asker,
                   .effective_ms = bench.now_ms,
                   .recorded_ms = bench.now_ms};
}

int seated_setup(void **state)
{
    static const char *const persons[] = {FIRST, SECOND, THIRD};
    matter_t matter = {.kind = MACHINE_COMMITTEE, .state = STATE_NONE};
    const definition_t *definition;
    const pia_principal_t asker = office();
    bench_setup(state);
    for (size_t i = 0; i < sizeof persons / sizeof persons[0]; i++)
        bench_add_person(&bench, persons[i], "committee", OTHER_STRUCTURE);
    assert_int_equal(
        library_find(bench.library, bench.db, "label-pia", 0, &definition, &bench.problem), PIA_OK);
    matter.definition = definition;
    matter.card = bench_parse("{'title': 'Comité'}");
    pia_uuid7_text(matter.id);
    (void)snprintf(committee, sizeof committee, "%s", matter.id);
    act_t act = act_on(&matter, &asker);
    act.transition = machine_transition(&definition->machines[MACHINE_COMMITTEE], "instituer");
    assert_int_equal(matter_create(&act, &bench.problem), PIA_OK);
    matter_clear(&matter);
    return 0;
}

pia_status_t appoint_member(const char *person, const char *label, const char *more)
{
    char *data = NULL;
    assert_true(asprintf(&data, "{'personne': ['%s'], 'nom': '%s', 'qualite': 'representant', %s}",
                         person, label, more) > 0);
    pia_status_t status = move_committee("nommer", data);
    free(data);
    return status;
}

void seat_three(const char *label)
{
    assert_int_equal(appoint_member(FIRST, label, "'president': true, 'du': '2026-01-01'"), PIA_OK);
    assert_int_equal(appoint_member(SECOND, label, "'du': '2026-01-01'"), PIA_OK);
    assert_int_equal(appoint_member(THIRD, label, "'du': '2026-01-01'"), PIA_OK);
}

void prepare_session(char ret_id[PIA_UUID_TEXT_SIZE])
{
    matter_t matter;
    const pia_principal_t asker = office();
    bench_load(&bench, MACHINE_COMMITTEE, committee, &matter);
    json_t *card = bench_parse("{'title': 'Réunion'}");
    json_t *facts = bench_parse("{'day': '2026-12-10'}");
    child_t child = {.kind = MACHINE_SESSION,
                     .transition = "preparer",
                     .card = card,
                     .facts = facts,
                     .asked = true};
    const act_t cause = act_on(&matter, &asker);
    assert_int_equal(matter_create_child(&cause, &child, ret_id, &bench.problem), PIA_OK);
    matter_clear(&matter);
}

void convene_session(const char *label)
{
    seat_three(label);
    prepare_session(session);
    assert_int_equal(meet("inscrire_question", "{'objet': 'Une question'}"), PIA_OK);
    assert_int_equal(meet("convoquer", "{}"), PIA_OK);
}

void open_session(const char *label)
{
    convene_session(label);
    at("2026-12-10T10:00:00Z");
    assert_int_equal(meet("ouvrir", ALL_PRESENT), PIA_OK);
}

json_t *first_of(const char *list)
{
    matter_t matter;
    bench_load(&bench, MACHINE_SESSION, session, &matter);
    json_t *json = json_deep_copy(json_array_get(json_object_get(matter.facts, list), 0));
    matter_clear(&matter);
    return json;
}
