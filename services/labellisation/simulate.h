/* simulate.h - what another definition would have made of a matter: its history is replayed, the
 * definition's clock runs between the entries. Nothing is stored. Store thread. */
#ifndef SIMULATE_H
#define SIMULATE_H

#include <jansson.h>

#include "definition.h"
#include "matter.h"
#include "pia/db.h"

/* Replays the history of `matter` under `definition`, up to `now_ms`. Conditions that look beyond
 * the matter's facts (reviews, signatures, calls) are taken as they were found. Proto's
 * process_outcome; the caller owns it. */
pia_status_t simulate(pia_db_t *db,
                      const matter_t *matter,
                      const definition_t *definition,
                      int64_t now_ms,
                      json_t **ret_outcome);

#endif
