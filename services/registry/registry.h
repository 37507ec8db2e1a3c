/* registry.h - what the registry's process holds besides its database. Store thread, save `signer`.
 */
#ifndef REGISTRY_H
#define REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "limiter.h"
#include "pia/fresh.h"
#include "pia/service.h"

/* So far ahead legal time may be moved in all: 50 years. */
#define CLOCK_SHIFT_MAX_MS ((int64_t)50 * 366 * 86400000)

typedef struct {
    const pia_context_t *context; /* not owned; NULL until open */
    pia_signer_t *_Atomic signer; /* set once by open, then only read, by both threads */
    limiter_t failures;           /* of registry.authenticate */
    pia_fresh_t fresh;            /* for the cache, once committed */
    pia_executor_hooks_t hooks;
    int64_t shift_ms;                          /* of legal time, set once committed */
    bool demonstration;                        /* legal time may be advanced */
    uint64_t signed_in, not_signed_in, cached; /* since the start */
} registry_t;

/* The service's description for pia_service_main; `registry` is its self. */
pia_service_t registry_service(registry_t *registry);

/* Store thread: first start (start.c), then signer and legal time. */
pia_status_t registry_open(void *self, const pia_context_t *context, pia_problem_t *problem);

/* One event of the labels (follow.c). */
pia_status_t registry_on_event(void *self, const pia_event_t *event);

void registry_close(registry_t *registry);

#endif
