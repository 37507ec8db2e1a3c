/* person.h - whom the registry knows, as far as telling them needs it: the projection of its
 * person.* events. Opaque ids only. Store thread. */
#ifndef PERSON_H
#define PERSON_H

#include <jansson.h>

#include "pia/db.h"
#include "pia/principal.h"

enum { PEOPLE_MAX = 10000 }; /* told by one event; the network has hundreds */

/* A set of person ids in the order in which they came. */
typedef struct {
    char **ids;
    size_t count;
} people_t;

void people_clear(people_t *people);

/* Adds one, if it is not there yet; what is not a UUID is left out. */
void people_add(people_t *people, const char *person);

/* Stores what a person.created or person.updated says. */
pia_status_t person_store(pia_db_t *db, const json_t *data);

/* The principal that a person would be; an unknown one, or NULL (nobody's address): no rights. */
pia_status_t person_principal(pia_db_t *db, const char *person, pia_principal_t *ret_principal);

/* Adds everyone with the role bit / who acts for the structure. */
pia_status_t people_add_role(people_t *people, pia_db_t *db, uint32_t role);
pia_status_t people_add_structure(people_t *people, pia_db_t *db, const char *structure);

#endif
