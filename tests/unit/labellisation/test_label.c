/* test_label.c - how long a label is valid, its renewal, its mid-term report. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attachment.h"
#include "label_life.h"
#include "labelled.h"
#include "renewal.h"
#include "section.h"

static void half_of_a_validity_is_told_in_months(void **state)
{
    (void)state;
    static const struct {
        period_t validity, half;
    } rows[] = {
        {{.years = 3}, {.months = 18}},
        {{.years = 1}, {.months = 6}},
        {{.months = 15}, {.months = 7, .days = 15}},
        {{.years = 2, .weeks = 2}, {.months = 12, .days = 7}},
        {{.days = 31}, {.days = 15}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        period_t half = label_half(&rows[i].validity);
        assert_memory_equal(&half, &rows[i].half, sizeof half);
    }
}

static void a_label_expires_when_its_day_begins_in_paris(void **state)
{
    (void)state;
    static const struct {
        const char *awarded, *until, *expired;
    } rows[] = {
        {"2026-11-26T09:00:00Z", "2029-11-26", "2029-11-25T23:00:00.000Z"},
        {"2027-07-01T09:00:00Z", "2030-07-01", "2030-06-30T22:00:00.000Z"}, /* summer time */
        {"2028-02-29T09:00:00Z", "2031-02-28", "2031-02-27T23:00:00.000Z"}, /* leap year */
        {"2027-03-27T23:30:00Z", "2030-03-28", "2030-03-27T23:00:00.000Z"}, /* night in Paris */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char dossier[PIA_UUID_TEXT_SIZE], label[PIA_UUID_TEXT_SIZE];
        at(rows[i].awarded);
        award(dossier, label);
        assert_fact(MACHINE_LABEL, label, "until", rows[i].until);
        at("2040-01-01T00:00:00Z"); /* nothing ran until then */
        bench_tick(&bench);
        bench_tick(&bench);
        assert_label(label, "expire");
        assert_fact(MACHINE_LABEL, label, "until", rows[i].until);
        assert_made_at("expirer", rows[i].expired);
        bench_teardown(NULL);
        bench_setup(NULL);
    }
}

/* A section and a file, as the candidate of a dossier in brouillon leaves them. */
static void write_content(const char *dossier)
{
    const section_save_t save = {.dossier = dossier,
                                 .name = "presentation",
                                 .text = "Qui nous sommes.",
                                 .author = "/persons/" CANDIDATE,
                                 .saved_ms = bench.now_ms};
    attachment_t file = {
        .piece = "statuts", .name = "statuts.pdf", .type = "application/pdf", .size = 3};
    assert_int_equal(section_save(bench.db, &save), PIA_OK);
    memset(file.hash, 'a', sizeof file.hash - 1);
    pia_uuid7_text(file.id);
    bench_run("INSERT INTO blob (hash, size, stored_at) VALUES "
              "('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 3, 0)");
    assert_int_equal(attachment_insert(bench.db, dossier, &file), PIA_OK);
}

static void assert_content(const char *dossier)
{
    section_t section;
    json_t *files = NULL;
    char *text = NULL;
    assert_int_equal(section_find(bench.db, dossier, "presentation", 0, &section), PIA_OK);
    assert_int_equal(text_get(bench.db, section.text_hash, &text), PIA_OK);
    assert_string_equal(text, "Qui nous sommes.");
    assert_false(section.filed);
    free(text);
    assert_int_equal(attachment_list(bench.db, dossier, &files), PIA_OK);
    assert_int_equal(json_array_size(files), 1);
    const char *hash = json_string_value(json_object_get(json_array_get(files, 0), "sha256"));
    assert_int_equal(strspn(hash, "a"), 64);
    json_decref(files);
}

