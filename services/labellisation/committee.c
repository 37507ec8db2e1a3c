/* committee.c - members and their mandates. */
#include "committee.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "matter.h"
#include "people.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "session_seat.h"
#include "store_matter.h"
#include "text.h"

const need_t committee_member_needs[] = {
    {"personne", DATUM_PERSONS, false},
    {"nom", DATUM_TEXT, false},
    {"qualite", DATUM_CHOICE, false},
    {"du", DATUM_DATE, false},
    {"au", DATUM_DATE, true},
    {"president", DATUM_BOOLEAN, true},
    {"consultatif", DATUM_BOOLEAN, true},
    {"themes", DATUM_CODES, true},
    {NULL, DATUM_TEXT, false},
};
const need_t committee_substitute_needs[] = {
    {"titulaire", DATUM_INTEGER, false},
    {"personne", DATUM_PERSONS, false},
    {"nom", DATUM_TEXT, false},
    {"du", DATUM_DATE, false},
    {"au", DATUM_DATE, true},
    {NULL, DATUM_TEXT, false},
};
const need_t committee_end_needs[] = {
    {"membre", DATUM_INTEGER, false}, {"fin", DATUM_DATE, false}, {NULL, DATUM_TEXT, false}};
const need_t committee_renew_needs[] = {
    {"membre", DATUM_INTEGER, false}, {"au", DATUM_DATE, false}, {NULL, DATUM_TEXT, false}};

/* The members, made if there are none yet. */
static json_t *members_of(matter_t *committee)
{
    json_t *members = json_object_get(committee->facts, "members");
    if (!members) {
        members = json_array();
        json_object_set_new(committee->facts, "members", members);
    }
    return members;
}

/* Days as ISO texts compare as they follow each other. */
static bool is_in_office(const json_t *member, const char *day)
{
    const char *until = pia_json_text(member, "until");
    return strcmp(pia_json_text(member, "from"), day) <= 0 && (!until || strcmp(day, until) <= 0);
}

/* Whether the mandate has a day in common with the time from `from` to `until` (NULL: no end). */
static bool overlaps(const json_t *member, const char *from, const char *until)
{
    const char *last = pia_json_text(member, "until");
    return (!last || strcmp(from, last) <= 0) &&
           (!until || strcmp(pia_json_text(member, "from"), until) <= 0);
}

static json_t *find_member(const act_t *act, const char *datum, pia_problem_t *problem)
{
    int64_t number = pia_json_integer(act->data, datum);
    json_t *members = members_of(act->matter);
    char at[PIA_POINTER_MAX];
    (void)snprintf(at, sizeof at, "/data/%s", datum);
    for (size_t i = 0; i < json_array_size(members); i++)
        if (pia_json_integer(json_array_get(members, i), "number") == number)
            return json_array_get(members, i);
    (void)pia_problem_set(problem, PIA_INVALID, at, "the committee has no member of this number");
    return NULL;
}

static pia_status_t check_person(const act_t *act, const char *id, pia_problem_t *problem)
{
    person_t person;
    pia_status_t status = people_find(act->db, id, &person);
    if (status == PIA_NOT_FOUND)
        return pia_problem_set(problem, PIA_INVALID, "/data/personne", "there is no such person");
    if (status == PIA_UNAVAILABLE)
        return pia_problem_set(problem, status, "/data/personne",
                               "this person is not known here yet: try again shortly");
    if (status == PIA_OK && (person.roles & PIA_ROLE_COMMITTEE) == 0)
        return pia_problem_set(problem, PIA_INVALID, "/data/personne",
                               "this person does not have the role committee");
    return status;
}

/* A mandate that is to run. */
typedef struct {
    const char *person, *from, *until; /* until NULL: no end */
    bool chair;
    const json_t *own; /* the member that has it already, or NULL */
    const char *at;    /* the datum that is wrong if somebody is in the way */
} mandate_t;

