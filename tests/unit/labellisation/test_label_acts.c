/* test_label_acts.c - suspension, abrogation, retrait: the contradictory phase before them, their
 * legal basis and its time, and what is held of the label afterwards. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certificate.h"
#include "labelled.h"
#include "pia/clock.h"

static char dossier[PIA_UUID_TEXT_SIZE], label[PIA_UUID_TEXT_SIZE];

static int setup(void **state)
{
    bench_setup(state);
    award(dossier, label);
    return 0;
}

static pia_status_t decide(const char *transition, const char *basis)
{
    char data[200];
    snprintf(data, sizeof data, basis ? "{'fondement': '%s', " REASONS "}" : "{" REASONS "}",
             basis);
    return move_label(label, MINISTER, PIA_ROLE_SIGNATORY, transition, data);
}

static void observe(void)
{
    go_label(label, CANDIDATE, PIA_ROLE_CANDIDAT, "presenter_observations",
             "{'observations': 'Nous agissons.'}");
    go_label(label, CANDIDATE, PIA_ROLE_CANDIDAT, "achever_observations", NULL);
}

static void the_holder_has_fifteen_days_at_least(void **state)
{
    (void)state;
    assert_int_equal(open_procedure(label, "suspension", "condition_non_remplie", "2026-12-10"),
                     PIA_CONFLICT);
    assert_string_equal(bench.problem.pointer, "/data/delai");
    assert_non_null(strstr(bench.problem.detail, "2026-12-11"));
    assert_int_equal(open_procedure(label, "suspension", "condition_non_remplie", "2026-12-11"),
                     PIA_OK);
    assert_label(label, "procedure_contradictoire");
}

static void nothing_is_decided_before_the_holder_is_heard(void **state)
{
    (void)state;
    assert_int_equal(open_procedure(label, "suspension", "condition_non_remplie", "2026-12-11"),
                     PIA_OK);
    assert_int_equal(decide("suspendre", NULL), PIA_CONFLICT);
    at("2026-12-11T22:59:59Z"); /* its last second in Paris */
    assert_int_equal(decide("suspendre", NULL), PIA_CONFLICT);
    at("2026-12-11T23:00:00Z");
    assert_int_equal(decide("suspendre", NULL), PIA_OK);
    assert_made_at("constater_fin_observations", "2026-12-11T23:00:00.000Z");
    assert_fact(MACHINE_LABEL, label, "observations", NULL);
}

static void the_delay_runs_to_its_end_unless_the_holder_has_finished(void **state)
{
    (void)state;
    assert_int_equal(open_procedure(label, "suspension", "condition_non_remplie", "2026-12-11"),
                     PIA_OK);
    go_label(label, CANDIDATE, PIA_ROLE_CANDIDAT, "presenter_observations",
             "{'observations': 'Un premier point.'}");
    assert_int_equal(decide("suspendre", NULL), PIA_CONFLICT);
    go_label(label, CANDIDATE, PIA_ROLE_CANDIDAT, "presenter_observations",
             "{'observations': 'Un second point.'}");
    assert_int_equal(decide("suspendre", NULL), PIA_CONFLICT);
    assert_int_equal(move_label(label, ISM, PIA_ROLE_SECRETARIAT, "achever_observations", NULL),
                     PIA_FORBIDDEN);
    go_label(label, CANDIDATE, PIA_ROLE_CANDIDAT, "achever_observations", NULL);
    assert_int_equal(decide("suspendre", NULL), PIA_OK);
}

static void an_answer_may_be_followed_by_the_decision(void **state)
{
    (void)state;
    assert_int_equal(open_procedure(label, "suspension", "condition_non_remplie", "2026-12-11"),
                     PIA_OK);
    observe();
    assert_fact(MACHINE_LABEL, label, "observations", "presentees");
    assert_int_equal(decide("suspendre", NULL), PIA_OK);
    assert_label(label, "suspendu");
}

/* First name, name and function of who decides, by which act (CRPA L212-1). */
static void the_letter_says_who_has_decided(void **state)
{
    (void)state;
    assert_int_equal(open_procedure(label, "suspension", "condition_non_remplie", "2026-12-11"),
                     PIA_OK);
    observe();
    bench_run("UPDATE matter SET person = '" CANDIDATE "' WHERE kind = 'authority' AND person = "
              "'" MINISTER "'");
    assert_int_equal(decide("suspendre", NULL), PIA_FORBIDDEN);
    bench_run("UPDATE matter SET person = '" MINISTER "' WHERE kind = 'authority' AND person = "
              "'" CANDIDATE "'");
    assert_int_equal(decide("suspendre", NULL), PIA_OK);
    char *letter = letter_of("suspendre");
    static const char line[] = "\nPour\u00a0: Le ministre chargé de l’artisanat, Signataire 1, "
                               "Fonction 1 (Arrêté 1), le 26\u00a0novembre\u00a02026\n";
    if (!strstr(letter, line))
        fail_msg("no signature in:\n%s", letter);
    free(letter);
    letter = letter_of("ouvrir_procedure"); /* decides nothing */
    assert_null(strstr(letter, "Signataire 1"));
    free(letter);
}

