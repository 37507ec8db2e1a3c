/* test_review.c - reviews in the store: the quota, replacements, divergence, who reads what. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "report.h"
#include "review.h"
#include "review_draft.h"
#include "reviewer.h"

#define REVIEWER_3 "0190a000-0000-7000-8000-000000000013"
#define REVIEWER_4 "0190a000-0000-7000-8000-000000000014"
#define REVIEWER_5 "0190a000-0000-7000-8000-000000000015"
#define DAY_MS ((int64_t)24 * 3600 * 1000)

static void secretariat(const char *id, const char *transition, const char *data)
{
    go(id, ISM, PIA_ROLE_SECRETARIAT, transition, data);
}

/* A dossier in examination. */
static void open_dossier(char id[PIA_UUID_TEXT_SIZE])
{
    bench_create(&bench, "label-pia", id);
    go(id, CANDIDATE, PIA_ROLE_CANDIDAT, "deposer", NULL);
    secretariat(id, "declarer_complet", NULL);
}

/* One that two reviewers are asked to review. */
static void to_review(char id[PIA_UUID_TEXT_SIZE])
{
    open_dossier(id);
    secretariat(id, "affecter", "{'rapporteurs': ['" REVIEWER_1 "', '" REVIEWER_2 "']}");
}

/* Another who may be proposed for dossiers of the bench. */
static void know(const char *person)
{
    bench_add_person(&bench, person, "reviewer", NULL);
    json_t *content = json_pack("{s:[s], s:i}", "themes", "habitat", "load_max", 9);
    assert_int_equal(reviewer_put(bench.db, person, content, bench.now_ms), PIA_OK);
    json_decref(content);
}

static const char *review_state(const char *dossier, const char *person)
{
    char id[PIA_UUID_TEXT_SIZE];
    bench_review_of(&bench, dossier, person, id);
    return bench_state(&bench, MACHINE_REVIEW, id);
}

static int64_t count_reviews(const char *dossier)
{
    review_counts_t counts;
    assert_int_equal(review_count(bench.db, dossier, "", &counts), PIA_OK);
    return counts.open;
}

static void refuses_committee(const char *id, const char *why)
{
    assert_int_equal(move_as(id, ISM, PIA_ROLE_SECRETARIAT, "saisir_comite", NULL), PIA_CONFLICT);
    if (!strstr(bench.problem.detail, why))
        fail_msg("%s", bench.problem.detail);
}

static void the_committee_waits_for_the_quota_and_every_accepted_report(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    to_review(id);
    refuses_committee(id, "no reviewer is assigned");
    bench_report(&bench, id, REVIEWER_1, "favorable", 4);
    refuses_committee(id, "a dossier needs 2 reports, and has 1");
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_2, "declarer", "{'lien': 'aucun'}"),
                     PIA_OK);
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_2, "accepter", NULL), PIA_OK);
    refuses_committee(id, "1 of 2 reviews are missing");
    char report[BENCH_REPORT_SIZE];
    bench_report_data("favorable", 3, report);
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_2, "rendre", report), PIA_OK);
    secretariat(id, "saisir_comite", NULL);
    assert_state(id, "comite");
    assert_string_equal(review_state(id, REVIEWER_1), "figee");
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_1, "corriger", report), PIA_CONFLICT);
}

static void a_reviewer_acts_on_its_own_review_after_its_declaration(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE], report[BENCH_REPORT_SIZE];
    to_review(id);
    bench_report_data("favorable", 4, report);
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_1, "rendre", report), PIA_CONFLICT);
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_1, "accepter", NULL), PIA_CONFLICT);
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_1, "declarer", "{'lien': 'aucun'}"),
                     PIA_OK);
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_1, "rendre", report), PIA_CONFLICT);
    assert_int_equal(
        move_as(id, ISM, PIA_ROLE_SECRETARIAT, "affecter", "{'rapporteurs': ['" REVIEWER_1 "']}"),
        PIA_CONFLICT);
    assert_string_equal(bench.problem.pointer, "/data/rapporteurs/0");
}

