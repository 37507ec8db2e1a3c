/* session_sitting.c - convening, opening a sitting, who attends (CRPA R133-5 to R133-10). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "committee.h"
#include "day.h"
#include "legal_clock.h"
#include "legal_view.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "session.h"
#include "text.h"

enum { SITTINGS_MAX = 8, EARLIER_MAX = 16 };

const need_t session_convene_needs[] = {
    {"jour", DATUM_DATE, true},       {"lieu", DATUM_TEXT, true},   {"reception", DATUM_DATE, true},
    {"urgence", DATUM_BOOLEAN, true}, {"motifs", DATUM_TEXT, true}, {NULL, DATUM_TEXT, false},
};
const need_t session_open_needs[] = {{"presences", DATUM_ATTENDANCES, false},
                                     {"president", DATUM_INTEGER, true},
                                     {NULL, DATUM_TEXT, false}};
const need_t session_attendance_needs[] = {{"presences", DATUM_ATTENDANCES, false},
                                           {NULL, DATUM_TEXT, false}};

pia_status_t
session_agenda_filled(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    if (json_array_size(json_object_get(act->matter->facts, "items")) > 0)
        return PIA_OK;
    return pia_problem_set(problem, PIA_CONFLICT, "/transition", "the agenda is empty");
}

/* The day that is convened to: that of the data, or the meeting's. */
static const char *convened_day(const act_t *act)
{
    const char *day = pia_json_text(act->data, "jour");
    return day ? day : pia_json_text(act->matter->facts, "day");
}

/* The day on which the last member has received it: as the data say, or today. */
static int64_t received_day(const act_t *act)
{
    int64_t today = day_of(act->effective_ms), day = today;
    const char *text = pia_json_text(act->data, "reception");
    if (text && pia_date_parse(text, &day) && day > today)
        return day;
    return today;
}

static pia_status_t count_back(const char *rule,
                               const char *day,
                               legal_facts_t *ret_facts,
                               legal_deadline_t *ret_deadline,
                               pia_problem_t *problem)
{
    *ret_facts = (legal_facts_t){.rule = legal_rule_find(rule)};
    (void)place_find(NULL, &ret_facts->place);
    (void)place_find(NULL, &ret_facts->court);
    (void)pia_date_parse(day, &ret_facts->from);
    return legal_clock(ret_facts, ret_deadline, problem);
}

json_t *session_deadline(const char *rule, const char *day)
{
    legal_facts_t facts;
    legal_deadline_t deadline;
    if (count_back(rule, day, &facts, &deadline, NULL) != PIA_OK)
        return NULL;
    return legal_view(&facts, &deadline);
}

/* Whether the members have it in time; *ret_last is the last day. */
static bool is_in_time(const act_t *act, const char *rule, char ret_last[DAY_TEXT_SIZE])
{
    legal_facts_t facts;
    legal_deadline_t deadline;
    if (count_back(rule, convened_day(act), &facts, &deadline, NULL) != PIA_OK)
        return false;
    day_format(deadline.last_day, ret_last);
    return received_day(act) <= deadline.last_day;
}

pia_status_t
session_convened_in_time(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const legal_rule_t *rule = legal_rule_find(pia_json_text(parameters, "rule"));
    char last[DAY_TEXT_SIZE] = "";
    bool urgent = json_is_true(json_object_get(act->data, "urgence"));
    if (!act->data)
        return PIA_OK;
    if (urgent && !json_object_get(act->data, "motifs"))
        return pia_problem_set(problem, PIA_CONFLICT, "/data/motifs",
                               "urgency is invoked with its reasons");
    if (urgent || is_in_time(act, rule->name, last) ||
        !act->matter->definition->committee.mandatory)
        return PIA_OK;
    return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                           "for a meeting on %s the members must have received the convocation on "
                           "%s at the latest, save urgency (%s)",
                           convened_day(act), last, rule->article);
}

/* The themes of the items that are left: whom the meeting calls. */
static json_t *themes_of(const matter_t *session)
{
    const json_t *items = json_object_get(session->facts, "items");
    json_t *themes = json_array();
    for (size_t i = 0; i < json_array_size(items); i++)
        json_array_extend(themes, json_object_get(json_array_get(items, i), "themes"));
    return themes;
}