static void who_asks_to_be_heard_is_heard_first(void **state)
{
    (void)state;
    assert_int_equal(open_procedure(label, "abrogation", "fraude", "2026-12-11"), PIA_OK);
    observe();
    go_label(label, CANDIDATE, PIA_ROLE_CANDIDAT, "demander_audition", NULL);
    assert_int_equal(decide("abroger", "fraude"), PIA_CONFLICT);
    go_label(label, ISM, PIA_ROLE_SECRETARIAT, "tenir_audition",
             "{'jour': '2026-12-01', 'compte_rendu': 'La structure a exposé ses actions.'}");
    assert_int_equal(decide("abroger", "fraude"), PIA_OK);
    assert_label(label, "abroge");
}

static void a_decision_is_no_heavier_than_what_was_announced(void **state)
{
    (void)state;
    assert_int_equal(open_procedure(label, "suspension", "fraude", "2026-12-11"), PIA_OK);
    observe();
    assert_int_equal(decide("abroger", "fraude"), PIA_CONFLICT);
    assert_int_equal(decide("retirer_label", "fraude"), PIA_CONFLICT);
    assert_int_equal(decide("suspendre", NULL), PIA_OK);
}

static void the_legal_basis_is_the_one_that_was_announced(void **state)
{
    (void)state;
    assert_int_equal(open_procedure(label, "retrait", "illegalite", "2026-12-11"), PIA_OK);
    observe();
    assert_int_equal(decide("retirer_label", "fraude"), PIA_CONFLICT);
    assert_string_equal(bench.problem.pointer, "/data/fondement");
    assert_int_equal(decide("retirer_label", "condition_non_remplie"), PIA_INVALID);
    assert_int_equal(decide("abroger", "illegalite"), PIA_OK);
}

/* CRPA L242-1: within four months of the decision, not franc; L241-2: fraud at any time; L242-2: a
 * condition that is no longer met, at any time, for the future only. */