static void a_report_is_checked_against_the_dossiers_specification(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE], report[BENCH_REPORT_SIZE];
    to_review(id);
    bench_report(&bench, id, REVIEWER_1, "favorable", 4);
    bench_report_data("favorable", 6, report); /* scales end at 5 */
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_1, "corriger", report), PIA_INVALID);
    assert_string_equal(bench.problem.pointer, "/data/grille/0/score");
    assert_non_null(strstr(bench.problem.detail, "interlocuteur"));
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_1, "corriger",
                                       "{'avis': 'favorable', 'texte': 'Un rapport.', 'grille': "
                                       "[{'criterion': 'moyens', 'score': 1}]}"),
                     PIA_INVALID);
    assert_string_equal(bench.problem.pointer, "/data/grille");
    bench_report_data("reserve", 5, report);
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_1, "corriger", report), PIA_OK);
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM review WHERE filed_at IS NOT NULL "
                                           "AND opinion = 'reserve'"),
                     1);
    assert_int_equal(/* both versions, seven texts each */
                     bench_integer(
                         &bench, "SELECT COUNT(*) FROM text JOIN matter ON matter.id = text.matter "
                                 "WHERE matter.kind = 'review'"),
                     14);
}

static void opposed_opinions_ask_for_a_third_report(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    know(REVIEWER_3);
    to_review(id);
    bench_report(&bench, id, REVIEWER_1, "favorable", 4);
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM history WHERE transition = "
                                           "'signaler_divergence'"),
                     0);
    bench_report(&bench, id, REVIEWER_2, "defavorable", 4);
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM history WHERE transition = "
                                           "'signaler_divergence'"),
                     1);
    assert_string_equal(review_state(id, REVIEWER_3), "proposee");
    refuses_committee(id, "the reports diverge");
    bench_report(&bench, id, REVIEWER_3, "reserve", 3);
    secretariat(id, "saisir_comite", NULL);
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM history WHERE transition = "
                                           "'signaler_divergence'"),
                     1);
}

static void totals_too_far_apart_diverge_until_a_reasoned_waiver(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    to_review(id);
    bench_report(&bench, id, REVIEWER_1, "favorable", 5);
    assert_int_equal(move_as(id, ISM, PIA_ROLE_INSTRUCTEUR, "passer_outre_divergence",
                             "{'motifs': 'Rien ne diverge.'}"),
                     PIA_CONFLICT);
    bench_report(&bench, id, REVIEWER_2, "favorable", 3); /* 40 points less, more than 30 */
    refuses_committee(id, "the reports diverge");
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM history WHERE transition = "
                                           "'signaler_manque_rapporteur'"),
                     1); /* nobody else is known */
    assert_int_equal(
        move_as(id, ISM, PIA_ROLE_INSTRUCTEUR, "passer_outre_divergence", "{'motifs': ''}"),
        PIA_INVALID);
    go(id, ISM, PIA_ROLE_INSTRUCTEUR, "passer_outre_divergence",
       "{'motifs': 'Les deux rapports se complètent.'}");
    secretariat(id, "saisir_comite", NULL);
    assert_state(id, "comite");
}

static void a_correction_may_end_a_divergence(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE], report[BENCH_REPORT_SIZE];
    to_review(id);
    bench_report(&bench, id, REVIEWER_1, "favorable", 4);
    bench_report(&bench, id, REVIEWER_2, "defavorable", 4);
    refuses_committee(id, "the reports diverge");
    bench_report_data("reserve", 4, report);
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_2, "corriger", report), PIA_OK);
    secretariat(id, "saisir_comite", NULL);
}

static void who_declines_is_replaced_by_the_best_other(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    know(REVIEWER_3);
    know(REVIEWER_4);
    to_review(id);
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_1, "decliner", "{'motif': 'Absence.'}"),
                     PIA_OK);
    assert_string_equal(review_state(id, REVIEWER_3), "proposee");
    assert_int_equal(count_reviews(id), 2);
    assert_int_equal(/* an interest */
                     bench_move_review(&bench, id, REVIEWER_2, "declarer",
                                       "{'lien': 'projet_commun'}"),
                     PIA_OK);
    assert_string_equal(review_state(id, REVIEWER_2), "recusee");
    assert_string_equal(review_state(id, REVIEWER_4), "proposee");
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_3, "decliner", "{'motif': 'Absence.'}"),
                     PIA_OK);
    assert_int_equal(count_reviews(id), 1);
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM history WHERE transition = "
                                           "'signaler_manque_rapporteur'"),
                     1);
}

