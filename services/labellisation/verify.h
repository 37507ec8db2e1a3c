/* verify.h - reads histories again and says where the first thing stands that is not as it was
 * recorded: an entry, a text, a missing one, a node or a signed head of the log. Store thread. */
#ifndef VERIFY_H
#define VERIFY_H

#include <jansson.h>
#include <stdint.h>

#include "matter.h"
#include "pia/db.h"
#include "pia/signing_key.h"

/* One matter: proto's history_proof, the caller owns it. */
pia_status_t verify_matter(pia_db_t *db, const matter_t *matter, json_t **ret_proof);

/* At most `limit` entries of the log from position `from` (from 0) on: proto's evidence_check, with
 * `next` if there are more; the caller owns it. The pieces before it must have been good.
 * PIA_INVALID: the log is shorter. */
pia_status_t verify_log(
    pia_db_t *db, const pia_signing_key_t *key, int64_t from, int64_t limit, json_t **ret_check);

#endif
