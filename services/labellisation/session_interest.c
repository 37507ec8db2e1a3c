/* session_interest.c - members' interests in the items of an agenda: found, declared, ruled upon
 * (CRPA R133-12). */
#include <stdio.h>
#include <string.h>

#include "committee.h"
#include "day.h"
#include "people.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "review.h"
#include "reviewer.h"
#include "session.h"

enum { INTERESTS_MAX = 256 }; /* of an item */

const need_t session_declare_needs[] = {
    {"point", DATUM_INTEGER, false}, {"lien", DATUM_CHOICE, false}, {NULL, DATUM_TEXT, false}};
const need_t session_rule_needs[] = {{"point", DATUM_INTEGER, false},
                                     {"membre", DATUM_INTEGER, false},
                                     {"suite", DATUM_CHOICE, false},
                                     {"lien", DATUM_CHOICE, true},
                                     {NULL, DATUM_TEXT, false}};

/* What a member declared as a reviewer of the dossier. */
static const char SQL_DECLARED[] =
    "SELECT matter.facts FROM review JOIN matter ON matter.id = review.id WHERE review.matter = $1 "
    "AND review.reviewer = $2 AND review.interested = 1 ORDER BY review.number";

json_t *session_interest(const json_t *item, int64_t member)
{
    const json_t *interests = json_object_get(item, "interests");
    for (size_t i = 0; i < json_array_size(interests); i++) {
        json_t *interest = json_array_get(interests, i);
        if (json_integer_value(json_object_get(interest, "member")) == member)
            return interest;
    }
    return NULL;
}

void session_set_interest(json_t *item, int64_t member, const char *kind, const char *source)
{
    json_t *interests = json_object_get(item, "interests");
    json_t *interest = session_interest(item, member);
    if (!interest && json_array_size(interests) >= INTERESTS_MAX)
        return;
    if (!interest) {
        interest = json_pack("{s:I}", "member", (json_int_t)member);
        json_array_append_new(interests, interest);
    }
    json_object_set_new(interest, "kind", json_string(kind));
    json_object_set_new(interest, "source", json_string(source));
}

/* A person who may sit, and what is known of it. */
typedef struct {
    const act_t *act;
    int64_t member;
    const char *id;
    person_t person;
} sitter_t;

