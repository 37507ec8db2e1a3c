/* test_remedy_law.c - which decision a remedy is against, what proves its notification, and what a
 * remedy that is granted undoes. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "labelled.h"
#include "remedy.h"
#include "renewal.h"

#define REFUSAL REASONS ", 'ecart': 'Le budget manque.'"

static char dossier[PIA_UUID_TEXT_SIZE], label[PIA_UUID_TEXT_SIZE];

/* A label of 26 November 2026. */
static int setup(void **state)
{
    bench_setup(state);
    award(dossier, label);
    return 0;
}

/* The phase ends with its delay. */
static void suspend(const char *data)
{
    assert_int_equal(open_procedure(label, "suspension", "condition_non_remplie", "2026-12-11"),
                     PIA_OK);
    at("2026-12-14T10:00:00Z");
    bench_tick(&bench);
    go_label(label, MINISTER, PIA_ROLE_SIGNATORY, "suspendre", data);
}

static void repeal(const char *until, const char *day)
{
    assert_int_equal(open_procedure(label, "abrogation", "fraude", until), PIA_OK);
    at(day);
    bench_tick(&bench);
    go_label(label, MINISTER, PIA_ROLE_SIGNATORY, "abroger",
             "{'fondement': 'fraude', " REASONS "}");
}

typedef struct {
    machine_kind_t kind;
    const char *id, *nature, *sent, *received, *notified;
} case_t;

static pia_status_t post(const case_t *filed, char ret_id[PIA_UUID_TEXT_SIZE])
{
    char data[400];
    bool court = !filed->received;
    if (court)
        snprintf(data, sizeof data,
                 "{'envoye_le': '%s', 'notifie_le': '%s', 'ressort': 'metropole', "
                 "'juridiction': 'TA de Limoges, 2700123'}",
                 filed->sent, filed->notified);
    else
        snprintf(data, sizeof data,
                 "{'envoye_le': '%s', 'recu_le': '%s', 'notifie_le': '%s', "
                 "'motifs': 'Le besoin est là.'}",
                 filed->sent, filed->received, filed->notified);
    filing_t filing = {filed->kind, filed->id, filed->nature, data, PIA_ROLE_SECRETARIAT};
    return file_remedy(&filing, ret_id);
}

static void must_post(const case_t *filed, char ret_id[PIA_UUID_TEXT_SIZE])
{
    if (post(filed, ret_id) != PIA_OK)
        fail_msg("%s: %s %s", filed->nature, bench.problem.detail, bench.problem.pointer);
}

static void assert_letter(const char *transition, const char *words)
{
    char *text = letter_of(transition);
    if (!strstr(text, words))
        fail_msg("no \"%s\" in:\n%s", words, text);
    free(text);
}

/* Refuses another dossier on the present day. */
static void refuse_another(char ret_id[PIA_UUID_TEXT_SIZE], const char *data)
{
    bench_to_decision(&bench, ret_id);
    go(ret_id, MINISTER, PIA_ROLE_SIGNATORY, "refuser", data);
}

static void admit(const char *remedy)
{
    go_remedy(remedy, MINISTER, PIA_ROLE_SIGNATORY, "admettre", "{'motifs': 'Un fait nouveau.'}");
}

static void a_remedy_undoes_only_the_decision_that_it_is_against(void **state)
{
    (void)state;
    char remedy[PIA_UUID_TEXT_SIZE], court[PIA_UUID_TEXT_SIZE];
    suspend("{" REASONS "}");
    case_t filed = {MACHINE_LABEL, label,        "former_gracieux",
                    "2026-12-14",  "2026-12-14", "2026-12-14"};
    must_post(&filed, remedy);
    filed.nature = "former_contentieux", filed.received = NULL;
    must_post(&filed, court);
    repeal("2026-12-31", "2027-01-04T10:00:00Z");
    admit(remedy);
    assert_label(label, "abroge");
    assert_fact(MACHINE_REMEDY, remedy, "suite", "autre_decision");
    assert_letter("admettre", "remplacée par une autre, qui demeure");
    go_remedy(court, ISM, PIA_ROLE_SECRETARIAT, "constater_annulation",
              "{'juge_le': '2027-01-04', 'dispositif': 'La suspension est annulée.'}");
    assert_label(label, "abroge");
    assert_string_equal(bench_state(&bench, MACHINE_REMEDY, court), "annule");
}

