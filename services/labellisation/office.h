/* office.h - the service in charge of dossiers, as a receipt must name it (CRPA R112-5):
 * configured, and kept in the store so that every filing finds it. Store thread. */
#ifndef OFFICE_H
#define OFFICE_H

#include <jansson.h>

#include "pia/config.h"
#include "pia/db.h"

/* Stores what the settings say, in the present transaction, if it is new. */
pia_status_t office_store(pia_db_t *db, const pia_config_t *config);

/* Proto's receipt_office; the caller owns it. PIA_NOT_FOUND: nothing was stored. */
pia_status_t office_read(pia_db_t *db, json_t **ret_office);

/* Whether nothing of it is missing. */
bool office_is_complete(const json_t *office);

#endif
