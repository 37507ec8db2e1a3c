/* test_convening.c - on both engines: a dossier waits on one agenda, who was convened sits on the
 * day that was told, somebody else presides over what the chair takes no part in. */
#include "pia_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "labelled.h"
#include "pia/clock.h"
#include "seated.h"
#include "session.h"

static char dossier[PIA_UUID_TEXT_SIZE], other[PIA_UUID_TEXT_SIZE];

/* Two meetings in preparation, and a dossier that waits for an opinion. */
static void prepare_two(void)
{
    bench_create(&bench, "label-pia", dossier);
    bench_bring_to_committee(&bench, dossier);
    seat_three("Membre");
    prepare_session(session);
    prepare_session(other);
}

static pia_status_t inscribe(const char *meeting)
{
    char data[80];
    const pia_principal_t asker = bench_person(ISM, PIA_ROLE_SECRETARIAT, NULL);
    snprintf(data, sizeof data, "{'dossiers': ['%s']}", dossier);
    return bench_move_kind(&bench, MACHINE_SESSION, meeting, &asker, "inscrire", data);
}

static void a_dossier_waits_on_one_agenda(void **state)
{
    (void)state;
    prepare_two();
    assert_int_equal(inscribe(session), PIA_OK);
    assert_int_equal(inscribe(other), PIA_CONFLICT);
    assert_string_equal(bench.problem.pointer, "/data/dossiers/0");
    assert_non_null(strstr(bench.problem.detail, session));
    assert_int_equal(inscribe(session), PIA_CONFLICT);
    assert_int_equal(meet("retirer_point", "{'point': 1}"), PIA_OK);
    assert_int_equal(inscribe(other), PIA_OK);
    assert_int_equal(inscribe(session), PIA_CONFLICT);
}

static void a_meeting_that_is_over_keeps_no_dossier(void **state)
{
    (void)state;
    prepare_two();
    assert_int_equal(inscribe(session), PIA_OK);
    assert_int_equal(meet("annuler", "{'motifs': 'Essai.'}"), PIA_OK);
    assert_int_equal(inscribe(other), PIA_OK);
}

/* What another instance does at the same moment. */
typedef struct {
    pia_db_t *db;
    library_t *library;
    pia_status_t status;
    pia_problem_t problem;
    atomic_bool done;
} instance_t;

static pia_status_t inscribe_in(instance_t *self)
{
    matter_t matter;
    json_t *data = json_pack("{s:[s]}", "dossiers", dossier);
    const pia_principal_t asker = bench_person(ISM, PIA_ROLE_SECRETARIAT, NULL);
    pia_status_t status =
        matter_load(self->db, self->library, MACHINE_SESSION, other, &matter, &self->problem);
    if (status == PIA_OK) {
        act_t act = {.db = self->db,
                     .library = self->library,
                     .matter = &matter,
                     .principal = &asker,
                     .transition = machine_transition(matter.machine, "inscrire"),
                     .data = data,
                     .effective_ms = bench.now_ms,
                     .recorded_ms = bench.now_ms};
        status = matter_move(&act, matter.version, &self->problem);
        matter_clear(&matter);
    }
    json_decref(data);
    return status;
}

static void *run_instance(void *arg)
{
    instance_t *self = arg;
    self->status = pia_db_begin(self->db);
    if (self->status == PIA_OK)
        self->status = inscribe_in(self);
    if (self->status == PIA_OK)
        self->status = pia_db_commit(self->db);
    else
        pia_db_rollback(self->db);
    atomic_store(&self->done, true);
    return NULL;
}

/* Until the other one waits for a lock, or is done. */
static void await_lock(const instance_t *instance)
{
    static const char sql[] = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted";
    pia_db_t *db = test_database_open(&bench.place, PIA_DB_WRITER);
    int64_t until = pia_clock_monotonic() + 20000, waiting = 0;
    while (waiting == 0 && !atomic_load(&instance->done)) {
        assert_true(pia_clock_monotonic() < until);
        assert_int_equal(pia_db_begin(db), PIA_OK);
        waiting = test_database_integer(db, sql);
        pia_db_rollback(db);
    }
    pia_db_close(&db);
}

/* The one reads before the other has committed; SQLite has one writer at a time. */
static void two_instances_take_a_dossier_once(void **state)
{
    (void)state;
    pthread_t thread;
    if (!test_database_is_shared())
        skip();
    instance_t instance = {.library = library_new()};
    prepare_two();
    bench_commit(&bench);
    instance.db = test_database_open(&bench.place, PIA_DB_WRITER);
    assert_int_equal(inscribe(session), PIA_OK);
    assert_int_equal(pthread_create(&thread, NULL, run_instance, &instance), 0);
    await_lock(&instance);
    bench_commit(&bench);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(instance.status, PIA_CONFLICT);
    assert_string_equal(instance.problem.pointer, "/data/dossiers/0");
    assert_non_null(strstr(instance.problem.detail, session));
    pia_db_close(&instance.db);
    library_destroy(&instance.library);
}

