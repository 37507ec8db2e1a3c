/* session_vote.c - propositions, votes, opinions, dissents (CRPA R133-10 to R133-13). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballot.h"
#include "committee.h"
#include "day.h"
#include "kin.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "session.h"
#include "text.h"

enum { BALLOTS_MAX = 4 };

const need_t session_vote_needs[] = {
    {"point", DATUM_INTEGER, false},      {"proposition", DATUM_CHOICE, false},
    {"texte", DATUM_TEXT, false},         {"voix", DATUM_VOTES, true},
    {"pour", DATUM_INTEGER, true},        {"contre", DATUM_INTEGER, true},
    {"abstentions", DATUM_INTEGER, true}, {NULL, DATUM_TEXT, false},
};
const need_t session_votes_needs[] = {{"points", DATUM_CODES, false},
                                      {"proposition", DATUM_CHOICE, false},
                                      {"texte", DATUM_TEXT, false},
                                      {NULL, DATUM_TEXT, false}};
/* A proposition being put to the vote. */
typedef struct {
    act_t *act;
    json_t *json;   /* the item */
    const char *at; /* where its number stands in the data */
    const json_t *sitting;
    const seat_t *presiding; /* over this item */
    seats_t seats;
    seat_item_t item;
    quorum_t quorum;
    ballot_t count;
    int64_t abstentions;
    json_t *votes; /* who voted what; NULL: secret */
    pia_problem_t *problem;
} vote_t;

/* The dossier's definition may know other opinions than the meeting's. */
static pia_status_t check_dossier(const vote_t *vote)
{
    matter_t dossier;
    const char *id = pia_json_text(vote->json, "dossier");
    const char *proposition = pia_json_text(vote->act->data, "proposition");
    bool waits = true;
    if (!id)
        return PIA_OK;
    pia_status_t status = session_item_waits(vote->act, vote->json, &waits, vote->problem);
    if (status == PIA_OK && !waits)
        return pia_problem_set(vote->problem, PIA_CONFLICT, vote->at,
                               "the dossier no longer waits for an opinion");
    if (status == PIA_OK)
        status = matter_load(vote->act->db, vote->act->library, MACHINE_DOSSIER, id, &dossier,
                             vote->problem);
    if (status != PIA_OK)
        return status;
    const transition_t *transition =
        machine_transition(dossier.machine, session_opinion_transition(dossier.definition));
    bool known = names_have(transition_datum(transition, "avis")->values, proposition);
    matter_clear(&dossier);
    return known ? PIA_OK
                 : pia_problem_set(vote->problem, PIA_INVALID, "/data/proposition",
                                   "the dossier's procedure knows no such opinion");
}

static pia_status_t check_item(const vote_t *vote)
{
    if (!session_item_is(vote->json, "pending"))
        return pia_problem_set(vote->problem, PIA_CONFLICT, vote->at, "the item is %s",
                               pia_json_text(vote->json, "status"));
    if (json_array_size(json_object_get(vote->json, "ballots")) >= BALLOTS_MAX)
        return pia_problem_set(vote->problem, PIA_CONFLICT, vote->at,
                               "at most %d propositions are put to the vote", BALLOTS_MAX);
    return check_dossier(vote);
}

/* Quorum and interests: refused, or noted where the rules are a choice. */
static pia_status_t check_rules(const vote_t *vote)
{
    const bool mandatory = vote->act->matter->definition->committee.mandatory;
    const seat_t *unruled = seats_find_unruled(&vote->seats, &vote->item);
    const int64_t number = pia_json_integer(vote->json, "number");
    bool second = json_is_true(json_object_get(vote->sitting, "second"));
    if (!vote->quorum.met && !second && mandatory)
        return pia_problem_set(vote->problem, PIA_CONFLICT, vote->at,
                               "no quorum: %lld of the %lld members of this item's formation take "
                               "part, %lld are needed (CRPA R133-10)",
                               (long long)vote->quorum.taking_part,
                               (long long)vote->quorum.composing, (long long)vote->quorum.needed);
    if (unruled && mandatory)
        return pia_problem_set(vote->problem, PIA_CONFLICT, vote->at,
                               "an interest of member %lld in this item is not ruled upon (CRPA "
                               "R133-12)",
                               (long long)unruled->member);
    if (!vote->quorum.met && !second)
        session_note_breach(vote->act, "CRPA, art. R133-10", number,
                            "Quorum non atteint\u00a0: %lld membres sur %lld.",
                            (long long)vote->quorum.taking_part, (long long)vote->quorum.composing);
    if (unruled)
        session_note_breach(vote->act, "CRPA, art. R133-12", number,
                            "Le membre n°\u00a0%lld a pris part au vote sans que son lien "
                            "d’intérêt ait été examiné.",
                            (long long)unruled->member);
    return PIA_OK;
}

/* What a seat voted: in the data, or for the proposition if nobody is named in them. */
static const char *vote_of(const json_t *given, int64_t member)
{
    for (size_t i = 0; i < json_array_size(given); i++)
        if (pia_json_integer(json_array_get(given, i), "member") == member)
            return pia_json_text(json_array_get(given, i), "vote");
    return given ? "abstention" : "for";
}

