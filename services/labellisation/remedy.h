/* remedy.h - remedies against a decision on a dossier or a label: gracious, hierarchical, before a
 * court; when each is late, and what interrupts the time for the court. Store thread. */
#ifndef REMEDY_H
#define REMEDY_H

#include "legal_clock.h"
#include "rule.h"
#include "view.h"

guard_fn guard_parent_standing;
effect_fn run_file_remedy, run_correct_remedy;

/* What a remedy that is granted changes: `settle_remedy` records it as a fact, `move_contested`
 * does it (remedy_grant.c). Only the decision that it is against is undone. */
effect_fn run_settle_remedy, run_move_contested;
extern const char remedy_restored[];      /* the decision is undone */
extern const char remedy_replaced[];      /* another decision has taken its place: that stands */
extern const char remedy_over[];          /* it had ended: it is annulled, and nothing changes */
extern const char remedy_other_dossier[]; /* another renewal of the label is open or granted */
extern const char remedy_occupied[];      /* the pôle has another label for the same days */

/* The decision that a dossier or a label stands under, or a remedy was ended by: the newest entry
 * that gave it its present standing and tells of a decision, else the one that brought that
 * standing. A procedure that is open, or that is closed again, changes nothing. */
typedef struct {
    int64_t number;   /* of the entry */
    int64_t day;      /* in Paris */
    bool implicit;    /* nobody made it: silence did */
    bool informed;    /* the remedies against it were told; else their time does not run */
    bool proven;      /* the day of its notification is recorded, or it needs none */
    int64_t notified; /* that day; else its own */
} remedy_decision_t;

/* PIA_NOT_FOUND: it has not left its first state. */
pia_status_t remedy_decision(pia_db_t *db, const matter_t *parent, remedy_decision_t *ret_decision);
/* The same of an entry by its number. */
pia_status_t remedy_decision_at(pia_db_t *db,
                                const char *parent,
                                int64_t number,
                                remedy_decision_t *ret_decision);
/* Whether a transition tells the structure of a decision. */
bool remedy_decides(const machine_t *machine, const char *name);

/* The numbers of the entries of a matter that remedies which were granted have undone, an array for
 * the caller to release; whether a number is one of them (NULL: none is). */
pia_status_t remedy_undone(pia_db_t *db, const char *parent, json_t **ret_numbers);
bool remedy_has_undone(const json_t *numbers, int64_t number);

/* Whether the standing that an entry gave has ended without another decision taking its place. */
pia_status_t
remedy_has_ended(pia_db_t *db, const matter_t *parent, int64_t number, bool *ret_ended);

/* What ended a remedy. */
pia_status_t remedy_rejection(pia_db_t *db, const char *remedy, remedy_decision_t *ret_decision);

/* The newest decision that gave one of the standings `past` (NULL: none) and is over: it had
 * effects, and may be contested for them. PIA_NOT_FOUND: there is none, or a remedy has undone it.
 */
pia_status_t remedy_past_decision(pia_db_t *db,
                                  const matter_t *parent,
                                  const json_t *past,
                                  remedy_decision_t *ret_decision);
/* What the creations of its definition's remedies say of it; NULL: nothing. */
const json_t *remedy_past_standings(const matter_t *parent);

/* The decision that a remedy filed now would be against: the present one if its standing is one
 * that remedies take, else one that is over. PIA_NOT_FOUND: none. */
pia_status_t
remedy_contested(pia_db_t *db, const matter_t *parent, remedy_decision_t *ret_decision);

/* What a remedy is counted from. */
typedef struct {
    const char *parent; /* what it is against */
    const json_t *card; /* of that */
    const remedy_decision_t *decision;
    const char *nature;    /* "gracieux", "hierarchique", "contentieux" */
    const char *except;    /* a remedy that does not count as an appeal made before; NULL: none */
    const char *rejecting; /* one that is rejected now, with notice on `rejected`; NULL: none */
    int64_t rejected;
    const char *court; /* code of the place where it sits; NULL: in metropolitan France */
    int64_t notified;
} remedy_case_t;

/* The facts by which it is counted, with the appeals made against the same decision, for
 * legal_clock. The place is that of the pôle. */
pia_status_t remedy_facts(pia_db_t *db,
                          const remedy_case_t *remedy,
                          legal_facts_t *ret_facts,
                          pia_problem_t *problem);

/* The same of a remedy that was filed, from what is known today of the notification; its place
 * codes are borrowed from it. */
pia_status_t remedy_filed_facts(pia_db_t *db,
                                const matter_t *remedy,
                                legal_facts_t *ret_facts,
                                pia_problem_t *problem);

/* The same of the time for the court beside an appeal: as if that had not been made, or with its
 * rejection that is notified on *rejected. */
pia_status_t remedy_court_facts(pia_db_t *db,
                                const matter_t *appeal,
                                const int64_t *rejected,
                                legal_facts_t *ret_facts,
                                pia_problem_t *problem);

view_fn view_remedy;

/* Proto's remedy_deadlines: both ways to contest the decision (remedy->nature is not looked at).
 * The caller owns it. */
pia_status_t view_remedy_deadlines(pia_db_t *db,
                                   remedy_case_t *remedy,
                                   json_t **ret_json,
                                   pia_problem_t *problem);

#endif