/* The seats of the committee as it is on the day. */
static pia_status_t
find_seats(const act_t *act, const char *day, json_t **ret_seats, pia_problem_t *problem)
{
    matter_t committee;
    pia_status_t status = session_committee(act, &committee, problem);
    if (status != PIA_OK)
        return status;
    json_t *themes = themes_of(act->matter);
    *ret_seats = committee_seats(&committee, day, themes);
    json_decref(themes);
    matter_clear(&committee);
    if (json_array_size(*ret_seats) > 0)
        return PIA_OK;
    json_decref(*ret_seats);
    return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                           "nobody is in office in the committee on %s", day);
}

static const char *rule_of(const transition_t *transition)
{
    for (size_t i = 0; i < transition->guard_count; i++)
        if (transition->guards[i].kind->test == session_convened_in_time)
            return pia_json_text(transition->guards[i].parameters, "rule");
    return "convocation";
}

/* What the sitting says of its convocation. Takes `seats`. */
static json_t *make_sitting(const act_t *act, json_t *seats, size_t before)
{
    char today[DAY_TEXT_SIZE], received[DAY_TEXT_SIZE];
    const char *day = convened_day(act);
    day_format(day_of(act->effective_ms), today);
    day_format(received_day(act), received);
    json_t *sitting =
        json_pack("{s:I, s:s, s:b, s:s, s:s, s:b, s:o}", "number", (json_int_t)before + 1, "day",
                  day, "second", before > 0, "convened_on", today, "received_by", received,
                  "urgent", json_is_true(json_object_get(act->data, "urgence")), "seats", seats);
    json_t *deadline = session_deadline(rule_of(act->transition), day);
    if (deadline)
        json_object_set_new(sitting, "deadline", deadline);
    return sitting;
}

static void note_late(act_t *act)
{
    char last[DAY_TEXT_SIZE] = "";
    if (json_is_true(json_object_get(act->data, "urgence")) ||
        is_in_time(act, rule_of(act->transition), last))
        return;
    session_note_breach(act, "CRPA, art. R133-8", 0,
                        "Convocation pour le %s\u00a0: elle devait être reçue le %s au plus tard.",
                        convened_day(act), last);
}

static pia_status_t write_convocation(act_t *act, json_t *sitting)
{
    char hash[TEXT_HASH_SIZE];
    char *text = session_convocation_text(act->matter, sitting);
    pia_status_t status = text_add(act->db, act->matter->id, text, act->recorded_ms, hash);
    free(text);
    if (status == PIA_OK) {
        json_object_set_new(sitting, "text", json_string(hash));
        json_object_set_new(act->record, "convocation", json_pack("{s:s}", "blake2b", hash));
    }
    return status;
}

pia_status_t session_convene(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    json_t *sittings = session_list(act->matter, "sittings"), *seats = NULL;
    const size_t before = json_array_size(sittings);
    char today[DAY_TEXT_SIZE];
    day_format(day_of(act->effective_ms), today);
    if (before >= SITTINGS_MAX)
        return pia_problem_set(problem, PIA_CONFLICT, "/transition", "at most %d sittings",
                               SITTINGS_MAX);
    if (strcmp(convened_day(act), today) < 0)
        return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                               "the meeting's day, %s, is "
                               "over",
                               convened_day(act));
    pia_status_t status = find_seats(act, convened_day(act), &seats, problem);
    if (status != PIA_OK)
        return status;
    json_object_set_new(act->matter->facts, "day", json_string(convened_day(act)));
    if (json_object_get(act->data, "lieu"))
        json_object_set(act->matter->facts, "place", json_object_get(act->data, "lieu"));
    status = session_find_interests(act, seats, problem);
    if (before == 0) /* a second convocation has the same agenda */
        session_order(act->matter, seats, true);
    note_late(act);
    json_t *sitting = make_sitting(act, seats, before);
    json_array_append_new(sittings, sitting);
    return status == PIA_OK ? write_convocation(act, sitting) : status;
}

