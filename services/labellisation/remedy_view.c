/* remedy_view.c - remedies as JSON, with their count. */
#include <string.h>

#include "legal_view.h"
#include "pia/clock.h"
#include "remedy.h"

static void copy(json_t *json, const char *name, const json_t *facts)
{
    json_t *value = json_object_get(facts, name);
    if (value)
        json_object_set(json, name, value);
}

static void set_day(json_t *json, const char *name, int64_t day)
{
    char text[DAY_TEXT_SIZE];
    day_format(day, text);
    json_object_set_new(json, name, json_string(text));
}

pia_status_t view_remedy(pia_db_t *db,
                         const matter_t *remedy,
                         const pia_principal_t *principal,
                         uint32_t roles,
                         json_t **ret_json)
{
    (void)principal;
    static const char *const members[] = {"nature", "sent", "received", "court", "issue"};
    legal_facts_t facts;
    legal_deadline_t deadline;
    pia_problem_t problem;
    int64_t sent = 0;
    pia_status_t status = remedy_filed_facts(db, remedy, &facts, &problem);
    if (status == PIA_OK)
        status = legal_clock(&facts, &deadline, &problem);
    if (status != PIA_OK)
        return status;
    json_t *json = view_matter(remedy, roles);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        copy(json, members[i], remedy->facts);
    (void)pia_date_parse(json_string_value(json_object_get(json, "sent")), &sent);
    set_day(json, "notified", facts.from);
    if (deadline.running)
        set_day(json, "last_day", deadline.last_day);
    json_object_set_new(json, "late", json_boolean(deadline.running && sent > deadline.last_day));
    json_object_set_new(json, "deadline", legal_view(&facts, &deadline));
    *ret_json = json;
    return PIA_OK;
}

/* One way to contest it. */
static pia_status_t
append_way(pia_db_t *db, const remedy_case_t *remedy, json_t *items, pia_problem_t *problem)
{
    legal_facts_t facts;
    legal_deadline_t deadline;
    pia_status_t status = remedy_facts(db, remedy, &facts, problem);
    if (status == PIA_OK)
        status = legal_clock(&facts, &deadline, problem);
    if (status == PIA_OK)
        json_array_append_new(items, legal_view(&facts, &deadline));
    return status;
}

pia_status_t view_remedy_deadlines(pia_db_t *db,
                                   remedy_case_t *remedy,
                                   json_t **ret_json,
                                   pia_problem_t *problem)
{
    static const char *const natures[] = {"gracieux", "contentieux"};
    const remedy_decision_t *decision = remedy->decision;
    char decided[DAY_TEXT_SIZE], notified[DAY_TEXT_SIZE];
    json_t *items = json_array();
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < sizeof natures / sizeof natures[0]; i++) {
        remedy->nature = natures[i];
        status = append_way(db, remedy, items, problem);
    }
    day_format(decision->day, decided);
    day_format(remedy->notified, notified);
    if (status == PIA_OK)
        *ret_json =
            json_pack("{s:I, s:s, s:s, s:b, s:b, s:b, s:O}", "number", (json_int_t)decision->number,
                      "decided", decided, "notified", notified, "implicit", decision->implicit,
                      "informed", decision->informed, "proven", decision->proven, "items", items);
    json_decref(items);
    return status;
}
