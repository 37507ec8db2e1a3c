/* fresh.h - what is to be set in the cache after the commit and not before: a value that was read
 * or written in a transaction may yet be rolled back. Bounded; what does not fit is not cached, and
 * what was there before is shown for at most PIA_CACHE_TTL_MS. Store thread. */
#ifndef PIA_FRESH_H
#define PIA_FRESH_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "pia/cache.h"

enum { PIA_FRESH_MAX = 64, PIA_FRESH_ID_SIZE = 40 /* longer ids are not cached */ };

typedef struct {
    const char *entity; /* a constant */
    char id[PIA_FRESH_ID_SIZE];
    int64_t version;
    char *value; /* JSON text, owned; NULL: nothing is shown any more */
} pia_fresh_item_t;

/* The zero value is empty. */
typedef struct {
    size_t count;
    pia_fresh_item_t items[PIA_FRESH_MAX];
} pia_fresh_t;

/* Remembers the JSON (borrowed) of a resource that everyone may see; `entity` is a string
 * constant. What is remembered already in this version is not taken again. */
void pia_fresh_add(
    pia_fresh_t *fresh, const char *entity, const char *id, int64_t version, const json_t *json);

/* Remembers that older versions are not everyone's to see any more: an empty value takes their
 * place, which no reader shows. It is not crowded out by values. */
void pia_fresh_hide(pia_fresh_t *fresh, const char *entity, const char *id, int64_t version);

/* Sets all in the cache and forgets them; returns how many were set. */
size_t pia_fresh_set(pia_fresh_t *fresh, pia_cache_t *cache);

/* Forgets what was remembered after the first `count`: what a job did was undone. 0: all, after a
 * rollback. */
void pia_fresh_undo(pia_fresh_t *fresh, size_t count);

#endif
