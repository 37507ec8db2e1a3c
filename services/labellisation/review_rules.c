/* review_rules.c - the member `reviews` of a definition. */
#include "review_rules.h"

#include "machine.h"

static int64_t integer_of(const json_t *json, const char *name)
{
    return json_integer_value(json_object_get(json, name));
}

pia_status_t review_rules_load(review_rules_t *rules, const json_t *json, pia_problem_t *problem)
{
    *rules = (review_rules_t){.min = 1, .max = DATUM_PERSONS_MAX};
    if (!json)
        return PIA_OK;
    rules->min = integer_of(json, "min");
    rules->max = integer_of(json, "max");
    rules->justification_min = integer_of(json, "justification_min");
    rules->divergence = integer_of(json, "divergence");
    rules->opposed = json_object_get(json, "opposed");
    rules->anonymous = json_is_true(json_object_get(json, "anonymous"));
    if (rules->min > rules->max)
        return pia_problem_set(problem, PIA_INVALID, "/reviews/min", "min is above max");
    return PIA_OK;
}
