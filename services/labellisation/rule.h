/* rule.h - guards and effects: names that a definition may use, each a function here. A name that
 * no table has is refused when a definition is loaded. */
#ifndef RULE_H
#define RULE_H

#include <stdbool.h>

#include "act.h"
#include "definition.h"

/* What a parameter of a rule must be; checked when a definition is loaded. */
typedef enum {
    PARAMETER_FACT,     /* a fact that some effect of the machine records */
    PARAMETER_NEW_FACT, /* the name of a fact that this effect records */
    PARAMETER_VALUE,    /* a text */
    PARAMETER_DATUM,    /* a datum of the transition, other than text or persons; may be absent */
    PARAMETER_CHOICE,   /* a required datum of this type; the next six likewise */
    PARAMETER_INTEGER,
    PARAMETER_TEXT,
    PARAMETER_PERSONS,
    PARAMETER_DATE,
    PARAMETER_PIECES,
    PARAMETER_SCORES,
    PARAMETER_MAP,         /* values of the choice named by `data` -> texts; may be absent */
    PARAMETER_CAPACITIES,  /* all values of the choice named by `data` -> names of roles */
    PARAMETER_NAMES,       /* texts */
    PARAMETER_CREATION,    /* a creation of the rule's `of` machine that nobody makes by hand */
    PARAMETER_SIBLING,     /* a creation of this machine that nobody makes by hand */
    PARAMETER_TRANSITION,  /* another transition of the `of` machine that nobody makes by hand */
    PARAMETER_OF_PARENT,   /* the same, of the machines of what may be the matter's parent */
    PARAMETER_OF_A_PARENT, /* the same, of one of them at least */
    PARAMETER_KIND,        /* a kind whose parent may be of this machine */
    PARAMETER_OF_CHILD,    /* as PARAMETER_TRANSITION, of the machine that `kind` names */
    PARAMETER_SILENCE,     /* a rule of law by which silence decides */
    PARAMETER_PLAIN,       /* a rule of law that counts from date to date */
    PARAMETER_PERIOD,      /* a period that is not empty */
    PARAMETER_DAY,         /* "today" or "start" */
    PARAMETER_OPINION, /* a transition of the `of` machine that nobody makes by hand and that asks
                          for the choice `avis` and the text `texte` */
    PARAMETER_MAYBE,   /* a choice, which may be absent */
    PARAMETER_MAYBE_TEXT, /* a text, which may be absent */
    PARAMETER_MAYBE_DATE, /* a date, which may be absent */
    PARAMETER_RULE,       /* a rule of law */
} parameter_kind_t;

typedef struct {
    const char *name; /* NULL ends the list */
    parameter_kind_t kind;
    bool optional; /* may be absent; a map always may */
} parameter_t;

enum { PARAMETERS_MAX = 6 };

/* PIA_OK: holds. PIA_CONFLICT or PIA_FORBIDDEN: does not, `problem` says why. While someone asks
 * what is possible there are no data: a guard that needs them then holds. */
typedef pia_status_t guard_fn(const act_t *act, const json_t *parameters, pia_problem_t *problem);

/* A datum that a rule reads by its name: the transition must ask for it, as this type; required
 * unless `optional` (then it may be absent from the definition, too). */
typedef struct need {
    const char *name; /* NULL ends the list */
    datum_type_t type;
    bool optional;
} need_t;

typedef struct guard_kind {
    const char *name;
    guard_fn *test;
    parameter_t parameters[PARAMETERS_MAX];
    const need_t *needs; /* NULL: none */
    uint32_t kinds;      /* bits (kind_bit) of the machines where it may stand; 0: all */
    bool personal;       /* looks at who asks: not for what a timer or nobody makes */
    bool pure;           /* looks at nothing but the matter */
} guard_kind_t;

/* Changes the matter and the store, in the transition's transaction. Not OK: the transition is
 * refused and everything undone. */
typedef pia_status_t effect_fn(act_t *act, const json_t *parameters, pia_problem_t *problem);

/* Where a rule stands in a definition that is checked. */
typedef struct {
    const definition_t *definition;
    const machine_t *machine;
    const transition_t *transition;
    const char *at; /* pointer to the rule */
} place_of_rule_t;

/* What an effect needs beside its parameters: PIA_INVALID, and `problem` says what is missing. */
typedef pia_status_t
rule_check_fn(const place_of_rule_t *place, const json_t *parameters, pia_problem_t *problem);

typedef struct effect_kind {
    const char *name;
    effect_fn *run;
    parameter_t parameters[PARAMETERS_MAX];
    const need_t *needs;
    rule_check_fn *check; /* NULL: nothing else is needed */
    uint32_t kinds;       /* as of a guard */
    machine_kind_t of;    /* whose transition it names, if it does */
    bool personal;        /* as of a guard */
    bool pure;            /* changes nothing but the matter */
    bool others;          /* moves other matters: runs once this one is stored */
    bool dates;           /* the fact that it records is a date */
    bool outward;         /* leaves the matter as it is */
} effect_kind_t;

/* NULL if there is no such name. */
const guard_kind_t *guard_find(const char *name);
const effect_kind_t *effect_find(const char *name);
/* How many there are. */
size_t guard_count(void);
size_t effect_count(void);

#endif
