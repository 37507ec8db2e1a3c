/* engine.h - interprets a definition: who may do what in which state, and when nobody acts. Pure:
 * no database, no clock of its own. It knows no state by name. */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>

#include "definition.h"
#include "matter.h"
#include "pia/principal.h"

/* The roles that count on this matter: candidat and pole only for their own structure, of whose
 * people no other role counts; reviewer only if `assigned`. */
uint32_t engine_roles(const pia_principal_t *principal, const char *structure, bool assigned);

/* Whether roles of engine_roles are those of the structure's own people. */
bool engine_are_own(uint32_t roles);

/* Whether someone with these roles (of engine_roles) sees a matter of this machine. */
bool engine_sees(const machine_t *machine, uint32_t roles);

/* Whether someone with these roles may read the data of a transition that was made: who decides,
 * who made it, and whom it notifies. `name` may be of no transition any more. */
bool engine_reads(const machine_t *machine, const char *name, uint32_t roles, bool is_actor);

/* Whether it may be made in this state (STATE_NONE: a creation) by these roles.
 * PIA_FORBIDDEN: wrong role, whatever the state; PIA_CONFLICT: wrong state. */
pia_status_t engine_allows(const machine_t *machine,
                           const transition_t *transition,
                           int state,
                           uint32_t roles,
                           pia_problem_t *problem);

/* A transition that took effect. */
typedef struct {
    const transition_t *transition;
    int from; /* the state before */
    int64_t effective_ms;
    const timer_rule_t *fired; /* the timer that made it, or NULL */
    int64_t fired_ms;          /* and what it was due at */
} engine_step_t;

/* Updates the matter's clocks for a step (matter->state is the new state, matter->entered_ms still
 * the old one's), and its due_ms. PIA_INVALID, PIA_CONFLICT: the law knows no such request for
 * pieces (deadline_note). */
pia_status_t engine_run_clocks(matter_t *matter, const engine_step_t *step, pia_problem_t *problem);

/* When this timer is due in the matter's present state, or 0: it does not run, or has fired for
 * what it waits for now. */
int64_t engine_due(const matter_t *matter, const timer_rule_t *timer);

/* The timer that is due first, NULL if none runs. */
const timer_rule_t *engine_next_timer(const matter_t *matter);

#endif