pia_status_t
session_day_has_come(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    char today[DAY_TEXT_SIZE];
    const char *day = pia_json_text(act->matter->facts, "day");
    day_format(day_of(act->effective_ms), today);
    if (strcmp(day, today) <= 0)
        return PIA_OK;
    return pia_problem_set(problem, PIA_CONFLICT, "/transition", "the meeting is on %s", day);
}

static json_t *find_seat(json_t *seats, const json_t *member)
{
    for (size_t i = 0; i < json_array_size(seats); i++)
        if (json_equal(json_object_get(json_array_get(seats, i), "member"), member))
            return json_array_get(seats, i);
    return NULL;
}

/* Where an attendance of this member is, from the first of `list` on; `end` if nowhere. */
static size_t find_attendance(const json_t *list, int64_t member, size_t end)
{
    size_t i = 0;
    while (i < end &&
           json_integer_value(json_object_get(json_array_get(list, i), "member")) != member)
        i++;
    return i;
}

/* The rules over all seats; a fault is where its attendance was given, if it was now. */
static pia_status_t check_seats(const json_t *seats, const json_t *list, pia_problem_t *problem)
{
    const size_t count = json_array_size(list);
    seats_t read;
    pia_status_t status = PIA_OK;
    seats_read(seats, &read);
    for (size_t i = 0; status == PIA_OK && i < read.count; i++) {
        char at[PIA_POINTER_MAX] = "/data/presences";
        size_t given = find_attendance(list, read.seats[i].member, count);
        if (given < count)
            (void)snprintf(at, sizeof at, "/data/presences/%zu/by", given);
        status = seat_check(&read, &read.seats[i], at, problem);
    }
    return status;
}

/* Writes how the seat is held into it; how it was held before stays, with when that ended. False:
 * it has changed too often. */
static bool hold(const act_t *act, json_t *seat, const json_t *attendance)
{
    json_t *mode = json_object_get(seat, "mode"), *by = json_object_get(seat, "by");
    json_t *earlier = json_object_get(seat, "earlier");
    bool opened = json_object_get(session_sitting(act->matter), "quorum_met") != NULL;
    bool same = json_equal(mode, json_object_get(attendance, "mode")) &&
                json_object_get(attendance, "by") == NULL && !by;
    char until[PIA_TIME_TEXT_SIZE];
    if (opened && !same) {
        if (!earlier)
            json_object_set_new(seat, "earlier", earlier = json_array());
        if (json_array_size(earlier) >= EARLIER_MAX)
            return false;
        pia_time_format(act->effective_ms, until);
        json_array_append_new(
            earlier, json_pack("{s:s, s:O*, s:s}", "mode",
                               mode ? json_string_value(mode) : seat_mode_name(SEAT_ABSENT), "by",
                               by, "until", until));
    }
    json_object_set(seat, "mode", json_object_get(attendance, "mode"));
    json_object_del(seat, "by");
    if (json_object_get(attendance, "by"))
        json_object_set(seat, "by", json_object_get(attendance, "by"));
    return true;
}

/* Writes how seats are held into them; the rules are checked over all of them. */
static pia_status_t attend(const act_t *act, json_t *seats, pia_problem_t *problem)
{
    const json_t *list = json_object_get(act->data, "presences");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *attendance = json_array_get(list, i);
        const json_t *member = json_object_get(attendance, "member");
        json_t *seat = find_seat(seats, member);
        char at[PIA_POINTER_MAX];
        (void)snprintf(at, sizeof at, "/data/presences/%zu/member", i);
        if (!seat)
            return pia_problem_set(problem, PIA_INVALID, at,
                                   "there is no such seat among those that the meeting calls");
        if (find_attendance(list, json_integer_value(member), i) < i)
            return pia_problem_set(problem, PIA_INVALID, at, "member %lld is given twice",
                                   (long long)json_integer_value(member));
        if (!hold(act, seat, attendance))
            return pia_problem_set(problem, PIA_CONFLICT, at, "at most %d changes of a seat",
                                   EARLIER_MAX);
    }
    return check_seats(seats, list, problem);
}