static void an_unlawful_award_is_undone_within_four_months(void **state)
{
    static const struct {
        const char *when, *measure, *transition, *basis;
        pia_status_t status;
    } rows[] = {
        {"2027-03-26T22:59:59Z", "retrait", "retirer_label", "illegalite", PIA_OK},
        {"2027-03-26T23:00:00Z", "retrait", "retirer_label", "illegalite", PIA_CONFLICT},
        {"2027-03-26T22:59:59Z", "abrogation", "abroger", "illegalite", PIA_OK},
        {"2027-03-26T23:00:00Z", "abrogation", "abroger", "illegalite", PIA_CONFLICT},
        {"2029-11-20T09:00:00Z", "retrait", "retirer_label", "fraude", PIA_OK},
        {"2029-11-20T09:00:00Z", "abrogation", "abroger", "condition_non_remplie", PIA_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(open_procedure(label, rows[i].measure, rows[i].basis, "2026-12-11"),
                         PIA_OK);
        observe();
        at(rows[i].when);
        assert_int_equal(decide(rows[i].transition, rows[i].basis), rows[i].status);
        if (rows[i].status != PIA_OK)
            assert_non_null(strstr(bench.problem.detail, "2027-03-26"));
        bench_teardown(state);
        setup(state);
    }
}

static void a_procedure_that_is_closed_leaves_what_was(void **state)
{
    (void)state;
    assert_int_equal(open_procedure(label, "suspension", "condition_non_remplie", "2026-12-11"),
                     PIA_OK);
    observe();
    assert_int_equal(decide("suspendre", NULL), PIA_OK);
    assert_int_equal(open_procedure(label, "retrait", "fraude", "2026-12-11"), PIA_OK);
    assert_fact(MACHINE_LABEL, label, "contradictoire", "ouvert"); /* a new one, heard anew */
    assert_int_equal(move_label(label, MINISTER, PIA_ROLE_SIGNATORY, "classer", NULL),
                     PIA_CONFLICT);
    go_label(label, MINISTER, PIA_ROLE_SIGNATORY, "classer_suspendu", NULL);
    assert_label(label, "suspendu");
    go_label(label, MINISTER, PIA_ROLE_SIGNATORY, "lever_suspension", NULL);
    assert_int_equal(open_procedure(label, "retrait", "fraude", "2026-12-11"), PIA_OK);
    go_label(label, MINISTER, PIA_ROLE_SIGNATORY, "classer", NULL);
    assert_label(label, "valide");
}

static void a_suspension_with_an_end_ends_by_itself(void **state)
{
    (void)state;
    assert_int_equal(open_procedure(label, "suspension", "condition_non_remplie", "2026-12-11"),
                     PIA_OK);
    observe();
    go_label(label, MINISTER, PIA_ROLE_SIGNATORY, "suspendre",
             "{'fin': '2027-02-28', " REASONS "}");
    at("2027-03-10T09:00:00Z");
    bench_tick(&bench);
    assert_label(label, "valide");
    assert_made_at("constater_fin_suspension", "2027-02-28T23:00:00.000Z");
}

static void a_suspension_ends_on_its_day_though_a_procedure_is_open(void **state)
{
    (void)state;
    assert_int_equal(open_procedure(label, "suspension", "condition_non_remplie", "2026-12-11"),
                     PIA_OK);
    at("2026-12-12T09:00:00Z");
    go_label(label, MINISTER, PIA_ROLE_SIGNATORY, "suspendre",
             "{'fin': '2026-12-20', " REASONS "}");
    assert_int_equal(open_procedure(label, "abrogation", "condition_non_remplie", "2027-01-20"),
                     PIA_OK);
    at("2026-12-28T09:00:00Z");
    bench_tick(&bench);
    assert_label(label, "procedure_en_vigueur");
    assert_made_at("constater_fin_suspension_en_procedure", "2026-12-20T23:00:00.000Z");
    assert_on(label, "2026-12-20", "suspended", "");
    assert_on(label, "2026-12-21", "valid", "");
    at("2027-01-21T09:00:00Z"); /* and the procedure goes on to its decision */
    assert_int_equal(decide("abroger", "condition_non_remplie"), PIA_OK);
    assert_label(label, "abroge");
}

static void a_suspension_ends_today_at_the_earliest(void **state)
{
    (void)state;
    assert_int_equal(open_procedure(label, "suspension", "condition_non_remplie", "2026-12-11"),
                     PIA_OK);
    at("2026-12-12T09:00:00Z");
    assert_int_equal(move_label(label, MINISTER, PIA_ROLE_SIGNATORY, "suspendre",
                                "{'fin': '2026-12-11', " REASONS "}"),
                     PIA_INVALID);
    assert_string_equal(bench.problem.pointer, "/data/fin");
    go_label(label, MINISTER, PIA_ROLE_SIGNATORY, "suspendre",
             "{'fin': '2026-12-12', " REASONS "}");
    assert_label(label, "suspendu");
}

static void a_label_ends_in_the_middle_of_a_procedure_too(void **state)
{
    (void)state;
    at("2029-11-01T09:00:00Z");
    bench_tick(&bench);
    assert_int_equal(open_procedure(label, "suspension", "fraude", "2029-12-10"), PIA_OK);
    at("2029-11-26T09:00:00Z");
    bench_tick(&bench);
    assert_label(label, "expire");
}

/* The letter of a transition says all of these. */
static void assert_letter(const char *transition, const char *const *words)
{
    char *text = letter_of(transition);
    for (; *words; words++)
        if (!strstr(text, *words))
            fail_msg("no \"%s\" in:\n%s", *words, text);
    assert_null(strchr(text, '\''));
    free(text);
}

static void letters_say_what_the_law_asks_for(void **state)
{
    (void)state;
    static const char *const intention[] = {"la suspension",
                                            "CRPA, article L122-1",
                                            "article L242-2",
                                            "Aucune action depuis un an.",
                                            "jusqu’au 11\u00a0décembre\u00a02026 inclus",
                                            "assister par un conseil",
                                            "accordé à Essai à compter du 26",
                                            NULL};
    static const char *const decision[] = {
        "suspendu jusqu’au 28\u00a0février\u00a02027 inclus",
        "Vous n’avez pas présenté d’observations",
        "CRPA, article L242-2.",
        "Aucune action.",
        "recours gracieux",
        "jusqu’au 15\u00a0février\u00a02027 inclus", /* 14 February is a Sunday */
        "Télérecours",
        NULL};
    static const char *const appealed[] = {"abrogé à compter de ce jour",
                                           "dont il a été tenu compte et vous avez été entendus",
                                           "article L241-2", NULL};
    assert_int_equal(open_procedure(label, "suspension", "condition_non_remplie", "2026-12-11"),
                     PIA_OK);
    assert_letter("ouvrir_procedure", intention);
    at("2026-12-13T09:00:00Z");
    go_label(label, MINISTER, PIA_ROLE_SIGNATORY, "suspendre",
             "{'fin': '2027-02-28', " REASONS "}");
    assert_letter("suspendre", decision);
    assert_int_equal(open_procedure(label, "abrogation", "fraude", "2026-12-28"), PIA_OK);
    observe();
    go_label(label, CANDIDATE, PIA_ROLE_CANDIDAT, "demander_audition", NULL);
    go_label(label, ISM, PIA_ROLE_SECRETARIAT, "tenir_audition",
             "{'jour': '2026-12-13', 'compte_rendu': 'La structure a exposé ses actions.'}");
    assert_int_equal(decide("abroger", "fraude"), PIA_OK);
    assert_letter("abroger", appealed);
}

/* Suspended on 1 February 2027, decided on 1 March. */
static void to_decision(const char *measure)
{
    assert_int_equal(open_procedure(label, "suspension", "fraude", "2026-12-11"), PIA_OK);
    observe();
    at("2027-02-01T09:00:00Z");
    assert_int_equal(decide("suspendre", NULL), PIA_OK);
    assert_int_equal(open_procedure(label, measure, "fraude", "2027-02-16"), PIA_OK);
    at("2027-03-01T09:00:00Z");
}

static void abrogation_leaves_the_past_as_it_was(void **state)
{
    (void)state;
    to_decision("abrogation");
    assert_int_equal(decide("abroger", "fraude"), PIA_OK);
    assert_fact(MACHINE_LABEL, label, "until", "2027-03-01");
    assert_on(label, "2026-11-25", "not_yet", "");
    assert_on(label, "2026-11-26", "valid", "");
    assert_on(label, "2027-01-31", "valid", "");
    assert_on(label, "2027-02-01", "suspended", "");
    assert_on(label, "2027-02-28", "suspended", "");
    assert_on(label, "2027-03-01", "repealed", "");
}

/* The repeal, by a court. */
static void annul(void)
{
    char remedy[PIA_UUID_TEXT_SIZE];
    const filing_t filing = {MACHINE_LABEL, label, "former_contentieux",
                             "{'envoye_le': '2027-03-10', 'notifie_le': '2027-03-01', 'ressort': "
                             "'metropole', 'juridiction': 'Tribunal administratif, n° 1'}",
                             PIA_ROLE_CANDIDAT};
    at("2027-03-10T09:00:00Z");
    assert_int_equal(file_remedy(&filing, remedy), PIA_OK);
    at("2027-06-01T09:00:00Z");
    go_remedy(remedy, ISM, PIA_ROLE_INSTRUCTEUR, "constater_annulation",
              "{'juge_le': '2027-05-31', 'dispositif': 'La décision est annulée.'}");
}

static void what_a_judgment_annuls_is_held_never_to_have_been(void **state)
{
    (void)state;
    to_decision("abrogation");
    assert_int_equal(decide("abroger", "fraude"), PIA_OK);
    annul();
    assert_on(label, "2027-01-31", "valid", "");
    assert_on(label, "2027-02-15", "suspended", ""); /* which nobody has contested */
    assert_on(label, "2027-03-01", "suspended", "repealed");
    assert_on(label, "2027-05-31", "suspended", "repealed");
    assert_on(label, "2027-06-01", "valid", "");
}

static void a_withdrawn_label_never_was(void **state)
{
    (void)state;
    to_decision("retrait");
    assert_int_equal(decide("retirer_label", "fraude"), PIA_OK);
    assert_fact(MACHINE_LABEL, label, "until", "2026-11-26");
    assert_on(label, "2026-11-26", "withdrawn", "valid");
    assert_on(label, "2027-02-28", "withdrawn", "suspended");
    assert_on(label, "2027-03-01", "withdrawn", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, bench_teardown)
        T(the_holder_has_fifteen_days_at_least),
        T(nothing_is_decided_before_the_holder_is_heard),
        T(the_delay_runs_to_its_end_unless_the_holder_has_finished),
        T(an_answer_may_be_followed_by_the_decision),
        T(the_letter_says_who_has_decided),
        T(who_asks_to_be_heard_is_heard_first),
        T(a_decision_is_no_heavier_than_what_was_announced),
        T(the_legal_basis_is_the_one_that_was_announced),
        T(an_unlawful_award_is_undone_within_four_months),
        T(a_procedure_that_is_closed_leaves_what_was),
        T(a_suspension_with_an_end_ends_by_itself),
        T(a_suspension_ends_on_its_day_though_a_procedure_is_open),
        T(a_suspension_ends_today_at_the_earliest),
        T(a_label_ends_in_the_middle_of_a_procedure_too),
        T(letters_say_what_the_law_asks_for),
        T(abrogation_leaves_the_past_as_it_was),
        T(what_a_judgment_annuls_is_held_never_to_have_been),
        T(a_withdrawn_label_never_was),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
