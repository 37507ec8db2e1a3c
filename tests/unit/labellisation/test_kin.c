/* test_kin.c - kinds beside dossiers and labels: children, what they move, who sees them. */
#include "pia_test.h"

#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "engine.h"
#include "kin.h"
#include "store_matter.h"

/* A dossier that is closed when each of its reviews is, and closes those that are left. */
static const char with_reviews[] =
    "{\"format\": 1, \"name\": \"avec-revues\", \"version\": 1, \"title\": \"Avec revues\","
    " \"themes\": [\"habitat\"], \"sectors\": [], \"machines\": {"
    " \"dossier\": {\"readers\": [\"secretariat\"], \"states\": ["
    "   {\"name\": \"ouvert\", \"label\": \"O\", \"initial\": true},"
    "   {\"name\": \"vu\", \"label\": \"V\"},"
    "   {\"name\": \"clos\", \"label\": \"C\", \"final\": true}],"
    "  \"transitions\": ["
    "   {\"name\": \"ouvrir\", \"label\": \"O\", \"from\": [], \"to\": \"ouvert\","
    "    \"roles\": [\"candidat\"]},"
    "   {\"name\": \"voir\", \"label\": \"V\", \"from\": [\"ouvert\"], \"to\": \"vu\"},"
    "   {\"name\": \"rappeler\", \"label\": \"R\", \"from\": [\"ouvert\"]},"
    "   {\"name\": \"clore\", \"label\": \"C\", \"from\": [\"ouvert\", \"vu\"], \"to\": \"clos\","
    "    \"roles\": [\"secretariat\"],"
    "    \"effects\": [{\"name\": \"move_children\", \"kind\": \"review\","
    "                   \"transition\": \"lever\"}]}],"
    "  \"timers\": [{\"name\": \"rappel\", \"label\": \"R\", \"states\": [\"ouvert\"],"
    "   \"after\": {\"days\": 5}, \"transition\": \"rappeler\"}]},"
    " \"review\": {\"readers\": [\"secretariat\"], \"states\": ["
    "   {\"name\": \"confie\", \"label\": \"C\", \"initial\": true},"
    "   {\"name\": \"leve\", \"label\": \"L\", \"final\": true},"
    "   {\"name\": \"rendu\", \"label\": \"R\", \"final\": true}],"
    "  \"transitions\": ["
    "   {\"name\": \"confier\", \"label\": \"C\", \"from\": [], \"to\": \"confie\","
    "    \"roles\": [\"secretariat\"], \"notify\": [\"person\"],"
    "    \"requires\": [{\"name\": \"delai\", \"label\": \"D\", \"type\": \"date\"}],"
    "    \"effects\": [{\"name\": \"record_fact\", \"fact\": \"delai\", \"data\": \"delai\"}]},"
    "   {\"name\": \"rendre\", \"label\": \"R\", \"from\": [\"confie\"], \"to\": \"rendu\","
    "    \"roles\": [\"reviewer\"],"
    "    \"effects\": [{\"name\": \"move_parent\", \"transition\": \"voir\"}]},"
    "   {\"name\": \"lapser\", \"label\": \"L\", \"from\": [\"confie\"], \"to\": \"leve\","
    "    \"effects\": [{\"name\": \"move_parent\", \"transition\": \"voir\"}]},"
    "   {\"name\": \"lever\", \"label\": \"L\", \"from\": [\"confie\"], \"to\": \"leve\"}],"
    "  \"timers\": [{\"name\": \"fin\", \"label\": \"F\", \"states\": [\"confie\"],"
    "   \"after\": {\"days\": 10}, \"transition\": \"lapser\"}]}}}";

static int setup(void **state)
{
    (void)state;
    bench_init(&bench, with_reviews);
    return 0;
}

/* Gives the dossier a review of this person, asked for by someone with these roles. */
static pia_status_t
confide(const char *dossier_id, const char *person, uint32_t roles, char ret_id[PIA_UUID_TEXT_SIZE])
{
    matter_t dossier;
    pia_principal_t asker = bench_person(ISM, roles, NULL);
    json_t *data = json_pack("{s:s}", "delai", "2027-01-15");
    bench_load(&bench, MACHINE_DOSSIER, dossier_id, &dossier);
    const act_t act = {
        .db = bench.db,
        .library = bench.library,
        .matter = &dossier,
        .principal = &asker,
        .effective_ms = bench.now_ms,
        .recorded_ms = bench.now_ms,
    };
    child_t review = {
        .kind = MACHINE_REVIEW,
        .transition = "confier",
        .person = person,
        .data = data,
        .asked = true,
    };
    pia_status_t status = matter_create_child(&act, &review, ret_id, &bench.problem);
    json_decref(data);
    matter_clear(&dossier);
    return status;
}