static void a_procedure_that_is_closed_again_is_no_decision(void **state)
{
    (void)state;
    char remedy[PIA_UUID_TEXT_SIZE];
    suspend("{" REASONS "}");
    assert_int_equal(open_procedure(label, "abrogation", "condition_non_remplie", "2027-01-10"),
                     PIA_OK);
    at("2026-12-20T10:00:00Z");
    go_label(label, ISM, PIA_ROLE_INSTRUCTEUR, "classer_suspendu", NULL);
    assert_label(label, "suspendu");
    case_t filed = {MACHINE_LABEL, label,        "former_gracieux",
                    "2026-12-19",  "2026-12-20", "2026-12-14"};
    must_post(&filed, remedy);
    assert_counted(remedy, "2027-02-15", false);
    at("2026-12-22T10:00:00Z");
    admit(remedy);
    assert_label(label, "valide");
    assert_on(label, "2026-12-21", "valid", "suspended"); /* the closing did not suspend anew */
}

static void a_suspension_is_contested_while_a_procedure_is_open(void **state)
{
    (void)state;
    char remedy[PIA_UUID_TEXT_SIZE];
    remedy_decision_t contested;
    matter_t matter;
    suspend("{" REASONS "}");
    assert_int_equal(open_procedure(label, "abrogation", "condition_non_remplie", "2027-01-10"),
                     PIA_OK);
    bench_load(&bench, MACHINE_LABEL, label, &matter);
    assert_int_equal(remedy_contested(bench.db, &matter, &contested), PIA_OK);
    matter_clear(&matter);
    case_t filed = {MACHINE_LABEL, label,        "former_gracieux",
                    "2026-12-14",  "2026-12-14", "2026-12-14"};
    must_post(&filed, remedy);
    at("2026-12-16T10:00:00Z");
    admit(remedy);
    assert_label(label, "procedure_en_vigueur"); /* the procedure is about another act */
    assert_on(label, "2026-12-15", "valid", "suspended");
    assert_int_equal(post(&filed, remedy), PIA_CONFLICT); /* nothing stands against it any more */
    at("2027-01-12T10:00:00Z");
    bench_tick(&bench);
    go_label(label, MINISTER, PIA_ROLE_SIGNATORY, "abroger",
             "{'fondement': 'condition_non_remplie', " REASONS "}");
}

static void a_suspension_that_is_over_is_contested_for_its_effects(void **state)
{
    (void)state;
    char remedy[PIA_UUID_TEXT_SIZE], again[PIA_UUID_TEXT_SIZE];
    suspend("{'fin': '2026-12-20', " REASONS "}");
    case_t filed = {MACHINE_LABEL, label,        "former_gracieux",
                    "2026-12-22",  "2026-12-22", "2026-12-14"};
    at("2026-12-22T10:00:00Z");
    bench_tick(&bench);
    assert_label(label, "valide");
    must_post(&filed, remedy);
    assert_counted(remedy, "2027-02-15", false);
    admit(remedy);
    assert_label(label, "valide");
    assert_fact(MACHINE_REMEDY, remedy, "suite", "terminee");
    assert_letter("admettre", "annulée pour le temps où elle a eu effet");
    assert_on(label, "2026-12-15", "valid", "suspended");
    filed.nature = "former_hierarchique";
    assert_int_equal(post(&filed, again), PIA_CONFLICT); /* it was undone */
}

