/* test_rights.c - who never reads reviewers, reports and votes, whatever other roles it has. */
#include "pia_test.h"

#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "handler.h"
#include "history.h"
#include "kin.h"
#include "pia/clock.h"
#include "report.h"
#include "session_view.h"
#include "view.h"

#define MEMBER "0190a000-0000-7000-8000-0000000000a1"
#define INSIDER "0190a000-0000-7000-8000-0000000000a2"

/* A dossier of STRUCTURE that is evaluated: REVIEWER_1's report is filed. */
static void evaluate(char ret_id[PIA_UUID_TEXT_SIZE])
{
    bench_create(&bench, "label-pia", ret_id);
    go(ret_id, CANDIDATE, PIA_ROLE_CANDIDAT, "deposer", NULL);
    go(ret_id, ISM, PIA_ROLE_SECRETARIAT, "declarer_complet", NULL);
    go(ret_id, ISM, PIA_ROLE_SECRETARIAT, "affecter",
       "{'rapporteurs': ['" REVIEWER_1 "', '" REVIEWER_2 "']}");
    bench_report(&bench, ret_id, REVIEWER_1, "favorable", 4);
}

/* A matter as a request finds it. */
static handler_found_t find(machine_kind_t kind, const char *id, const pia_principal_t *who)
{
    handler_found_t found;
    bench_load(&bench, kind, id, &found.matter);
    assert_int_equal(matter_roles(bench.db, &found.matter, who, &found.roles), PIA_OK);
    return found;
}

/* What someone is shown of a dossier; the caller owns it. */
static json_t *view(const char *id, const pia_principal_t *who)
{
    handler_found_t found = find(MACHINE_DOSSIER, id, who);
    json_t *json = NULL;
    assert_int_equal(view_dossier(bench.db, &found.matter, who, found.roles, &json), PIA_OK);
    matter_clear(&found.matter);
    return json;
}

static void assert_outside(const char *id, const pia_principal_t *who)
{
    static const char *const inner[] = {"reviewers", "reviews_filed", "signatures", "facts"};
    json_t *json = view(id, who);
    for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++)
        assert_null(json_object_get(json, inner[i]));
    json_decref(json);
}

/* How many reports someone reads; -1: they are not for it. */
static int count_reports(const char *id, const pia_principal_t *who)
{
    handler_found_t found = find(MACHINE_DOSSIER, id, who);
    json_t *list = NULL;
    pia_status_t status =
        report_list(bench.db, &found.matter, who, found.roles, &list, &bench.problem);
    assert_true(status == PIA_OK || status == PIA_FORBIDDEN);
    int count = status == PIA_OK ? (int)json_array_size(json_object_get(list, "items")) : -1;
    json_decref(list);
    matter_clear(&found.matter);
    return count;
}

/* Whether someone reads the data of a transition in a matter's history. */
static bool
reads(machine_kind_t kind, const char *id, const pia_principal_t *who, const char *transition)
{
    handler_found_t found = find(kind, id, who);
    const history_reader_t reader = handler_reader(&found, who);
    json_t *page = NULL;
    size_t i, seen = 0;
    const json_t *entry;
    bool read = false;
    assert_int_equal(history_page(bench.db, id, &reader, 0, 100, &page), PIA_OK);
    json_array_foreach(json_object_get(page, "items"), i, entry)
    {
        if (strcmp(json_string_value(json_object_get(entry, "transition")), transition) != 0)
            continue;
        seen++;
        read = json_object_get(entry, "data") != NULL;
    }
    assert_int_equal(seen, 1);
    json_decref(page);
    matter_clear(&found.matter);
    return read;
}

static pia_status_t look_inside(machine_kind_t kind, const char *id, const pia_principal_t *who)
{
    handler_found_t found = find(kind, id, who);
    pia_status_t status = handler_check_declared(bench.db, who, &found, &bench.problem);
    matter_clear(&found.matter);
    return status;
}

/* Whether someone is shown who reviews, and what is noted of the review. */
static bool sees_reviewer(const char *review, const pia_principal_t *who)
{
    handler_found_t found = find(MACHINE_REVIEW, review, who);
    json_t *json = NULL;
    assert_int_equal(view_review(bench.db, &found.matter, who, found.roles, &json), PIA_OK);
    bool sees = json_object_get(json, "person") || json_object_get(json, "facts");
    json_decref(json);
    matter_clear(&found.matter);
    return sees;
}

