/* review_rules.h - how a procedure has its dossiers reviewed: the member `reviews` of a definition,
 * borrowed from its JSON. */
#ifndef REVIEW_RULES_H
#define REVIEW_RULES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "machine.h"
#include "pia/problem.h"

typedef struct {
    int64_t min, max;          /* reports that the committee needs; reviewers at once */
    int64_t justification_min; /* bytes, of each score's justification */
    int64_t divergence;        /* percent, where the specification says nothing; 0: not looked at */
    const json_t *opposed;     /* two opinions that diverge by themselves, or NULL */
    bool anonymous;            /* the candidate does not learn who wrote a report */
} review_rules_t;

/* Reads the member (NULL: one report or more, nothing else is looked at), against the machine of
 * reviews, whose reports can have the opinions that are opposed. PIA_INVALID at its place. */
pia_status_t review_rules_load(review_rules_t *rules,
                               const json_t *json,
                               const machine_t *review,
                               pia_problem_t *problem);

#endif
