/* fuzz.h - takes the fuzzer's bytes apart; at their end everything reads as zero. */
#ifndef PIA_TEST_FUZZ_H
#define PIA_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* libFuzzer calls it. */
/* NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : __builtin_trap())

typedef struct {
    const uint8_t *at;
    size_t left;
} fuzz_t;

static inline uint8_t fuzz_byte(fuzz_t *fuzz)
{
    if (fuzz->left == 0) {
        return 0;
    }
    fuzz->left--;
    return *fuzz->at++;
}

static inline uint32_t fuzz_word(fuzz_t *fuzz)
{
    uint32_t high = fuzz_byte(fuzz);
    return high << 8 | fuzz_byte(fuzz);
}

/* The next bytes, at most `size` of them, in a block of their own (so that reading beyond them is
 * seen); the caller frees it. */
static inline uint8_t *fuzz_block(fuzz_t *fuzz, size_t size, size_t *ret_size)
{
    size_t taken = size < fuzz->left ? size : fuzz->left;
    uint8_t *block = malloc(taken > 0 ? taken : 1);
    FUZZ_CHECK(block != NULL);
    if (taken > 0) {
        memcpy(block, fuzz->at, taken);
    }
    fuzz->at += taken;
    fuzz->left -= taken;
    *ret_size = taken;
    return block;
}

/* All that is left, as a text of its own; the caller frees it. */
static inline char *fuzz_text(fuzz_t *fuzz)
{
    char *text = malloc(fuzz->left + 1);
    FUZZ_CHECK(text != NULL);
    if (fuzz->left > 0) {
        memcpy(text, fuzz->at, fuzz->left);
    }
    text[fuzz->left] = '\0';
    fuzz->at += fuzz->left;
    fuzz->left = 0;
    return text;
}

#endif
