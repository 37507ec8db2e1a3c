/* definition_internal.h - between the loader and the checker of definitions. */
#ifndef DEFINITION_INTERNAL_H
#define DEFINITION_INTERNAL_H

#include "definition.h"

/* PIA_INVALID at `at`/`member`. */
pia_status_t
definition_fault(pia_problem_t *problem, const char *at, const char *member, const char *detail);

/* "<at>/<list>/<i>". */
void definition_item(char ret_pointer[PIA_POINTER_MAX], const char *at, const char *list, size_t i);

/* The parts of a machine, whose names become indices and functions; `at` is where it stands. What
 * it has filled so far is freed with the definition, also after a fault. */
pia_status_t definition_load_machine(machine_t *machine,
                                     const json_t *json,
                                     const char *at,
                                     pia_problem_t *problem);

void definition_read_period(const json_t *json, period_t *ret_period);

/* What a datum asks for is possible, and bounded. */
pia_status_t definition_check_datum(const datum_t *datum,
                                    const json_t *json,
                                    const char *at,
                                    pia_problem_t *problem);

bool definition_asks_for_data(const transition_t *transition);

/* Of a timer, at `at` (definition_timers.c). */
pia_status_t definition_check_timer(const machine_t *machine,
                                    const timer_rule_t *timer,
                                    const char *at,
                                    pia_problem_t *problem);

/* The whole makes sense: every state is reached and left, every transition is made by someone,
 * timers and rules name what exists. */
pia_status_t definition_check(const definition_t *definition, pia_problem_t *problem);

/* The guards and effects of one transition, at `at` (definition_rules.c). */
pia_status_t definition_check_rules(const definition_t *definition,
                                    const machine_t *machine,
                                    const transition_t *transition,
                                    const char *at,
                                    pia_problem_t *problem);

/* The data that a rule at `at` reads by name; NULL: none (definition_rules.c). */
struct need;
pia_status_t definition_check_needs(const transition_t *transition,
                                    const struct need *needs,
                                    const char *at,
                                    pia_problem_t *problem);

/* The kind that a rule's `kind` names (definition_reach.c, as the next two). */
machine_kind_t definition_child_kind(const json_t *rule);

/* Whether an effect of some machine makes this transition. */
bool definition_moves(const definition_t *definition,
                      const machine_t *machine,
                      const transition_t *transition);

/* Whether an effect of the machine records this fact; `as_date`: as a date. */
bool definition_records(const machine_t *machine, const char *fact, bool as_date);

#endif
