/* legal_view.c - a computed period as JSON. */
#include "legal_view.h"

#include "pia/clock.h"

static json_t *json_day(int64_t day)
{
    char text[DAY_TEXT_SIZE];
    day_format(day, text);
    return json_string(text);
}

void legal_view_result(json_t *json, const legal_deadline_t *deadline)
{
    json_t *segments = json_array();
    for (size_t i = 0; i < deadline->segment_count; i++) {
        const legal_segment_t *segment = &deadline->segments[i];
        json_array_append_new(segments,
                              json_pack("{s:s, s:o, s:o, s:s, s:s}", "effect",
                                        legal_effect_name(segment->effect), "from",
                                        json_day(segment->from), "to", json_day(segment->to),
                                        "article", segment->article, "text", segment->text));
    }
    json_object_set_new(json, "running", json_boolean(deadline->running));
    json_object_set_new(json, "segments", segments);
    if (!deadline->running)
        return;
    char ends_at[PIA_TIME_TEXT_SIZE];
    pia_time_format(deadline->ends_ms, ends_at);
    json_object_set_new(json, "last_day", json_day(deadline->last_day));
    json_object_set_new(json, "ends_at", json_string(ends_at));
}

json_t *legal_view(const legal_facts_t *facts, const legal_deadline_t *deadline)
{
    const legal_rule_t *rule = facts->rule;
    json_t *json = json_pack("{s:s, s:s, s:s, s:o, s:s}", "rule", rule->name, "label", rule->label,
                             "article", facts->period ? facts->basis : rule->article, "from",
                             json_day(facts->from), "place", facts->place.code);
    if (rule->way == LEGAL_COURT)
        json_object_set_new(json, "court", json_string(facts->court.code));
    legal_view_result(json, deadline);
    bool silence = rule->way == LEGAL_REJECTION || rule->way == LEGAL_ACCEPTANCE;
    if (silence && deadline->running)
        json_object_set_new(json, "silence",
                            json_string(rule->way == LEGAL_REJECTION ? "rejet" : "acceptation"));
    return json;
}

pia_status_t
legal_view_what_if(const char *produced, legal_facts_t facts, json_t *json, pia_problem_t *problem)
{
    if (facts.completion_count == 0 || facts.completions[facts.completion_count - 1].has_produced)
        return pia_problem_set(problem, PIA_INVALID, "/if_produced", "No pieces are waited for.");
    legal_completion_t *last = &facts.completions[facts.completion_count - 1];
    last->has_produced = pia_date_parse(produced, &last->produced);
    legal_deadline_t deadline;
    pia_status_t status = legal_clock(&facts, &deadline, problem);
    if (status != PIA_OK)
        return pia_problem_set(problem, status, "/if_produced", "Is before the request.");
    json_t *result = json_object();
    legal_view_result(result, &deadline);
    json_object_set_new(json, "what_if", result);
    return PIA_OK;
}
