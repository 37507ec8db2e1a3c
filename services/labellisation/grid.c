/* grid.c - the scored grid of a report. */
#include "grid.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "pia/json.h"

static const json_t *criteria_of(const json_t *specification)
{
    return json_object_get(specification, "criteria");
}

static int64_t length_of(const json_t *criterion)
{
    return pia_json_integer(criterion, "max") - pia_json_integer(criterion, "min");
}

/* Of a positive and another number; positive. */
static int64_t common_divisor(int64_t a, int64_t b)
{
    assert(a > 0);
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The common multiple of the first `count` scales' lengths, each of them positive. */
static int64_t unit_of(const json_t *criteria, size_t count)
{
    int64_t unit = 1;
    for (size_t i = 0; i < count; i++) {
        int64_t length = length_of(json_array_get(criteria, i));
        unit = unit / common_divisor(unit, length) * length;
        if (unit > GRID_UNIT_MAX)
            break;
    }
    return unit;
}

pia_status_t grid_check_scales(const json_t *specification, pia_problem_t *problem)
{
    const json_t *criteria = criteria_of(specification);
    for (size_t i = 0; i < json_array_size(criteria); i++) {
        char at[PIA_POINTER_MAX];
        (void)snprintf(at, sizeof at, "/criteria/%zu/max", i);
        if (unit_of(criteria, i + 1) > GRID_UNIT_MAX)
            return pia_problem_set(problem, PIA_INVALID, at,
                                   "the lengths of the scales have no common multiple up to %d",
                                   GRID_UNIT_MAX);
    }
    return PIA_OK;
}

/* The item with this code as its `member`; NULL. */
static const json_t *find(const json_t *items, const char *member, const char *code)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        if (strcmp(pia_json_text_or(item, member, ""), code) == 0)
            return item;
    }
    return NULL;
}

/* The criterion of one item, at `at`/`index`: it exists, is there once, and what it scores is on
 * its scale. */
static pia_status_t check_item(const json_t *specification,
                               const json_t *scores,
                               size_t index,
                               const char *at,
                               pia_problem_t *problem)
{
    const json_t *item = json_array_get(scores, index), *score = json_object_get(item, "score");
    const char *code = pia_json_text_or(item, "criterion", "");
    const json_t *criterion = find(criteria_of(specification), "code", code);
    char pointer[PIA_POINTER_MAX];
    (void)snprintf(pointer, sizeof pointer, "%s/%zu/criterion", at, index);
    if (!criterion)
        return pia_problem_set(problem, PIA_INVALID, pointer,
                               "the specification has no criterion %s", code);
    if (find(scores, "criterion", code) != item)
        return pia_problem_set(problem, PIA_INVALID, pointer, "%s is scored twice", code);
    int64_t value = json_integer_value(score);
    (void)snprintf(pointer, sizeof pointer, "%s/%zu/score", at, index);
    if (score &&
        (value < pia_json_integer(criterion, "min") || value > pia_json_integer(criterion, "max")))
        return pia_problem_set(problem, PIA_INVALID, pointer, "%s is scored from %lld to %lld",
                               code, (long long)pia_json_integer(criterion, "min"),
                               (long long)pia_json_integer(criterion, "max"));
    return PIA_OK;
}

pia_status_t grid_check_draft(const json_t *specification,
                              const json_t *scores,
                              const char *at,
                              pia_problem_t *problem)
{
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < json_array_size(scores); i++)
        status = check_item(specification, scores, i, at, problem);
    return status;
}

static bool is_justified(const json_t *item, int64_t justification_min)
{
    return (int64_t)strlen(pia_json_text_or(item, "justification", "")) >= justification_min;
}

pia_status_t grid_check(const json_t *specification,
                        const json_t *scores,
                        int64_t justification_min,
                        const char *at,
                        pia_problem_t *problem)
{
    const json_t *criteria = criteria_of(specification);
    pia_status_t status = grid_check_draft(specification, scores, at, problem);
    for (size_t i = 0; status == PIA_OK && i < json_array_size(scores); i++) {
        const json_t *item = json_array_get(scores, i);
        char pointer[PIA_POINTER_MAX];
        (void)snprintf(pointer, sizeof pointer, "%s/%zu/justification", at, i);
        if (!is_justified(item, justification_min))
            status = pia_problem_set(
                problem, PIA_INVALID, pointer, "the score of %s is justified in %lld bytes or more",
                pia_json_text_or(item, "criterion", ""), (long long)justification_min);
    }
    for (size_t i = 0; status == PIA_OK && i < json_array_size(criteria); i++) {
        const char *code = pia_json_text_or(json_array_get(criteria, i), "code", "");
        if (!find(scores, "criterion", code))
            status = pia_problem_set(problem, PIA_INVALID, at, "%s is not scored", code);
    }
    return status;
}

