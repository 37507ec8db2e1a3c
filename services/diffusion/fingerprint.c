/* fingerprint.c - keyed BLAKE2b of an identity.
 *
 * The key stands before the message, in the same block, and not in BLAKE2b's own key block: an
 * identity of up to 95 bytes takes one compression instead of two. BLAKE2 with a secret prefix is a
 * MAC (it has no length extension). */
#include "fingerprint.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "buffer.h"

fingerprint_t
fingerprint_of(const uint8_t key[FINGERPRINT_KEY_SIZE], const char *source, const char *id)
{
    uint8_t text[FINGERPRINT_KEY_SIZE + 1024];
    uint8_t hash[FINGERPRINT_SIZE];
    size_t source_size = strlen(source) + 1;
    size_t id_size = strlen(id); /* without its NUL: the source's separates them */
    size_t size = FINGERPRINT_KEY_SIZE + source_size + id_size;
    assert(size <= sizeof text); /* entry.c has checked: 256 and 128 bytes */
    memcpy(text, key, FINGERPRINT_KEY_SIZE);
    memcpy(text + FINGERPRINT_KEY_SIZE, source, source_size);
    for (size_t i = 0; i < id_size; i++)
        text[FINGERPRINT_KEY_SIZE + source_size + i] = (uint8_t)id[i];
    crypto_generichash(hash, sizeof hash, text, size, NULL, 0);
    return fingerprint_read(hash);
}

void fingerprint_write(fingerprint_t fingerprint, uint8_t ret_bytes[FINGERPRINT_SIZE])
{
    bytes_put_u64(ret_bytes, fingerprint.high);
    bytes_put_u64(ret_bytes + 8, fingerprint.low);
}

fingerprint_t fingerprint_read(const uint8_t bytes[FINGERPRINT_SIZE])
{
    return (fingerprint_t){.high = bytes_get_u64(bytes), .low = bytes_get_u64(bytes + 8)};
}
