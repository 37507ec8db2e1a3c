/* cache.h - Redis as a cache: it may vanish or be flushed at any moment; answers get slower, never
 * wrong. A value carries the version of what it shows and is set only if that version is not older
 * (compare-and-set in Lua). It lives at most PIA_CACHE_TTL_MS, so what a lost invalidation leaves
 * behind is at most that old. Keys: pia:<epoch>:<service>:<entity>:<id>. One thread.
 *
 * Every call waits at most 5 ms, then counts as a miss; after a failure the circuit is open for a
 * while (doubling, 0.1 s to 5 s) and calls return at once. */
#ifndef PIA_CACHE_H
#define PIA_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "pia/status.h"

enum { PIA_CACHE_TTL_MS = 1000, PIA_CACHE_VALUE_MAX = 256 * 1024, PIA_CACHE_KEY_MAX = 256 };

typedef struct pia_cache pia_cache_t;

typedef struct {
    uint64_t hits, misses, errors, sets, stale_sets; /* stale_sets: refused by the version */
} pia_cache_stats_t;

/* `url`: "unix:run/redis.sock", "redis://127.0.0.1:6379" or "" for no cache at all (all misses).
 * Does not connect yet. `epoch` names the store, `service` the owner of the keys. */
pia_cache_t *pia_cache_new(const char *url, const char *epoch, const char *service);
void pia_cache_destroy(pia_cache_t **cache_p);

/* Sets the value if none or an older or equal version is there. The outcome is not an error to
 * handle: PIA_OK, PIA_CONFLICT (a newer one is there) or PIA_UNAVAILABLE. */
pia_status_t pia_cache_set(pia_cache_t *cache,
                           const char *entity,
                           const char *id,
                           int64_t version,
                           const void *value,
                           size_t size);

/* PIA_OK and a value that the caller frees; PIA_NOT_FOUND; PIA_UNAVAILABLE. */
pia_status_t pia_cache_get(pia_cache_t *cache,
                           const char *entity,
                           const char *id,
                           int64_t *ret_version,
                           void **ret_value,
                           size_t *ret_size);

const pia_cache_stats_t *pia_cache_stats(const pia_cache_t *cache);

/* "pia:<epoch>:<service>:<entity>:<id>" for those who read another service's cache (gateway). */
void pia_cache_key(char ret_key[PIA_CACHE_KEY_MAX],
                   const char *epoch,
                   const char *service,
                   const char *entity,
                   const char *id);

/* Splits a stored value into version and bytes (borrowed from `stored`); 0 if it is not one. */
int pia_cache_split(const void *stored,
                    size_t size,
                    int64_t *ret_version,
                    const void **ret_value,
                    size_t *ret_value_size);

#endif