static void a_replacement_is_not_asked_beyond_the_quota(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    know(REVIEWER_3);
    know(REVIEWER_4);
    bench_add_person(&bench, REVIEWER_5, "reviewer", NULL);
    to_review(id);
    secretariat(id, "affecter", "{'rapporteurs': ['" REVIEWER_3 "', '" REVIEWER_4 "']}");
    assert_int_equal(
        move_as(id, ISM, PIA_ROLE_SECRETARIAT, "affecter", "{'rapporteurs': ['" REVIEWER_5 "']}"),
        PIA_CONFLICT);
    assert_non_null(strstr(bench.problem.detail, "at most 4 reviewers"));
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_1, "decliner", "{'motif': 'Absence.'}"),
                     PIA_OK);
    assert_int_equal(count_reviews(id), 3);
}

/* Everything that is due, as the service does it. */
static void pass_days(int days)
{
    labellisation_t service = {.db = bench.db, .library = bench.library};
    bench.now_ms += days * DAY_MS;
    for (int i = 0; i < 4; i++)
        assert_int_equal(labellisation_tick(&service, bench.now_ms), PIA_OK);
}

static void silence_and_lateness_end_in_a_replacement(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    know(REVIEWER_3);
    to_review(id);
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_1, "declarer", "{'lien': 'aucun'}"),
                     PIA_OK);
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_1, "accepter", NULL), PIA_OK);
    pass_days(8);
    assert_int_equal(
        bench_integer(&bench, "SELECT COUNT(*) FROM history WHERE transition = 'rappeler_reponse'"),
        1);
    pass_days(3);
    assert_int_equal(
        bench_integer(&bench, "SELECT COUNT(*) FROM history WHERE transition = 'signaler_attente'"),
        1);
    pass_days(4);
    assert_string_equal(review_state(id, REVIEWER_2), "remplacee");
    assert_string_equal(review_state(id, REVIEWER_3), "proposee");
    bench_report(&bench, id, REVIEWER_3, "favorable", 4);
    pass_days(28);
    assert_string_equal(review_state(id, REVIEWER_1), "acceptee");
    pass_days(2);
    assert_string_equal(review_state(id, REVIEWER_1), "remplacee");
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM history WHERE transition = "
                                           "'signaler_manque_rapporteur'"),
                     1);
}

static int64_t read_as(const char *id, uint32_t roles, const char *person, json_t **ret_list)
{
    matter_t dossier;
    uint32_t own = 0;
    pia_principal_t principal =
        bench_person(person, roles, (roles & PIA_ROLE_CANDIDAT) != 0 ? STRUCTURE : NULL);
    bench_load(&bench, MACHINE_DOSSIER, id, &dossier);
    assert_int_equal(matter_roles(bench.db, &dossier, &principal, &own), PIA_OK);
    pia_status_t status =
        report_list(bench.db, &dossier, &principal, own, ret_list, &bench.problem);
    matter_clear(&dossier);
    if (status == PIA_FORBIDDEN)
        return -1;
    assert_int_equal(status, PIA_OK);
    return (int64_t)json_array_size(json_object_get(*ret_list, "items"));
}

static int64_t reads(const char *id, uint32_t roles, const char *person)
{
    json_t *list = NULL;
    int64_t count = read_as(id, roles, person, &list);
    json_decref(list);
    return count;
}

static void a_member_who_reviews_reads_no_report_before_its_own(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    const uint32_t both = PIA_ROLE_REVIEWER | PIA_ROLE_COMMITTEE;
    to_review(id);
    bench_report(&bench, id, REVIEWER_1, "favorable", 4);
    assert_int_equal(reads(id, PIA_ROLE_COMMITTEE, NOT_A_REVIEWER), 1);
    assert_int_equal(reads(id, both, REVIEWER_2), 0);
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_2, "declarer", "{'lien': 'aucun'}"),
                     PIA_OK);
    assert_int_equal(reads(id, both, REVIEWER_2), 0);
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_2, "accepter", NULL), PIA_OK);
    assert_int_equal(reads(id, both, REVIEWER_2), 1); /* its own, not written yet */
    char report[BENCH_REPORT_SIZE];
    bench_report_data("favorable", 4, report);
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_2, "rendre", report), PIA_OK);
    assert_int_equal(reads(id, both, REVIEWER_2), 2);
    assert_int_equal(reads(id, PIA_ROLE_REVIEWER, REVIEWER_2), 1);
}