static void the_renewal_is_opened_once_and_holds_what_the_last_dossier_held(void **state)
{
    (void)state;
    char dossier[PIA_UUID_TEXT_SIZE], label[PIA_UUID_TEXT_SIZE], renewal[PIA_UUID_TEXT_SIZE];
    award(dossier, label);
    write_content(dossier);
    at("2028-11-25T22:59:59Z");
    bench_tick(&bench);
    assert_int_equal(renewal_dossier(bench.db, label, renewal), PIA_NOT_FOUND);
    at("2029-06-30T00:00:00Z"); /* all three reminders have passed */
    bench_tick(&bench);
    assert_made_at("renouvellement_12", "2028-11-25T23:00:00.000Z");
    assert_made_at("renouvellement_9", "2029-02-25T23:00:00.000Z");
    assert_made_at("renouvellement_6", "2029-05-25T22:00:00.000Z");
    assert_made_at("renouveler", "2028-11-25T23:00:00.000Z");
    assert_int_equal(renewal_dossier(bench.db, label, renewal), PIA_OK);
    assert_state(renewal, "brouillon");
    assert_content(renewal);
    assert_int_equal(
        move_label(label, CANDIDATE, PIA_ROLE_CANDIDAT, "demander_renouvellement", NULL),
        PIA_CONFLICT);
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM renewal"), 1);
}

/* An awarded label whose renewal was asked for at `when`. */
static void to_renewal(const char *when,
                       char ret_label[PIA_UUID_TEXT_SIZE],
                       char ret_renewal[PIA_UUID_TEXT_SIZE])
{
    char dossier[PIA_UUID_TEXT_SIZE];
    award(dossier, ret_label);
    at(when);
    bench_tick(&bench);
    assert_int_equal(renewal_dossier(bench.db, ret_label, ret_renewal), PIA_OK);
}

static void a_granted_renewal_begins_where_the_label_ends(void **state)
{
    (void)state;
    char label[PIA_UUID_TEXT_SIZE], renewal[PIA_UUID_TEXT_SIZE], next[PIA_UUID_TEXT_SIZE];
    to_renewal("2029-06-01T09:00:00Z", label, renewal);
    bench_bring_to_decision(&bench, renewal);
    sign(renewal, next);
    assert_label(label, "valide");
    assert_label(next, "a_venir");
    assert_fact(MACHINE_LABEL, next, "from", "2029-11-26");
    assert_fact(MACHINE_LABEL, next, "until", "2032-11-26");
    assert_fact(MACHINE_LABEL, next, "renews", label);
    at("2029-11-25T23:00:00Z");
    bench_tick(&bench);
    assert_label(label, "expire");
    assert_label(next, "valide");
    assert_made_at("prendre_effet", "2029-11-25T23:00:00.000Z");
}

static void a_label_is_held_while_its_renewal_waits_for_a_decision(void **state)
{
    (void)state;
    char label[PIA_UUID_TEXT_SIZE], renewal[PIA_UUID_TEXT_SIZE], next[PIA_UUID_TEXT_SIZE];
    to_renewal("2029-11-10T09:00:00Z", label, renewal);
    bench_bring_to_decision(&bench, renewal);
    at("2029-12-20T09:00:00Z");
    bench_tick(&bench);
    assert_label(label, "valide");
    sign(renewal, next);
    assert_label(label, "expire");
    assert_label(next, "valide");
    assert_fact(MACHINE_LABEL, label, "until", "2029-12-20");
    assert_fact(MACHINE_LABEL, next, "from", "2029-12-20");
}

static void a_refused_renewal_lets_the_label_expire(void **state)
{
    (void)state;
    char label[PIA_UUID_TEXT_SIZE], renewal[PIA_UUID_TEXT_SIZE];
    to_renewal("2029-11-10T09:00:00Z", label, renewal);
    bench_bring_to_decision(&bench, renewal);
    at("2029-12-20T09:00:00Z");
    go(renewal, MINISTER, PIA_ROLE_SIGNATORY, "refuser",
       "{'motifs_droit': 'Article premier.', 'motifs_fait': 'Le besoin manque.', 'ecart': 'Le "
       "budget manque.'}");
    assert_label(label, "expire");
    assert_made_at("expirer", "2029-12-20T09:00:00.000Z");
}

