/* test_quorum.c - who takes part, quorum, majority, mandates: tables over the pure parts. */
#include "pia_test.h"

#include <stdlib.h>
#include <string.h>

#include "ballot.h"
#include "session_seat.h"

static void a_majority_is_counted_by_the_book(void **state)
{
    (void)state;
    static const struct {
        int64_t entitled, in_favour, against;
        chair_vote_t chair;
        bool by_votes, adopted, casting;
    } rows[] = {
        {5, 3, 2, CHAIR_SILENT, false, true, false},
        {5, 2, 1, CHAIR_FOR, false, false, false}, /* abstentions count: 2 of 5 */
        {5, 2, 1, CHAIR_SILENT, true, true, false},
        {4, 2, 2, CHAIR_SILENT, false, false, false},
        {4, 2, 2, CHAIR_FOR, false, true, true},
        {4, 2, 2, CHAIR_AGAINST, false, false, true},
        {6, 2, 2, CHAIR_FOR, false, true, true}, /* equal numbers, with two abstentions */
        {6, 2, 2, CHAIR_FOR, true, true, true},
        {6, 0, 0, CHAIR_SILENT, true, false, false},
        {6, 0, 0, CHAIR_SILENT, false, false, false},
        {1, 1, 0, CHAIR_FOR, false, true, false},
        {2, 1, 0, CHAIR_FOR, false, false, false},
        {3, 0, 3, CHAIR_AGAINST, false, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool casting = !rows[i].casting;
        const ballot_t ballot = {.entitled = rows[i].entitled,
                                 .in_favour = rows[i].in_favour,
                                 .against = rows[i].against,
                                 .chair = rows[i].chair,
                                 .by_votes = rows[i].by_votes};
        if (ballot_adopts(&ballot, &casting) != rows[i].adopted || casting != rows[i].casting)
            fail_msg("row %zu", i);
    }
}

/* Seats from JSON with single quotes, without the ends of the array. */
static json_t *parse(const char *text)
{
    char *copy = strdup(text);
    for (char *at = copy; *at; at++)
        if (*at == '\'')
            *at = '"';
    json_t *json = json_loads(copy, 0, NULL);
    assert_non_null(json);
    free(copy);
    return json;
}

#define SEAT(number, mode) "{'member':" #number ",'votes':true,'mode':'" mode "'}"
#define HELD(number, mode, by) "{'member':" #number ",'votes':true,'mode':'" mode "','by':" #by "}"

static void a_quorum_is_half_of_the_formation(void **state)
{
    (void)state;
    static const struct {
        const char *seats, *interests, *themes;
        int64_t composing, taking_part;
        bool met;
    } rows[] = {
        {"[" SEAT(1, "present") "," SEAT(2, "absent") "]", "[]", "[]", 2, 1, true},
        {"[" SEAT(1, "present") "," SEAT(2, "absent") "," SEAT(3, "absent") "]", "[]", "[]", 3, 1,
         false},
        {"[" SEAT(1, "remote") "," HELD(2, "represented", 1) "," SEAT(3, "absent") "]", "[]", "[]",
         3, 2, true},
        {"[" HELD(1, "substituted", 9) "," SEAT(2, "absent") "]", "[]", "[]", 2, 1, true},
        /* recused: still a member, takes no part; a suppléant's interest is its own */
        {"[" SEAT(1, "present") "," SEAT(2, "absent") "]", "[{'member':1,'ruling':'recused'}]",
         "[]", 2, 0, false},
        {"[" SEAT(1, "present") "," SEAT(2, "absent") "]", "[{'member':1,'ruling':'dismissed'}]",
         "[]", 2, 1, true},
        {"[" HELD(1, "substituted", 9) "]", "[{'member':1,'ruling':'recused'}]", "[]", 1, 1, true},
        {"[" HELD(1, "substituted", 9) "]", "[{'member':9,'ruling':'recused'}]", "[]", 1, 0, false},
        /* members called for other themes, and those without a vote, do not compose it */
        {"[" SEAT(1, "present") ",{'member':2,'votes':true,'themes':['arts'],'mode':'absent'}]",
         "[]", "['sante']", 1, 1, true},
        {"[" SEAT(1, "absent") ",{'member':2,'votes':true,'themes':['arts'],'mode':'present'}]",
         "[]", "['arts']", 2, 1, true},
        {"[" SEAT(1, "absent") ",{'member':2,'votes':false,'mode':'present'}]", "[]", "[]", 1, 0,
         false},
        {"[]", "[]", "[]", 0, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *json = parse(rows[i].seats), *interests = parse(rows[i].interests);
        json_t *themes = parse(rows[i].themes);
        const seat_item_t item = {.themes = themes, .interests = interests};
        seats_t seats;
        quorum_t quorum;
        seats_read(json, &seats);
        seats_count(&seats, &item, &quorum);
        if (quorum.composing != rows[i].composing || quorum.taking_part != rows[i].taking_part ||
            quorum.met != rows[i].met)
            fail_msg("row %zu: %d of %d", i, (int)quorum.taking_part, (int)quorum.composing);
        json_decref(json);
        json_decref(interests);
        json_decref(themes);
    }
}

static void mandates_and_suppleants_keep_to_the_rules(void **state)
{
    (void)state;
    static const struct {
        const char *seats;
        pia_status_t status;
        const char *says;
    } rows[] = {
        {"[" SEAT(1, "present") "," HELD(2, "represented", 1) "]", PIA_OK, ""},
        {"[" HELD(1, "represented", 1) "]", PIA_INVALID, "another member"},
        {"[" SEAT(1, "absent") "," HELD(2, "represented", 1) "]", PIA_INVALID, "does not attend"},
        {"[" HELD(1, "represented", 2) "," HELD(2, "represented", 1) "]", PIA_INVALID,
         "does not attend"},
        {"[" SEAT(1, "present") "," HELD(2, "represented", 1) "," HELD(3, "represented", 1) "]",
         PIA_INVALID, "R133-9"},
        {"[" HELD(1, "represented", 7) "]", PIA_INVALID, "another member"},
        {"[" HELD(1, "substituted", 9) "]", PIA_INVALID, "R133-3"},
        {"[{'member':1,'mode':'substituted','by':9,'substitutes':[{'member':9}]}]", PIA_OK, ""},
        {"[{'member':1,'mode':'substituted','by':9,'substitutes':[{'member':9}]},"
         "{'member':2,'mode':'represented','by':1}]",
         PIA_OK, ""},
        {"[{'member':1,'mode':'present','substitutes':[{'member':9}]},"
         "{'member':2,'mode':'substituted','by':9}]",
         PIA_INVALID, "R133-3"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *json = parse(rows[i].seats);
        seats_t seats;
        pia_problem_t problem = {.detail = ""};
        seats_read(json, &seats);
        pia_status_t status = PIA_OK;
        for (size_t j = 0; status == PIA_OK && j < seats.count; j++)
            status = seat_check(&seats, &seats.seats[j], "/data", &problem);
        if (status != rows[i].status || !strstr(problem.detail, rows[i].says))
            fail_msg("row %zu: %s", i, problem.detail);
        json_decref(json);
    }
}

/* A mandate votes while who holds it takes part; an interest that nobody ruled upon is found. */
static void a_mandate_is_worth_what_its_holder_may_do(void **state)
{
    (void)state;
    json_t *json = parse("[" SEAT(1, "present") "," HELD(2, "represented", 1) "]");
    json_t *holder = parse("[{'member':1,'ruling':'recused'}]");
    json_t *giver = parse("[{'member':2}]");
    seats_t seats;
    seats_read(json, &seats);
    const seat_item_t none = {.interests = NULL}, out = {.interests = holder},
                      open = {.interests = giver};
    assert_true(seat_may_vote(&seats, &seats.seats[1], &none));
    assert_false(seat_may_vote(&seats, &seats.seats[1], &out));
    assert_null(seats_find_unruled(&seats, &out));
    assert_ptr_equal(seats_find_unruled(&seats, &open), &seats.seats[1]);
    assert_int_equal(seat_actor(&seats.seats[1]), 1);
    json_decref(json);
    json_decref(holder);
    json_decref(giver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_majority_is_counted_by_the_book),
        cmocka_unit_test(a_quorum_is_half_of_the_formation),
        cmocka_unit_test(mandates_and_suppleants_keep_to_the_rules),
        cmocka_unit_test(a_mandate_is_worth_what_its_holder_may_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
