/* test_matter.c - dossiers and labels in the store: the straight path, and what is refused. */
#include "pia_test.h"

#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "decision.h"
#include "pia/clock.h"
#include "store_matter.h"

static void both_signatures_award_the_label(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE], label_id[PIA_UUID_TEXT_SIZE];
    bench_to_decision(&bench, id);
    go(id, MINISTER, PIA_ROLE_SIGNATORY, "signer", "{'capacite': 'ministre'}");
    assert_state(id, "decision");
    assert_int_equal(bench_announced(&bench, "label.awarded"), 0);
    go(id, ISM, PIA_ROLE_SECRETARIAT, "signer", "{'capacite': 'ism'}");
    assert_state(id, "accorde");
    assert_int_equal(bench_announced(&bench, "label.awarded"), 1);
    assert_int_equal(bench_announced(&bench, "dossier.created"), 1);
    assert_int_equal(bench_announced(&bench, "review.created"), 2);
    assert_int_equal(store_matter_child(bench.db, id, MACHINE_LABEL, label_id), PIA_OK);
    matter_t label;
    bench_load(&bench, MACHINE_LABEL, label_id, &label);
    assert_string_equal(json_string_value(json_object_get(label.facts, "from")), "2026-11-26");
    assert_string_equal(json_string_value(json_object_get(label.facts, "until")), "2029-11-26");
    assert_string_equal(label.parent, id);
    matter_clear(&label);
}

static void each_transition_is_announced_once(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    bench_to_decision(&bench, id);
    matter_t dossier;
    bench_load(&bench, MACHINE_DOSSIER, id, &dossier);
    assert_int_equal(bench_announced(&bench, "dossier.created") +
                         bench_announced(&bench, "dossier.transitioned"),
                     dossier.version);
    assert_int_equal(bench_integer(&bench,
                                   "SELECT COUNT(*) FROM history JOIN matter ON matter.id = "
                                   "history.matter WHERE matter.kind = 'dossier'"),
                     dossier.version);
    assert_int_equal(
        bench_integer(&bench, "SELECT COUNT(*) FROM history JOIN matter ON matter.id = "
                              "history.matter WHERE matter.kind = 'review'"),
        bench_announced(&bench, "review.created") + bench_announced(&bench, "review.transitioned"));
    matter_clear(&dossier);
    assert_int_equal(
        bench_integer(&bench, "SELECT COUNT(*) FROM outbox WHERE event LIKE '%rapport.%'"), 0);
}

static void the_wrong_role_is_forbidden_and_the_wrong_state_a_conflict(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    bench_create(&bench, "label-pia", id);
    assert_int_equal(move_as(id, ISM, PIA_ROLE_SECRETARIAT, "deposer", NULL), PIA_FORBIDDEN);
    assert_int_equal(move_as(id, ISM, PIA_ROLE_SECRETARIAT, "declarer_complet", NULL),
                     PIA_CONFLICT);
    pia_principal_t stranger = bench_person(CANDIDATE, PIA_ROLE_CANDIDAT, OTHER_STRUCTURE);
    assert_int_equal(bench_move(&bench, id, &stranger, "deposer", NULL, 0), PIA_FORBIDDEN);
    assert_state(id, "brouillon");
}

static void an_old_version_is_a_conflict_that_names_the_present_one(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    bench_create(&bench, "label-pia", id);
    pia_principal_t candidate = bench_person(CANDIDATE, PIA_ROLE_CANDIDAT, STRUCTURE);
    assert_int_equal(bench_move(&bench, id, &candidate, "deposer", NULL, 1), PIA_OK);
    assert_int_equal(bench_move(&bench, id, &candidate, "retirer", NULL, 1), PIA_CONFLICT);
    assert_string_equal(bench.problem.pointer, "/version");
    assert_non_null(strstr(bench.problem.detail, "version is 3"));
}