static void silence_on_a_renewal_decides_for_the_label_too(void **state)
{
    (void)state;
    char label[PIA_UUID_TEXT_SIZE], renewal[PIA_UUID_TEXT_SIZE];
    to_renewal("2029-11-10T09:00:00Z", label, renewal);
    go(renewal, CANDIDATE, PIA_ROLE_CANDIDAT, "deposer", NULL);
    at("2031-01-01T09:00:00Z"); /* nothing ran for a year */
    bench_tick(&bench);
    assert_state(renewal, "refuse_implicite");
    assert_label(label, "expire");
    assert_made_at("expirer", "2030-01-10T23:00:00.000Z");
    assert_fact(MACHINE_LABEL, label, "until", "2030-01-11");
    /* what another matter's timer led to was recorded with it: of 2030 there is nothing */
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM history WHERE recorded_at "
                                           "BETWEEN 1893456000000 AND 1924991999999"),
                     0);
}

/* How often a transition was made. */
static int64_t times(const char *transition)
{
    pia_stmt_t *stmt =
        pia_db_prepare(bench.db, "SELECT COUNT(*) FROM history WHERE transition = $1");
    pia_stmt_text(stmt, 1, transition);
    assert_int_equal(pia_stmt_step(stmt), PIA_OK);
    int64_t count = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return count;
}

