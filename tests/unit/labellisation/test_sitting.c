/* test_sitting.c - a committee and its meeting on both engines: mandates that are renewed, what a
 * vote settles of interests, attendance and dissents. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "labelled.h"
#include "seated.h"
#include "session.h"

static void a_renewed_mandate_overlaps_no_other(void **state)
{
    (void)state;
    assert_int_equal(
        appoint_member(FIRST, "A", "'president': true, 'du': '2026-01-01', 'au': '2026-12-31'"),
        PIA_OK);
    assert_int_equal(
        appoint_member(FIRST, "A", "'president': true, 'du': '2027-01-01', 'au': '2028-12-31'"),
        PIA_OK);
    assert_int_equal(appoint_member(SECOND, "B", "'du': '2026-01-01', 'au': '2026-06-30'"), PIA_OK);
    assert_int_equal(appoint_member(THIRD, "C", "'president': true, 'du': '2029-01-01'"), PIA_OK);
    assert_int_equal(move_committee("renouveler_mandat", "{'membre': 1, 'au': '2027-01-01'}"),
                     PIA_CONFLICT);
    assert_non_null(strstr(bench.problem.detail, "number 2"));
    assert_string_equal(bench.problem.pointer, "/data/au");
    assert_int_equal(move_committee("renouveler_mandat", "{'membre': 2, 'au': '2029-01-01'}"),
                     PIA_CONFLICT);
    assert_non_null(strstr(bench.problem.detail, "chair"));
    assert_int_equal(move_committee("renouveler_mandat", "{'membre': 3, 'au': '2030-12-31'}"),
                     PIA_OK);
}

static void a_renewed_mandate_finds_a_seat_that_is_free(void **state)
{
    (void)state;
    assert_int_equal(appoint_member(FIRST, "A", "'du': '2026-01-01', 'au': '2026-06-30'"), PIA_OK);
    for (int i = 0; i < SEATS_MAX; i++) {
        char id[PIA_UUID_TEXT_SIZE];
        (void)snprintf(id, sizeof id, "0190a000-0000-7000-8000-000000001%03d", i);
        bench_add_person(&bench, id, "committee", OTHER_STRUCTURE);
        assert_int_equal(appoint_member(id, "M", "'du': '2026-07-01'"), PIA_OK);
    }
    assert_int_equal(move_committee("renouveler_mandat", "{'membre': 1, 'au': '2026-07-01'}"),
                     PIA_CONFLICT);
    assert_non_null(strstr(bench.problem.detail, "64"));
}

static pia_status_t vote(const char *proposition, const char *second, const char *third)
{
    char data[400];
    (void)snprintf(data, sizeof data,
                   "{'point': 1, 'proposition': '%s', 'texte': 'Oui.', 'voix': "
                   "[{'member': 1, 'vote': 'for'}, {'member': 2, 'vote': '%s'}, "
                   "{'member': 3, 'vote': '%s'}]}",
                   proposition, second, third);
    return meet("mettre_aux_voix", data);
}

static void who_has_voted_declares_no_interest(void **state)
{
    (void)state;
    static const char rule[] = "{'point': 1, 'membre': 3, 'suite': 'recusation', 'lien': 'autre', "
                               "'motifs': 'Un lien.'}";
    open_session("Membre");
    assert_int_equal(meet_as(SECOND, "declarer_interet", "{'point': 1, 'lien': 'autre'}"), PIA_OK);
    assert_int_equal(meet("mettre_aux_voix",
                          "{'point': 1, 'proposition': 'favorable', 'texte': 'Oui.', 'voix': "
                          "[{'member': 1, 'vote': 'abstention'}]}"),
                     PIA_OK); /* adopts nothing: another vote follows */
    assert_int_equal(meet("statuer_interet", rule), PIA_CONFLICT);
    assert_non_null(strstr(bench.problem.detail, "has voted"));
    assert_int_equal(meet_as(THIRD, "declarer_interet", "{'point': 1, 'lien': 'autre'}"),
                     PIA_CONFLICT);
    assert_int_equal(
        meet("mettre_aux_voix", "{'point': 1, 'proposition': 'favorable', 'texte': 'Oui.'}"),
        PIA_OK);
    assert_int_equal(meet_as(SECOND, "declarer_interet", "{'point': 1, 'lien': 'autre'}"),
                     PIA_CONFLICT);
    assert_non_null(strstr(bench.problem.detail, "is given"));
}

static void a_ballot_keeps_the_seats_as_they_were(void **state)
{
    (void)state;
    open_session("Membre");
    assert_int_equal(vote("favorable", "for", "against"), PIA_OK);
    at("2026-12-10T14:05:00Z");
    assert_int_equal(meet("pointer", "{'presences': [{'member': 3, 'mode': 'absent'}]}"), PIA_OK);
    json_t *sitting = first_of("sittings"), *item = first_of("items");
    const json_t *seat = json_array_get(json_object_get(sitting, "seats"), 2);
    json_t *earlier = bench_parse("[{'mode': 'present', 'until': '2026-12-10T14:05:00.000Z'}]");
    assert_true(json_equal(json_object_get(seat, "earlier"), earlier));
    json_t *held =
        bench_parse("[{'member': 1, 'mode': 'present'}, {'member': 2, 'mode': 'present'}, "
                    "{'member': 3, 'mode': 'present'}]");
    const json_t *ballot = json_array_get(json_object_get(item, "ballots"), 0);
    assert_true(json_equal(json_object_get(ballot, "seats"), held));
    json_decref(sitting);
    json_decref(item);
    json_decref(earlier);
    json_decref(held);
    /* gone, and still one of those who voted */
    assert_int_equal(meet_as(THIRD, "exprimer_desaccord", "{'point': 1}"), PIA_OK);
}

static void who_came_after_the_vote_does_not_dissent(void **state)
{
    (void)state;
    open_session("Membre");
    assert_int_equal(meet("pointer", "{'presences': [{'member': 3, 'mode': 'absent'}]}"), PIA_OK);
    assert_int_equal(
        meet("mettre_aux_voix", "{'point': 1, 'proposition': 'favorable', 'texte': 'Oui.'}"),
        PIA_OK);
    assert_int_equal(meet("pointer", "{'presences': [{'member': 3, 'mode': 'present'}]}"), PIA_OK);
    assert_int_equal(meet_as(THIRD, "exprimer_desaccord", "{'point': 1}"), PIA_CONFLICT);
}

static void a_member_dissents_once_and_not_from_its_own_vote(void **state)
{
    (void)state;
    open_session("Membre");
    assert_int_equal(vote("favorable", "for", "against"), PIA_OK);
    assert_int_equal(meet_as(SECOND, "exprimer_desaccord", "{'point': 1}"), PIA_CONFLICT);
    assert_non_null(strstr(bench.problem.detail, "voted for"));
    assert_int_equal(meet_as(THIRD, "exprimer_desaccord", "{'point': 1}"), PIA_OK);
    assert_int_equal(meet_as(THIRD, "exprimer_desaccord", "{'point': 1}"), PIA_CONFLICT);
    assert_int_equal(meet("exprimer_desaccord", "{'point': 1, 'membre': 3}"), PIA_CONFLICT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, seated_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_renewed_mandate_overlaps_no_other),
        TEST(a_renewed_mandate_finds_a_seat_that_is_free),
        TEST(who_has_voted_declares_no_interest),
        TEST(a_ballot_keeps_the_seats_as_they_were),
        TEST(who_came_after_the_vote_does_not_dissent),
        TEST(a_member_dissents_once_and_not_from_its_own_vote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
