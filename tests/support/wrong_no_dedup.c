/* wrong_no_dedup.c - a journal for which no two events are the same: a repetition is stored again.
 */
#include <stdatomic.h>

#include "fingerprint.h"

/* The linker's names (--wrap): the true function, and what is called instead. */
fingerprint_t true_fingerprint(const uint8_t *key,
                               const char *source,
                               const char *id) __asm__("__real_fingerprint_of");
fingerprint_t wrong_fingerprint(const uint8_t *key,
                                const char *source,
                                const char *id) __asm__("__wrap_fingerprint_of");

fingerprint_t wrong_fingerprint(const uint8_t *key, const char *source, const char *id)
{
    static atomic_ullong count;
    fingerprint_t fingerprint = true_fingerprint(key, source, id);
    fingerprint.low ^= atomic_fetch_add(&count, 1) << 20;
    return fingerprint;
}