static void count_vote(vote_t *vote, const seat_t *seat, const char *voted)
{
    bool in_favour = strcmp(voted, "for") == 0, against = strcmp(voted, "against") == 0;
    vote->count.in_favour += in_favour;
    vote->count.against += against;
    vote->abstentions += !in_favour && !against;
    if (seat == vote->presiding && (in_favour || against))
        vote->count.chair = in_favour ? CHAIR_FOR : CHAIR_AGAINST;
    json_array_append_new(
        vote->votes, json_pack("{s:I, s:s}", "member", (json_int_t)seat->member, "vote", voted));
}

static pia_status_t check_voters(const vote_t *vote, const json_t *given)
{
    for (size_t i = 0; i < json_array_size(given); i++) {
        int64_t member = pia_json_integer(json_array_get(given, i), "member");
        const seat_t *seat = seats_find(&vote->seats, member);
        char at[PIA_POINTER_MAX];
        (void)snprintf(at, sizeof at, "/data/voix/%zu/member", i);
        if (!seat || !seat_may_vote(&vote->seats, seat, &vote->item))
            return pia_problem_set(vote->problem, PIA_CONFLICT, at,
                                   "member %lld takes no part in this item", (long long)member);
        for (size_t j = 0; j < i; j++)
            if (pia_json_integer(json_array_get(given, j), "member") == member)
                return pia_problem_set(vote->problem, PIA_INVALID, at, "votes twice");
    }
    return PIA_OK;
}

/* Each vote by name; without names all are in favour. */
static pia_status_t count_open(vote_t *vote)
{
    const json_t *given = json_object_get(vote->act->data, "voix");
    pia_status_t status = check_voters(vote, given);
    vote->votes = json_array();
    for (size_t i = 0; status == PIA_OK && i < vote->seats.count; i++) {
        const seat_t *seat = &vote->seats.seats[i];
        if (seat_may_vote(&vote->seats, seat, &vote->item))
            count_vote(vote, seat, vote_of(given, seat->member));
    }
    return status;
}

/* Numbers alone; votes that were not given are abstentions. The chair's is not known, so equal
 * numbers adopt nothing. */
static pia_status_t count_secret(vote_t *vote)
{
    const json_t *data = vote->act->data;
    vote->count.in_favour = pia_json_integer(data, "pour");
    vote->count.against = pia_json_integer(data, "contre");
    vote->abstentions = vote->count.entitled - vote->count.in_favour - vote->count.against;
    const char *at = NULL; /* the first number that is one too many */
    if (vote->count.in_favour < 0 || vote->count.in_favour > vote->count.entitled)
        at = "/data/pour";
    else if (vote->count.against < 0 || vote->abstentions < 0)
        at = "/data/contre";
    else if (pia_json_integer(data, "abstentions") < 0 ||
             pia_json_integer(data, "abstentions") > vote->abstentions)
        at = "/data/abstentions";
    return !at ? PIA_OK
               : pia_problem_set(vote->problem, PIA_INVALID, at,
                                 "more votes than the %lld of who takes part in this item",
                                 (long long)vote->count.entitled);
}

static pia_status_t count(vote_t *vote)
{
    bool secret = json_object_get(vote->act->data, "pour") != NULL;
    vote->count.by_votes = vote->act->matter->definition->committee.by_votes;
    for (size_t i = 0; i < vote->seats.count; i++)
        vote->count.entitled += seat_may_vote(&vote->seats, &vote->seats.seats[i], &vote->item);
    if (secret && json_object_get(vote->act->data, "voix"))
        return pia_problem_set(vote->problem, PIA_INVALID, "/data/voix",
                               "either votes by name or the numbers of a secret ballot");
    if (vote->count.entitled == 0)
        return pia_problem_set(vote->problem, PIA_CONFLICT, vote->at,
                               "nobody with a vote takes part in this item");
    vote->presiding =
        seats_presiding(&vote->seats, &vote->item, pia_json_integer(vote->sitting, "presiding"));
    if (!vote->presiding)
        return pia_problem_set(vote->problem, PIA_CONFLICT, vote->at,
                               "nobody with a vote is there to preside over this item");
    return secret ? count_secret(vote) : count_open(vote);
}

/* Who has a vote in it, and how each seat is held now: attendance may change afterwards. */
static json_t *make_seats(const vote_t *vote)
{
    json_t *list = json_array();
    for (size_t i = 0; i < vote->seats.count; i++) {
        const seat_t *seat = &vote->seats.seats[i];
        if (!seat_may_vote(&vote->seats, seat, &vote->item))
            continue;
        json_t *json = json_pack("{s:I, s:s}", "member", (json_int_t)seat->member, "mode",
                                 seat_mode_name(seat->mode));
        if (seat->by != 0)
            json_object_set_new(json, "by", json_integer(seat->by));
        json_array_append_new(list, json);
    }
    return list;
}

