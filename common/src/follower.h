/* follower.h - the journal's events, applied in the store thread with the cursor in the same
 * transaction (by the instance that holds the lease); and, on every instance, what concerns the
 * common loop itself: revoked principals and the legal clock. Loop thread. */
#ifndef PIA_FOLLOWER_H
#define PIA_FOLLOWER_H

#include "pia/executor.h"
#include "pia/lease.h"
#include "pia/loop.h"
#include "pia/service.h"

typedef struct pia_follower pia_follower_t;

typedef struct {
    pia_loop_t *loop;
    const char *endpoint; /* the journal's */
    pia_executor_t *executor;
    pia_own_token_t *own_token;
    pia_verifier_t *verifier;
    const pia_service_t *service;
    const pia_lease_t *lease;    /* read in the store thread */
    void (*changed)(void *host); /* after events were applied: the outbox may hold more */
    void *host;
} pia_follower_options_t;

pia_follower_t *pia_follower_new(const pia_follower_options_t *options);

/* Stops; its jobs must have ended before destroy. */
void pia_follower_stop(pia_follower_t *follower);
void pia_follower_destroy(pia_follower_t **follower_p);

/* Whether this instance holds the lease. */
void pia_follower_lead(pia_follower_t *follower, bool leading);

typedef struct {
    uint64_t applied, failures, gaps, resumptions;
    uint64_t sequence; /* of the last event applied */
} pia_follower_stats_t;
const pia_follower_stats_t *pia_follower_stats(const pia_follower_t *follower);

#endif