static void wrong_data_are_invalid_at_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *data, *pointer;
    } wrong[] = {
        {NULL, "/data/rapporteurs"},
        {"{}", "/data/rapporteurs"},
        {"{'rapporteurs': []}", "/data/rapporteurs"},
        {"{'rapporteurs': 'x'}", "/data/rapporteurs"},
        {"{'rapporteurs': ['x']}", "/data/rapporteurs"},
        {"{'rapporteurs': ['" REVIEWER_1 "', '" REVIEWER_1 "']}", "/data/rapporteurs"},
        {"{'rapporteurs': ['" REVIEWER_1 "'], 'prime': 3}", "/data/prime"},
        {"{'rapporteurs': ['" NOT_A_REVIEWER "']}", "/data/rapporteurs/0"},
        {"{'rapporteurs': ['" REVIEWER_1 "', '" REVIEWER_OF_STRUCTURE "']}", "/data/rapporteurs/1"},
        {"{'rapporteurs': ['0180a000-0000-7000-8000-000000000001']}", "/data/rapporteurs/0"},
    };
    char id[PIA_UUID_TEXT_SIZE];
    bench_create(&bench, "label-pia", id);
    go(id, CANDIDATE, PIA_ROLE_CANDIDAT, "deposer", NULL);
    go(id, ISM, PIA_ROLE_SECRETARIAT, "declarer_complet", NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(move_as(id, ISM, PIA_ROLE_SECRETARIAT, "affecter", wrong[i].data),
                         PIA_INVALID);
        assert_string_equal(bench.problem.pointer, wrong[i].pointer);
    }
    assert_state(id, "instruction");
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM review"), 0);
}

static void a_reviewer_that_is_not_known_yet_means_try_again(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    bench_create(&bench, "label-pia", id);
    go(id, CANDIDATE, PIA_ROLE_CANDIDAT, "deposer", NULL);
    go(id, ISM, PIA_ROLE_SECRETARIAT, "declarer_complet", NULL);
    assert_int_equal(move_as(id, ISM, PIA_ROLE_SECRETARIAT, "affecter",
                             "{'rapporteurs': ['0190b100-0000-7000-8000-000000000009']}"),
                     PIA_UNAVAILABLE);
    assert_int_equal(bench.problem.status, PIA_UNAVAILABLE);
}

static void to_review(char id[PIA_UUID_TEXT_SIZE])
{
    bench_create(&bench, "label-pia", id);
    go(id, CANDIDATE, PIA_ROLE_CANDIDAT, "deposer", NULL);
    go(id, ISM, PIA_ROLE_SECRETARIAT, "declarer_complet", NULL);
    go(id, ISM, PIA_ROLE_SECRETARIAT, "affecter",
       "{'rapporteurs': ['" REVIEWER_1 "', '" REVIEWER_2 "']}");
}

static void a_member_of_the_structure_gives_no_opinion(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    to_review(id);
    bench_report(&bench, id, REVIEWER_1, "favorable", 4);
    bench_report(&bench, id, REVIEWER_2, "favorable", 4);
    go(id, ISM, PIA_ROLE_SECRETARIAT, "saisir_comite", NULL);
    pia_principal_t member = bench_person(NOT_A_REVIEWER, PIA_ROLE_COMMITTEE, STRUCTURE);
    assert_int_equal(
        bench_move(&bench, id, &member, "rendre_avis", "{'avis': 'favorable', 'texte': 'Oui.'}", 0),
        PIA_FORBIDDEN); /* in what is about it, it has no such role */
}