/* Two suspensions, one after the other: each is contested for itself. */
static void a_later_suspension_does_not_replace_one_that_was_over(void **state)
{
    (void)state;
    char remedy[PIA_UUID_TEXT_SIZE];
    suspend("{'fin': '2026-12-20', " REASONS "}");
    case_t filed = {MACHINE_LABEL, label,        "former_gracieux",
                    "2026-12-22",  "2026-12-22", "2026-12-14"};
    at("2026-12-22T10:00:00Z");
    bench_tick(&bench);
    must_post(&filed, remedy);
    assert_int_equal(open_procedure(label, "suspension", "condition_non_remplie", "2027-01-10"),
                     PIA_OK);
    at("2027-01-12T10:00:00Z");
    bench_tick(&bench);
    go_label(label, MINISTER, PIA_ROLE_SIGNATORY, "suspendre", "{" REASONS "}");
    admit(remedy);
    assert_label(label, "suspendu");
    assert_fact(MACHINE_REMEDY, remedy, "suite", "terminee");
    assert_on(label, "2026-12-15", "valid", "suspended");
    assert_on(label, "2027-01-12", "suspended", "");
}

/* Without a decision: the court's time, which the appeal had interrupted, begins anew on that day.
 */
static void an_appeal_that_is_taken_back_ends_without_a_decision(void **state)
{
    (void)state;
    char refused[PIA_UUID_TEXT_SIZE], appeal[PIA_UUID_TEXT_SIZE], court[PIA_UUID_TEXT_SIZE];
    refuse_another(refused, "{" REFUSAL "}");
    case_t filed = {MACHINE_DOSSIER, refused,      "former_gracieux",
                    "2026-11-26",    "2026-11-26", "2026-11-26"};
    must_post(&filed, appeal);
    at("2026-12-14T10:00:00Z");
    go_remedy(appeal, CANDIDATE, PIA_ROLE_CANDIDAT, "se_desister", NULL);
    assert_fact(MACHINE_REMEDY, appeal, "issue", "desistement");
    assert_int_equal(move_remedy(appeal, ISM, PIA_ROLE_SECRETARIAT, "constater_notification",
                                 "{'jour': '2026-12-14', 'mode': 'courrier'}"),
                     PIA_CONFLICT);
    filed.nature = "former_contentieux", filed.sent = "2026-12-14", filed.received = NULL;
    must_post(&filed, court);
    assert_counted(court, "2027-02-15", false);
}

static void refuse_renewal(const char *id)
{
    bench_bring_to_decision(&bench, id);
    go(id, MINISTER, PIA_ROLE_SIGNATORY, "refuser", "{" REFUSAL "}");
}

static void a_refused_renewal_is_not_reopened_beside_another(void **state)
{
    (void)state;
    char first[PIA_UUID_TEXT_SIZE], next[PIA_UUID_TEXT_SIZE], remedy[PIA_UUID_TEXT_SIZE];
    at("2028-11-27T09:00:00Z");
    bench_tick(&bench);
    assert_int_equal(renewal_dossier(bench.db, label, first), PIA_OK);
    refuse_renewal(first);
    case_t filed = {MACHINE_DOSSIER, first,        "former_gracieux",
                    "2028-11-27",    "2028-11-27", "2028-11-27"};
    must_post(&filed, remedy);
    go_label(label, CANDIDATE, PIA_ROLE_CANDIDAT, "demander_renouvellement", NULL);
    assert_int_equal(renewal_dossier(bench.db, label, next), PIA_OK);
    admit(remedy);
    assert_state(first, "refuse");
    assert_fact(MACHINE_REMEDY, remedy, "suite", "autre_dossier");
    assert_letter("admettre", "l’instruction ne reprend pas sur celui-ci");
    go(next, CANDIDATE, PIA_ROLE_CANDIDAT, "retirer", NULL);
    filed.nature = "former_hierarchique";
    must_post(&filed, remedy);
    admit(remedy);
    assert_state(first, "instruction");
}

