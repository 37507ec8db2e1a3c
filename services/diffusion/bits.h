/* bits.h - bitmaps of one chunk of subscriptions: 65,536 bits in plain 64-bit words. The loops run
 * over blocks of a fixed length, which gcc -O2 turns into vector code; longer ones it leaves alone.
 * Any thread. */
#ifndef DIFFUSION_BITS_H
#define DIFFUSION_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BITS_SIZE = 65536, /* bits in a chunk */
    BITS_WORDS = BITS_SIZE / 64,
    BITS_BLOCK = 64, /* words: 4,096 bits, 512 bytes */
};

static inline void bits_set(uint64_t *words, uint32_t bit)
{
    words[bit / 64] |= (uint64_t)1 << (bit % 64);
}

static inline bool bits_has(const uint64_t *words, uint32_t bit)
{
    return words[bit / 64] >> (bit % 64) & 1;
}

/* How many bits a word has. */
static inline unsigned bits_of(uint64_t word)
{
    word -= word >> 1 & 0x5555555555555555U;
    word = (word & 0x3333333333333333U) + (word >> 2 & 0x3333333333333333U);
    return (unsigned)(((word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fU) * 0x0101010101010101U >> 56);
}

/* The first `blocks` blocks of `to` &= with. */
void bits_and(uint64_t *to, const uint64_t *with, size_t blocks);
void bits_and_not(uint64_t *to, const uint64_t *with, size_t blocks);
void bits_or(uint64_t *to, const uint64_t *with, size_t blocks);
size_t bits_count(const uint64_t *words, size_t blocks);
/* How many bits are in both. */
size_t bits_count_and(const uint64_t *words, const uint64_t *with, size_t blocks);

#endif
