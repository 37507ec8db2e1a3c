/* claims.h - recent events by fingerprint: a hash table in memory that keeps its entries almost in
 * the fingerprints' order (a place is their top bits), so that a run is written from it without
 * sorting it. Store thread. */
#ifndef DIFFUSION_CLAIMS_H
#define DIFFUSION_CLAIMS_H

#include <stddef.h>

#include "fingerprint.h"

typedef struct {
    fingerprint_t fingerprint;
    uint64_t sequence; /* 0: an empty place */
} claim_t;

typedef struct claims claims_t;

/* With room for `count` before it has to grow. */
claims_t *claims_new(size_t count);
void claims_destroy(claims_t **self_p);

size_t claims_count(const claims_t *self);

/* The event's number; 0: it is not there. */
uint64_t claims_find(const claims_t *self, fingerprint_t fingerprint);

/* Asks for the memory that claims_find or claims_add of this one will look at. */
void claims_prefetch(const claims_t *self, fingerprint_t fingerprint);

/* Adds one that is not there; sequence > 0. */
void claims_add(claims_t *self, fingerprint_t fingerprint, uint64_t sequence);
/* Removes one that is there. */
void claims_remove(claims_t *self, fingerprint_t fingerprint);

/* The claims whose fingerprints' top `bits` bits (1 to 31) are `page`, sorted. The caller frees
 * *ret_claims. */
size_t claims_page(const claims_t *self, unsigned bits, uint64_t page, claim_t **ret_claims);

/* Calls `visit` for each. */
void claims_each(const claims_t *self, void (*visit)(void *arg, const claim_t *claim), void *arg);

#endif