static void who_was_named_since_was_not_convened(void **state)
{
    (void)state;
    static const char fourth[] = "0190a000-0000-7000-8000-0000000000a4",
                      substitute[] = "0190a000-0000-7000-8000-0000000000a5";
    bench_add_person(&bench, fourth, "committee", OTHER_STRUCTURE);
    bench_add_person(&bench, substitute, "committee", OTHER_STRUCTURE);
    convene_session("Membre");
    assert_int_equal(appoint_member(fourth, "D", "'du': '2026-11-27'"), PIA_OK);
    assert_int_equal(move_committee("designer_suppleant",
                                    "{'titulaire': 2, 'personne': "
                                    "['0190a000-0000-7000-8000-0000000000a5'], 'nom': 'E', 'du': "
                                    "'2026-11-27'}"),
                     PIA_OK);
    assert_int_equal(
        move_committee("mettre_fin", "{'membre': 3, 'fin': '2026-12-01', 'cause': 'demission'}"),
        PIA_OK);
    at("2026-12-10T10:00:00Z");
    assert_int_equal(meet("ouvrir", "{'presences': [{'member': 1, 'mode': 'present'}, "
                                    "{'member': 4, 'mode': 'present'}]}"),
                     PIA_INVALID);
    assert_string_equal(bench.problem.pointer, "/data/presences/1/member");
    assert_int_equal(meet("ouvrir", "{'presences': [{'member': 1, 'mode': 'present'}, "
                                    "{'member': 2, 'mode': 'substituted', 'by': 5}]}"),
                     PIA_OK);
    json_t *sitting = first_of("sittings");
    assert_int_equal(json_array_size(json_object_get(sitting, "seats")), 2);
    json_decref(sitting);
}

static void another_day_takes_another_convocation(void **state)
{
    (void)state;
    convene_session("Membre");
    at("2026-12-09T10:00:00Z");
    assert_int_equal(meet("ouvrir", ALL_PRESENT), PIA_CONFLICT);
    at("2026-12-11T10:00:00Z");
    assert_int_equal(meet("ouvrir", ALL_PRESENT), PIA_CONFLICT);
    assert_non_null(strstr(bench.problem.detail, "convened for 2026-12-10"));
    assert_int_equal(meet("remettre", "{'jour': '2026-12-14'}"), PIA_CONFLICT); /* too soon */
    assert_int_equal(meet("remettre", "{'jour': '2026-12-18'}"), PIA_OK);
    at("2026-12-18T10:00:00Z");
    assert_int_equal(meet("ouvrir", "{'presences': [{'member': 1, 'mode': 'present'}]}"), PIA_OK);
    /* it was put off, not held without a quorum: one of three is not enough */
    assert_string_equal(bench_state(&bench, MACHINE_SESSION, session), "sans_quorum");
    assert_int_equal(meet("reconvoquer", "{'jour': '2026-12-28'}"), PIA_OK);
    at("2026-12-28T10:00:00Z");
    assert_int_equal(meet("ouvrir", "{'presences': [{'member': 1, 'mode': 'present'}]}"), PIA_OK);
    assert_string_equal(bench_state(&bench, MACHINE_SESSION, session), "ouverte");
}

static const json_t *last_ballot(const json_t *item)
{
    const json_t *ballots = json_object_get(item, "ballots");
    return json_array_get(ballots, json_array_size(ballots) - 1);
}

/* The second presides and votes for, the third against: as many, and the second's vote tells. */
static void assert_second_presides(void)
{
    assert_int_equal(meet("mettre_aux_voix",
                          "{'point': 1, 'proposition': 'favorable', 'texte': 'Oui.', 'voix': "
                          "[{'member': 2, 'vote': 'for'}, {'member': 3, 'vote': 'against'}]}"),
                     PIA_OK);
    json_t *item = first_of("items"), *sitting = first_of("sittings");
    const json_t *ballot = last_ballot(item);
    assert_int_equal(json_integer_value(json_object_get(ballot, "presiding")), 2);
    assert_true(json_is_true(json_object_get(ballot, "casting")));
    assert_true(json_is_true(json_object_get(ballot, "adopted")));
    assert_int_equal(json_integer_value(json_object_get(sitting, "presiding")), 1);
    json_decref(item);
    json_decref(sitting);
}

static void who_is_recused_does_not_preside(void **state)
{
    (void)state;
    open_session("Membre");
    assert_int_equal(meet_as(FIRST, "declarer_interet", "{'point': 1, 'lien': 'autre'}"), PIA_OK);
    assert_int_equal(meet("statuer_interet", "{'point': 1, 'membre': 1, 'suite': 'sans_objet', "
                                             "'motifs': 'Aucun lien.'}"),
                     PIA_CONFLICT);
    assert_string_equal(bench.problem.pointer, "/data/suite");
    assert_second_presides();
}

static void who_has_gone_does_not_preside(void **state)
{
    (void)state;
    open_session("Membre");
    assert_int_equal(meet("pointer", "{'presences': [{'member': 1, 'mode': 'absent'}]}"), PIA_OK);
    assert_second_presides();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, seated_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_dossier_waits_on_one_agenda),         TEST(a_meeting_that_is_over_keeps_no_dossier),
        TEST(two_instances_take_a_dossier_once),     TEST(who_was_named_since_was_not_convened),
        TEST(another_day_takes_another_convocation), TEST(who_is_recused_does_not_preside),
        TEST(who_has_gone_does_not_preside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