static pia_status_t
move_review(const char *id, const char *person, uint32_t role, const char *transition)
{
    matter_t review;
    pia_principal_t asker = bench_person(person, role, NULL);
    bench_load(&bench, MACHINE_REVIEW, id, &review);
    act_t act = {
        .db = bench.db,
        .library = bench.library,
        .matter = &review,
        .principal = &asker,
        .transition = machine_transition(review.machine, transition),
        .effective_ms = bench.now_ms,
        .recorded_ms = bench.now_ms,
    };
    pia_status_t status = matter_move(&act, review.version, &bench.problem);
    matter_clear(&review);
    return status;
}

static void a_child_is_of_its_parent_and_of_its_person(void **state)
{
    (void)state;
    char dossier[PIA_UUID_TEXT_SIZE], id[PIA_UUID_TEXT_SIZE];
    matter_t review;
    uint32_t roles;
    bench_create(&bench, "avec-revues", dossier);
    assert_int_equal(confide(dossier, REVIEWER_1, PIA_ROLE_SECRETARIAT, id), PIA_OK);
    bench_load(&bench, MACHINE_REVIEW, id, &review);
    assert_string_equal(review.parent, dossier);
    assert_int_equal(review.parent_kind, MACHINE_DOSSIER);
    assert_string_equal(review.structure, STRUCTURE);
    assert_string_equal(review.person, REVIEWER_1);
    assert_string_equal(json_string_value(json_object_get(review.facts, "delai")), "2027-01-15");
    pia_principal_t hers = bench_person(REVIEWER_1, PIA_ROLE_REVIEWER, NULL);
    pia_principal_t other = bench_person(REVIEWER_2, PIA_ROLE_REVIEWER, NULL);
    assert_int_equal(matter_roles(bench.db, &review, &hers, &roles), PIA_OK);
    assert_true(engine_sees(review.machine, roles));
    assert_int_equal(matter_roles(bench.db, &review, &other, &roles), PIA_OK);
    assert_false(engine_sees(review.machine, roles));
    matter_clear(&review);
    assert_int_equal(bench_announced(&bench, "review.created"), 1);
}

static void who_may_not_make_a_child_makes_none(void **state)
{
    (void)state;
    char dossier[PIA_UUID_TEXT_SIZE], id[PIA_UUID_TEXT_SIZE];
    bench_create(&bench, "avec-revues", dossier);
    assert_int_equal(confide(dossier, REVIEWER_1, PIA_ROLE_COMMITTEE, id), PIA_FORBIDDEN);
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM matter WHERE kind = 'review'"), 0);
}

static void a_childs_transition_moves_its_parent(void **state)
{
    (void)state;
    char dossier[PIA_UUID_TEXT_SIZE], id[PIA_UUID_TEXT_SIZE];
    bench_create(&bench, "avec-revues", dossier);
    assert_int_equal(confide(dossier, REVIEWER_1, PIA_ROLE_SECRETARIAT, id), PIA_OK);
    assert_int_equal(move_review(id, REVIEWER_2, PIA_ROLE_REVIEWER, "rendre"), PIA_FORBIDDEN);
    assert_int_equal(move_review(id, REVIEWER_1, PIA_ROLE_REVIEWER, "rendre"), PIA_OK);
    assert_state(dossier, "vu");
    assert_int_equal(bench_announced(&bench, "review.transitioned"), 1);
    assert_int_equal(bench_announced(&bench, "dossier.transitioned"), 1);
}

