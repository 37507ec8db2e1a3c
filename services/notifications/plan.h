/* plan.h - who is told of what, and how: a JSON file, so that it can be changed without new code.
 *
 *   {"format": 1,
 *    "labels": {"fr": {"kind": {"formation": "Formation", …}}, "en": {…}},
 *    "rules": [{"event": "review.created",
 *               "when": {"member of data": ["one of these values", …]}, "unless": {…},
 *               "to": ["persons:reviewers"], "channels": ["inbox", "email"],
 *               "template": "review_assigned", "link": "/reviews/{{review}}"}]}
 *
 * All rules that match an event apply, in order; whom an earlier one told is not told again.
 * A procedure may plan the kind of message itself: data.notice, {"structure" or "others": "action",
 * "decision" or "reminder"}, is told by the template of that kind in the place of the rule's.
 *   audience             the journal's subscribers (of the event)
 *   persons:MEMBER       the person or persons in that member of data
 *   structure:MEMBER     everyone who acts for the structure in that member of data
 *   role:NAME            everyone with the role
 *   recipients.persons, recipients.structures, recipients.roles
 *                        those whom data.recipients names */
#ifndef PLAN_H
#define PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dates.h"
#include "pia/problem.h"

enum { CHANNEL_EMAIL = 1, CHANNEL_WEBHOOK = 2, CHANNEL_INBOX = 4 };

/* The bit of "email", "webhook" or "inbox"; 0 for another text. */
uint32_t channel_parse(const char *name);

/* The name of one bit. */
const char *channel_name(uint32_t channel);

typedef struct {
    const char *event;    /* its type, exact */
    const json_t *when;   /* object of arrays, or NULL */
    const json_t *unless; /* the same */
    const json_t *to;     /* array of texts */
    uint32_t channels;    /* CHANNEL_* */
    const char *template; /* name of one of ours */
    const char *link;     /* Mustache, or NULL */
} rule_t;

typedef struct {
    json_t *json; /* owns every text below */
    rule_t *rules;
    size_t count;
} plan_t;

/* Reads a plan; PIA_INVALID says which rule and why. On success the caller owns *ret_plan. */
pia_status_t plan_load(const char *text, size_t size, plan_t **ret_plan, pia_problem_t *problem);
void plan_destroy(plan_t **plan_p);

/* Whether a rule is about an event of this type with this data (may be NULL). */
bool rule_matches(const rule_t *rule, const char *type, const json_t *data);

/* The word for a value of `list` ("kind") in a language; the value itself if the plan has none. */
const char *
plan_label(const plan_t *plan, language_t language, const char *list, const char *value);

#endif