/* The ballot into the item, and the opinion if it is adopted. Takes vote->votes. */
static void record(vote_t *vote)
{
    const act_t *act = vote->act;
    const json_t *text = json_object_get(act->record, "texte");
    bool casting = false, adopted = ballot_adopts(&vote->count, &casting);
    char at[PIA_TIME_TEXT_SIZE];
    json_t *ballot = json_pack(
        "{s:O, s:O, s:b, s:I, s:I, s:I, s:I, s:b, s:b, s:I, s:I, s:b, s:O}", "sitting",
        json_object_get(vote->sitting, "number"), "proposition",
        json_object_get(act->data, "proposition"), "secret", vote->votes == NULL, "entitled",
        (json_int_t)vote->count.entitled, "votes_for", (json_int_t)vote->count.in_favour,
        "votes_against", (json_int_t)vote->count.against, "abstentions",
        (json_int_t)vote->abstentions, "casting", casting, "adopted", adopted, "composing",
        (json_int_t)vote->quorum.composing, "taking_part", (json_int_t)vote->quorum.taking_part,
        "quorum", vote->quorum.met, "text", json_object_get(text, "blake2b"));
    json_object_set_new(ballot, "presiding", json_integer(vote->presiding->member));
    if (vote->votes)
        json_object_set_new(ballot, "votes", vote->votes);
    json_object_set_new(ballot, "seats", make_seats(vote));
    json_array_append_new(json_object_get(vote->json, "ballots"), ballot);
    if (!adopted)
        return;
    pia_time_format(act->effective_ms, at);
    json_object_set_new(vote->json, "status", json_string("given"));
    json_object_set(vote->json, "opinion", json_object_get(act->data, "proposition"));
    json_object_set_new(vote->json, "given_at", json_string(at));
}

/* Puts the proposition of the data to the vote on an item. */
static pia_status_t vote_on(act_t *act, json_t *item, const char *at, pia_problem_t *problem)
{
    vote_t vote = {
        .act = act,
        .json = item,
        .at = at,
        .sitting = session_sitting(act->matter),
        .problem = problem,
    };
    seats_read(json_object_get(vote.sitting, "seats"), &vote.seats);
    vote.item = session_seat_item(vote.json);
    seats_count(&vote.seats, &vote.item, &vote.quorum);
    pia_status_t status = check_item(&vote);
    if (status == PIA_OK)
        status = check_rules(&vote);
    if (status == PIA_OK)
        status = count(&vote);
    if (status == PIA_OK)
        record(&vote);
    else
        json_decref(vote.votes);
    return status;
}

pia_status_t session_put_to_vote(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    json_t *item = session_item(act, problem);
    return item ? vote_on(act, item, "/data/point", problem) : PIA_INVALID;
}

/* Each is a deliberation of its own, with its formation, quorum and interests. */
pia_status_t session_put_several(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    const json_t *points = json_object_get(act->data, "points");
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < json_array_size(points); i++) {
        char at[PIA_POINTER_MAX];
        (void)snprintf(at, sizeof at, "/data/points/%zu", i);
        int64_t number = strtoll(json_string_value(json_array_get(points, i)), NULL, 10);
        json_t *item = session_item_of(act, number, at, problem);
        status = item ? vote_on(act, item, at, problem) : PIA_INVALID;
    }
    return status;
}

pia_status_t session_postpone_item(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    json_t *item = session_item(act, problem);
    if (!item)
        return PIA_INVALID;
    if (!session_item_is(item, "pending"))
        return pia_problem_set(problem, PIA_CONFLICT, "/data/point", "the item is %s",
                               pia_json_text(item, "status"));
    json_object_set_new(item, "status", json_string("postponed"));
    return PIA_OK;
}

/* The text of the ballot that was adopted, for the caller to free. */
static pia_status_t read_opinion(pia_db_t *db, const json_t *item, char **ret_text)
{
    const json_t *ballots = json_object_get(item, "ballots");
    const json_t *last = json_array_get(ballots, json_array_size(ballots) - 1);
    return committee_name(db, pia_json_text(last, "text"), ret_text);
}

static pia_status_t
deliver(const act_t *act, const json_t *item, const char *transition, pia_problem_t *problem)
{
    char *text = NULL;
    bool moved = false;
    pia_status_t status = read_opinion(act->db, item, &text);
    if (status != PIA_OK)
        return status;
    json_t *data = json_pack("{s:O, s:s}", "avis", json_object_get(item, "opinion"), "texte",
                             text[0] != '\0' ? text : "(texte effacé)");
    json_t *origin =
        json_pack("{s:s, s:O, s:O}", "session", act->matter->id, "item",
                  json_object_get(item, "number"), "given_at", json_object_get(item, "given_at"));
    const given_t given = {.transition = transition, .data = data, .origin = origin};
    status = matter_move_given(act, MACHINE_DOSSIER, pia_json_text(item, "dossier"), &given, &moved,
                               problem);
    json_decref(data);
    json_decref(origin);
    free(text);
    return status;
}

pia_status_t session_deliver_opinions(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const json_t *items = json_object_get(act->matter->facts, "items");
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        if (session_item_is(item, "given") && pia_json_text(item, "dossier"))
            status = deliver(act, item, pia_json_text(parameters, "transition"), problem);
    }
    return status;
}