static void a_renewal_that_came_to_nothing_may_be_asked_for_again(void **state)
{
    static const struct {
        const char *transition, *person, *data;
        uint32_t role;
    } rows[] = {
        {"retirer", CANDIDATE, NULL, PIA_ROLE_CANDIDAT},
        {"abandonner", ISM, "{'motifs': 'Le projet a changé.'}", PIA_ROLE_SECRETARIAT},
        {"refuser", MINISTER,
         "{'motifs_droit': 'Article premier.', 'motifs_fait': 'Le besoin manque.', 'ecart': 'Le "
         "budget manque.'}",
         PIA_ROLE_SIGNATORY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char label[PIA_UUID_TEXT_SIZE], first[PIA_UUID_TEXT_SIZE], next[PIA_UUID_TEXT_SIZE];
        to_renewal("2028-11-27T09:00:00Z", label, first);
        bench_bring_to_decision(&bench, first);
        go(first, rows[i].person, rows[i].role, rows[i].transition, rows[i].data);
        go_label(label, CANDIDATE, PIA_ROLE_CANDIDAT, "demander_renouvellement", NULL);
        assert_int_equal(renewal_dossier(bench.db, label, next), PIA_OK);
        assert_string_not_equal(next, first);
        assert_state(next, "brouillon");
        assert_int_equal(
            move_label(label, CANDIDATE, PIA_ROLE_CANDIDAT, "demander_renouvellement", NULL),
            PIA_CONFLICT);
        bench_teardown(state);
        bench_setup(state);
    }
}

static void the_next_reminder_opens_a_renewal_that_was_taken_back(void **state)
{
    (void)state;
    char label[PIA_UUID_TEXT_SIZE], first[PIA_UUID_TEXT_SIZE], next[PIA_UUID_TEXT_SIZE];
    to_renewal("2028-11-27T09:00:00Z", label, first);
    go(first, CANDIDATE, PIA_ROLE_CANDIDAT, "retirer", NULL);
    at("2029-03-01T09:00:00Z");
    bench_tick(&bench);
    assert_made_at("renouvellement_9", "2029-02-25T23:00:00.000Z");
    assert_int_equal(renewal_dossier(bench.db, label, next), PIA_OK);
    assert_string_not_equal(next, first);
    assert_state(next, "brouillon");
}

static void nobody_is_reminded_of_a_renewal_that_is_decided(void **state)
{
    char label[PIA_UUID_TEXT_SIZE], renewal[PIA_UUID_TEXT_SIZE], next[PIA_UUID_TEXT_SIZE];
    to_renewal("2028-11-27T09:00:00Z", label, renewal);
    bench_bring_to_decision(&bench, renewal);
    sign(renewal, next);
    at("2029-07-01T09:00:00Z");
    bench_tick(&bench);
    assert_int_equal(times("renouvellement_9") + times("renouvellement_6"), 0);
    bench_teardown(state);
    bench_setup(state);
    to_renewal("2028-11-27T09:00:00Z", label, renewal);
    bench_bring_to_decision(&bench, renewal);
    go(renewal, MINISTER, PIA_ROLE_SIGNATORY, "refuser",
       "{'motifs_droit': 'Article premier.', 'motifs_fait': 'Le besoin manque.', 'ecart': 'Le "
       "budget manque.'}");
    at("2029-07-01T09:00:00Z");
    bench_tick(&bench);
    assert_int_equal(times("renouvellement_9") + times("renouvellement_6"), 0);
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM renewal"), 1);
}

#define LATER "{'fin': '2030-11-25', 'motifs': 'Le comité se réunit plus tard.'}"

static void an_extension_keeps_the_renewal_that_is_open(void **state)
{
    (void)state;
    char label[PIA_UUID_TEXT_SIZE], renewal[PIA_UUID_TEXT_SIZE], same[PIA_UUID_TEXT_SIZE];
    to_renewal("2028-11-27T09:00:00Z", label, renewal);
    go_label(label, MINISTER, PIA_ROLE_SIGNATORY, "proroger", LATER);
    at("2029-12-15T09:00:00Z");
    bench_tick(&bench);
    assert_int_equal(times("renouvellement_12"), 2); /* of either end */
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM renewal"), 1);
    assert_int_equal(renewal_dossier(bench.db, label, same), PIA_OK);
    assert_string_equal(same, renewal);
}

static void a_label_that_another_follows_is_not_extended(void **state)
{
    (void)state;
    char label[PIA_UUID_TEXT_SIZE], renewal[PIA_UUID_TEXT_SIZE], next[PIA_UUID_TEXT_SIZE];
    to_renewal("2028-11-27T09:00:00Z", label, renewal);
    bench_bring_to_decision(&bench, renewal);
    sign(renewal, next);
    assert_int_equal(move_label(label, MINISTER, PIA_ROLE_SIGNATORY, "proroger", LATER),
                     PIA_CONFLICT);
    assert_fact(MACHINE_LABEL, label, "until", "2029-11-26");
}

static void assert_standing(const char *id, const char *expected)
{
    const char *standing = NULL;
    matter_t matter;
    bench_load(&bench, MACHINE_LABEL, id, &matter);
    assert_int_equal(label_standing(bench.db, &matter, &standing), PIA_OK);
    assert_string_equal(standing, expected);
    matter_clear(&matter);
}

static void a_coming_label_begins_on_its_day_though_a_procedure_is_open(void **state)
{
    (void)state;
    char label[PIA_UUID_TEXT_SIZE], renewal[PIA_UUID_TEXT_SIZE], next[PIA_UUID_TEXT_SIZE];
    to_renewal("2029-06-01T09:00:00Z", label, renewal);
    bench_bring_to_decision(&bench, renewal);
    sign(renewal, next);
    go_label(next, ISM, PIA_ROLE_SECRETARIAT, "ouvrir_procedure",
             "{'mesure': 'suspension', 'fondement': 'condition_non_remplie', "
             "'griefs': 'Aucune action depuis un an.', 'delai': '2030-06-01'}");
    at("2029-11-25T22:59:59Z");
    bench_tick(&bench);
    assert_standing(next, "coming");
    at("2029-12-10T09:00:00Z");
    bench_tick(&bench);
    assert_label(label, "expire");
    assert_label(next, "procedure_en_vigueur");
    assert_standing(next, "in_force");
    assert_made_at("prendre_effet_en_procedure", "2029-11-25T23:00:00.000Z");
    go_label(next, MINISTER, PIA_ROLE_SIGNATORY, "classer", NULL);
    assert_label(next, "valide");
}

static void a_renewal_that_is_only_a_draft_holds_nothing(void **state)
{
    (void)state;
    char label[PIA_UUID_TEXT_SIZE], renewal[PIA_UUID_TEXT_SIZE];
    to_renewal("2029-06-01T09:00:00Z", label, renewal);
    at("2029-11-25T23:00:00Z");
    bench_tick(&bench);
    assert_label(label, "expire");
    assert_made_at("expirer", "2029-11-25T23:00:00.000Z");
}

static void an_extension_has_reasons_and_a_bound(void **state)
{
    (void)state;
    char dossier[PIA_UUID_TEXT_SIZE], label[PIA_UUID_TEXT_SIZE];
    award(dossier, label);
    static const struct {
        const char *fin, *pointer;
    } wrong[] = {{"2029-11-25", "/data/fin"}, {"2030-11-26", "/data/fin"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char data[100];
        snprintf(data, sizeof data, "{'fin': '%s', 'motifs': 'Le comité se réunit plus tard.'}",
                 wrong[i].fin);
        assert_int_equal(move_label(label, MINISTER, PIA_ROLE_SIGNATORY, "proroger", data),
                         PIA_INVALID);
        assert_string_equal(bench.problem.pointer, wrong[i].pointer);
    }
    assert_int_equal(
        move_label(label, MINISTER, PIA_ROLE_SIGNATORY, "proroger", "{'fin': '2030-05-31'}"),
        PIA_INVALID);
    go_label(label, MINISTER, PIA_ROLE_SIGNATORY, "proroger",
             "{'fin': '2030-05-31', 'motifs': 'Le comité se réunit plus tard.'}");
    assert_fact(MACHINE_LABEL, label, "until", "2030-06-01");
    go_label(label, MINISTER, PIA_ROLE_SIGNATORY, "proroger",
             "{'fin': '2030-11-25', 'motifs': 'Le comité se réunit encore plus tard.'}");
    assert_int_equal(
        move_label(label, MINISTER, PIA_ROLE_SIGNATORY, "proroger",
                   "{'fin': '2030-11-26', 'motifs': 'Plus d’un an en tout, c’est trop.'}"),
        PIA_INVALID);
    at("2029-12-15T09:00:00Z");
    bench_tick(&bench);
    assert_label(label, "valide");
    assert_made_at("renouvellement_12", "2029-11-25T23:00:00.000Z");
}

static void the_mid_term_report_is_asked_for_and_judged(void **state)
{
    (void)state;
    char dossier[PIA_UUID_TEXT_SIZE], label[PIA_UUID_TEXT_SIZE];
    award(dossier, label);
    assert_int_equal(move_label(label, CANDIDATE, PIA_ROLE_CANDIDAT, "remettre_bilan",
                                "{'rapport': 'Trop tôt, mais complet.'}"),
                     PIA_CONFLICT);
    at("2028-08-01T09:00:00Z");
    bench_tick(&bench);
    assert_made_at("demander_bilan", "2028-05-25T22:00:00.000Z");
    assert_made_at("rappeler_bilan", "2028-07-10T22:00:00.000Z");
    assert_made_at("signaler_retard_bilan", "2028-07-26T22:00:00.000Z");
    assert_fact(MACHINE_LABEL, label, "bilan", "en_retard");
    go_label(label, CANDIDATE, PIA_ROLE_CANDIDAT, "remettre_bilan",
             "{'rapport': 'Ce qui a été fait.'}");
    go_label(label, ISM, PIA_ROLE_SECRETARIAT, "apprecier_bilan",
             "{'appreciation': 'insuffisant', 'motifs': 'Deux actions sur dix.'}");
    assert_fact(MACHINE_LABEL, label, "bilan", "insuffisant");
    assert_int_equal(move_label(label, ISM, PIA_ROLE_SECRETARIAT, "apprecier_bilan",
                                "{'appreciation': 'satisfaisant', 'motifs': 'Deux fois.'}"),
                     PIA_CONFLICT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_of_a_validity_is_told_in_months),
#define T(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
        T(a_label_expires_when_its_day_begins_in_paris),
        T(the_renewal_is_opened_once_and_holds_what_the_last_dossier_held),
        T(a_granted_renewal_begins_where_the_label_ends),
        T(a_label_is_held_while_its_renewal_waits_for_a_decision),
        T(a_refused_renewal_lets_the_label_expire),
        T(silence_on_a_renewal_decides_for_the_label_too),
        T(a_renewal_that_came_to_nothing_may_be_asked_for_again),
        T(the_next_reminder_opens_a_renewal_that_was_taken_back),
        T(nobody_is_reminded_of_a_renewal_that_is_decided),
        T(an_extension_keeps_the_renewal_that_is_open),
        T(a_label_that_another_follows_is_not_extended),
        T(a_coming_label_begins_on_its_day_though_a_procedure_is_open),
        T(a_renewal_that_is_only_a_draft_holds_nothing),
        T(an_extension_has_reasons_and_a_bound),
        T(the_mid_term_report_is_asked_for_and_judged),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