static void who_has_an_interest_reads_no_report(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    to_review(id);
    bench_report(&bench, id, REVIEWER_1, "favorable", 4);
    assert_int_equal(
        bench_move_review(&bench, id, REVIEWER_2, "declarer", "{'lien': 'meme_groupe'}"), PIA_OK);
    assert_int_equal(reads(id, PIA_ROLE_REVIEWER | PIA_ROLE_COMMITTEE, REVIEWER_2), -1);
}

static void the_candidate_reads_what_it_is_shown_and_answers(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE], report[BENCH_REPORT_SIZE];
    json_t *list = NULL;
    to_review(id);
    bench_report(&bench, id, REVIEWER_1, "favorable", 4);
    bench_report(&bench, id, REVIEWER_2, "reserve", 3);
    assert_int_equal(reads(id, PIA_ROLE_CANDIDAT, CANDIDATE), 0);
    secretariat(id, "ouvrir_contradictoire", "{'texte': 'Merci de répondre aux rapports.'}");
    assert_string_equal(review_state(id, REVIEWER_2), "communiquee");
    assert_int_equal(read_as(id, PIA_ROLE_CANDIDAT, CANDIDATE, &list), 2);
    const json_t *first = json_array_get(json_object_get(list, "items"), 0);
    assert_null(json_object_get(first, "reviewer"));
    assert_null(json_object_get(first, "review"));
    assert_int_equal(json_integer_value(json_object_get(first, "rank")), 1);
    assert_int_equal(json_integer_value(json_object_get(first, "total")), 8000);
    assert_true(json_is_true(json_object_get(first, "met")));
    json_decref(list);
    bench_report_data("defavorable", 0, report);
    assert_int_equal(bench_move_review(&bench, id, REVIEWER_1, "corriger", report), PIA_CONFLICT);
    go(id, CANDIDATE, PIA_ROLE_CANDIDAT, "repondre", "{'observations': 'Un premier mot.'}");
    assert_state(id, "contradictoire"); /* the delay that was announced goes on */
    assert_string_equal(review_state(id, REVIEWER_1), "communiquee");
    go(id, CANDIDATE, PIA_ROLE_CANDIDAT, "repondre", "{'observations': 'Les relais sont acquis.'}");
    go(id, CANDIDATE, PIA_ROLE_CANDIDAT, "clore_contradictoire", NULL);
    assert_state(id, "comite");
    assert_string_equal(review_state(id, REVIEWER_1), "figee");
    assert_int_equal(read_as(id, PIA_ROLE_COMMITTEE, NOT_A_REVIEWER, &list), 2);
    const json_t *answer = json_object_get(list, "answer");
    assert_string_equal(json_string_value(json_object_get(answer, "text")),
                        "Les relais sont acquis.");
    json_decref(list);
}

static void a_candidate_that_does_not_answer_is_reminded_and_waited_for_no_longer(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    to_review(id);
    bench_report(&bench, id, REVIEWER_1, "favorable", 4);
    bench_report(&bench, id, REVIEWER_2, "reserve", 3);
    secretariat(id, "ouvrir_contradictoire", "{'texte': 'Merci de répondre aux rapports.'}");
    pass_days(14);
    assert_state(id, "contradictoire");
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM history WHERE transition = "
                                           "'rappeler_reponse_contradictoire'"),
                     1);
    pass_days(2);
    assert_state(id, "comite");
}

