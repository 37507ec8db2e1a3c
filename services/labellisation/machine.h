/* machine.h - a state machine of a procedure, as the engine interprets it. Its texts and arrays are
 * borrowed from the definition's JSON; it never changes once loaded. */
#ifndef MACHINE_H
#define MACHINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "day.h"
#include "kind.h"

enum {
    MACHINE_STATES_MAX = 64, /* sets of states are bits of a uint64_t */
    DATUM_TEXT_MAX = 65536,
    DATUM_PERSONS_MAX = 32, /* and pieces */
    DATUM_LIST_MAX = 64,    /* of the other lists */
    STATE_NONE = -1,
    TIMER_NONE = -1,
};

typedef enum {
    DATUM_TEXT,
    DATUM_INTEGER,
    DATUM_BOOLEAN,
    DATUM_CHOICE,
    DATUM_DATE,
    DATUM_PERSONS,
    DATUM_PIECES,      /* pieces of the dossier, each with what is wrong with it */
    DATUM_CODES,       /* distinct codes */
    DATUM_DOSSIERS,    /* ids of distinct dossiers */
    DATUM_ATTENDANCES, /* how seats of a committee are held */
    DATUM_VOTES,       /* one a seat */
    DATUM_SCORES,      /* of criteria, each with its justification */
} datum_type_t;

/* What a transition asks for, in its data. */
typedef struct {
    const char *name, *label;
    datum_type_t type;
    bool optional;
    int64_t min, max;     /* bytes, value, number of persons, pieces or scores */
    const json_t *values; /* of a choice */
} datum_t;

typedef struct {
    const char *name, *label;
    bool initial, final;
    const char *standing; /* of a label; NULL: as before */
} state_t;

/* A guard or an effect: the function that its name stands for, and its parameters. */
typedef struct {
    const struct guard_kind *kind;
    const json_t *parameters;
} guard_t;
typedef struct {
    const struct effect_kind *kind;
    const json_t *parameters;
} effect_t;

typedef struct {
    const char *name, *label, *reference; /* reference may be NULL */
    uint64_t from;                        /* a bit a state; 0: a creation */
    int to;                               /* index of the state, or STATE_NONE: it stays */
    uint32_t roles;
    bool automatic;
    guard_t *guards;
    effect_t *effects;
    datum_t *data;
    size_t guard_count, effect_count, datum_count;
    const json_t *notify; /* names, or NULL */
    const json_t *notice; /* audience -> kind of message, or NULL */
} transition_t;

typedef struct {
    const char *name, *label, *reference;
    bool enabled;
    uint64_t states, suspended_in;
    const json_t *since; /* names of transitions, or NULL: entering one of the states */
    period_t after;      /* empty, or how long after its start, its date or the other timer */
    period_t before;     /* negative: how long before its date or the other timer; empty: not */
    const char *on;      /* a fact of the type date, or NULL */
    int of;              /* index of the timer whose end it counts from, or TIMER_NONE */
    const struct legal_rule *rule;      /* counts by this rule of law, or NULL */
    const json_t *requested, *produced; /* with a rule: transitions that ask for pieces, answer */
    const char *until, *indispensable;  /* facts that a request records: the delay, or NULL */
    size_t transition;                  /* index */
} timer_rule_t;

typedef struct {
    machine_kind_t kind;
    const char *name; /* the kind's */
    uint32_t readers; /* roles that see everything */
    state_t *states;
    transition_t *transitions;
    timer_rule_t *timers;
    size_t state_count, transition_count, timer_count;
} machine_t;

/* Index of a state, or STATE_NONE. */
int machine_state(const machine_t *machine, const char *name);
/* NULL if there is none of this name. */
const transition_t *machine_transition(const machine_t *machine, const char *name);
/* The machine's first transition with an empty `from` that somebody may make; NULL: none. */
const transition_t *machine_creation(const machine_t *machine);
/* That one, or the transition of this name (not NULL); NULL: none. */
const transition_t *machine_creation_named(const machine_t *machine, const char *name);
/* Whether the transition may be made in this state (an index; STATE_NONE: does not exist yet). */
bool transition_starts_in(const transition_t *transition, int state);
/* Whether data of this type have bounds: everything but booleans, choices and dates. */
bool datum_is_bounded(datum_type_t type);
/* Most items of a list of this type; 0: it is no list. */
int64_t datum_items_max(datum_type_t type);
/* The name of a type in JSON, static. */
const char *datum_type_name(datum_type_t type);
/* NULL if the transition asks for no such datum. */
const datum_t *transition_datum(const transition_t *transition, const char *name);
/* Whether an array of texts holds this one; false for NULL. */
bool names_have(const json_t *names, const char *name);

#endif
