/* cached.h - public resources from the owner's cache in Redis, before the owner is asked. Who
 * wrote through this gateway sees the write: an older value than it is a miss. Loop's thread. */
#ifndef GATEWAY_CACHED_H
#define GATEWAY_CACHED_H

#include <event2/event.h>

#include "bus.h"
#include "pia/cache_async.h"

typedef struct cached cached_t;

/* `service` owns the keys; its epoch is asked for at once and again from time to time. */
cached_t *cached_new(struct event_base *base, bus_t *bus, const char *url, const char *service);
/* Ends what is being read; from now on everything is unavailable. Then destroy the bus, then this.
 */
void cached_close(cached_t *cached);
void cached_destroy(cached_t **cached_p);

/* As pia_cache_async_get; PIA_UNAVAILABLE also while the owner's epoch is not known. */
void cached_get(
    cached_t *cached, const char *entity, const char *id, pia_cache_async_fn *got, void *arg);

/* This version was written: older values are refused for as long as they can live. */
void cached_wrote(cached_t *cached, const char *entity, const char *id, int64_t version);

/* The oldest version that may be shown, 0 if any. */
int64_t cached_floor(const cached_t *cached, const char *entity, const char *id);

const pia_cache_async_stats_t *cached_stats(const cached_t *cached);
bool cached_knows_epoch(const cached_t *cached);

#endif
