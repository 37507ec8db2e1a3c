/* announce.h - what the registry tells the network, in the transaction of the change (outbox). */
#ifndef REGISTRY_ANNOUNCE_H
#define REGISTRY_ANNOUNCE_H

#include "person.h"
#include "pia/db.h"
#include "pole.h"
#include "structure.h"

/* `type`: "pole.labelled" or "pole.updated". Public; nothing for a pôle of unknown state. */
pia_status_t announce_pole(pia_db_t *db, const char *type, const pole_t *pole);

/* `type`: "structure.created" or "structure.updated". For the network. */
pia_status_t announce_structure(pia_db_t *db, const char *type, const structure_t *structure);

/* `type`: "person.created" or "person.updated". For services only. */
pia_status_t announce_person(pia_db_t *db, const char *type, const person_t *person);

/* Tokens of this subject made until now are to be refused. For services only. */
pia_status_t announce_revocation(pia_db_t *db, const char *subject);

/* Legal time is ahead by so much from now on. Public: everyone computes dates with it. */
pia_status_t announce_clock(pia_db_t *db, int64_t shift_ms);

#endif