static void an_inadmissible_filing_is_told_with_its_remedies(void **state)
{
    (void)state;
    char filed_id[PIA_UUID_TEXT_SIZE], remedy[PIA_UUID_TEXT_SIZE];
    matter_t matter;
    remedy_decision_t decision;
    bench_create(&bench, "label-pia", filed_id);
    go(filed_id, CANDIDATE, PIA_ROLE_CANDIDAT, "deposer", NULL);
    go(filed_id, ISM, PIA_ROLE_SECRETARIAT, "declarer_irrecevable",
       "{'capacite': 'ism', " REASONS "}");
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM decision JOIN matter "
                                           "ON matter.id = decision.dossier "
                                           "WHERE matter.state = 'irrecevable'"),
                     1);
    bench_load(&bench, MACHINE_DOSSIER, filed_id, &matter);
    assert_int_equal(remedy_decision(bench.db, &matter, &decision), PIA_OK);
    assert_true(decision.informed);
    assert_false(decision.proven); /* nobody says when it was notified */
    matter_clear(&matter);
    at("2027-02-10T10:00:00Z");
    case_t late = {MACHINE_DOSSIER, filed_id,     "former_gracieux",
                   "2027-02-10",    "2027-02-10", "2026-11-26"};
    must_post(&late, remedy);
    assert_counted(remedy, "2027-01-27", true);
}

/* An express decision that was issued with no act and no letter told no remedies. */
static void time_runs_from_what_was_told_only(void **state)
{
    (void)state;
    char refused[PIA_UUID_TEXT_SIZE], remedy[PIA_UUID_TEXT_SIZE];
    refuse_another(refused, "{" REFUSAL "}");
    bench_run("UPDATE history SET data = '{}' WHERE transition = 'refuser'");
    at("2027-06-10T10:00:00Z");
    case_t filed = {MACHINE_DOSSIER, refused,      "former_gracieux",
                    "2027-06-10",    "2027-06-10", "2026-11-26"};
    must_post(&filed, remedy);
    assert_counted(remedy, NULL, false);
}

static void a_late_appeal_is_examined_and_says_what_it_lacks(void **state)
{
    (void)state;
    char refused[PIA_UUID_TEXT_SIZE], remedy[PIA_UUID_TEXT_SIZE];
    refuse_another(refused, "{" REFUSAL "}");
    at("2027-02-10T10:00:00Z");
    case_t filed = {MACHINE_DOSSIER, refused,      "former_gracieux",
                    "2027-02-10",    "2027-02-10", "2026-11-26"};
    must_post(&filed, remedy);
    assert_counted(remedy, "2027-01-27", true);
    assert_letter("enregistrer", "il n’interrompt pas le délai");
    assert_letter("enregistrer", "a expiré le 27\u00a0janvier\u00a02027");
    admit(remedy);
    assert_state(refused, "instruction");
}

static void the_proof_of_the_notification_binds_who_says_otherwise(void **state)
{
    (void)state;
    char refused[PIA_UUID_TEXT_SIZE], remedy[PIA_UUID_TEXT_SIZE];
    refuse_another(refused, "{'notification': '2026-12-01', " REFUSAL "}");
    at("2027-02-10T10:00:00Z");
    case_t filed = {MACHINE_DOSSIER, refused,      "former_gracieux",
                    "2027-02-10",    "2027-02-10", "2027-02-10"};
    must_post(&filed, remedy);
    assert_counted(remedy, "2027-02-02", true);
    assert_int_equal(move_remedy(remedy, ISM, PIA_ROLE_SECRETARIAT, "corriger_notification",
                                 "{'notifie_le': '2027-02-09', 'motifs': 'Autre jour.'}"),
                     PIA_CONFLICT);
    go(refused, ISM, PIA_ROLE_SECRETARIAT, "constater_notification",
       "{'jour': '2026-12-15', 'mode': 'courrier'}"); /* the receipt that came back */
    assert_counted(remedy, "2027-02-16", false);
}

