/* blake2b.c - four messages in step: each operation is done for all of them. */
#include "blake2b.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

enum { BLOCK = 128, WORDS = 16, ROUNDS = 12 };

/* The same word of each message. */
typedef uint64_t lanes_t __attribute__((vector_size(8 * BLAKE2B_LANES)));

/* What is being hashed. */
typedef struct {
    lanes_t state[8];
    lanes_t length; /* so far */
    lanes_t last;   /* all ones: this block is the message's last */
    lanes_t words[WORDS];
} work_t;

static const uint64_t IV[8] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

static const uint8_t SIGMA[10][WORDS] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

/* Everything below is inlined into one function for each instruction set. */
#define INLINE static inline __attribute__((always_inline))

INLINE void rotate(lanes_t *word, int bits)
{
    *word = *word >> bits | *word << (64 - bits);
}

INLINE void mix(lanes_t *a, lanes_t *b, lanes_t *c, lanes_t *d, const lanes_t *words[2])
{
    *a += *b + *words[0];
    *d ^= *a;
    rotate(d, 32);
    *c += *d;
    *b ^= *c;
    rotate(b, 24);
    *a += *b + *words[1];
    *d ^= *a;
    rotate(d, 16);
    *c += *d;
    *b ^= *c;
    rotate(b, 63);
}

/* The columns, then the diagonals. */
INLINE void do_round(lanes_t v[WORDS], const lanes_t m[WORDS], const uint8_t order[WORDS])
{
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++)
        mix(&v[i], &v[4 + i], &v[8 + i], &v[12 + i],
            (const lanes_t *[2]){&m[order[2 * i]], &m[order[2 * i + 1]]});
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++)
        mix(&v[i], &v[4 + (i + 1) % 4], &v[8 + (i + 2) % 4], &v[12 + (i + 3) % 4],
            (const lanes_t *[2]){&m[order[8 + 2 * i]], &m[order[9 + 2 * i]]});
}

INLINE void compress(work_t *work)
{
    lanes_t v[WORDS];
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++) {
        v[i] = work->state[i];
        v[8 + i] = (lanes_t){0} + IV[i];
    }
    v[12] ^= work->length;
    v[14] ^= work->last;
#pragma GCC unroll 12
    for (size_t i = 0; i < ROUNDS; i++)
        do_round(v, work->words, SIGMA[i % 10]);
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++)
        work->state[i] ^= v[i] ^ v[8 + i];
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512vl"))) static void compress_avx512(work_t *work)
{
    compress(work); /* it rotates at once */
}

__attribute__((target("avx2"))) static void compress_avx2(work_t *work)
{
    compress(work);
}
#endif

static void compress_any(work_t *work)
{
    compress(work);
}

typedef void compress_fn(work_t *work);

static compress_fn *choose(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512vl"))
        return compress_avx512;
    if (__builtin_cpu_supports("avx2"))
        return compress_avx2;
#endif
    return compress_any;
}

static size_t blocks_of(const blake2b_message_t *message)
{
    return message->size ? (message->size + BLOCK - 1) / BLOCK : 1;
}

static uint64_t read_word(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return le64toh(word);
}

/* Block `index` of message `lane`; behind its end there is nothing but zeros. */
static void load(work_t *work, size_t lane, const blake2b_message_t *message, size_t index)
{
    uint8_t padded[BLOCK];
    size_t start = index * BLOCK;
    size_t left = message->size > start ? message->size - start : 0;
    const uint8_t *bytes = left ? message->bytes + start : padded;
    if (left < BLOCK) {
        memset(padded, 0, sizeof padded);
        if (left)
            memcpy(padded, bytes, left);
        bytes = padded;
    }
    for (size_t i = 0; i < WORDS; i++)
        work->words[i][lane] = read_word(bytes + 8 * i);
    work->length[lane] = start + (left < BLOCK ? left : BLOCK);
    work->last[lane] = index + 1 >= blocks_of(message) ? UINT64_MAX : 0;
}

static void take(const work_t *work, size_t lane, uint8_t *hash, size_t hash_size)
{
    uint64_t words[8];
    for (size_t i = 0; i < 8; i++)
        words[i] = htole64(work->state[i][lane]);
    memcpy(hash, words, hash_size);
}

/* `count` is 1 to BLAKE2B_LANES. */
static void
hash_some(compress_fn *run, const blake2b_message_t *messages, size_t count, size_t size)
{
    static const blake2b_message_t nothing = {.bytes = NULL};
    work_t work = {.length = {0}};
    size_t most = 1;
    for (size_t i = 0; i < count; i++)
        most = blocks_of(&messages[i]) > most ? blocks_of(&messages[i]) : most;
    for (size_t i = 0; i < 8; i++)
        work.state[i] = (lanes_t){0} + IV[i];
    work.state[0] ^= 0x01010000 ^ size;
    for (size_t block = 0; block < most; block++) {
        for (size_t i = 0; i < BLAKE2B_LANES; i++)
            load(&work, i, i < count ? &messages[i] : &nothing, block);
        run(&work);
        for (size_t i = 0; i < count; i++) {
            if (block + 1 == blocks_of(&messages[i]))
                take(&work, i, messages[i].hash, size);
        }
    }
}

void blake2b_hash(const blake2b_message_t *messages, size_t count, size_t hash_size)
{
    compress_fn *run = choose();
    assert(hash_size >= 1 && hash_size <= BLAKE2B_SIZE_MAX);
    while (count > 0) {
        size_t some = count < BLAKE2B_LANES ? count : BLAKE2B_LANES;
        hash_some(run, messages, some, hash_size);
        messages += some;
        count -= some;
    }
}
