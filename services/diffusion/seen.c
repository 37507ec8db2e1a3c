/* seen.c - a blocked Bloom filter: the 8 bits of a fingerprint, one in each word, are in one block
 * of 32 bytes, so a look is one cache line. With 25 bits an event a stranger is said to be known 1
 * time in 4,000 (measured; with 16 bits 1 in 400, and each time all runs are read for nothing,
 * which was 1 us an event at 10 million events). The block is chosen by the fingerprint's top bits:
 * runs, which are sorted, are added in the order of the memory, at 3 ns each. */
#include "seen.h"

#include <stdlib.h>

#include "pia/memory.h"

enum {
    WORDS = 8,                 /* of a block */
    EVENTS_PER_BLOCK = 10,     /* 256 bits for so many */
    PART_EVENTS_MIN = 1 << 18, /* 820 KiB */
    PARTS_MAX = 40,            /* more events than can be numbered */
};

typedef struct {
    uint32_t words[WORDS];
} block_t;

typedef struct {
    uint64_t blocks;
    size_t count; /* added */
    block_t *memory;
} part_t;

struct seen {
    size_t parts;
    size_t room; /* of all parts, in events */
    part_t part[PARTS_MAX];
};

static void add_part(seen_t *self, size_t room)
{
    size_t blocks = room / EVENTS_PER_BLOCK + 1;
    if (self->parts == PARTS_MAX)
        abort();
    self->part[self->parts++] =
        (part_t){.blocks = blocks, .memory = pia_alloc(blocks * sizeof(block_t))};
    self->room += blocks * EVENTS_PER_BLOCK;
}

seen_t *seen_new(size_t count)
{
    seen_t *self = pia_alloc(sizeof *self);
    add_part(self, count < PART_EVENTS_MIN ? PART_EVENTS_MIN : count);
    return self;
}

void seen_destroy(seen_t **self_p)
{
    seen_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->parts; i++)
        free(self->part[i].memory);
    free(self);
    *self_p = NULL;
}

/* The top bits of a number of 64 bits, scaled to the number of blocks. */
static block_t *block_of(const part_t *part, fingerprint_t fingerprint)
{
    return &part->memory[(uint64_t)(((unsigned __int128)fingerprint.high * part->blocks) >> 64)];
}

/* Five bits a word: the low half is as random as the high one, and not used for the block. */
static block_t mask_of(fingerprint_t fingerprint)
{
    block_t mask;
    for (int i = 0; i < WORDS; i++)
        mask.words[i] = 1U << ((fingerprint.low >> (5 * i)) & 31);
    return mask;
}

void seen_add(seen_t *self, fingerprint_t fingerprint)
{
    part_t *part = &self->part[self->parts - 1];
    if (part->count >= part->blocks * EVENTS_PER_BLOCK) {
        add_part(self, self->room);
        part = &self->part[self->parts - 1];
    }
    block_t *block = block_of(part, fingerprint);
    block_t mask = mask_of(fingerprint);
    for (int i = 0; i < WORDS; i++)
        block->words[i] |= mask.words[i];
    part->count++;
}

static bool has_all(const block_t *block, const block_t *mask)
{
    uint32_t missing = 0;
    for (int i = 0; i < WORDS; i++)
        missing |= mask->words[i] & ~block->words[i];
    return missing == 0;
}

bool seen_maybe(const seen_t *self, fingerprint_t fingerprint)
{
    block_t mask = mask_of(fingerprint);
    for (size_t i = self->parts; i-- > 0;) {
        if (has_all(block_of(&self->part[i], fingerprint), &mask))
            return true;
    }
    return false;
}

void seen_prefetch(const seen_t *self, fingerprint_t fingerprint)
{
    for (size_t i = 0; i < self->parts; i++)
        __builtin_prefetch(block_of(&self->part[i], fingerprint));
}
