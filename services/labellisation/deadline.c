/* deadline.c - from a matter's clocks to the legal clock. */
#include "deadline.h"

#include "legal_view.h"
#include "pia/clock.h"

static bool is_silence(const timer_rule_t *timer)
{
    return timer->rule->way == LEGAL_REJECTION || timer->rule->way == LEGAL_ACCEPTANCE;
}

static void find_place(const matter_t *matter, const timer_rule_t *timer, place_t *ret_place)
{
    const json_t *pole = json_object_get(matter->card, "pole");
    const char *code = json_string_value(json_object_get(pole, "departement"));
    if (is_silence(timer) || !place_find(code, ret_place))
        (void)place_find(NULL, ret_place);
}

static bool get_day(const json_t *object, const char *name, int64_t *ret_day)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text && pia_date_parse(text, ret_day);
}

static void read_completions(const json_t *clock, legal_facts_t *facts)
{
    size_t i;
    const json_t *json;
    json_array_foreach(json_object_get(clock, "completions"), i, json)
    {
        legal_completion_t *completion = &facts->completions[facts->completion_count++];
        (void)get_day(json, "requested", &completion->requested);
        (void)get_day(json, "until", &completion->until);
        completion->has_produced = get_day(json, "produced", &completion->produced);
        completion->indispensable = !json_is_false(json_object_get(json, "indispensable"));
    }
}

static bool has_period(const timer_rule_t *timer)
{
    const period_t *after = &timer->after;
    return after->years != 0 || after->months != 0 || after->weeks != 0 || after->days != 0;
}

bool deadline_facts(const matter_t *matter, const timer_rule_t *timer, legal_facts_t *ret_facts)
{
    const json_t *clock = json_object_get(matter->clocks, timer->name);
    const json_t *since = json_object_get(clock, "since");
    if (!since)
        return false;
    *ret_facts = (legal_facts_t){
        .rule = timer->rule,
        .period = has_period(timer) ? &timer->after : NULL,
        .basis = timer->reference,
    };
    find_place(matter, timer, &ret_facts->place);
    (void)place_find(NULL, &ret_facts->court);
    ret_facts->from = place_day_of(&ret_facts->place, json_integer_value(since));
    read_completions(clock, ret_facts);
    return true;
}

pia_status_t deadline_compute(const matter_t *matter,
                              const timer_rule_t *timer,
                              legal_deadline_t *ret_deadline,
                              pia_problem_t *problem)
{
    legal_facts_t facts;
    if (!deadline_facts(matter, timer, &facts))
        return PIA_NOT_FOUND;
    return legal_clock(&facts, ret_deadline, problem);
}

const timer_rule_t *deadline_timer(const matter_t *matter)
{
    for (size_t i = 0; i < matter->machine->timer_count; i++) {
        const timer_rule_t *timer = &matter->machine->timers[i];
        uint64_t states = timer->states | timer->suspended_in;
        if (timer->rule && timer->enabled && (states >> matter->state & 1) != 0 &&
            json_object_get(matter->clocks, timer->name))
            return timer;
    }
    return NULL;
}

static json_t *day_json(int64_t day)
{
    char text[DAY_TEXT_SIZE];
    day_format(day, text);
    return json_string(text);
}

static pia_status_t
note_request(matter_t *matter, const timer_rule_t *timer, int64_t day, pia_problem_t *problem)
{
    json_t *clock = json_object_get(matter->clocks, timer->name);
    json_t *list = json_object_get(clock, "completions");
    if (!list) {
        list = json_array();
        json_object_set_new(clock, "completions", list);
    }
    if (json_array_size(list) >= LEGAL_COMPLETIONS_MAX)
        return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                               "pieces have been asked for %d times already",
                               LEGAL_COMPLETIONS_MAX);
    json_t *request = json_pack("{s:o}", "requested", day_json(day));
    json_object_set(request, "until", json_object_get(matter->facts, timer->until));
    if (timer->indispensable)
        json_object_set(request, "indispensable",
                        json_object_get(matter->facts, timer->indispensable));
    json_array_append_new(list, request);
    return PIA_OK;
}

/* An answer is one to all that was asked for and has not come. */
static void note_answer(matter_t *matter, const timer_rule_t *timer, int64_t day)
{
    size_t i;
    json_t *request;
    json_array_foreach(json_object_get(json_object_get(matter->clocks, timer->name), "completions"),
                       i, request)
    {
        if (!json_object_get(request, "produced"))
            json_object_set_new(request, "produced", day_json(day));
    }
}

pia_status_t deadline_note(matter_t *matter,
                           const timer_rule_t *timer,
                           const transition_t *transition,
                           int64_t effective_ms,
                           pia_problem_t *problem)
{
    legal_facts_t facts;
    legal_deadline_t deadline;
    pia_problem_t why;
    if (!deadline_facts(matter, timer, &facts))
        return PIA_OK;
    int64_t day = place_day_of(&facts.place, effective_ms);
    pia_status_t status = PIA_OK;
    if (names_have(timer->requested, transition->name))
        status = note_request(matter, timer, day, problem);
    else if (names_have(timer->produced, transition->name))
        note_answer(matter, timer, day);
    else
        return PIA_OK;
    if (status == PIA_OK && deadline_compute(matter, timer, &deadline, &why) != PIA_OK)
        return pia_problem_set(problem, PIA_INVALID, "/data", "%s", why.detail);
    return status;
}

json_t *deadline_view(const matter_t *matter)
{
    const timer_rule_t *timer = deadline_timer(matter);
    legal_facts_t facts;
    legal_deadline_t deadline;
    if (!timer || !deadline_facts(matter, timer, &facts) ||
        legal_clock(&facts, &deadline, NULL) != PIA_OK)
        return NULL;
    json_t *json = legal_view(&facts, &deadline);
    json_object_set_new(json, "timer", json_string(timer->name));
    json_object_set_new(json, "transition",
                        json_string(matter->machine->transitions[timer->transition].name));
    return json;
}

pia_status_t
deadline_what_if(const matter_t *matter, const char *produced, json_t *json, pia_problem_t *problem)
{
    const timer_rule_t *timer = deadline_timer(matter);
    legal_facts_t facts;
    return timer && deadline_facts(matter, timer, &facts)
               ? legal_view_what_if(produced, facts, json, problem)
               : PIA_NOT_FOUND;
}
