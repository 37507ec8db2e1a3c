/* legal_clock.h - from the facts to the last day, with every step and the text that orders it. Days
 * are local days at the place (days since 1970-01-01). A pure function, any thread.
 *
 * CRPA: Code des relations entre le public et l'administration; CJA: Code de justice
 * administrative; CPC: Code de procédure civile. Conventions where texts leave a choice: silence
 * decides at 24:00 in Paris; the court is in metropolitan France unless it is named; holidays are
 * those of the place of who must act. Engineering guidance, not legal advice. */
#ifndef LEGAL_CLOCK_H
#define LEGAL_CLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "day.h"
#include "pia/problem.h"
#include "place.h"

enum {
    LEGAL_SEGMENTS_MAX = 64,
    LEGAL_COMPLETIONS_MAX = 16,
    LEGAL_APPEALS_MAX = 4,
    LEGAL_TEXT_SIZE = 256,
};

/* How a rule counts. */
typedef enum {
    LEGAL_REJECTION,  /* silence rejects: a missing piece suspends (CRPA L114-5) */
    LEGAL_ACCEPTANCE, /* silence accepts: counted from the complete file (CRPA L114-5) */
    LEGAL_COURT,      /* délai franc, distance, interrupted by appeals (CJA R421-1 to -7) */
    LEGAL_APPEAL,     /* délai franc (CRPA L411-2) */
    LEGAL_PLAIN,      /* date to date, never moved */
    LEGAL_WORKING,    /* working days */
} legal_way_t;

typedef struct legal_rule {
    const char *name;    /* "silence-rejet" */
    const char *label;   /* French */
    const char *start;   /* French: what `from` is the date of */
    const char *article; /* "CRPA, art. L231-4" */
    legal_way_t way;
    period_t period; /* negative: counted back */
} legal_rule_t;

/* Ends with a NULL name. */
extern const legal_rule_t legal_rules[];
const legal_rule_t *legal_rule_find(const char *name); /* NULL: unknown */

/* One request to complete a file, with the delay that it gives. */
typedef struct {
    int64_t requested, until;
    bool has_produced;
    int64_t produced;
    bool indispensable; /* other pieces suspend nothing (CRPA L114-5-1) */
} legal_completion_t;

/* A gracious or hierarchical appeal. */
typedef struct {
    bool hierarchical;
    int64_t sent;      /* postmark */
    int64_t received;  /* >= sent: silence is counted from here */
    bool has_rejected; /* or ended otherwise: */
    bool withdrawn;    /* by its author, without a decision */
    int64_t rejected;  /* notified; if withdrawn: the day of that */
} legal_appeal_t;

typedef struct {
    const legal_rule_t *rule;
    int64_t from;
    place_t place;          /* of who must act */
    place_t court;          /* LEGAL_COURT: where it sits */
    const period_t *period; /* NULL: the rule's own */
    const char *basis;      /* the text that orders the period; with `period` */
    bool uninformed;        /* no complete receipt: remedy periods do not run */
    legal_completion_t completions[LEGAL_COMPLETIONS_MAX];
    size_t completion_count;
    legal_appeal_t appeals[LEGAL_APPEALS_MAX];
    size_t appeal_count;
} legal_facts_t;

typedef enum {
    LEGAL_RUNS,
    LEGAL_WAITS,       /* has not begun */
    LEGAL_SUSPENDED,   /* goes on afterwards */
    LEGAL_INTERRUPTED, /* begins anew afterwards */
    LEGAL_ADDED,       /* distance, the franc day */
    LEGAL_MOVED,       /* past days off */
    LEGAL_IGNORED,     /* a fact without effect; `from` = `to` */
} legal_effect_t;

/* From the end of day `from` to the end of day `to`. */
typedef struct {
    legal_effect_t effect;
    int64_t from, to;
    const char *article;        /* static, or the facts' basis */
    char text[LEGAL_TEXT_SIZE]; /* a French sentence */
} legal_segment_t;

typedef struct {
    bool running;     /* false: no day can be told, see the last segment */
    int64_t last_day; /* the last day to act, or the day at whose end silence decides */
    int64_t ends_ms;  /* 24:00 of it at the place; for silence in Paris */
    size_t segment_count;
    legal_segment_t segments[LEGAL_SEGMENTS_MAX];
} legal_deadline_t;

const char *legal_effect_name(legal_effect_t effect); /* "runs", "suspended" … */

/* PIA_INVALID with a pointer: facts that cannot be (a piece produced before it was asked for, two
 * requests at once, a completion for a rule that knows none). */
pia_status_t
legal_clock(const legal_facts_t *facts, legal_deadline_t *ret_deadline, pia_problem_t *problem);

#endif
