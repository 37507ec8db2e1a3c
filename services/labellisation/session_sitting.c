/* session_sitting.c - opening a sitting, who attends, the quorum (CRPA R133-3, R133-6, R133-9,
 * R133-10). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "session.h"

enum { EARLIER_MAX = 16 };

const need_t session_open_needs[] = {{"presences", DATUM_ATTENDANCES, false},
                                     {"president", DATUM_INTEGER, true},
                                     {NULL, DATUM_TEXT, false}};
const need_t session_attendance_needs[] = {{"presences", DATUM_ATTENDANCES, false},
                                           {NULL, DATUM_TEXT, false}};

pia_status_t session_is_the_day(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    char today[DAY_TEXT_SIZE];
    const char *day = pia_json_text(act->matter->facts, "day");
    day_format(day_of(act->effective_ms), today);
    int later = strcmp(today, day);
    if (later == 0)
        return PIA_OK;
    return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                           later < 0 ? "the meeting is on %s"
                                     : "the members were convened for %s: another day takes "
                                       "another convocation",
                           day);
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

/* The seats of those who were convened and are in office still, each with its suppléants of the
 * day, whom an absent member calls itself. Who was named since was not convened (CRPA R133-5). */
static pia_status_t
find_convened(const act_t *act, const json_t *sitting, json_t **ret_seats, pia_problem_t *problem)
{
    json_t *convened = json_object_get(sitting, "seats"), *seats = NULL;
    const char *day = pia_json_text(sitting, "day");
    pia_status_t status = session_seats(act, day, &seats, problem);
    for (size_t i = json_array_size(seats); status == PIA_OK && i-- > 0;)
        if (!find_seat(convened, json_object_get(json_array_get(seats, i), "member")))
            json_array_remove(seats, i);
    if (status == PIA_OK && json_array_size(seats) == 0)
        status = pia_problem_set(problem, PIA_CONFLICT, "/transition",
                                 "nobody who was convened is in office on %s", day);
    if (status == PIA_OK)
        *ret_seats = seats;
    else
        json_decref(seats);
    return status;
}

pia_status_t session_open_sitting(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    json_t *sitting = session_sitting(act->matter), *seats = NULL;
    char opened[PIA_TIME_TEXT_SIZE];
    int64_t presiding = 0;
    if (!sitting)
        return pia_problem_set(problem, PIA_CONFLICT, "/transition", "nobody was convened");
    pia_status_t status = find_convened(act, sitting, &seats, problem);
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