static void a_typing_error_is_corrected(void **state)
{
    (void)state;
    char refused[PIA_UUID_TEXT_SIZE], remedy[PIA_UUID_TEXT_SIZE];
    refuse_another(refused, "{" REFUSAL "}");
    at("2027-02-10T10:00:00Z");
    case_t filed = {MACHINE_DOSSIER, refused,      "former_gracieux",
                    "2027-02-10",    "2027-02-10", "2026-12-09"};
    must_post(&filed, remedy);
    assert_counted(remedy, "2027-02-10", false);
    static const struct {
        const char *day;
        pia_status_t status;
    } rows[] = {{"2026-11-25", PIA_INVALID}, {"2027-02-11", PIA_INVALID}, {"2026-12-08", PIA_OK}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char data[100];
        snprintf(data, sizeof data, "{'notifie_le': '%s', 'motifs': 'Erreur de saisie.'}",
                 rows[i].day);
        assert_int_equal(
            move_remedy(remedy, ISM, PIA_ROLE_SECRETARIAT, "corriger_notification", data),
            rows[i].status);
    }
    assert_counted(remedy, "2027-02-09", true);
}

/* CRPA R112-20: the first consultation within 15 days, else the day it was made available. */
static void an_electronic_notice_counts_from_its_consultation(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        pia_status_t status;
        const char *last_day;
    } rows[] = {
        {"{'jour': '2026-11-27', 'mode': 'electronique', 'consultation': '2026-12-12'}", PIA_OK,
         "2027-02-15"},
        {"{'jour': '2026-11-27', 'mode': 'electronique', 'consultation': '2026-12-13'}", PIA_OK,
         "2027-01-28"},
        {"{'jour': '2026-11-27', 'mode': 'electronique'}", PIA_OK, "2027-01-28"},
        {"{'jour': '2026-12-05', 'mode': 'electronique'}", PIA_CONFLICT, NULL},
        {"{'jour': '2026-11-27', 'mode': 'electronique', 'consultation': '2026-11-26'}",
         PIA_INVALID, NULL},
        {"{'jour': '2026-11-25', 'mode': 'remise'}", PIA_INVALID, NULL},
        {"{'jour': '2027-01-01', 'mode': 'remise'}", PIA_INVALID, NULL},
    };
    char refused[PIA_UUID_TEXT_SIZE], remedy[PIA_UUID_TEXT_SIZE];
    refuse_another(refused, "{" REFUSAL "}");
    at("2026-12-20T10:00:00Z");
    case_t filed = {MACHINE_DOSSIER, refused,      "former_gracieux",
                    "2026-12-20",    "2026-12-20", "2026-12-01"};
    must_post(&filed, remedy);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(
            move_as(refused, ISM, PIA_ROLE_SECRETARIAT, "constater_notification", rows[i].data),
            rows[i].status);
        if (rows[i].last_day)
            assert_counted(remedy, rows[i].last_day, false);
    }
}

static void a_rejection_counts_from_its_notification(void **state)
{
    (void)state;
    char refused[PIA_UUID_TEXT_SIZE], appeal[PIA_UUID_TEXT_SIZE], court[PIA_UUID_TEXT_SIZE];
    refuse_another(refused, "{" REFUSAL "}");
    case_t filed = {MACHINE_DOSSIER, refused,      "former_gracieux",
                    "2026-11-26",    "2026-11-26", "2026-11-26"};
    must_post(&filed, appeal);
    at("2026-12-10T10:00:00Z");
    assert_int_equal(move_remedy(appeal, MINISTER, PIA_ROLE_SIGNATORY, "rejeter",
                                 "{'notification': '2026-12-09', " REASONS "}"),
                     PIA_INVALID);
    go_remedy(appeal, MINISTER, PIA_ROLE_SIGNATORY, "rejeter",
              "{'notification': '2026-12-21', " REASONS "}");
    assert_letter("rejeter", "jusqu’au 22\u00a0février\u00a02027 inclus");
    at("2027-02-25T10:00:00Z");
    filed.nature = "former_contentieux", filed.sent = "2027-02-22", filed.received = NULL;
    must_post(&filed, court);
    assert_counted(court, "2027-02-22", false);
    go_remedy(appeal, ISM, PIA_ROLE_SECRETARIAT, "constater_notification",
              "{'jour': '2026-12-14', 'mode': 'courrier'}");
    assert_counted(court, "2027-02-15", true);
}