static void own_people_read_no_reports_whatever_their_roles(void **state)
{
    (void)state;
    static const uint32_t others[] = {PIA_ROLE_COMMITTEE, PIA_ROLE_SECRETARIAT,
                                      PIA_ROLE_INSTRUCTEUR, PIA_ROLE_SIGNATORY};
    char dossier[PIA_UUID_TEXT_SIZE], review[PIA_UUID_TEXT_SIZE];
    evaluate(dossier);
    bench_review_of(&bench, dossier, REVIEWER_1, review);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        pia_principal_t both = bench_person(CANDIDATE, PIA_ROLE_CANDIDAT | others[i], STRUCTURE);
        pia_principal_t insider = bench_person(INSIDER, others[i], STRUCTURE);
        assert_outside(dossier, &both);
        assert_int_equal(count_reports(dossier, &both), 0);
        assert_int_equal(count_reports(dossier, &insider), -1);
        assert_false(reads(MACHINE_DOSSIER, dossier, &both, "affecter"));
        assert_false(reads(MACHINE_REVIEW, review, &both, "rendre"));
        handler_found_t found = find(MACHINE_REVIEW, review, &both);
        assert_int_equal(found.roles, PIA_ROLE_NONE);
        matter_clear(&found.matter);
    }
    pia_principal_t member = bench_person(MEMBER, PIA_ROLE_COMMITTEE, OTHER_STRUCTURE);
    assert_int_equal(count_reports(dossier, &member), 1);
    assert_true(reads(MACHINE_REVIEW, review, &member, "rendre"));
}

/* Who declared an interest as a reviewer does not read the dossier by another role later. */
static void an_interest_outlives_the_role_reviewer(void **state)
{
    (void)state;
    char dossier[PIA_UUID_TEXT_SIZE], review[PIA_UUID_TEXT_SIZE];
    evaluate(dossier);
    bench_review_of(&bench, dossier, REVIEWER_1, review);
    assert_int_equal(bench_move_review(&bench, dossier, REVIEWER_2, "declarer",
                                       "{'lien': 'projet_commun', 'precisions': 'Un projet.'}"),
                     PIA_OK);
    pia_principal_t former = bench_person(REVIEWER_2, PIA_ROLE_COMMITTEE, OTHER_STRUCTURE);
    assert_outside(dossier, &former);
    assert_int_equal(look_inside(MACHINE_DOSSIER, dossier, &former), PIA_FORBIDDEN);
    assert_int_equal(look_inside(MACHINE_REVIEW, review, &former), PIA_FORBIDDEN);
    assert_int_equal(count_reports(dossier, &former), -1);
    assert_false(sees_reviewer(review, &former));
    pia_principal_t member = bench_person(MEMBER, PIA_ROLE_COMMITTEE, OTHER_STRUCTURE);
    assert_int_equal(look_inside(MACHINE_DOSSIER, dossier, &member), PIA_OK);
    assert_true(sees_reviewer(review, &member));
}

static const pia_principal_t *office(void)
{
    static pia_principal_t ism;
    ism = bench_person(ISM, PIA_ROLE_SECRETARIAT, NULL);
    return &ism;
}

static void move(machine_kind_t kind, const char *id, const char *transition, const char *data)
{
    if (bench_move_kind(&bench, kind, id, office(), transition, data) != PIA_OK)
        fail_msg("%s: %s %s", transition, bench.problem.detail, bench.problem.pointer);
}

