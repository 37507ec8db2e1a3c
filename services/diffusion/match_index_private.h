/* match_index_private.h - what building and scanning the index share. */
#ifndef DIFFUSION_MATCH_INDEX_PRIVATE_H
#define DIFFUSION_MATCH_INDEX_PRIVATE_H

#include "bits.h"
#include "match_index.h"

struct match_value {
    criterion_t criterion;
    uint32_t count;         /* askers */
    uint32_t capacity;      /* of `at` */
    uint32_t *at;           /* sorted positions, chunk << 16 | bit; NULL once it has bitmaps */
    uint64_t **bitmaps;     /* one a chunk, with "any"; NULL while it is a list */
    match_value_t **words;  /* of a keyword of several words: its words, NULL-ended; else NULL */
    match_value_t *phrases; /* of a word: the keywords of several words that are found by it */
    match_value_t *next;    /* in `phrases` */
    char text[];
};

/* 65,536 slots from `slot` on. `from` of a position is from_base + from[bit]. */
typedef struct {
    int64_t slot;
    uint64_t from_base, from_max;
    uint32_t size;     /* positions used; those without a subscription are in no bitmap */
    uint32_t count;    /* subscriptions */
    uint32_t capacity; /* of `from` */
    uint32_t *from;
    uint64_t *members; /* bitmap of the subscriptions that some event can match */
    uint64_t *any[CRITERION_COUNT];
    uint32_t any_count[CRITERION_COUNT];
    uint32_t member_count;
    uint64_t *ended;    /* bitmap; NULL: none */
    uint16_t *ended_at; /* sorted, with their ends beside */
    uint64_t *ended_to;
    uint32_t ended_count, ended_capacity;
    uint64_t ended_max; /* the last end */
} chunk_t;

typedef struct {
    match_value_t **values;
    size_t count, capacity;
} value_list_t;

struct match_index {
    chunk_t *chunks;
    size_t chunk_count, chunk_capacity;
    size_t size;           /* subscriptions */
    match_value_t **table; /* open addressing; a power of two */
    size_t table_size, value_count;
    uint8_t hash_key[16];                /* of this index only */
    value_list_t dense[CRITERION_COUNT]; /* values with bitmaps */
};

/* The value if somebody asks for it, or NULL. */
match_value_t *match_index_find(const match_index_t *self, criterion_t criterion, const char *text);

/* When the subscription at `bit`, which has ended, ended. */
uint64_t chunk_end_of(const chunk_t *chunk, uint32_t bit);

/* The first of a list's places in a chunk or after it. */
uint32_t match_value_first(const match_value_t *value, size_t number);

static inline size_t chunk_blocks(const chunk_t *chunk)
{
    return (chunk->size + BITS_BLOCK * 64 - 1) / (BITS_BLOCK * 64);
}

#endif