/* Who presides: as the data say, or the chair, if it attends. */
static pia_status_t
find_presiding(const act_t *act, const json_t *seats, int64_t *ret_member, pia_problem_t *problem)
{
    seats_t read;
    const json_t *given = json_object_get(act->data, "president");
    seats_read(seats, &read);
    for (size_t i = 0; i < read.count; i++) {
        const seat_t *seat = &read.seats[i];
        bool wanted = given ? seat->member == json_integer_value(given) : seat->chair;
        bool attends = seat->mode != SEAT_ABSENT && seat->mode != SEAT_REPRESENTED;
        if (wanted && attends) {
            *ret_member = seat->member;
            return PIA_OK;
        }
    }
    return pia_problem_set(problem, PIA_INVALID, "/data/president",
                           given ? "does not attend" : "the chair does not attend: who presides?");
}

/* Dossiers that no longer wait for an opinion. */
static pia_status_t drop_moot(const act_t *act, pia_problem_t *problem)
{
    const json_t *items = json_object_get(act->matter->facts, "items");
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < json_array_size(items); i++) {
        json_t *item = json_array_get(items, i);
        bool waits = true;
        if (session_item_is(item, "pending"))
            status = session_item_waits(act, item, &waits, problem);
        if (!waits)
            json_object_set_new(item, "status", json_string("moot"));
    }
    return status;
}

/* Whether an item that is left can be deliberated; without one that is left, it can. */
static bool has_quorum(const matter_t *session)
{
    const json_t *items = json_object_get(session->facts, "items");
    const json_t *sitting = session_sitting(session);
    seats_t seats;
    size_t left = 0;
    seats_read(json_object_get(sitting, "seats"), &seats);
    if (json_is_true(json_object_get(sitting, "second")) ||
        !session->definition->committee.mandatory)
        return true;
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *json = json_array_get(items, i);
        const seat_item_t item = session_seat_item(json);
        quorum_t quorum;
        if (!session_item_is(json, "pending"))
            continue;
        left++;
        seats_count(&seats, &item, &quorum);
        if (quorum.met)
            return true;
    }
    return left == 0;
}

pia_status_t session_open_sitting(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    json_t *sitting = session_sitting(act->matter), *seats = NULL;
    char opened[PIA_TIME_TEXT_SIZE];
    int64_t presiding = 0;
    if (!sitting)
        return pia_problem_set(problem, PIA_CONFLICT, "/transition", "nobody was convened");
    pia_status_t status = find_seats(act, pia_json_text(sitting, "day"), &seats, problem);
    if (status != PIA_OK)
        return status;
    json_object_set_new(sitting, "seats", seats);
    pia_time_format(act->effective_ms, opened);
    json_object_set_new(sitting, "opened_at", json_string(opened));
    status = attend(act, seats, problem);
    if (status == PIA_OK)
        status = find_presiding(act, seats, &presiding, problem);
    if (status == PIA_OK)
        status = session_find_interests(act, seats, problem);
    if (status == PIA_OK)
        status = drop_moot(act, problem);
    session_order(act->matter, seats, false); /* more interests may be known by now */
    json_object_set_new(sitting, "presiding", json_integer(presiding));
    json_object_set_new(sitting, "quorum_met", json_boolean(has_quorum(act->matter)));
    return status;
}

pia_status_t session_note_attendance(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    json_t *sitting = session_sitting(act->matter);
    return attend(act, json_object_get(sitting, "seats"), problem);
}

pia_status_t session_quorum_met(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    if (has_quorum(act->matter))
        return PIA_OK;
    return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                           "less than half of the members take part in any item that is left "
                           "(CRPA R133-10)");
}

pia_status_t
session_quorum_missing(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    if (!has_quorum(act->matter))
        return PIA_OK;
    return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                           "an item that is left can be deliberated");
}

pia_status_t
session_agenda_dealt(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    const json_t *items = json_object_get(act->matter->facts, "items");
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        if (session_item_is(item, "pending"))
            return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                                   "item %lld has neither an opinion nor been postponed",
                                   (long long)json_integer_value(json_object_get(item, "number")));
    }
    return PIA_OK;
}
