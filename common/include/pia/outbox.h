/* outbox.h - what a service announces, stored in the transaction of the change that it tells of.
 * The common loop's relay sends it to the journal in order, under a fenced lease, and keeps the
 * receipt. A repeat after a crash is harmless: (source, id) is the same. Store thread. */
#ifndef PIA_OUTBOX_H
#define PIA_OUTBOX_H

#include <jansson.h>

#include "pia/db.h"

/* Adds an event (takes; made by pia_event_new) in the present transaction. `aggregate` is what it
 * tells of ("/dossiers/UUID"): if the journal refuses one of its events as invalid, its later ones
 * wait and others flow. */
pia_status_t pia_outbox_add(pia_db_t *db, const char *aggregate, json_t *event);

#endif
