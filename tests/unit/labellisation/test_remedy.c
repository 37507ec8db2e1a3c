/* test_remedy.c - remedies: what they are against, when they are late, what silence and a judgment
 * make of them. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kin.h"
#include "labelled.h"
#include "pia/clock.h"
#include "remedy.h"

static char dossier[PIA_UUID_TEXT_SIZE];

/* Refused on 26 November 2026. */
static int setup(void **state)
{
    bench_setup(state);
    bench_to_decision(&bench, dossier);
    go(dossier, MINISTER, PIA_ROLE_SIGNATORY, "refuser",
       "{'motifs_droit': 'Article premier.', 'motifs_fait': 'Le besoin manque.', 'ecart': 'Le "
       "budget manque.'}");
    return 0;
}

/* By post, as the secretariat records it. */
static pia_status_t post(const char *transition,
                         const char *sent,
                         const char *received,
                         char ret_id[PIA_UUID_TEXT_SIZE])
{
    char data[400];
    bool court = strcmp(transition, "former_contentieux") == 0;
    if (court)
        snprintf(data, sizeof data,
                 "{'envoye_le': '%s', 'notifie_le': '2026-11-26', 'ressort': 'metropole', "
                 "'juridiction': 'TA de Limoges, 2700123'}",
                 sent);
    else
        snprintf(data, sizeof data,
                 "{'envoye_le': '%s', 'recu_le': '%s', 'notifie_le': '2026-11-26', "
                 "'motifs': 'Le besoin est là.'}",
                 sent, received);
    filing_t filing = {MACHINE_DOSSIER, dossier, transition, data, PIA_ROLE_SECRETARIAT};
    return file_remedy(&filing, ret_id);
}

static void assert_remedy(const char *id, const char *state)
{
    assert_string_equal(bench_state(&bench, MACHINE_REMEDY, id), state);
}

static void letters_tell_what_became_of_a_remedy(void **state)
{
    (void)state;
    static const struct {
        const char *transition, *words;
    } rows[] = {
        {"enregistrer", "À défaut de réponse le 1er\u00a0avril\u00a02027"},
        {"enregistrer", "envoyé après le 27\u00a0janvier\u00a02027"},
        {"enregistrer", "Ce délai expire le 5\u00a0avril\u00a02027"},
        {"enregistrer", "Délai franc"},
        {"rejeter",
         "devant le tribunal administratif, y compris par Télérecours citoyens, jusqu’au "
         "5\u00a0avril\u00a02027 inclus"},
    };
    char id[PIA_UUID_TEXT_SIZE], late[PIA_UUID_TEXT_SIZE];
    at("2026-12-20T09:00:00Z");
    assert_int_equal(post("former_gracieux", "2026-12-15", "2026-12-18", id), PIA_OK);
    at("2027-02-02T09:00:00Z");
    go_remedy(id, MINISTER, PIA_ROLE_SIGNATORY, "rejeter",
              "{'motifs_droit': 'Article premier.', 'motifs_fait': 'Rien de nouveau.'}");
    assert_int_equal(post("former_hierarchique", "2027-01-28", "2027-02-01", late), PIA_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = letter_of(rows[i].transition);
        if (!strstr(text, rows[i].words))
            fail_msg("no \"%s\" in:\n%s", rows[i].words, text);
        free(text);
    }
}

/* Notified 26 November 2026: two months franc, 27 January 2027, a Wednesday. */
static void the_postmark_tells_whether_it_is_late(void **state)
{
    static const struct {
        const char *transition, *sent, *state;
        bool late;
    } rows[] = {
        {"former_gracieux", "2027-01-27", "examen", false},
        {"former_gracieux", "2027-01-28", "examen",
         true}, /* it interrupts nothing, and is examined */
        {"former_hierarchique", "2027-01-27", "examen", false},
        {"former_hierarchique", "2027-01-28", "examen", true},
        {"former_contentieux", "2027-01-27", "pendant", false},
        {"former_contentieux", "2027-01-28", "pendant", true}, /* for the court to say */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char id[PIA_UUID_TEXT_SIZE];
        at("2027-02-02T09:00:00Z");
        assert_int_equal(post(rows[i].transition, rows[i].sent, "2027-02-01", id), PIA_OK);
        assert_counted(id, "2027-01-27", rows[i].late);
        assert_remedy(id, rows[i].state);
        assert_state(dossier, "refuse"); /* a remedy suspends nothing */
        bench_teardown(state);
        setup(state);
    }
}

