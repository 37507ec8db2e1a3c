/* dedup.h - whether an event is there already: exact, for the life of the journal. */
#ifndef DIFFUSION_DEDUP_H
#define DIFFUSION_DEDUP_H

#include <stdint.h>

#include "pia/db.h"
#include "pia/status.h"

enum { DEDUP_KEY_SIZE = 32 };

/* Claims (source, id) for `sequence`. PIA_OK: it is new. PIA_GONE: the same content is there, at
 * *ret_sequence. PIA_CONFLICT: other content is. Else the store's trouble. `hash` is the content's,
 * 32 bytes. Inside the present savepoint, so that an undone job claims nothing. */
pia_status_t dedup_claim(pia_db_t *db,
                         const uint8_t fingerprint[16],
                         const uint8_t hash[32],
                         uint64_t sequence,
                         uint64_t *ret_sequence);

/* The 128-bit keyed fingerprint of (source, id): two of them are equal for other identities with
 * probability 2^-64 in a journal of 2^32 events, and nobody without the key can search for such. */
void dedup_fingerprint(const uint8_t key[DEDUP_KEY_SIZE],
                       const char *source,
                       const char *id,
                       uint8_t ret_fingerprint[16]);

#endif
