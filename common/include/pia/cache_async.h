/* cache_async.h - reads the cache of cache.h from a libevent loop without ever waiting: for the
 * gateway. As there, an answer that takes longer than 5 ms counts as a miss, and after a failure
 * the circuit is open for a while (doubling, 0.1 s to 5 s). Target pia_common_event. One thread. */
#ifndef PIA_CACHE_ASYNC_H
#define PIA_CACHE_ASYNC_H

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

#include "pia/status.h"

typedef struct pia_cache_async pia_cache_async_t;

/* PIA_OK with version and value (borrowed for the call), PIA_NOT_FOUND, or PIA_UNAVAILABLE. */
typedef void
pia_cache_async_fn(void *arg, pia_status_t status, int64_t version, const void *value, size_t size);

typedef struct {
    uint64_t hits, misses,
        errors; /* errors: late, refused or broken, and while the circuit is open */
} pia_cache_async_stats_t;

/* `url` as in pia_cache_new; "": no cache, everything is unavailable. Does not connect yet. */
pia_cache_async_t *pia_cache_async_new(struct event_base *base, const char *url);
/* What is still asked for is answered PIA_UNAVAILABLE first. */
void pia_cache_async_destroy(pia_cache_async_t **cache_p);

/* Asks for a key made by pia_cache_key; `got` is called exactly once, perhaps from within. */
void pia_cache_async_get(pia_cache_async_t *cache,
                         const char *key,
                         pia_cache_async_fn *got,
                         void *arg);

const pia_cache_async_stats_t *pia_cache_async_stats(const pia_cache_async_t *cache);

#endif
