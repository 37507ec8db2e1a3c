/* fresh.h - what is to be set in the cache after the commit and not before: a value that was read
 * or written in a transaction may yet be rolled back. Bounded; what does not fit is not cached. */
#ifndef REGISTRY_FRESH_H
#define REGISTRY_FRESH_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "pia/cache.h"

enum { FRESH_MAX = 64, FRESH_ID_SIZE = 32 };

typedef struct {
    const char *entity; /* a constant */
    char id[FRESH_ID_SIZE];
    int64_t version;
    char *value; /* JSON text, owned */
} fresh_item_t;

/* The zero value is empty. */
typedef struct {
    size_t count;
    fresh_item_t items[FRESH_MAX];
} fresh_t;

/* Remembers the JSON (borrowed) of a resource; `entity` is a string constant. */
void fresh_add(
    fresh_t *fresh, const char *entity, const char *id, int64_t version, const json_t *json);

/* Sets all in the cache and forgets them; returns how many were set. After a rollback: forget. */
size_t fresh_set(fresh_t *fresh, pia_cache_t *cache);
void fresh_forget(fresh_t *fresh);

#endif
