/* seen.h - a filter over the fingerprints of all events of the journal: no means no, yes means
 * probably. 3 bytes an event; it grows by parts, each as large as all before it. Store thread. */
#ifndef DIFFUSION_SEEN_H
#define DIFFUSION_SEEN_H

#include <stddef.h>

#include "fingerprint.h"

typedef struct seen seen_t;

/* With room for `count` in its first part. */
seen_t *seen_new(size_t count);
void seen_destroy(seen_t **self_p);

void seen_add(seen_t *self, fingerprint_t fingerprint);
bool seen_maybe(const seen_t *self, fingerprint_t fingerprint);

/* Asks for the memory that the next seen_maybe of this one will look at. */
void seen_prefetch(const seen_t *self, fingerprint_t fingerprint);

#endif