static void days_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *data, *pointer;
        uint32_t role;
    } rows[] = {
        {"{'envoye_le': '2026-12-01', 'recu_le': '2026-12-10', 'notifie_le': '2026-11-25', "
         "'motifs': 'Le besoin est là.'}",
         "/data/notifie_le", PIA_ROLE_SECRETARIAT},
        {"{'envoye_le': '2026-12-01', 'recu_le': '2026-12-10', 'notifie_le': '2026-12-02', "
         "'motifs': 'Le besoin est là.'}",
         "/data/notifie_le", PIA_ROLE_SECRETARIAT},
        {"{'envoye_le': '2026-12-01', 'recu_le': '2026-12-11', 'notifie_le': '2026-11-26', "
         "'motifs': 'Le besoin est là.'}",
         "/data/recu_le", PIA_ROLE_SECRETARIAT},
        {"{'envoye_le': '2026-12-01', 'recu_le': '2026-11-30', 'notifie_le': '2026-11-26', "
         "'motifs': 'Le besoin est là.'}",
         "/data/recu_le", PIA_ROLE_SECRETARIAT},
        {"{'envoye_le': '2026-12-01', 'recu_le': '2026-12-10', 'notifie_le': '2026-11-26', "
         "'motifs': 'Le besoin est là.'}",
         "/data/envoye_le", PIA_ROLE_CANDIDAT}, /* on line it is today */
    };
    char id[PIA_UUID_TEXT_SIZE];
    at("2026-12-10T09:00:00Z");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        filing_t filing = {MACHINE_DOSSIER, dossier, "former_gracieux", rows[i].data, rows[i].role};
        assert_int_equal(file_remedy(&filing, id), PIA_INVALID);
        assert_string_equal(bench.problem.pointer, rows[i].pointer);
    }
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM matter WHERE kind = 'remedy'"), 0);
}

static void silence_rejects_two_months_after_the_reception(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE], court[PIA_UUID_TEXT_SIZE];
    at("2026-12-20T09:00:00Z");
    assert_int_equal(post("former_gracieux", "2026-12-15", "2026-12-18", id), PIA_OK);
    at("2027-05-01T09:00:00Z");
    bench_tick(&bench);
    assert_remedy(id, "rejete_implicitement");
    assert_made_at("rejeter_implicitement", "2027-02-18T23:00:00.000Z");
    /* the time for the court began anew on 18 February: 19 April is the last day */
    assert_int_equal(post("former_contentieux", "2027-04-19", NULL, court), PIA_OK);
    assert_counted(court, "2027-04-19", false);
}

static void an_express_rejection_starts_the_time_for_the_court(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE], court[PIA_UUID_TEXT_SIZE];
    at("2026-12-20T09:00:00Z");
    assert_int_equal(post("former_hierarchique", "2026-12-15", "2026-12-18", id), PIA_OK);
    at("2027-01-11T09:00:00Z");
    go_remedy(id, MINISTER, PIA_ROLE_SIGNATORY, "rejeter",
              "{'motifs_droit': 'Article premier.', 'motifs_fait': 'Rien de nouveau.'}");
    assert_state(dossier, "refuse");
    at("2027-03-20T09:00:00Z");
    assert_int_equal(post("former_contentieux", "2027-03-12", NULL, court), PIA_OK);
    assert_counted(court, "2027-03-12", false);
}

static void a_late_appeal_interrupts_nothing(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE], court[PIA_UUID_TEXT_SIZE];
    at("2027-02-02T09:00:00Z");
    assert_int_equal(post("former_gracieux", "2027-01-28", "2027-02-01", id), PIA_OK);
    assert_int_equal(post("former_contentieux", "2027-02-02", NULL, court), PIA_OK);
    assert_counted(court, "2027-01-27", true);
}

static void a_granted_remedy_reopens_the_examination(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE], other[PIA_UUID_TEXT_SIZE];
    at("2026-12-10T09:00:00Z");
    assert_int_equal(post("former_gracieux", "2026-12-09", "2026-12-10", id), PIA_OK);
    assert_int_equal(post("former_hierarchique", "2026-12-09", "2026-12-10", other), PIA_OK);
    go_remedy(id, ISM, PIA_ROLE_INSTRUCTEUR, "admettre", "{'motifs': 'Un fait nouveau.'}");
    assert_remedy(id, "admis");
    assert_state(dossier, "instruction");
    go_remedy(other, ISM, PIA_ROLE_INSTRUCTEUR, "constater_sans_objet",
              "{'motifs': 'Le recours gracieux est admis.'}");
    go(dossier, ISM, PIA_ROLE_SECRETARIAT, "affecter", "{'rapporteurs': ['" REVIEWER_1 "']}");
    assert_state(dossier, "evaluation");
}

