/* watch.h - the events that concern the common loop of every instance: principal.revoked (tokens
 * are refused from then on) and clock.advanced (the legal clock, forward only). How far they were
 * seen is stored, so that a restart does not read the journal from its beginning, but goes back to
 * before all revocations that still matter. Loop thread. */
#ifndef PIA_WATCH_H
#define PIA_WATCH_H

#include "pia/executor.h"
#include "pia/service.h"
#include "pia/stream.h"

typedef struct pia_watch pia_watch_t;

typedef struct {
    pia_stream_t *stream; /* the follower's; not owned */
    pia_executor_t *executor;
    pia_own_token_t *own_token;
    pia_verifier_t *verifier;
} pia_watch_options_t;

pia_watch_t *pia_watch_new(const pia_watch_options_t *options);

/* Stops; its jobs must have ended before destroy. */
void pia_watch_stop(pia_watch_t *watch);
void pia_watch_destroy(pia_watch_t **watch_p);

/* A message of its stream; the connection was lost; time has passed. */
void pia_watch_message(pia_watch_t *watch, const pia_stream_message_t *message);
void pia_watch_lost(pia_watch_t *watch);
void pia_watch_tick(pia_watch_t *watch, int64_t monotonic_ms);

/* The present token, whenever it may be another. */
void pia_watch_renew(pia_watch_t *watch, const void *token, size_t size);

#endif
