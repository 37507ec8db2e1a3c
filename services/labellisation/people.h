/* people.h - what this service knows of persons, structures and pôles: a projection of the
 * registry's events, stored with the cursor. Store thread. */
#ifndef PEOPLE_H
#define PEOPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "pia/db.h"
#include "pia/event.h"
#include "pia/problem.h"
#include "pia/uuid.h"

/* What the service follows, as a filter of the journal. */
extern const char people_filter[];

typedef struct {
    uint32_t roles;
    char structure[PIA_UUID_TEXT_SIZE]; /* "" if none */
} person_t;

/* Applies an event, in the transaction that stores the cursor. An event of an unknown or wrong
 * shape changes nothing. */
pia_status_t people_apply(pia_db_t *db, const pia_event_t *event);

/* PIA_NOT_FOUND: there is no such person. PIA_UNAVAILABLE: its id is newer than the newest event
 * that has come here, so that it may still come. */
pia_status_t people_find(pia_db_t *db, const char *id, person_t *ret_person);

/* Finds a structure and whether it is fictitious; otherwise as for a person. */
pia_status_t people_find_structure(pia_db_t *db, const char *id, bool *ret_demonstration);

/* A structure's name, "" if it is not known. */
enum { PEOPLE_NAME_SIZE = 301 };
pia_status_t people_structure_name(pia_db_t *db, const char *id, char ret_name[PEOPLE_NAME_SIZE]);

/* Whether a pôle of this code is carried by another structure than this one. */
pia_status_t
people_is_taken(pia_db_t *db, const char *code, const char *structure, bool *ret_taken);

#endif
