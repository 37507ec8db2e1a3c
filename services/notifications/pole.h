/* pole.h - how pôles are called, from the registry's pole.* events. Store thread. */
#ifndef POLE_H
#define POLE_H

#include <jansson.h>

#include "pia/db.h"

/* Stores what a pole.labelled or pole.updated says. */
pia_status_t pole_store(pia_db_t *db, const json_t *data);

/* Completes a template's view whose member "pole" is a code: pole_name, and demonstration if the
 * pôle is fictitious. An unknown pôle adds nothing. */
void pole_complete(pia_db_t *db, json_t *view);

#endif