/* A committee of MEMBER (1), INSIDER (2) and MINISTER (3). */
static void found_committee(char ret_id[PIA_UUID_TEXT_SIZE])
{
    matter_t committee = {.kind = MACHINE_COMMITTEE, .state = STATE_NONE};
    assert_int_equal(library_find(bench.library, bench.db, "label-pia", 0, &committee.definition,
                                  &bench.problem),
                     PIA_OK);
    committee.card = json_pack("{s:s}", "title", "Comité");
    pia_uuid7_text(committee.id);
    snprintf(ret_id, PIA_UUID_TEXT_SIZE, "%s", committee.id);
    act_t act = {
        .db = bench.db,
        .library = bench.library,
        .matter = &committee,
        .transition =
            machine_transition(&committee.definition->machines[MACHINE_COMMITTEE], "instituer"),
        .principal = office(),
        .effective_ms = bench.now_ms,
        .recorded_ms = bench.now_ms,
    };
    assert_int_equal(matter_create(&act, &bench.problem), PIA_OK);
    matter_clear(&committee);
    bench_add_person(&bench, MEMBER, "committee", OTHER_STRUCTURE);
    bench_add_person(&bench, INSIDER, "committee", STRUCTURE);
    bench_add_person(&bench, MINISTER, "committee", NULL);
    move(MACHINE_COMMITTEE, ret_id, "nommer",
         "{'personne': ['" MEMBER "'], 'nom': 'A', 'qualite': 'representant', 'president': true, "
         "'du': '2026-01-01'}");
    move(MACHINE_COMMITTEE, ret_id, "nommer",
         "{'personne': ['" INSIDER "'], 'nom': 'B', 'qualite': 'representant', "
         "'du': '2026-01-01'}");
    move(MACHINE_COMMITTEE, ret_id, "nommer",
         "{'personne': ['" MINISTER "'], 'nom': 'C', 'qualite': 'representant', "
         "'du': '2026-01-01'}");
}

/* A meeting on 10 December with this dossier and a question on its agenda, convened. */
static void convene(const char *dossier, char ret_id[PIA_UUID_TEXT_SIZE])
{
    char id[PIA_UUID_TEXT_SIZE], data[100];
    matter_t committee;
    found_committee(id);
    bench_load(&bench, MACHINE_COMMITTEE, id, &committee);
    act_t cause = {
        .db = bench.db,
        .library = bench.library,
        .matter = &committee,
        .principal = office(),
        .effective_ms = bench.now_ms,
        .recorded_ms = bench.now_ms,
    };
    child_t child = {
        .kind = MACHINE_SESSION,
        .transition = "preparer",
        .card = json_pack("{s:s}", "title", "Réunion"),
        .facts = json_pack("{s:s}", "day", "2026-12-10"),
        .asked = true,
    };
    assert_int_equal(matter_create_child(&cause, &child, ret_id, &bench.problem), PIA_OK);
    matter_clear(&committee);
    snprintf(data, sizeof data, "{'dossiers': ['%s']}", dossier);
    move(MACHINE_SESSION, ret_id, "inscrire", data);
    move(MACHINE_SESSION, ret_id, "inscrire_question", "{'objet': 'Une question'}");
    move(MACHINE_SESSION, ret_id, "convoquer", "{}");
}

/* A dossier before the committee: two reports. */
static void bring_to_committee(char ret_id[PIA_UUID_TEXT_SIZE])
{
    evaluate(ret_id);
    bench_report(&bench, ret_id, REVIEWER_2, "favorable", 4);
    go(ret_id, ISM, PIA_ROLE_SECRETARIAT, "saisir_comite", NULL);
}

/* The item about the dossier, as someone is shown it; the caller owns it. */
static json_t *view_item(const char *session, const char *dossier, const pia_principal_t *who)
{
    handler_found_t found = find(MACHINE_SESSION, session, who);
    json_t *json = NULL, *item = NULL;
    const json_t *agenda, *other;
    size_t i;
    assert_int_equal(view_session(bench.db, &found.matter, who, found.roles, &json), PIA_OK);
    agenda = json_object_get(json, "agenda");
    json_array_foreach(agenda, i, other)
    {
        const char *id = json_string_value(json_object_get(other, "dossier"));
        if (id && strcmp(id, dossier) == 0)
            item = json_deep_copy(other);
    }
    assert_non_null(item);
    json_decref(json);
    matter_clear(&found.matter);
    return item;
}

