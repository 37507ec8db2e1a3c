/* idempotency.h - a repeated command gets the first answer (architecture.md, Requests). Its row is
 * written in the transaction of the effect. Store thread. */
#ifndef PIA_IDEMPOTENCY_H
#define PIA_IDEMPOTENCY_H

#include "request_private.h"

/* The hash of a body without its idempotency_key, members sorted. */
void pia_idempotency_hash(const json_t *body, uint8_t ret_hash[PIA_HASH_SIZE]);

/* Reserves the request's key in this transaction. PIA_OK: it is new, go on. Otherwise the request
 * is answered: with the stored answer (the result is PIA_CONFLICT to the caller, whose own
 * transaction has nothing to add), or with a problem. */
pia_status_t pia_idempotency_reserve(pia_db_t *db, pia_request_t *request);

/* Stores what a repeat of a request that was answered PIA_OK is answered with. */
pia_status_t pia_idempotency_store(pia_db_t *db, const pia_request_t *request);

/* Deletes some of what is older than 7 days; *ret_more: there may be more. */
pia_status_t pia_idempotency_purge(pia_db_t *db, int64_t wall_ms, bool *ret_more);

#endif
