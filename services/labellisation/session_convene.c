/* session_convene.c - convening the members to a sitting (CRPA R133-5, R133-8, R133-10). */
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

enum { SITTINGS_MAX = 8 };

const need_t session_convene_needs[] = {
    {"jour", DATUM_DATE, true},       {"lieu", DATUM_TEXT, true},   {"reception", DATUM_DATE, true},
    {"urgence", DATUM_BOOLEAN, true}, {"motifs", DATUM_TEXT, true}, {NULL, DATUM_TEXT, false},
};

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

pia_status_t
session_seats(const act_t *act, const char *day, json_t **ret_seats, pia_problem_t *problem)
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
    *ret_seats = NULL;
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

/* Whether a sitting was opened before and is to be held again for want of a quorum: one that was
 * put off was not (CRPA R133-10). */
static bool is_second(const json_t *sittings)
{
    for (size_t i = 0; i < json_array_size(sittings); i++)
        if (json_object_get(json_array_get(sittings, i), "opened_at"))
            return true;
    return false;
}

/* What the sitting says of its convocation. Takes `seats`. */
static json_t *make_sitting(const act_t *act, json_t *seats, const json_t *sittings)
{
    char today[DAY_TEXT_SIZE], received[DAY_TEXT_SIZE];
    const char *day = convened_day(act);
    day_format(day_of(act->effective_ms), today);
    day_format(received_day(act), received);
    json_t *sitting = json_pack(
        "{s:I, s:s, s:b, s:s, s:s, s:b, s:o}", "number", (json_int_t)json_array_size(sittings) + 1,
        "day", day, "second", is_second(sittings), "convened_on", today, "received_by", received,
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
    pia_status_t status = session_seats(act, convened_day(act), &seats, problem);
    if (status != PIA_OK)
        return status;
    json_object_set_new(act->matter->facts, "day", json_string(convened_day(act)));
    if (json_object_get(act->data, "lieu"))
        json_object_set(act->matter->facts, "place", json_object_get(act->data, "lieu"));
    status = session_find_interests(act, seats, problem);
    if (before == 0) /* a further convocation has the same agenda */
        session_order(act->matter, seats, true);
    note_late(act);
    json_t *sitting = make_sitting(act, seats, sittings);
    json_array_append_new(sittings, sitting);
    return status == PIA_OK ? write_convocation(act, sitting) : status;
}
