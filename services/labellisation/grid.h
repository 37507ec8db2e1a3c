/* grid.h - the scored grid of a report, against the criteria of a specification (proto's). Pure and
 * exact: a total is a fraction of integers, no floating point, rounded only to be shown.
 *
 * The weighted mean of the scores, each as a part of its scale, is
 *     sum of weight * (score - min) / (max - min)   over   sum of weights;
 * over the common multiple of the scales' lengths it is points / grid_points_max. */
#ifndef GRID_H
#define GRID_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "pia/problem.h"

/* Greatest common multiple of the lengths of a specification's scales: with 32 weights up to 1000
 * all sums below stay under 10^16. */
enum { GRID_UNIT_MAX = 1000000 };

/* Whether the scales have a common multiple within GRID_UNIT_MAX; PIA_INVALID at the first
 * criterion that has not. */
pia_status_t grid_check_scales(const json_t *specification, pia_problem_t *problem);

/* Whether `scores` ([{"criterion", "score", "justification"}], of that shape already) score every
 * criterion once, on its scale, with justifications of `justification_min` bytes or more.
 * PIA_INVALID below `at`, naming the criterion. */
pia_status_t grid_check(const json_t *specification,
                        const json_t *scores,
                        int64_t justification_min,
                        const char *at,
                        pia_problem_t *problem);

/* The same for scores that are being written: those that are there, whatever is missing. */
pia_status_t grid_check_draft(const json_t *specification,
                              const json_t *scores,
                              const char *at,
                              pia_problem_t *problem);

/* The codes of criteria without a score, or whose justification is too short; the caller owns it.
 */
json_t *grid_missing(const json_t *specification, const json_t *scores, int64_t justification_min);

/* Points of checked scores, and of a grid that has the best score everywhere. */
int64_t grid_points(const json_t *specification, const json_t *scores);
int64_t grid_points_max(const json_t *specification);

/* Points as hundredths of a percent, rounded half up. */
int64_t grid_total(int64_t points, int64_t points_max);

/* Whether points reach a percentage. */
bool grid_reaches(int64_t points, int64_t points_max, int64_t percent);

/* Whether two reports' points differ by more than a percentage. */
bool grid_differs(int64_t points, int64_t others, int64_t points_max, int64_t percent);

/* Whether every threshold of the specification is reached. */
bool grid_is_met(const json_t *specification, const json_t *scores);

/* The scores in the specification's order with what the criteria say: proto's dossier_score; other
 * members of an item are kept. The caller owns it. */
json_t *grid_lines(const json_t *specification, const json_t *scores);

#endif