/* Nobody sits twice, there is one chair, and a sitting has room for all. */
static pia_status_t
check_overlaps(const act_t *act, const mandate_t *mandate, pia_problem_t *problem)
{
    const json_t *members = members_of(act->matter);
    size_t seats = 0;
    for (size_t i = 0; i < json_array_size(members); i++) {
        const json_t *member = json_array_get(members, i);
        if (member == mandate->own || !overlaps(member, mandate->from, mandate->until))
            continue;
        seats++;
        if (strcmp(pia_json_text(member, "person"), mandate->person) == 0)
            return pia_problem_set(problem, PIA_CONFLICT, mandate->at,
                                   "this person is in office as number %lld",
                                   (long long)pia_json_integer(member, "number"));
        if (mandate->chair && json_is_true(json_object_get(member, "chair")))
            return pia_problem_set(
                problem, PIA_CONFLICT, mandate->own ? mandate->at : "/data/president",
                "number %lld holds the chair", (long long)pia_json_integer(member, "number"));
    }
    if (seats >= SEATS_MAX)
        return pia_problem_set(problem, PIA_CONFLICT, mandate->at,
                               "at most %d members and suppléants at a time", SEATS_MAX);
    return PIA_OK;
}

static pia_status_t check_term(const act_t *act, pia_problem_t *problem)
{
    const char *until = pia_json_text(act->data, "au");
    if (until && strcmp(until, pia_json_text(act->data, "du")) < 0)
        return pia_problem_set(problem, PIA_INVALID, "/data/au", "is before the mandate begins");
    return PIA_OK;
}

/* What members and suppléants have in common. */
static pia_status_t add(const act_t *act, json_t *member, bool chair, pia_problem_t *problem)
{
    json_t *members = members_of(act->matter);
    const json_t *persons = json_object_get(act->data, "personne");
    const char *person = json_string_value(json_array_get(persons, 0));
    pia_status_t status = PIA_OK;
    if (json_array_size(persons) != 1)
        status = pia_problem_set(problem, PIA_INVALID, "/data/personne", "is one person");
    if (status == PIA_OK)
        status = check_term(act, problem);
    if (status == PIA_OK)
        status = check_person(act, person, problem);
    if (status == PIA_OK && json_array_size(members) >= COMMITTEE_MEMBERS_MAX)
        status = pia_problem_set(problem, PIA_CONFLICT, "/data/personne",
                                 "at most %d mandates in all", COMMITTEE_MEMBERS_MAX);
    const mandate_t mandate = {.person = person,
                               .from = pia_json_text(act->data, "du"),
                               .until = pia_json_text(act->data, "au"),
                               .chair = chair,
                               .at = "/data/personne"};
    if (status == PIA_OK)
        status = check_overlaps(act, &mandate, problem);
    if (status != PIA_OK) {
        json_decref(member);
        return status;
    }
    const json_t *name = json_object_get(act->record, "nom");
    json_object_set_new(member, "number", json_integer((json_int_t)json_array_size(members) + 1));
    json_object_set_new(member, "person", json_string(person));
    json_object_set(member, "nom", json_object_get(name, "blake2b"));
    json_object_set(member, "from", json_object_get(act->data, "du"));
    if (json_object_get(act->data, "au"))
        json_object_set(member, "until", json_object_get(act->data, "au"));
    json_array_append_new(members, member);
    return PIA_OK;
}

pia_status_t committee_name_member(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    const json_t *themes = json_object_get(act->data, "themes");
    bool chair = json_is_true(json_object_get(act->data, "president"));
    bool votes = !json_is_true(json_object_get(act->data, "consultatif"));
    for (size_t i = 0; i < json_array_size(themes); i++)
        if (!names_have(act->matter->definition->themes,
                        json_string_value(json_array_get(themes, i))))
            return pia_problem_set(problem, PIA_INVALID, "/data/themes",
                                   "the process definition has no such theme");
    if (chair && themes)
        return pia_problem_set(problem, PIA_INVALID, "/data/themes", "the chair is permanent");
    json_t *member = json_pack("{s:O, s:b, s:b}", "capacity", json_object_get(act->data, "qualite"),
                               "votes", votes, "chair", chair);
    if (themes)
        json_object_set(member, "themes", (json_t *)themes);
    return add(act, member, chair, problem);
}

