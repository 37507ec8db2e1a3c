/* fingerprint.h - who an event is: 128 bits of (source, id), under the journal's key. Two
 * identities have the same one with probability 2^-64 in a journal of 2^32 events, and nobody
 * without the key can search for such; so equal means the same. Any thread. */
#ifndef DIFFUSION_FINGERPRINT_H
#define DIFFUSION_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FINGERPRINT_KEY_SIZE = 32, FINGERPRINT_SIZE = 16 };

/* Compares and sorts as the 128-bit number that it is; evenly spread, so its top bits are a place.
 */
typedef struct {
    uint64_t high, low;
} fingerprint_t;

/* Who an event is, in words. */
typedef struct {
    const char *source, *id;
} identity_t;

fingerprint_t
fingerprint_of(const uint8_t key[FINGERPRINT_KEY_SIZE], const char *source, const char *id);

enum { FINGERPRINTS_MAX = 4 };

/* Of up to FINGERPRINTS_MAX at once, side by side (blake2b.h). */
void fingerprints_of(const uint8_t key[FINGERPRINT_KEY_SIZE],
                     const identity_t *identities,
                     size_t count,
                     fingerprint_t *ret_fingerprints);

/* As 16 bytes. */
void fingerprint_write(fingerprint_t fingerprint, uint8_t ret_bytes[FINGERPRINT_SIZE]);
fingerprint_t fingerprint_read(const uint8_t bytes[FINGERPRINT_SIZE]);

/* Negative, 0 or positive. */
static inline int fingerprint_compare(fingerprint_t a, fingerprint_t b)
{
    if (a.high != b.high)
        return a.high < b.high ? -1 : 1;
    return a.low == b.low ? 0 : a.low < b.low ? -1 : 1;
}

#endif