/* Silence rejected on 26 January 2027: the court until 30 March, the day after Easter Monday. */
static void letters_say_what_the_clock_says(void **state)
{
    (void)state;
    char refused[PIA_UUID_TEXT_SIZE], appeal[PIA_UUID_TEXT_SIZE], second[PIA_UUID_TEXT_SIZE];
    char court[PIA_UUID_TEXT_SIZE];
    refuse_another(refused, "{" REFUSAL "}");
    case_t filed = {MACHINE_DOSSIER, refused,      "former_gracieux",
                    "2026-11-26",    "2026-11-26", "2026-11-26"};
    must_post(&filed, appeal);
    assert_letter("enregistrer", "Il interrompt le délai");
    must_post(&filed, second);
    assert_letter("enregistrer", "n’interrompt pas une nouvelle fois");
    at("2027-07-01T10:00:00Z");
    bench_tick(&bench);
    go_remedy(appeal, MINISTER, PIA_ROLE_SIGNATORY, "rejeter", "{" REASONS "}");
    assert_letter("rejeter", "a expiré le 30\u00a0mars\u00a02027");
    filed.nature = "former_contentieux", filed.sent = "2027-07-01", filed.received = NULL;
    must_post(&filed, court);
    assert_counted(court, "2027-03-30", true);
}

static void an_annulment_is_recorded_after_the_dossier_has_moved_on(void **state)
{
    (void)state;
    char refused[PIA_UUID_TEXT_SIZE], appeal[PIA_UUID_TEXT_SIZE], court[PIA_UUID_TEXT_SIZE];
    refuse_another(refused, "{" REFUSAL "}");
    case_t filed = {MACHINE_DOSSIER, refused,      "former_gracieux",
                    "2026-11-26",    "2026-11-26", "2026-11-26"};
    must_post(&filed, appeal);
    filed.nature = "former_contentieux", filed.received = NULL;
    must_post(&filed, court);
    admit(appeal);
    assert_state(refused, "instruction");
    go_remedy(court, ISM, PIA_ROLE_SECRETARIAT, "constater_annulation",
              "{'juge_le': '2026-11-26', 'dispositif': 'La décision est annulée.'}");
    assert_state(refused, "instruction");
    assert_fact(MACHINE_REMEDY, court, "suite", "autre_decision");
}

static void a_label_is_not_restored_beside_another(void **state)
{
    (void)state;
    char remedy[PIA_UUID_TEXT_SIZE], other[PIA_UUID_TEXT_SIZE], next[PIA_UUID_TEXT_SIZE];
    repeal("2026-12-11", "2026-12-14T10:00:00Z");
    case_t filed = {MACHINE_LABEL, label,        "former_gracieux",
                    "2026-12-14",  "2026-12-14", "2026-12-14"};
    must_post(&filed, remedy);
    award(other, next);
    assert_label(next, "valide");
    admit(remedy);
    assert_label(label, "abroge");
    assert_fact(MACHINE_REMEDY, remedy, "suite", "autre_label");
    assert_letter("admettre", "celui-ci n’est pas rétabli");
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM matter WHERE kind = 'label' "
                                           "AND state = 'valide'"),
                     1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, bench_teardown)
        T(a_remedy_undoes_only_the_decision_that_it_is_against),
        T(a_procedure_that_is_closed_again_is_no_decision),
        T(an_inadmissible_filing_is_told_with_its_remedies),
        T(time_runs_from_what_was_told_only),
        T(a_late_appeal_is_examined_and_says_what_it_lacks),
        T(the_proof_of_the_notification_binds_who_says_otherwise),
        T(a_typing_error_is_corrected),
        T(an_electronic_notice_counts_from_its_consultation),
        T(a_suspension_is_contested_while_a_procedure_is_open),
        T(a_suspension_that_is_over_is_contested_for_its_effects),
        T(a_later_suspension_does_not_replace_one_that_was_over),
        T(an_appeal_that_is_taken_back_ends_without_a_decision),
        T(a_refused_renewal_is_not_reopened_beside_another),
        T(a_rejection_counts_from_its_notification),
        T(letters_say_what_the_clock_says),
        T(an_annulment_is_recorded_after_the_dossier_has_moved_on),
        T(a_label_is_not_restored_beside_another),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