pia_status_t committee_name_substitute(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const json_t *member = find_member(act, "titulaire", problem);
    if (!member)
        return PIA_INVALID;
    if (json_object_get(member, "substitute_of"))
        return pia_problem_set(problem, PIA_INVALID, "/data/titulaire",
                               "a suppléant has no suppléant");
    if (strcmp(pia_json_text(member, "capacity"), pia_json_text(parameters, "value")) == 0)
        return pia_problem_set(problem, PIA_CONFLICT, "/data/titulaire",
                               "a qualified person has no suppléant (CRPA R133-3, 3°)");
    json_t *substitute =
        json_pack("{s:O, s:O, s:b, s:b}", "substitute_of", json_object_get(member, "number"),
                  "capacity", json_object_get(member, "capacity"), "votes", false, "chair", false);
    return add(act, substitute, false, problem);
}

pia_status_t committee_end_mandate(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    json_t *member = find_member(act, "membre", problem);
    const char *end = pia_json_text(act->data, "fin");
    if (!member)
        return PIA_INVALID;
    const char *until = pia_json_text(member, "until");
    if (strcmp(end, pia_json_text(member, "from")) < 0 || (until && strcmp(end, until) > 0))
        return pia_problem_set(problem, PIA_INVALID, "/data/fin", "is not within the mandate");
    json_object_set_new(member, "until", json_string(end));
    return PIA_OK;
}

pia_status_t committee_renew_mandate(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    json_t *member = find_member(act, "membre", problem);
    if (!member)
        return PIA_INVALID;
    const char *until = pia_json_text(member, "until"), *end = pia_json_text(act->data, "au");
    if (!until || strcmp(end, until) <= 0)
        return pia_problem_set(problem, PIA_INVALID, "/data/au",
                               "is not after the last day of the mandate");
    const mandate_t mandate = {.person = pia_json_text(member, "person"),
                               .from = pia_json_text(member, "from"),
                               .until = end,
                               .chair = json_is_true(json_object_get(member, "chair")),
                               .own = member,
                               .at = "/data/au"};
    pia_status_t status = check_overlaps(act, &mandate, problem);
    if (status == PIA_OK)
        json_object_set_new(member, "until", json_string(end));
    return status;
}

static bool is_over(const matter_t *committee)
{
    return committee->machine->states[committee->state].final;
}

pia_status_t committee_absent(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    enum { PAGE = 100 };
    const definition_t *definition = act->matter->definition;
    char after[PIA_UUID_TEXT_SIZE] = "";
    matter_filter_t filter = {.after = after, .limit = PAGE};
    size_t count = PAGE + 1;
    bool found = false;
    pia_status_t status = PIA_OK;
    while (status == PIA_OK && !found && count > PAGE) {
        json_t *ids = NULL;
        status = store_matter_list(act->db, MACHINE_COMMITTEE, &filter, &ids);
        count = json_array_size(ids);
        for (size_t i = 0; status == PIA_OK && !found && i < count && i < PAGE; i++) {
            matter_t committee;
            (void)snprintf(after, sizeof after, "%s", json_string_value(json_array_get(ids, i)));
            status =
                matter_load(act->db, act->library, MACHINE_COMMITTEE, after, &committee, problem);
            if (status != PIA_OK)
                break;
            found =
                !is_over(&committee) && strcmp(committee.definition->name, definition->name) == 0;
            matter_clear(&committee);
        }
        json_decref(ids);
    }
    if (status == PIA_OK && found)
        return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                               "the committee gives its opinion in a meeting");
    return status;
}

static bool is_called(const json_t *member, const json_t *themes)
{
    const json_t *own = json_object_get(member, "themes");
    for (size_t i = 0; i < json_array_size(own); i++)
        if (names_have(themes, json_string_value(json_array_get(own, i))))
            return true;
    return !own;
}

static json_t *substitutes_of(const json_t *members, const json_t *number, const char *day)
{
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(members); i++) {
        const json_t *member = json_array_get(members, i);
        if (json_equal(json_object_get(member, "substitute_of"), number) &&
            is_in_office(member, day))
            json_array_append_new(list, json_pack("{s:O, s:O, s:O}", "member",
                                                  json_object_get(member, "number"), "person",
                                                  json_object_get(member, "person"), "nom",
                                                  json_object_get(member, "nom")));
    }
    return list;
}