static void own_people_who_sit_read_no_votes_on_their_dossier(void **state)
{
    (void)state;
    char dossier[PIA_UUID_TEXT_SIZE], session[PIA_UUID_TEXT_SIZE], data[200];
    bring_to_committee(dossier);
    convene(dossier, session);
    assert_true(pia_time_parse("2026-12-10T09:00:00Z", &bench.now_ms));
    pia_principal_t insider =
        bench_person(INSIDER, PIA_ROLE_CANDIDAT | PIA_ROLE_COMMITTEE, STRUCTURE);
    pia_principal_t member = bench_person(MEMBER, PIA_ROLE_COMMITTEE, OTHER_STRUCTURE);
    json_t *item = view_item(session, dossier, &member);
    long long number = json_integer_value(json_object_get(item, "number"));
    json_decref(item);
    snprintf(data, sizeof data,
             "{'point': %lld, 'membre': 2, 'suite': 'recusation', 'motifs': 'Un lien.'}", number);
    move(MACHINE_SESSION, session, "statuer_interet", data);
    move(MACHINE_SESSION, session, "ouvrir",
         "{'presences': [{'member': 1, 'mode': 'present'}, {'member': 2, 'mode': 'present'}, "
         "{'member': 3, 'mode': 'present'}]}");
    snprintf(data, sizeof data, "{'point': %lld, 'proposition': 'favorable', 'texte': 'Oui.'}",
             number);
    move(MACHINE_SESSION, session, "mettre_aux_voix", data);
    item = view_item(session, dossier, &member);
    assert_int_equal(json_array_size(json_object_get(item, "ballots")), 1);
    json_decref(item);
    item = view_item(session, dossier, &insider);
    assert_int_equal(json_array_size(json_object_get(item, "ballots")), 0);
    assert_null(json_object_get(item, "opinion"));
    json_decref(item);
    assert_true(reads(MACHINE_SESSION, session, &member, "mettre_aux_voix"));
    assert_false(reads(MACHINE_SESSION, session, &insider, "mettre_aux_voix"));
    assert_int_equal(look_inside(MACHINE_SESSION, session, &insider), PIA_OK);
}

/* Who withdraws from an item reads no report on its dossier any more; others do, and a dismissal
 * of an interest that was found opens them again. */
static void a_recused_member_reads_no_reports(void **state)
{
    (void)state;
    char dossier[PIA_UUID_TEXT_SIZE], session[PIA_UUID_TEXT_SIZE], data[200];
    bring_to_committee(dossier);
    convene(dossier, session);
    pia_principal_t member = bench_person(MEMBER, PIA_ROLE_COMMITTEE, OTHER_STRUCTURE);
    pia_principal_t third = bench_person(MINISTER, PIA_ROLE_COMMITTEE | PIA_ROLE_SIGNATORY, NULL);
    assert_int_equal(count_reports(dossier, &member), 2);
    json_t *item = view_item(session, dossier, &member);
    long long number = json_integer_value(json_object_get(item, "number"));
    json_decref(item);
    snprintf(data, sizeof data, "{'point': %lld, 'lien': 'projet_commun'}", number);
    assert_int_equal(
        bench_move_kind(&bench, MACHINE_SESSION, session, &member, "declarer_interet", data),
        PIA_OK);
    assert_int_equal(count_reports(dossier, &member), -1);
    assert_int_equal(look_inside(MACHINE_DOSSIER, dossier, &member), PIA_FORBIDDEN);
    assert_outside(dossier, &member);
    assert_int_equal(count_reports(dossier, &third), 2);
    snprintf(data, sizeof data,
             "{'point': %lld, 'membre': 3, 'suite': 'recusation', 'motifs': 'Un lien.', 'lien': "
             "'autre'}",
             number);
    move(MACHINE_SESSION, session, "statuer_interet", data);
    assert_int_equal(count_reports(dossier, &third), -1);
    snprintf(data, sizeof data,
             "{'point': %lld, 'membre': 3, 'suite': 'sans_objet', 'motifs': 'Aucun lien.'}",
             number);
    move(MACHINE_SESSION, session, "statuer_interet", data);
    assert_int_equal(count_reports(dossier, &third), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, bench_setup, bench_teardown)
        TEST(own_people_read_no_reports_whatever_their_roles),
        TEST(an_interest_outlives_the_role_reviewer),
        TEST(own_people_who_sit_read_no_votes_on_their_dossier),
        TEST(a_recused_member_reads_no_reports),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
