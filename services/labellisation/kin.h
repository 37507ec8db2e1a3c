/* kin.h - matters that a transition makes or moves beside its own: children, the parent, others.
 * All in the same transaction, with the same instants. Store thread. */
#ifndef KIN_H
#define KIN_H

#include "act.h"
#include "matter.h"

/* A child to be made; it is of its parent's structure, pôle and definition. */
typedef struct {
    machine_kind_t kind;
    const char *transition; /* a creation of the kind's machine */
    const char *person;     /* NULL: nobody's */
    json_t *card;           /* taken; NULL: a copy of the parent's */
    json_t *facts;          /* taken; NULL: none */
    const json_t *data;     /* of the creation; NULL: none */
    bool asked;             /* cause->principal asks for it: the creation's roles are looked at */
} child_t;

/* Makes a child of cause->matter, whose transition causes it (or of which `asked` asks for one:
 * then cause->transition may be NULL). Writes its id. PIA_CONFLICT, PIA_FORBIDDEN, PIA_INVALID. */
pia_status_t matter_create_child(const act_t *cause,
                                 child_t *child,
                                 char ret_id[PIA_UUID_TEXT_SIZE],
                                 pia_problem_t *problem);

/* Makes a transition that nobody makes by hand on another matter, after its due timers, with the
 * automatic ones that follow. PIA_NOT_FOUND; PIA_CONFLICT if its state or a guard does not let it.
 */
pia_status_t matter_move_other(const act_t *cause,
                               machine_kind_t kind,
                               const char *id,
                               const char *transition,
                               pia_problem_t *problem);

/* What such a transition is given. */
typedef struct {
    const char *transition;
    const json_t *data;   /* that it asks for */
    const json_t *origin; /* act_t's */
} given_t;

/* The same with data. *ret_moved is false, and nothing has changed, if its definition or its state
 * does not let it. PIA_INVALID: the data. */
pia_status_t matter_move_given(const act_t *cause,
                               machine_kind_t kind,
                               const char *id,
                               const given_t *given,
                               bool *ret_moved,
                               pia_problem_t *problem);

/* The same on all children of a kind whose state lets it. */
pia_status_t matter_move_children(const act_t *cause,
                                  machine_kind_t kind,
                                  const char *transition,
                                  pia_problem_t *problem);

#endif
