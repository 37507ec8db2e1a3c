/* remedy_file.c - a remedy is filed: the days that it is counted by are checked and kept; a wrong
 * one is corrected. */
#include <stdio.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/json.h"
#include "remedy.h"

/* Who may record what came by post, with the days that it bears. */
enum { OFFICE = PIA_ROLE_SECRETARIAT | PIA_ROLE_INSTRUCTEUR };

/* The days that the asker gives. */
typedef struct {
    int64_t sent, received, notified;
    const char *sent_name, *received_name, *notified_name; /* of their data */
} days_t;

static void set_day(matter_t *matter, const char *fact, int64_t day)
{
    char text[DAY_TEXT_SIZE];
    day_format(day, text);
    json_object_set_new(matter->facts, fact, json_string(text));
}

/* The datum that a parameter names; `absent` if there is none. */
static int64_t
read_day(const act_t *act, const json_t *parameters, const char *parameter, int64_t absent)
{
    const char *datum = pia_json_text(parameters, parameter);
    const char *text = datum ? pia_json_text(act->data, datum) : NULL;
    int64_t day;
    return text && pia_date_parse(text, &day) ? day : absent;
}

static pia_status_t refuse(const char *datum, const char *why, pia_problem_t *problem)
{
    char at[PIA_POINTER_MAX];
    (void)snprintf(at, sizeof at, "/data/%s", datum);
    return pia_problem_set(problem, PIA_INVALID, at, "%s", why);
}

/* On line a remedy is sent and received on the day it is filed (CRPA L112-13); by post its postmark
 * counts (L112-1), which those record who open the letter. */
static pia_status_t check_days(const act_t *act,
                               const remedy_decision_t *decision,
                               const days_t *days,
                               pia_problem_t *problem)
{
    int64_t today = day_of(act->effective_ms);
    bool by_post = (act->principal->roles & OFFICE) != 0;
    if (days->notified < decision->day)
        return refuse(days->notified_name, "is before the decision was made", problem);
    if (days->notified > days->sent)
        return refuse(days->notified_name, "is after the remedy was sent", problem);
    if (days->received < days->sent || days->received > today)
        return refuse(days->received_name, "is from the day of sending to today", problem);
    if (!by_post && (days->sent != today || days->received != today))
        return refuse(days->sent_name, "is today: what is filed on line is sent today", problem);
    return PIA_OK;
}

static void read_days(const act_t *act,
                      const json_t *parameters,
                      const remedy_decision_t *decision,
                      days_t *ret_days)
{
    *ret_days = (days_t){
        .sent = read_day(act, parameters, "sent", day_of(act->effective_ms)),
        .sent_name = pia_json_text(parameters, "sent"),
        .received_name = pia_json_text(parameters, "received"),
        .notified_name = pia_json_text(parameters, "notified"),
    };
    ret_days->received = read_day(act, parameters, "received", ret_days->sent);
    if (!ret_days->received_name)
        ret_days->received_name = ret_days->sent_name;
    ret_days->notified = decision->proven ? decision->notified
                                          : read_day(act, parameters, "notified", decision->day);
}

/* What the remedy is, for who reads it later. */
static void record(act_t *act, const remedy_case_t *remedy, const days_t *days)
{
    matter_t *matter = act->matter;
    json_object_set_new(matter->facts, "nature", json_string(remedy->nature));
    json_object_set_new(matter->facts, "against", json_integer(remedy->decision->number));
    if (remedy->court)
        json_object_set_new(matter->facts, "court", json_string(remedy->court));
    set_day(matter, "notified", days->notified);
    set_day(matter, "sent", days->sent);
    set_day(matter, "received", days->received);
}

/* "metropole" is no code of a place. */
static const char *read_court(const act_t *act, const json_t *parameters)
{
    const char *datum = pia_json_text(parameters, "court");
    const char *court = datum ? pia_json_text(act->data, datum) : NULL;
    place_t place;
    return court && place_find(court, &place) ? court : NULL;
}

static pia_status_t
file_against(act_t *act, const matter_t *parent, const json_t *parameters, pia_problem_t *problem)
{
    remedy_decision_t decision;
    days_t days;
    remedy_case_t remedy = {
        .decision = &decision,
        .nature = pia_json_text(parameters, "nature"),
        .court = read_court(act, parameters),
    };
    pia_status_t status = remedy_contested(act->db, parent, &decision);
    if (status == PIA_NOT_FOUND)
        return pia_problem_set(problem, PIA_CONFLICT, NULL, "there is no decision to contest");
    if (status != PIA_OK)
        return status;
    read_days(act, parameters, &decision, &days);
    status = check_days(act, &decision, &days, problem);
    if (status == PIA_OK)
        record(act, &remedy, &days);
    return status;
}

pia_status_t run_file_remedy(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const matter_t *remedy = act->matter;
    matter_t parent;
    pia_status_t status =
        matter_load(act->db, act->library, remedy->parent_kind, remedy->parent, &parent, problem);
    if (status != PIA_OK)
        return status;
    status = file_against(act, &parent, parameters, problem);
    matter_clear(&parent);
    return status;
}

/* A day that was told wrongly. What is proven is not for this. */
static pia_status_t correct(act_t *act,
                            const json_t *parameters,
                            const remedy_decision_t *decision,
                            pia_problem_t *problem)
{
    const char *datum = pia_json_text(parameters, "notified");
    int64_t sent = INT64_MAX, notified = read_day(act, parameters, "notified", decision->day);
    const char *text = pia_json_text(act->matter->facts, "sent");
    if (decision->proven)
        return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                               "the day of its notification is recorded with the decision");
    if (text)
        (void)pia_date_parse(text, &sent);
    if (notified < decision->day)
        return refuse(datum, "is before the decision was made", problem);
    if (notified > sent)
        return refuse(datum, "is after the remedy was sent", problem);
    set_day(act->matter, "notified", notified);
    return PIA_OK;
}

pia_status_t run_correct_remedy(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const matter_t *remedy = act->matter;
    int64_t number = json_integer_value(json_object_get(remedy->facts, "against"));
    remedy_decision_t decision;
    pia_status_t status = remedy_decision_at(act->db, remedy->parent, number, &decision);
    return status == PIA_OK ? correct(act, parameters, &decision, problem) : status;
}