json_t *grid_missing(const json_t *specification, const json_t *scores, int64_t justification_min)
{
    const json_t *criteria = criteria_of(specification);
    json_t *missing = json_array();
    for (size_t i = 0; i < json_array_size(criteria); i++) {
        const json_t *code = json_object_get(json_array_get(criteria, i), "code");
        const json_t *item = find(scores, "criterion", json_string_value(code));
        if (!json_object_get(item, "score") || !is_justified(item, justification_min))
            json_array_append(missing, (json_t *)code);
    }
    return missing;
}

int64_t grid_points_max(const json_t *specification)
{
    const json_t *criteria = criteria_of(specification);
    int64_t weights = 0;
    for (size_t i = 0; i < json_array_size(criteria); i++)
        weights += pia_json_integer(json_array_get(criteria, i), "weight");
    return weights * unit_of(criteria, json_array_size(criteria));
}

int64_t grid_points(const json_t *specification, const json_t *scores)
{
    const json_t *criteria = criteria_of(specification);
    int64_t points = 0, unit = unit_of(criteria, json_array_size(criteria));
    for (size_t i = 0; i < json_array_size(criteria); i++) {
        const json_t *criterion = json_array_get(criteria, i);
        const json_t *item = find(scores, "criterion", pia_json_text_or(criterion, "code", ""));
        int64_t above =
            item ? pia_json_integer(item, "score") - pia_json_integer(criterion, "min") : 0;
        points += pia_json_integer(criterion, "weight") * above * (unit / length_of(criterion));
    }
    return points;
}

int64_t grid_total(int64_t points, int64_t points_max)
{
    return (points * 20000 + points_max) / (2 * points_max);
}

bool grid_reaches(int64_t points, int64_t points_max, int64_t percent)
{
    return points * 100 >= percent * points_max;
}

bool grid_differs(int64_t points, int64_t others, int64_t points_max, int64_t percent)
{
    int64_t difference = points > others ? points - others : others - points;
    return difference * 100 > percent * points_max;
}

/* Whether the score of a criterion with a threshold reaches it. */
static bool reaches(const json_t *criterion, const json_t *item)
{
    return pia_json_integer(item, "score") >= pia_json_integer(criterion, "threshold");
}

bool grid_is_met(const json_t *specification, const json_t *scores)
{
    const json_t *criteria = criteria_of(specification);
    for (size_t i = 0; i < json_array_size(criteria); i++) {
        const json_t *criterion = json_array_get(criteria, i);
        if (!reaches(criterion, find(scores, "criterion", pia_json_text_or(criterion, "code", ""))))
            return false;
    }
    return grid_reaches(grid_points(specification, scores), grid_points_max(specification),
                        pia_json_integer(specification, "threshold"));
}

json_t *grid_lines(const json_t *specification, const json_t *scores)
{
    static const char *const members[] = {"label", "min", "max", "weight", "threshold"};
    const json_t *criteria = criteria_of(specification);
    json_t *lines = json_array();
    for (size_t i = 0; i < json_array_size(criteria); i++) {
        const json_t *criterion = json_array_get(criteria, i);
        const json_t *item = find(scores, "criterion", pia_json_text_or(criterion, "code", ""));
        if (!item)
            continue;
        json_t *line = json_copy((json_t *)item);
        for (size_t j = 0; j < sizeof members / sizeof members[0]; j++)
            if (json_object_get(criterion, members[j]))
                json_object_set(line, members[j], json_object_get(criterion, members[j]));
        if (json_object_get(criterion, "threshold"))
            json_object_set_new(line, "met", json_boolean(reaches(criterion, item)));
        json_array_append_new(lines, line);
    }
    return lines;
}
