/* wrong_no_dedup.c - a journal for which no two events are the same: a repetition is stored again.
 */
#include <stdatomic.h>

#include "fingerprint.h"

/* The linker's names (--wrap): the true function, and what is called instead. */
void true_fingerprints(const uint8_t *key,
                       const identity_t *identities,
                       size_t count,
                       fingerprint_t *ret_fingerprints) __asm__("__real_fingerprints_of");
void wrong_fingerprints(const uint8_t *key,
                        const identity_t *identities,
                        size_t count,
                        fingerprint_t *ret_fingerprints) __asm__("__wrap_fingerprints_of");

void wrong_fingerprints(const uint8_t *key,
                        const identity_t *identities,
                        size_t count,
                        fingerprint_t *ret_fingerprints)
{
    static atomic_ullong made;
    true_fingerprints(key, identities, count, ret_fingerprints);
    for (size_t i = 0; i < count; i++)
        ret_fingerprints[i].low ^= atomic_fetch_add(&made, 1) << 20;
}
