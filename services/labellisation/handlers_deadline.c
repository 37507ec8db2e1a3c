/* handlers_deadline.c - legal periods without a dossier: facts from JSON, the explanation to it. */
#include <string.h>

#include "deadline.h"
#include "handler.h"
#include "legal_clock.h"
#include "legal_view.h"
#include "legal_words.h"
#include "pia/clock.h"
#include "proto/deadline.h"
#include "proto/dossier.h"

typedef pia_labellisation_deadline_compute_t compute_t;

enum { DAY_MAX = 1095727 }; /* of `from`: 4969-12-31, so that no count leaves the calendar */

/* The day of a member that the schema has checked. */
static bool get_day(const json_t *object, const char *name, int64_t *ret_day)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text && pia_date_parse(text, ret_day);
}

static pia_status_t
read_place(const char *code, const char *pointer, place_t *ret_place, pia_problem_t *problem)
{
    if (place_find(code, ret_place))
        return PIA_OK;
    return pia_problem_set(problem, PIA_INVALID, pointer,
                           "Is no département, overseas collectivity or etranger.");
}

static pia_status_t read_from(const char *text, legal_facts_t *facts, pia_problem_t *problem)
{
    int64_t time_ms = 0;
    bool good = pia_date_parse(text, &facts->from);
    if (!good && pia_time_parse(text, &time_ms)) {
        facts->from = place_day_of(&facts->place, time_ms);
        good = facts->from >= 0;
    }
    if (good && facts->from <= DAY_MAX)
        return PIA_OK;
    return pia_problem_set(problem, PIA_INVALID, "/from",
                           "Is neither a day (2026-11-26) nor an instant of 1970 to 4969.");
}

static void read_completions(const json_t *list, legal_facts_t *facts)
{
    size_t i = 0;
    const json_t *json = NULL;
    json_array_foreach(list, i, json)
    {
        legal_completion_t *completion = &facts->completions[facts->completion_count++];
        const json_t *indispensable = json_object_get(json, "indispensable");
        (void)get_day(json, "requested", &completion->requested);
        (void)get_day(json, "until", &completion->until);
        completion->has_produced = get_day(json, "produced", &completion->produced);
        completion->indispensable = !indispensable || json_is_true(indispensable);
    }
}

static void read_appeals(const json_t *list, legal_facts_t *facts)
{
    size_t i = 0;
    const json_t *json = NULL;
    json_array_foreach(list, i, json)
    {
        legal_appeal_t *appeal = &facts->appeals[facts->appeal_count++];
        const char *kind = json_string_value(json_object_get(json, "kind"));
        appeal->hierarchical = strcmp(kind, "hierarchique") == 0;
        (void)get_day(json, "sent", &appeal->sent);
        if (!get_day(json, "received", &appeal->received))
            appeal->received = appeal->sent;
        appeal->has_rejected = get_day(json, "rejected", &appeal->rejected);
    }
}

/* The period that the asker gives, which `facts` may then point at. */
static bool read_period(const compute_t *fields, period_t *ret_period)
{
    *ret_period = (period_t){fields->years, fields->months, fields->weeks, fields->days};
    return ret_period->years || ret_period->months || ret_period->weeks || ret_period->days;
}

static pia_status_t
read_facts(const compute_t *fields, legal_facts_t *facts, period_t *period, pia_problem_t *problem)
{
    facts->rule = legal_rule_find(fields->rule);
    if (!facts->rule)
        return pia_problem_set(problem, PIA_NOT_FOUND, "/rule", "No such rule.");
    pia_status_t status = read_place(fields->place, "/place", &facts->place, problem);
    if (status == PIA_OK)
        status = read_place(fields->court, "/court", &facts->court, problem);
    if (status == PIA_OK)
        status = read_from(fields->from, facts, problem);
    facts->period = read_period(fields, period) ? period : NULL;
    facts->basis = fields->basis;
    facts->uninformed = fields->uninformed;
    read_completions(fields->completions, facts);
    read_appeals(fields->appeals, facts);
    return status;
}

void handle_deadline_compute(void *self, pia_request_t **request_p)
{
    (void)self;
    const compute_t *fields = pia_request_fields(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    legal_facts_t facts = {0};
    legal_deadline_t deadline;
    period_t period;
    json_t *json = NULL;
    pia_status_t status = read_facts(fields, &facts, &period, &problem);
    if (status == PIA_OK)
        status = legal_clock(&facts, &deadline, &problem);
    if (status == PIA_OK)
        json = legal_view(&facts, &deadline);
    if (status == PIA_OK && fields->if_produced)
        status = legal_view_what_if(fields->if_produced, facts, json, &problem);
    if (status == PIA_OK) {
        pia_request_answer(request_p, json, 0);
        return;
    }
    json_decref(json);
    handler_fail(request_p, status, &problem);
}

void handle_deadline_rules(void *self, pia_request_t **request_p)
{
    (void)self;
    json_t *items = json_array();
    for (const legal_rule_t *rule = legal_rules; rule->name; rule++) {
        char period[LEGAL_PERIOD_SIZE];
        legal_period(&rule->period, period);
        json_array_append_new(items, json_pack("{s:s, s:s, s:s, s:s, s:s}", "rule", rule->name,
                                               "label", rule->label, "start", rule->start,
                                               "article", rule->article, "period", period));
    }
    pia_request_answer(request_p, json_pack("{s:o}", "items", items), 0);
}

void handle_dossier_deadline(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_dossier_deadline_t *fields = pia_request_fields(*request_p);
    handler_found_t found;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        handler_find_inner(self, *request_p, MACHINE_DOSSIER, fields->dossier, &found, &problem);
    if (status == PIA_OK) {
        json = deadline_view(&found.matter);
        if (!json)
            status = pia_problem_set(&problem, PIA_CONFLICT, NULL,
                                     "no legal period runs or is suspended for this dossier");
        else if (fields->if_produced)
            status = deadline_what_if(&found.matter, fields->if_produced, json, &problem);
        matter_clear(&found.matter);
    }
    if (status == PIA_OK) {
        pia_request_answer(request_p, json, 0);
        return;
    }
    json_decref(json);
    handler_fail(request_p, status, &problem);
}
