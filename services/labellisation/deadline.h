/* deadline.h - the legal clock of a matter: from what its timers' clocks have noted (the start, the
 * requests for pieces with the delay that each gave, the answers) to the deadline with its
 * explanation. Pure: no database, no clock of its own. */
#ifndef DEADLINE_H
#define DEADLINE_H

#include <jansson.h>
#include <stdbool.h>

#include "legal_clock.h"
#include "matter.h"

/* The facts of a timer with a rule. Days are those of Paris for silence (the administration
 * receives and decides), of the pôle's département for what its people must do. False: its clock
 * has not started. */
bool deadline_facts(const matter_t *matter, const timer_rule_t *timer, legal_facts_t *ret_facts);

/* The deadline of a timer with a rule; as legal_clock. PIA_NOT_FOUND: its clock has not started. */
pia_status_t deadline_compute(const matter_t *matter,
                              const timer_rule_t *timer,
                              legal_deadline_t *ret_deadline,
                              pia_problem_t *problem);

/* The timer with a rule whose clock runs or is suspended in the matter's state; NULL: none. */
const timer_rule_t *deadline_timer(const matter_t *matter);

/* Notes a request for pieces, or an answer, that took effect at `effective_ms`, on the clock of a
 * timer with a rule that has started. PIA_CONFLICT: no room for more requests; PIA_INVALID: what
 * cannot be (a delay that ends before it is given). */
pia_status_t deadline_note(matter_t *matter,
                           const timer_rule_t *timer,
                           const transition_t *transition,
                           int64_t effective_ms,
                           pia_problem_t *problem);

/* Adds to proto's deadline what it would be if the pieces that are waited for came on a day.
 * PIA_INVALID at /if_produced: none are, or not on that day. */
pia_status_t deadline_what_if(const matter_t *matter,
                              const char *produced,
                              json_t *json,
                              pia_problem_t *problem);

/* Proto's deadline, with the name of the timer; NULL if deadline_timer is. The caller owns it. */
json_t *deadline_view(const matter_t *matter);

#endif