static void two_persons_sign_each_in_a_capacity_of_its_role(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE], authority[PIA_UUID_TEXT_SIZE];
    bench_authorize(&bench, &(bench_authority_t){MINISTER, "ism", "2020-01-01", NULL}, authority);
    bench_authorize(&bench, &(bench_authority_t){ISM, "ministre", "2020-01-01", NULL}, authority);
    bench_to_decision(&bench, id);
    assert_int_equal(move_as(id, ISM, PIA_ROLE_SECRETARIAT, "signer", "{'capacite': 'ministre'}"),
                     PIA_FORBIDDEN);
    assert_string_equal(bench.problem.pointer, "/data/capacite");
    assert_int_equal(move_as(id, ISM, PIA_ROLE_SECRETARIAT, "signer", "{'capacite': 'roi'}"),
                     PIA_INVALID);
    go(id, MINISTER, PIA_ROLE_SIGNATORY, "signer", "{'capacite': 'ministre'}");
    assert_int_equal(move_as(id, MINISTER, PIA_ROLE_SIGNATORY, "signer", "{'capacite': 'ism'}"),
                     PIA_CONFLICT);
    assert_int_equal(move_as(id, ISM, PIA_ROLE_SIGNATORY, "signer", "{'capacite': 'ministre'}"),
                     PIA_CONFLICT);
    assert_string_equal(bench.problem.pointer, "/data/capacite");
    assert_state(id, "decision");
}

static void an_unfavourable_opinion_proposes_no_award(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    to_review(id);
    bench_report(&bench, id, REVIEWER_1, "favorable", 4);
    bench_report(&bench, id, REVIEWER_2, "favorable", 4);
    go(id, ISM, PIA_ROLE_SECRETARIAT, "saisir_comite", NULL);
    go(id, NOT_A_REVIEWER, PIA_ROLE_COMMITTEE, "rendre_avis",
       "{'avis': 'defavorable', 'texte': 'Non.'}");
    assert_int_equal(
        move_as(id, MINISTER, PIA_ROLE_SIGNATORY, "signer", "{'capacite': 'ministre'}"),
        PIA_CONFLICT);
    go(id, ISM, PIA_ROLE_INSTRUCTEUR, "proposer_accord", "{'motifs': 'Les relais sont acquis.'}");
    go(id, MINISTER, PIA_ROLE_SIGNATORY, "signer", "{'capacite': 'ministre'}");
}

static void a_refusal_needs_its_reasons(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    bench_to_decision(&bench, id);
    assert_int_equal(move_as(id, MINISTER, PIA_ROLE_SIGNATORY, "refuser",
                             "{'motifs_droit': 'Article premier.'}"),
                     PIA_INVALID);
    assert_string_equal(bench.problem.pointer, "/data/motifs_fait");
    go(id, MINISTER, PIA_ROLE_SIGNATORY, "refuser",
       "{'motifs_droit': 'Article premier.', 'motifs_fait': 'Le besoin manque.', 'ecart': 'Le "
       "budget manque.'}");
    assert_state(id, "refuse");
}

static void assert_refused(pia_status_t status, const char *pointer, const char *words)
{
    assert_int_equal(status, PIA_FORBIDDEN);
    assert_string_equal(bench.problem.pointer, pointer);
    if (!strstr(bench.problem.detail, words))
        fail_msg("no \"%s\" in: %s", words, bench.problem.detail);
}

static void nobody_signs_without_an_authority(void **state)
{
    (void)state;
    static const char other[] = "0190a000-0000-7000-8000-000000000008";
    char id[PIA_UUID_TEXT_SIZE], authority[PIA_UUID_TEXT_SIZE];
    json_t *decision = NULL;
    bench_to_decision(&bench, id);
    assert_refused(move_as(id, other, PIA_ROLE_SIGNATORY, "signer", "{'capacite': 'ministre'}"),
                   "/data/capacite", "you hold no authority in the capacity ministre");
    bench_authorize(&bench, &(bench_authority_t){other, "ministre", "2026-11-27", NULL}, authority);
    assert_refused(move_as(id, other, PIA_ROLE_SIGNATORY, "signer", "{'capacite': 'ministre'}"),
                   "/data/capacite", "does not cover 2026-11-26");
    const bench_authority_t today = {other, "ministre", "2026-11-26", "2026-11-26"};
    const pia_principal_t asker = bench_person(ISM, PIA_ROLE_SECRETARIAT, NULL);
    bench_authorize(&bench, &today, authority);
    assert_int_equal(bench_move_kind(&bench, MACHINE_AUTHORITY, authority, &asker, "effacer_textes",
                                     "{'etape': 1, 'fondement': 'demande_de_la_personne'}"),
                     PIA_OK);
    assert_refused(move_as(id, other, PIA_ROLE_SIGNATORY, "signer", "{'capacite': 'ministre'}"),
                   "/data/capacite", "record it anew");
    bench_authorize(&bench, &today, authority);
    go(id, other, PIA_ROLE_SIGNATORY, "signer", "{'capacite': 'ministre'}");
    go(id, ISM, PIA_ROLE_SECRETARIAT, "signer", "{'capacite': 'ism'}");
    assert_int_equal(decision_find(bench.db, id, &decision), PIA_OK);
    assert_non_null(strstr(json_string_value(json_object_get(decision, "text")),
                           "Pour\u00a0: Le ministre chargé de l’artisanat, Signataire 1, Fonction "
                           "1 (Arrêté 1), le 26\u00a0novembre\u00a02026\n"));
    json_decref(decision);
}

