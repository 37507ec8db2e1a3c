/* test_committee.c - who sits on a day, and when a convocation is in time: tables. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "committee.h"
#include "matter.h"
#include "pia/clock.h"
#include "session.h"

/* JSON with single quotes. */
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

static const char members[] =
    "{'members': ["
    "{'number': 1, 'person': 'a', 'from': '2026-01-01', 'votes': true, 'chair': true},"
    "{'number': 2, 'person': 'b', 'from': '2026-03-01', 'until': '2026-06-30', 'votes': true},"
    "{'number': 3, 'person': 'c', 'from': '2026-01-01', 'themes': ['arts'], 'votes': true},"
    "{'number': 4, 'person': 'd', 'nom': 'x', 'from': '2026-04-01', 'until': '2026-04-30', "
    " 'substitute_of': 2}]}";

/* Who sits: numbers, a suppléant after a slash. */
static void describe(const json_t *seats, char ret_text[64])
{
    size_t used = 0;
    ret_text[0] = '\0';
    for (size_t i = 0; i < json_array_size(seats); i++) {
        const json_t *seat = json_array_get(seats, i);
        const json_t *substitutes = json_object_get(seat, "substitutes");
        used += (size_t)snprintf(ret_text + used, 64 - used, "%s%lld", used ? " " : "",
                                 json_integer_value(json_object_get(seat, "member")));
        if (json_array_size(substitutes) > 0)
            used += (size_t)snprintf(
                ret_text + used, 64 - used, "/%lld",
                json_integer_value(json_object_get(json_array_get(substitutes, 0), "member")));
    }
}

static void mandates_run_from_their_first_to_their_last_day(void **state)
{
    (void)state;
    static const struct {
        const char *day, *themes, *sits;
    } rows[] = {
        {"2025-12-31", "[]", ""},
        {"2026-01-01", "[]", "1"},
        {"2026-01-01", "['arts']", "1 3"},
        {"2026-01-01", "['sante']", "1"},
        {"2026-02-28", "[]", "1"},
        {"2026-03-01", "[]", "1 2"},
        {"2026-03-31", "['sante', 'arts']", "1 2 3"},
        {"2026-04-01", "[]", "1 2/4"},
        {"2026-04-30", "[]", "1 2/4"},
        {"2026-05-01", "[]", "1 2"},
        {"2026-06-30", "[]", "1 2"},
        {"2026-07-01", "[]", "1"},
        {"2099-12-31", "[]", "1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const matter_t committee = {.facts = parse(members)};
        json_t *themes = parse(rows[i].themes);
        json_t *seats = committee_seats(&committee, rows[i].day, themes);
        char text[64];
        describe(seats, text);
        if (strcmp(text, rows[i].sits) != 0)
            fail_msg("on %s: %s", rows[i].day, text);
        json_decref(seats);
        json_decref(themes);
        json_decref(committee.facts);
    }
}

static void a_person_has_a_number_while_in_office(void **state)
{
    (void)state;
    const matter_t committee = {.facts = parse(members)};
    assert_int_equal(committee_number_of(&committee, "b", "2026-03-01"), 2);
    assert_int_equal(committee_number_of(&committee, "b", "2026-07-01"), 0);
    assert_int_equal(committee_number_of(&committee, "d", "2026-04-15"), 4);
    assert_int_equal(committee_number_of(&committee, "nobody", "2026-04-15"), 0);
    json_decref(committee.facts);
}

/* Days are those of Paris, and five of them lie between reception and meeting. */
static void a_convocation_is_received_five_days_before(void **state)
{
    (void)state;
    static const struct {
        const char *now, *data;
        bool mandatory;
        pia_status_t status;
        const char *says;
    } rows[] = {
        {"2026-12-05T09:00:00Z", "{}", true, PIA_OK, ""},
        {"2026-12-05T22:59:59Z", "{}", true, PIA_OK, ""},
        {"2026-12-05T23:00:00Z", "{}", true, PIA_CONFLICT, "2026-12-05"}, /* the 6th in Paris */
        {"2026-12-06T09:00:00Z", "{}", false, PIA_OK, ""},
        {"2026-12-01T09:00:00Z", "{'reception': '2026-12-05'}", true, PIA_OK, ""},
        {"2026-12-01T09:00:00Z", "{'reception': '2026-12-06'}", true, PIA_CONFLICT, "R133-8"},
        {"2026-12-06T09:00:00Z", "{'reception': '2026-12-01'}", true, PIA_CONFLICT, "2026-12-10"},
        {"2026-12-10T09:00:00Z", "{'urgence': true, 'motifs': 'Le silence.'}", true, PIA_OK, ""},
        {"2026-12-10T09:00:00Z", "{'urgence': true}", true, PIA_CONFLICT, "reasons"},
        {"2026-12-10T09:00:00Z", "{'urgence': false}", true, PIA_CONFLICT, "R133-8"},
        {"2026-12-10T09:00:00Z", "{'jour': '2026-12-15'}", true, PIA_OK, ""},
        {"2026-12-10T09:00:00Z", "{'jour': '2026-12-14'}", true, PIA_CONFLICT, "2026-12-09"},
    };
    json_t *parameters = parse("{'name': 'convened_in_time', 'rule': 'convocation'}");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const definition_t definition = {.committee = {.mandatory = rows[i].mandatory}};
        matter_t session = {.definition = &definition, .facts = parse("{'day': '2026-12-10'}")};
        json_t *data = parse(rows[i].data);
        act_t act = {.matter = &session, .data = data};
        pia_problem_t problem = {.detail = ""};
        assert_true(pia_time_parse(rows[i].now, &act.effective_ms));
        if (session_convened_in_time(&act, parameters, &problem) != rows[i].status ||
            !strstr(problem.detail, rows[i].says))
            fail_msg("row %zu: %s", i, problem.detail);
        json_decref(data);
        json_decref(session.facts);
    }
    json_decref(parameters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mandates_run_from_their_first_to_their_last_day),
        cmocka_unit_test(a_person_has_a_number_while_in_office),
        cmocka_unit_test(a_convocation_is_received_five_days_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
