/* cached.h - public resources from their owners' caches in Redis, before an owner is asked. Who
 * wrote through this gateway sees the write: an older value than it is a miss. Loop's thread. */
#ifndef GATEWAY_CACHED_H
#define GATEWAY_CACHED_H

#include <event2/event.h>

#include "bus.h"
#include "pia/cache_async.h"

typedef struct cached cached_t;
typedef struct cached_owner cached_owner_t; /* a service that fills the cache */

cached_t *cached_new(struct event_base *base, bus_t *bus, const char *url);
/* Ends what is being read; from now on everything is unavailable. Then destroy the bus, then this.
 */
void cached_close(cached_t *cached);
void cached_destroy(cached_t **cached_p);

/* The owner that answers a message, whose name begins with the service's ("registry.pole.get"); it
 * is added if need be, at most CACHED_OWNERS_MAX of them. The store's epoch, under which it keeps
 * its keys, is asked for soon and again from time to time. Lives as long as `cached`. */
enum { CACHED_OWNERS_MAX = 8 };
cached_owner_t *cached_owner(cached_t *cached, const char *message);

/* One question: the caller's, and unchanged until `got` was called. */
typedef struct {
    cached_owner_t *owner;
    const char *entity, *id;
    pia_cache_async_fn *got;
    void *arg;
} cached_read_t;

/* As pia_cache_async_get. PIA_NOT_FOUND also for what is older than a write or no JSON object;
 * PIA_UNAVAILABLE also while the owner's epoch is not known. */
void cached_get(cached_read_t *read);

/* This version was written, and the owner's lists changed: what is older is refused for as long as
 * it can live. INT64_MAX: an unknown version. */
void cached_wrote(cached_owner_t *owner, const char *entity, const char *id, int64_t version);
/* The owner's lists changed. */
void cached_wrote_lists(cached_owner_t *owner);
/* Anything of the owner may have changed. */
void cached_wrote_all(cached_owner_t *owner);

/* What came of the questions: a value that was shown; none, or none that may be shown; no answer.
 */
typedef struct {
    const char *service;
    uint64_t hits, misses, errors;
} cached_stats_t;

/* Of owner `index`; false: there are no more. */
bool cached_stats(const cached_t *cached, size_t index, cached_stats_t *ret_stats);

#endif