static void an_erased_report_is_absent_with_its_justification(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    json_t *list = NULL;
    to_review(id);
    bench_report(&bench, id, REVIEWER_1, "favorable", 4);
    bench_run("DELETE FROM text WHERE content LIKE 'Un rapport%' OR content LIKE 'Au vu%'");
    assert_int_equal(read_as(id, PIA_ROLE_SECRETARIAT, ISM, &list), 1);
    const json_t *item = json_array_get(json_object_get(list, "items"), 0);
    const json_t *line = json_array_get(json_object_get(item, "scores"), 0);
    assert_null(json_object_get(item, "text"));
    assert_null(json_object_get(line, "justification"));
    assert_int_equal(json_integer_value(json_object_get(line, "score")), 4);
    json_decref(list);
}

static pia_status_t save_draft(const char *review, int64_t base, const char *text)
{
    json_t *content = json_pack("{s:s}", "text", text);
    const review_draft_save_t save = {review, base, content, 1, bench.now_ms};
    pia_status_t status = review_draft_save(bench.db, &save);
    json_decref(content);
    return status;
}

static void a_draft_is_saved_over_what_was_seen_and_goes_with_the_report(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE], review[PIA_UUID_TEXT_SIZE];
    int64_t version, saved_ms;
    json_t *content = NULL;
    to_review(id);
    bench_review_of(&bench, id, REVIEWER_1, review);
    assert_int_equal(review_draft_find(bench.db, review, &version, &saved_ms, &content),
                     PIA_NOT_FOUND);
    assert_int_equal(save_draft(review, 0, "Un"), PIA_OK);
    assert_int_equal(save_draft(review, 1, "Deux"), PIA_OK);
    assert_int_equal(save_draft(review, 0, "Un autre"), PIA_CONFLICT);
    assert_int_equal(save_draft(review, 1, "Un autre"), PIA_CONFLICT);
    assert_int_equal(review_draft_find(bench.db, review, &version, &saved_ms, &content), PIA_OK);
    assert_int_equal(version, 2);
    assert_string_equal(json_string_value(json_object_get(content, "text")), "Deux");
    json_decref(content);
    bench_report(&bench, id, REVIEWER_1, "favorable", 4);
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM review_draft"), 0);
    assert_int_equal(save_draft(review, 0, "Trop tard"), PIA_CONFLICT); /* the review has moved */
}

/* Loads the default definition with `from` once replaced by `to`, of the same length. */
static void expect_refused(const char *from, const char *to, const char *pointer)
{
    extern const char label_pia_v1[];
    char *text = strdup(label_pia_v1);
    assert_non_null(text);
    char *at = strstr(text, from);
    assert_non_null(at);
    for (size_t i = 0; to[i] != '\0'; i++)
        at[i] = to[i];
    definition_t *definition = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    assert_int_equal(definition_load(text, strlen(text), &definition, &problem), PIA_INVALID);
    assert_string_equal(problem.pointer, pointer);
    free(text);
}

static void a_definitions_quota_and_opposed_opinions_make_sense(void **state)
{
    (void)state;
    expect_refused("\"reviews\": {\"min\": 2", "\"reviews\": {\"min\": 5", "/reviews/min");
    expect_refused("\"opposed\": [\"favorable\"", "\"opposed\": [\"favorablf\"",
                   "/reviews/opposed/0");
    expect_refused("\"creation\": \"designer\"", "\"creation\": \"proposer\"",
                   "/machines/review/transitions/3/effects/0/creation");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
        T(the_committee_waits_for_the_quota_and_every_accepted_report),
        T(a_reviewer_acts_on_its_own_review_after_its_declaration),
        T(a_report_is_checked_against_the_dossiers_specification),
        T(opposed_opinions_ask_for_a_third_report),
        T(totals_too_far_apart_diverge_until_a_reasoned_waiver),
        T(a_correction_may_end_a_divergence),
        T(who_declines_is_replaced_by_the_best_other),
        T(a_replacement_is_not_asked_beyond_the_quota),
        T(silence_and_lateness_end_in_a_replacement),
        T(a_member_who_reviews_reads_no_report_before_its_own),
        T(who_has_an_interest_reads_no_report),
        T(the_candidate_reads_what_it_is_shown_and_answers),
        T(a_candidate_that_does_not_answer_is_reminded_and_waited_for_no_longer),
        T(an_erased_report_is_absent_with_its_justification),
        T(a_definitions_quota_and_opposed_opinions_make_sense),
        T(a_draft_is_saved_over_what_was_seen_and_goes_with_the_report),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
