/* matter.h - what a procedure runs on: a dossier, a label or another kind, pinned to a version of a
 * definition.
 * Loading, creating and moving one, with its history, effects, timers and announcements, in the
 * present transaction. Store thread. */
#ifndef MATTER_H
#define MATTER_H

#include <jansson.h>
#include <stdint.h>

#include "act.h"
#include "definition.h"
#include "library.h"
#include "pia/db.h"
#include "pia/principal.h"
#include "pia/problem.h"
#include "pia/uuid.h"

enum { MATTER_HASH_SIZE = 65, MATTER_CODE_SIZE = 32 };

typedef struct matter {
    char id[PIA_UUID_TEXT_SIZE];
    char parent[PIA_UUID_TEXT_SIZE];    /* "" if none */
    char structure[PIA_UUID_TEXT_SIZE]; /* whose it is; "" if nobody's */
    char person[PIA_UUID_TEXT_SIZE];    /* of a review: whose task it is; "" if nobody's */
    char pole[MATTER_CODE_SIZE];        /* code of the pôle; "" if it is about none */
    machine_kind_t kind, parent_kind;   /* parent_kind: with a parent */
    const definition_t *definition;     /* the library's */
    const machine_t *machine;
    int state;
    int64_t version;              /* and number of the last entry of its history */
    json_t *card;                 /* title, themes, sectors, pole */
    bool demonstration;           /* fictitious */
    json_t *facts;                /* name -> value, what effects recorded */
    json_t *clocks;               /* name of a timer -> {"since": ms, "suspended": days} */
    char chain[MATTER_HASH_SIZE]; /* after the last entry */
    int64_t created_ms;
    int64_t changed_ms; /* the last transition took effect */
    int64_t entered_ms; /* the present state was entered */
    int64_t due_ms;     /* the next timer; 0: none */
} matter_t;

/* Frees what it holds. */
void matter_clear(matter_t *matter);

/* Reads one; PIA_NOT_FOUND. On success the caller clears it. */
pia_status_t matter_load(pia_db_t *db,
                         library_t *library,
                         machine_kind_t kind,
                         const char *id,
                         matter_t *ret_matter,
                         pia_problem_t *problem);

/* The principal's roles that count on this matter (engine_roles); of an inner kind (kind.h) none
 * for its structure's people but as who it is the task of. */
pia_status_t matter_roles(pia_db_t *db,
                          const matter_t *matter,
                          const pia_principal_t *principal,
                          uint32_t *ret_roles);

/* Whether the guards of act->transition hold: PIA_OK, or why not. */
pia_status_t matter_guards(const act_t *act, pia_problem_t *problem);

/* Makes the transitions whose timers are due at `now_ms`, each with the instant when it was due.
 * PIA_CONFLICT: someone else changed the matter meanwhile. */
pia_status_t matter_catch_up(
    pia_db_t *db, library_t *library, matter_t *matter, int64_t now_ms, pia_problem_t *problem);

/* The same for what was due when at->effective_ms takes effect, as a part of what is recorded at
 * at->recorded_ms. */
pia_status_t matter_catch_up_to(const act_t *at, matter_t *matter, pia_problem_t *problem);

/* Stores a new one whose id, kind, definition, structure, person, pole, parent and card are set, by
 * the creation act->transition with act->data. The rest is filled here. PIA_INVALID: the data. */
pia_status_t matter_create(act_t *act, pia_problem_t *problem);

/* Makes act->transition, if the definition allows it, and the automatic ones that follow from it.
 * `version` is what the asker has seen. PIA_CONFLICT: state, version or guard; PIA_FORBIDDEN: role;
 * PIA_INVALID: data, with a pointer below /data. After a failure the matter's memory is not that
 * of the store: clear it. */
pia_status_t matter_move(act_t *act, int64_t version, pia_problem_t *problem);

/* Makes act->transition, which nobody makes by hand, as a timer or another matter's transition
 * does: PIA_CONFLICT if the state or a guard does not let it. */
pia_status_t matter_follow(act_t *act, pia_problem_t *problem);

#endif
