/* relay.h - sends the outbox to the journal, in order, under the lease, and keeps the receipts. An
 * announcement that the journal refuses for what it is parks its aggregate; others flow. After a
 * new epoch of the journal it sends again what lies after the common position; what two backups of
 * the journal hold it removes. Loop thread. */
#ifndef PIA_RELAY_H
#define PIA_RELAY_H

#include "pia/executor.h"
#include "pia/lease.h"
#include "pia/loop.h"
#include "pia/service.h"

typedef struct pia_relay pia_relay_t;

typedef struct {
    pia_loop_t *loop;
    const char *endpoint; /* the journal's */
    pia_executor_t *executor;
    pia_own_token_t *own_token;
    pia_lease_t *lease; /* read in the store thread */
} pia_relay_options_t;

pia_relay_t *pia_relay_new(const pia_relay_options_t *options);

/* Stops; jobs it has posted may still end later, but must have ended before destroy. */
void pia_relay_stop(pia_relay_t *relay);
void pia_relay_destroy(pia_relay_t **relay_p);

/* Whether this instance holds the lease. */
void pia_relay_lead(pia_relay_t *relay, bool leading);

/* Something may be waiting: look now. */
void pia_relay_kick(pia_relay_t *relay);

typedef struct {
    uint64_t sent, refused, repeated, purged;
} pia_relay_stats_t;
const pia_relay_stats_t *pia_relay_stats(const pia_relay_t *relay);

#endif