static void a_parents_transition_moves_the_children_whose_state_lets_it(void **state)
{
    (void)state;
    char dossier[PIA_UUID_TEXT_SIZE], filed[PIA_UUID_TEXT_SIZE], left[PIA_UUID_TEXT_SIZE];
    bench_create(&bench, "avec-revues", dossier);
    assert_int_equal(confide(dossier, REVIEWER_1, PIA_ROLE_SECRETARIAT, filed), PIA_OK);
    assert_int_equal(move_review(filed, REVIEWER_1, PIA_ROLE_REVIEWER, "rendre"), PIA_OK);
    assert_int_equal(confide(dossier, REVIEWER_2, PIA_ROLE_SECRETARIAT, left), PIA_OK);
    go(dossier, ISM, PIA_ROLE_SECRETARIAT, "clore", NULL);
    assert_string_equal(bench_state(&bench, MACHINE_REVIEW, filed), "rendu");
    assert_string_equal(bench_state(&bench, MACHINE_REVIEW, left), "leve");
}

/* How many of the dossier's reviews in this state (NULL: any) the list has, `limit` a page. */
static size_t listed(const matter_filter_t *filter)
{
    json_t *ids = NULL;
    assert_int_equal(store_matter_list(bench.db, MACHINE_REVIEW, filter, &ids), PIA_OK);
    size_t count = json_array_size(ids);
    json_decref(ids);
    return count;
}

/* The review's end moves its dossier, whose reminder was due before that: all of it long after. */
static void what_a_late_timer_leads_to_is_recorded_when_it_was(void **state)
{
    (void)state;
    static const int64_t day_ms = 86400000;
    char dossier[PIA_UUID_TEXT_SIZE], id[PIA_UUID_TEXT_SIZE];
    matter_t review;
    bench_create(&bench, "avec-revues", dossier);
    assert_int_equal(confide(dossier, REVIEWER_1, PIA_ROLE_SECRETARIAT, id), PIA_OK);
    bench.now_ms += 30 * day_ms;
    bench_load(&bench, MACHINE_REVIEW, id, &review);
    assert_int_equal(
        matter_catch_up(bench.db, bench.library, &review, bench.now_ms, &bench.problem), PIA_OK);
    matter_clear(&review);
    assert_state(dossier, "vu");
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM history WHERE number > 1"), 3);
    assert_int_equal(bench_integer(&bench, "SELECT MIN(recorded_at) FROM history WHERE number > 1"),
                     bench.now_ms);
    int64_t reminded_ms =
        bench_integer(&bench, "SELECT effective_at FROM history WHERE transition = 'rappeler'");
    int64_t seen_ms =
        bench_integer(&bench, "SELECT effective_at FROM history WHERE transition = 'voir'");
    assert_int_equal(seen_ms - reminded_ms, 5 * day_ms);
}

static void children_are_listed_by_parent_state_and_person(void **state)
{
    (void)state;
    char dossier[PIA_UUID_TEXT_SIZE], other[PIA_UUID_TEXT_SIZE], id[PIA_UUID_TEXT_SIZE];
    bench_create(&bench, "avec-revues", dossier);
    bench_create(&bench, "avec-revues", other);
    assert_int_equal(confide(dossier, REVIEWER_1, PIA_ROLE_SECRETARIAT, id), PIA_OK);
    assert_int_equal(confide(dossier, REVIEWER_2, PIA_ROLE_SECRETARIAT, id), PIA_OK);
    assert_int_equal(confide(other, REVIEWER_1, PIA_ROLE_SECRETARIAT, id), PIA_OK);
    assert_int_equal(move_review(id, REVIEWER_1, PIA_ROLE_REVIEWER, "rendre"), PIA_OK);
    assert_int_equal(listed(&(matter_filter_t){.parent = dossier, .after = "", .limit = 10}), 2);
    assert_int_equal(
        listed(&(matter_filter_t){.parent = other, .state = "confie", .after = "", .limit = 10}),
        0);
    assert_int_equal(
        listed(&(matter_filter_t){.structure = "", .person = REVIEWER_1, .after = "", .limit = 10}),
        2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_child_is_of_its_parent_and_of_its_person, setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(who_may_not_make_a_child_makes_none, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(a_childs_transition_moves_its_parent, setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(a_parents_transition_moves_the_children_whose_state_lets_it,
                                        setup, bench_teardown),
        cmocka_unit_test_setup_teardown(what_a_late_timer_leads_to_is_recorded_when_it_was, setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(children_are_listed_by_parent_state_and_person, setup,
                                        bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