json_t *committee_seats(const matter_t *committee, const char *day, const json_t *themes)
{
    const json_t *members = json_object_get(committee->facts, "members");
    json_t *seats = json_array();
    for (size_t i = 0; i < json_array_size(members); i++) {
        const json_t *member = json_array_get(members, i);
        if (json_object_get(member, "substitute_of") || !is_in_office(member, day) ||
            !is_called(member, themes))
            continue;
        static const char *const copied[] = {"person", "nom", "capacity", "votes", "chair"};
        json_t *seat = json_pack("{s:O}", "member", json_object_get(member, "number"));
        for (size_t j = 0; j < sizeof copied / sizeof copied[0]; j++)
            json_object_set(seat, copied[j], json_object_get(member, copied[j]));
        if (json_object_get(member, "themes"))
            json_object_set(seat, "themes", json_object_get(member, "themes"));
        json_t *substitutes = substitutes_of(members, json_object_get(member, "number"), day);
        if (json_array_size(substitutes) > 0)
            json_object_set(seat, "substitutes", substitutes);
        json_decref(substitutes);
        json_array_append_new(seats, seat);
    }
    return seats;
}

int64_t committee_number_of(const matter_t *committee, const char *person, const char *day)
{
    const json_t *members = json_object_get(committee->facts, "members");
    for (size_t i = 0; i < json_array_size(members); i++) {
        const json_t *member = json_array_get(members, i);
        if (strcmp(pia_json_text(member, "person"), person) == 0 && is_in_office(member, day))
            return pia_json_integer(member, "number");
    }
    return 0;
}

void committee_add_persons(const matter_t *committee, const char *day, json_t *persons)
{
    const json_t *members = json_object_get(committee->facts, "members");
    for (size_t i = 0; i < json_array_size(members); i++)
        if (is_in_office(json_array_get(members, i), day))
            json_array_append(persons, json_object_get(json_array_get(members, i), "person"));
}

pia_status_t committee_name(pia_db_t *db, const char *hash, char **ret_name)
{
    pia_status_t status = hash ? text_get(db, hash, ret_name) : PIA_NOT_FOUND;
    if (status != PIA_NOT_FOUND)
        return status;
    *ret_name = pia_strdup("");
    return PIA_OK;
}

static pia_status_t
view_member(pia_db_t *db, const json_t *member, const char *today, json_t *members)
{
    char *name = NULL;
    pia_status_t status = committee_name(db, pia_json_text(member, "nom"), &name);
    if (status != PIA_OK)
        return status;
    json_t *json = json_deep_copy(member);
    json_object_del(json, "nom");
    json_object_set_new(json, "name", json_string(name));
    json_object_set_new(json, "in_office", json_boolean(is_in_office(member, today)));
    json_array_append_new(members, json);
    free(name);
    return PIA_OK;
}

pia_status_t view_committee_card(pia_db_t *db,
                                 const matter_t *committee,
                                 const pia_principal_t *principal,
                                 uint32_t roles,
                                 json_t **ret_json)
{
    (void)db;
    (void)principal;
    json_t *json = view_matter(committee, roles);
    json_object_del(json, "facts");
    json_object_set_new(
        json, "rules",
        json_string(committee->definition->committee.mandatory ? "mandatory" : "by_choice"));
    if (json_object_get(committee->card, "act"))
        json_object_set(json, "act", json_object_get(committee->card, "act"));
    *ret_json = json;
    return PIA_OK;
}

pia_status_t view_committee(pia_db_t *db,
                            const matter_t *committee,
                            const pia_principal_t *principal,
                            uint32_t roles,
                            json_t **ret_json)
{
    const json_t *list = json_object_get(committee->facts, "members");
    json_t *json = NULL, *members = json_array();
    char today[DAY_TEXT_SIZE];
    day_format(day_of(pia_clock_now()), today);
    pia_status_t status = view_committee_card(db, committee, principal, roles, &json);
    for (size_t i = 0; status == PIA_OK && i < json_array_size(list); i++)
        status = view_member(db, json_array_get(list, i), today, members);
    json_object_set_new(json, "members", members);
    if (status == PIA_OK)
        *ret_json = json;
    else
        json_decref(json);
    return status;
}
