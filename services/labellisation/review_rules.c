/* review_rules.c - the member `reviews` of a definition. */
#include "review_rules.h"

#include <stdio.h>

#include "effects_review.h"
#include "pia/json.h"

/* The opinions of the report that an effect files; NULL: it files none. */
static const json_t *opinions_of(const transition_t *transition, const effect_t *effect)
{
    const json_t *name = json_object_get(effect->parameters, "opinion");
    const datum_t *datum = effect->kind->run == run_file_review && name
                               ? transition_datum(transition, json_string_value(name))
                               : NULL;
    return datum ? datum->values : NULL;
}

/* Whether some report can have this opinion. */
static bool is_given(const machine_t *review, const char *opinion)
{
    for (size_t i = 0; i < review->transition_count; i++) {
        const transition_t *transition = &review->transitions[i];
        for (size_t j = 0; j < transition->effect_count; j++)
            if (names_have(opinions_of(transition, &transition->effects[j]), opinion))
                return true;
    }
    return false;
}

static pia_status_t
check_opposed(const json_t *opposed, const machine_t *review, pia_problem_t *problem)
{
    for (size_t i = 0; i < json_array_size(opposed); i++) {
        char at[PIA_POINTER_MAX];
        (void)snprintf(at, sizeof at, "/reviews/opposed/%zu", i);
        if (!is_given(review, json_string_value(json_array_get(opposed, i))))
            return pia_problem_set(problem, PIA_INVALID, at, "no report has this opinion");
    }
    return PIA_OK;
}

pia_status_t review_rules_load(review_rules_t *rules,
                               const json_t *json,
                               const machine_t *review,
                               pia_problem_t *problem)
{
    *rules = (review_rules_t){.min = 1, .max = DATUM_PERSONS_MAX};
    if (!json)
        return PIA_OK;
    rules->min = pia_json_integer(json, "min");
    rules->max = pia_json_integer(json, "max");
    rules->justification_min = pia_json_integer(json, "justification_min");
    rules->divergence = pia_json_integer(json, "divergence");
    rules->opposed = json_object_get(json, "opposed");
    rules->anonymous = json_is_true(json_object_get(json, "anonymous"));
    if (rules->min > rules->max)
        return pia_problem_set(problem, PIA_INVALID, "/reviews/min", "min is above max");
    return check_opposed(rules->opposed, review, problem);
}
