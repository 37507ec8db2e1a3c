/* renewal.h - a label's renewal: a dossier like any other that is linked to the label and filled
 * with what its last dossier held. One at a time is open; one that is refused, abandoned or taken
 * back may be followed by another, one that was granted not, while that label has not ended. Once
 * it is filed the label stays in force, also beyond its end, until it is decided. Store thread. */
#ifndef RENEWAL_H
#define RENEWAL_H

#include "matter.h"
#include "rule.h"

guard_fn guard_renewal_absent, guard_renewal_settled, guard_successor_absent;
effect_fn run_open_renewal, run_settle_renewal;

/* The label that a dossier would renew. PIA_NOT_FOUND: none. */
pia_status_t renewal_label(pia_db_t *db, const char *dossier, char ret_label[PIA_UUID_TEXT_SIZE]);

/* The dossier that would renew a label, opened last. PIA_NOT_FOUND: none. */
pia_status_t renewal_dossier(pia_db_t *db, const char *label, char ret_dossier[PIA_UUID_TEXT_SIZE]);

/* Whether beside this dossier, if it would renew a label, another one that would is open, or was
 * granted and its label has not ended. */
pia_status_t
renewal_has_rival(const act_t *at, const char *dossier, bool *ret_has, pia_problem_t *problem);

/* Applies what was due when a label's timer was for the dossiers that would renew it: what happens
 * to the label at that instant depends on it. PIA_CONFLICT: that has moved the label on. */
pia_status_t renewal_catch_up(const act_t *timer, pia_problem_t *problem);

/* Writes into a new dossier what an earlier one holds: the texts of its sections as first versions,
 * its files by reference (the same bytes, by their hash), as far as its own definition asks for
 * them. */
pia_status_t renewal_fill(const act_t *act, const matter_t *dossier, const char *earlier);

#endif