static void without_any_authority_on_record_it_is_said_what_to_do(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    bench_to_decision(&bench, id);
    bench_run("UPDATE matter SET card = '{}' WHERE kind = 'authority'");
    assert_refused(move_as(id, MINISTER, PIA_ROLE_SIGNATORY, "signer", "{'capacite': 'ministre'}"),
                   "/data/capacite", "record yours first");
}

/* The opinion was given outside a meeting, too. */
static void a_refusal_against_the_opinion_says_why(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    json_t *decision = NULL;
    bench_to_decision(&bench, id);
    assert_int_equal(move_as(id, MINISTER, PIA_ROLE_SIGNATORY, "refuser",
                             "{'motifs_droit': 'Article premier.', 'motifs_fait': 'Le besoin "
                             "manque.'}"),
                     PIA_CONFLICT);
    assert_string_equal(bench.problem.pointer, "/data/ecart");
    go(id, MINISTER, PIA_ROLE_SIGNATORY, "refuser",
       "{'motifs_droit': 'Article premier.', 'motifs_fait': 'Le besoin manque.', 'ecart': 'Le "
       "budget manque.'}");
    assert_int_equal(decision_find(bench.db, id, &decision), PIA_OK);
    const json_t *opinion = json_object_get(decision, "opinion");
    assert_true(json_is_true(json_object_get(decision, "departs")));
    assert_string_equal(json_string_value(json_object_get(opinion, "given_on")), "2026-11-26");
    assert_null(json_object_get(opinion, "session"));
    const char *text = json_string_value(json_object_get(decision, "text"));
    assert_non_null(strstr(text, "(avis favorable) rendu le 26\u00a0novembre\u00a02026\u202f;"));
    assert_non_null(strstr(text, "Le budget manque."));
    json_decref(decision);
}

static void the_code_of_another_structures_pole_is_not_to_be_had(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    bench_create(&bench, "label-pia", id);
    bench_run("INSERT INTO pole (code, structure) VALUES ('essai', '" OTHER_STRUCTURE "')");
    assert_int_equal(move_as(id, CANDIDATE, PIA_ROLE_CANDIDAT, "deposer", NULL), PIA_CONFLICT);
    assert_non_null(strstr(bench.problem.detail, "essai"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
        T(both_signatures_award_the_label),
        T(each_transition_is_announced_once),
        T(the_wrong_role_is_forbidden_and_the_wrong_state_a_conflict),
        T(an_old_version_is_a_conflict_that_names_the_present_one),
        T(wrong_data_are_invalid_at_their_place),
        T(a_reviewer_that_is_not_known_yet_means_try_again),
        T(a_member_of_the_structure_gives_no_opinion),
        T(two_persons_sign_each_in_a_capacity_of_its_role),
        T(an_unfavourable_opinion_proposes_no_award),
        T(a_refusal_needs_its_reasons),
        T(a_refusal_against_the_opinion_says_why),
        T(nobody_signs_without_an_authority),
        T(without_any_authority_on_record_it_is_said_what_to_do),
        T(the_code_of_another_structures_pole_is_not_to_be_had),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