/* The link that this person declared as a reviewer of the dossier; "" if none. */
static pia_status_t
find_declared(const sitter_t *sitter, const char *dossier, char ret_link[PIA_POINTER_MAX])
{
    pia_stmt_t *stmt = pia_db_prepare(sitter->act->db, SQL_DECLARED);
    pia_stmt_text(stmt, 1, dossier);
    pia_stmt_text(stmt, 2, sitter->id);
    pia_status_t status;
    ret_link[0] = '\0';
    while ((status = pia_stmt_step(stmt)) == PIA_OK) {
        json_t *facts = json_loads(pia_stmt_column_text(stmt, 0), 0, NULL);
        const char *link = pia_json_text(facts, "lien");
        (void)snprintf(ret_link, PIA_POINTER_MAX, "%s", link ? link : "autre");
        json_decref(facts);
    }
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

static pia_status_t find_for_item(const sitter_t *sitter, json_t *item)
{
    const act_t *act = sitter->act;
    const char *structure = pia_json_text(item, "structure"),
               *dossier = pia_json_text(item, "dossier");
    char declared[PIA_POINTER_MAX];
    const char *link = NULL;
    if (!structure || session_interest(item, sitter->member))
        return PIA_OK;
    if (strcmp(sitter->person.structure, structure) == 0) {
        session_set_interest(item, sitter->member, "meme_structure", "registry");
        return PIA_OK;
    }
    pia_status_t status =
        reviewer_link(act->db, sitter->id, structure, day_of(act->effective_ms), &link);
    if (status == PIA_OK && link)
        session_set_interest(item, sitter->member, link, "links");
    if (status != PIA_OK || link)
        return status;
    status = find_declared(sitter, dossier, declared);
    if (status == PIA_OK && declared[0] != '\0')
        session_set_interest(item, sitter->member, declared, "review");
    return status;
}

/* In the items that the sitter's seat is called for. */
static pia_status_t
find_for_sitter(const act_t *act, const seat_t *seat, const json_t *who, pia_problem_t *problem)
{
    const json_t *items = json_object_get(act->matter->facts, "items");
    sitter_t sitter = {
        .act = act,
        .member = json_integer_value(json_object_get(who, "member")),
        .id = pia_json_text(who, "person"),
    };
    pia_status_t status = people_find(act->db, sitter.id, &sitter.person);
    if (status == PIA_NOT_FOUND || (status == PIA_UNAVAILABLE && !pia_db_is_retryable(act->db)))
        status =
            pia_problem_set(problem, PIA_CONFLICT, "/transition",
                            "member %lld is not known at the registry", (long long)sitter.member);
    for (size_t i = 0; status == PIA_OK && i < json_array_size(items); i++) {
        json_t *item = json_array_get(items, i);
        const seat_item_t called = session_seat_item(item);
        if (seat_is_called(seat, &called))
            status = find_for_item(&sitter, item);
    }
    return status;
}

pia_status_t session_find_interests(const act_t *act, const json_t *seats, pia_problem_t *problem)
{
    seats_t read;
    pia_status_t status = PIA_OK;
    seats_read(seats, &read);
    for (size_t i = 0; status == PIA_OK && i < read.count; i++) {
        const seat_t *seat = &read.seats[i];
        status = find_for_sitter(act, seat, json_array_get(seats, i), problem);
        for (size_t j = 0; status == PIA_OK && j < json_array_size(seat->substitutes); j++)
            status = find_for_sitter(act, seat, json_array_get(seat->substitutes, j), problem);
    }
    return status;
}

/* Who is recused from a dossier reads nothing inside it (review.h). */
static pia_status_t bar(const act_t *act, const json_t *item, const char *person, bool recused)
{
    const char *dossier = pia_json_text(item, "dossier");
    return dossier && person ? review_recuse(act->db, dossier, person, act->matter->id, recused)
                             : PIA_OK;
}

/* An interest is settled before the member votes: not once the opinion is given, nor after a vote
 * of this sitting in which it took part. */
static pia_status_t
check_open(const act_t *act, const json_t *item, int64_t member, pia_problem_t *problem)
{
    const json_t *ballots = json_object_get(item, "ballots");
    const json_t *sitting = json_object_get(session_sitting(act->matter), "number");
    if (session_item_is(item, "given"))
        return pia_problem_set(problem, PIA_CONFLICT, "/data/point",
                               "the opinion on this item is given");
    for (size_t i = 0; i < json_array_size(ballots); i++) {
        const json_t *ballot = json_array_get(ballots, i);
        if (json_equal(json_object_get(ballot, "sitting"), sitting) &&
            session_ballot_seat(ballot, member))
            return pia_problem_set(problem, PIA_CONFLICT, "/data/point",
                                   "member %lld has voted on this item", (long long)member);
    }
    return PIA_OK;
}

static void set_ruling(const act_t *act, json_t *interest, const char *ruling)
{
    char at[PIA_TIME_TEXT_SIZE];
    pia_time_format(act->effective_ms, at);
    json_object_set_new(interest, "ruling", json_string(ruling));
    json_object_set_new(interest, "at", json_string(at));
}

pia_status_t
session_declare_own_interest(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    matter_t committee;
    json_t *item = session_item(act, problem);
    if (!item)
        return PIA_INVALID;
    pia_status_t status = session_committee(act, &committee, problem);
    if (status != PIA_OK)
        return status;
    int64_t member = committee_number_of(&committee, act->principal->person,
                                         pia_json_text(act->matter->facts, "day"));
    matter_clear(&committee);
    if (member == 0)
        return pia_problem_set(problem, PIA_FORBIDDEN, "/transition",
                               "you are no member of this committee");
    status = check_open(act, item, member, problem);
    if (status != PIA_OK)
        return status;
    session_set_interest(item, member, pia_json_text(act->data, "lien"), "declaration");
    set_ruling(act, session_interest(item, member), "recused");
    return bar(act, item, act->principal->person, true);
}

/* The person of this number among seats, or suppléants; NULL: nobody. */
static const char *person_among(const json_t *list, int64_t member)
{
    const char *person = NULL;
    for (size_t i = 0; !person && i < json_array_size(list); i++) {
        const json_t *who = json_array_get(list, i);
        person = json_integer_value(json_object_get(who, "member")) == member
                     ? pia_json_text(who, "person")
                     : person_among(json_object_get(who, "substitutes"), member);
    }
    return person;
}

/* Who has this number in the last sitting. */
static const char *find_convened(const matter_t *session, int64_t member)
{
    return person_among(json_object_get(session_sitting(session), "seats"), member);
}

/* What a member has said of itself, here or as a reviewer of the dossier. */
static bool is_own(const json_t *interest)
{
    const char *source = pia_json_text(interest, "source");
    return source && (strcmp(source, "declaration") == 0 || strcmp(source, "review") == 0);
}

pia_status_t session_rule_on_interest(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    json_t *item = session_item(act, problem);
    int64_t member = json_integer_value(json_object_get(act->data, "membre"));
    bool recused =
        strcmp(pia_json_text(act->data, "suite"), pia_json_text(parameters, "value")) == 0;
    const char *kind = pia_json_text(act->data, "lien");
    if (!item)
        return PIA_INVALID;
    const char *person = find_convened(act->matter, member);
    if (!person)
        return pia_problem_set(problem, PIA_INVALID, "/data/membre", "is not convened");
    if (!session_interest(item, member) && (!recused || !kind))
        return pia_problem_set(problem, PIA_CONFLICT, "/data/membre",
                               "no interest of member %lld in this item is known: a new one needs "
                               "its kind",
                               (long long)member);
    pia_status_t status = check_open(act, item, member, problem);
    if (status != PIA_OK)
        return status;
    bool own = is_own(session_interest(item, member));
    if (own && !recused)
        return pia_problem_set(problem, PIA_CONFLICT, "/data/suite",
                               "member %lld has declared this interest by itself: nobody else "
                               "dismisses it",
                               (long long)member);
    if (kind && !own)
        session_set_interest(item, member, kind, "office");
    set_ruling(act, session_interest(item, member), recused ? "recused" : "dismissed");
    return bar(act, item, person, recused);
}
