/* remedy.h - remedies against a decision on a dossier or a label: gracious, hierarchical, before a
 * court; when each is late, and what interrupts the time for the court. Store thread. */
#ifndef REMEDY_H
#define REMEDY_H

#include "legal_clock.h"
#include "rule.h"
#include "view.h"

guard_fn guard_parent_standing;
effect_fn run_file_remedy;

/* The decision that a dossier or a label stands under: the entry by which it came into its state.
 */
typedef struct {
    int64_t number; /* of the entry */
    int64_t day;    /* in Paris */
    bool implicit;  /* nobody made it: silence did */
    bool informed;  /* the remedies against it were told; else their time does not run */
} remedy_decision_t;

/* PIA_NOT_FOUND: it has not left its first state. */
pia_status_t remedy_decision(pia_db_t *db, const matter_t *parent, remedy_decision_t *ret_decision);

/* Whether a creation of its definition's remedies takes a parent in this state. */
bool remedy_is_contestable(const matter_t *parent);

/* What a remedy is counted from. */
typedef struct {
    const char *parent; /* what it is against */
    const json_t *card; /* of that */
    const remedy_decision_t *decision;
    const char *nature; /* "gracieux", "hierarchique", "contentieux" */
    const char *except; /* a remedy that does not count as an appeal made before; NULL: none */
    const char *court;  /* code of the place where it sits; NULL: in metropolitan France */
    int64_t notified;
} remedy_case_t;

/* The facts by which it is counted, with the appeals made against the same decision, for
 * legal_clock. The place is that of the pôle. */
pia_status_t remedy_facts(pia_db_t *db,
                          const remedy_case_t *remedy,
                          legal_facts_t *ret_facts,
                          pia_problem_t *problem);

/* The same of a remedy that was filed; its place codes are borrowed from it. */
pia_status_t remedy_filed_facts(pia_db_t *db,
                                const matter_t *remedy,
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