static void what_is_not_refused_cannot_be_contested(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    at("2026-12-10T09:00:00Z");
    assert_int_equal(post("former_gracieux", "2026-12-09", "2026-12-10", id), PIA_OK);
    go_remedy(id, ISM, PIA_ROLE_INSTRUCTEUR, "admettre", "{'motifs': 'Un fait nouveau.'}");
    assert_int_equal(post("former_gracieux", "2026-12-09", "2026-12-10", id), PIA_CONFLICT);
}

/* Awards a label and repeals it on the same day. */
static void repeal(char ret_label[PIA_UUID_TEXT_SIZE])
{
    char awarded[PIA_UUID_TEXT_SIZE];
    award(awarded, ret_label);
    go_label(ret_label, ISM, PIA_ROLE_SECRETARIAT, "ouvrir_procedure",
             "{'mesure': 'abrogation', 'fondement': 'fraude', 'griefs': 'Faux en écriture.', "
             "'delai': '2026-12-31'}");
    go_label(ret_label, CANDIDATE, PIA_ROLE_CANDIDAT, "presenter_observations",
             "{'observations': 'Nous contestons.'}");
    go_label(ret_label, CANDIDATE, PIA_ROLE_CANDIDAT, "achever_observations", NULL);
    go_label(ret_label, MINISTER, PIA_ROLE_SIGNATORY, "abroger",
             "{'fondement': 'fraude', 'motifs_droit': 'CRPA, L241-2.', "
             "'motifs_fait': 'Faux en écriture.'}");
}

static void a_judgment_restores_the_label(void **state)
{
    (void)state;
    char label[PIA_UUID_TEXT_SIZE], id[PIA_UUID_TEXT_SIZE];
    repeal(label);
    assert_fact(MACHINE_LABEL, label, "until", "2026-11-26");
    at("2027-01-20T09:00:00Z");
    filing_t filing = {MACHINE_LABEL, label, "former_contentieux",
                       "{'envoye_le': '2027-01-20', 'notifie_le': '2026-11-27', "
                       "'ressort': 'metropole', 'juridiction': 'TA de Limoges, 2700123'}",
                       PIA_ROLE_CANDIDAT};
    assert_int_equal(file_remedy(&filing, id), PIA_OK);
    assert_counted(id, "2027-01-28", false);
    go_remedy(id, ISM, PIA_ROLE_SECRETARIAT, "constater_annulation",
              "{'juge_le': '2027-01-20', 'dispositif': 'L’abrogation est annulée.'}");
    assert_remedy(id, "annule");
    assert_label(label, "valide");
    assert_fact(MACHINE_LABEL, label, "until", "2029-11-26");
}

/* Without the means of redress in the receipt no time runs (CRPA L112-6). */
static void against_silence_that_told_no_remedies_no_time_runs(void **state)
{
    (void)state;
    char silent[PIA_UUID_TEXT_SIZE], id[PIA_UUID_TEXT_SIZE];
    matter_t parent;
    remedy_decision_t decision;
    bench_create(&bench, "label-pia", silent);
    go(silent, CANDIDATE, PIA_ROLE_CANDIDAT, "deposer", NULL);
    at("2028-11-26T09:00:00Z");
    bench_tick(&bench);
    bench_load(&bench, MACHINE_DOSSIER, silent, &parent);
    assert_int_equal(remedy_decision(bench.db, &parent, &decision), PIA_OK);
    assert_true(decision.implicit);
    assert_false(decision.informed);
    matter_clear(&parent);
    filing_t filing = {MACHINE_DOSSIER, silent, "former_gracieux",
                       "{'envoye_le': '2028-11-26', 'recu_le': '2028-11-26', "
                       "'notifie_le': '2027-01-26', 'motifs': 'Le besoin est là.'}",
                       PIA_ROLE_CANDIDAT};
    assert_int_equal(file_remedy(&filing, id), PIA_OK);
    assert_counted(id, NULL, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, bench_teardown)
        T(the_postmark_tells_whether_it_is_late),
        T(letters_tell_what_became_of_a_remedy),
        T(days_that_cannot_be_are_refused),
        T(silence_rejects_two_months_after_the_reception),
        T(an_express_rejection_starts_the_time_for_the_court),
        T(a_late_appeal_interrupts_nothing),
        T(a_granted_remedy_reopens_the_examination),
        T(what_is_not_refused_cannot_be_contested),
        T(a_judgment_restores_the_label),
        T(against_silence_that_told_no_remedies_no_time_runs),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
