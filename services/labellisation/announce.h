/* announce.h - what is told of a transition, through the outbox in its transaction: ids, states,
 * the title and the pôle's name, never texts or names of people. Store thread. */
#ifndef ANNOUNCE_H
#define ANNOUNCE_H

#include "act.h"
#include "matter.h"

/* KIND.created or KIND.transitioned, to those whom the transition's `notify` names; label.awarded,
 * to everyone, when a label is made. `from`: the state before it, STATE_NONE at the creation. */
pia_status_t announce_transition(const act_t *act, int from);

/* dossier.message: to the structure if the office wrote, else to the secretariat. */
pia_status_t
announce_message(pia_db_t *db, const matter_t *dossier, bool from_office, int64_t written_ms);

#endif
