/* fingerprint.c - keyed BLAKE2b of an identity.
 *
 * The key stands before the message, in the same block, and not in BLAKE2b's own key block: an
 * identity of up to 95 bytes takes one compression instead of two. BLAKE2 with a secret prefix is a
 * MAC (it has no length extension). */
#include "fingerprint.h"

#include <assert.h>
#include <string.h>

#include "blake2b.h"
#include "buffer.h"

enum { TEXT_SIZE = FINGERPRINT_KEY_SIZE + 1024 };

/* What is hashed, and its size. */
static size_t
write_text(const uint8_t key[FINGERPRINT_KEY_SIZE], const identity_t *identity, uint8_t *ret_text)
{
    size_t source_size = strlen(identity->source) + 1;
    size_t id_size = strlen(identity->id); /* without its NUL: the source's separates them */
    size_t size = FINGERPRINT_KEY_SIZE + source_size + id_size;
    assert(size <= TEXT_SIZE); /* entry.c has checked: 256 and 128 bytes */
    memcpy(ret_text, key, FINGERPRINT_KEY_SIZE);
    memcpy(ret_text + FINGERPRINT_KEY_SIZE, identity->source, source_size);
    memcpy(ret_text + FINGERPRINT_KEY_SIZE + source_size, identity->id, id_size);
    return size;
}

void fingerprints_of(const uint8_t key[FINGERPRINT_KEY_SIZE],
                     const identity_t *identities,
                     size_t count,
                     fingerprint_t *ret_fingerprints)
{
    uint8_t texts[FINGERPRINTS_MAX][TEXT_SIZE];
    uint8_t hashes[FINGERPRINTS_MAX][FINGERPRINT_SIZE];
    blake2b_message_t messages[FINGERPRINTS_MAX] = {{.size = 0}};
    assert(count <= FINGERPRINTS_MAX);
    for (size_t i = 0; i < count; i++)
        messages[i] = (blake2b_message_t){.bytes = texts[i],
                                          .size = write_text(key, &identities[i], texts[i]),
                                          .hash = hashes[i]};
    blake2b_hash(messages, count, FINGERPRINT_SIZE);
    for (size_t i = 0; i < count; i++)
        ret_fingerprints[i] = fingerprint_read(hashes[i]);
}

fingerprint_t
fingerprint_of(const uint8_t key[FINGERPRINT_KEY_SIZE], const char *source, const char *id)
{
    fingerprint_t fingerprint;
    fingerprints_of(key, &(identity_t){.source = source, .id = id}, 1, &fingerprint);
    return fingerprint;
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
