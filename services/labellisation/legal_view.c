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
