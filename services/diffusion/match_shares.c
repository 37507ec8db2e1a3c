/* match_shares.c - counting shares of an audience. */
#include "match_shares.h"

#include <string.h>

#include "match_scan.h"

/* Sets who names the value, without those who do not care. */
static void
or_askers(uint64_t *bits, const match_value_t *value, const chunk_t *chunk, size_t number)
{
    uint64_t named[BITS_WORDS];
    size_t blocks = chunk_blocks(chunk);
    if (value->bitmaps) {
        memcpy(named, value->bitmaps[number], blocks * BITS_BLOCK * sizeof(uint64_t));
        bits_and_not(named, chunk->any[value->criterion], blocks);
        bits_or(bits, named, blocks);
        return;
    }
    for (uint32_t i = match_value_first(value, number);
         i < value->count && value->at[i] / BITS_SIZE == number; i++)
        bits_set(bits, value->at[i] % BITS_SIZE);
}

static void fill_none(uint64_t *bits, uint32_t none_of, const chunk_t *chunk)
{
    size_t blocks = chunk_blocks(chunk);
    memcpy(bits, chunk->members, blocks * BITS_BLOCK * sizeof(uint64_t));
    for (criterion_t c = 0; c < CRITERION_COUNT; c++)
        if (none_of >> c & 1)
            bits_and(bits, chunk->any[c], blocks);
}

/* Counts one share in the chunk that was scanned last. */
static size_t
count_share(const match_scan_t *scan, const chunk_t *chunk, const match_share_t *share)
{
    uint64_t bits[BITS_WORDS] = {0};
    size_t number = scan->chunk - 1;
    if (share->none_of)
        fill_none(bits, share->none_of, chunk);
    for (size_t i = 0; i < share->name_count; i++) {
        const match_value_t *value =
            match_index_find(scan->index, share->names[i].criterion, share->names[i].text);
        if (value)
            or_askers(bits, value, chunk, number);
    }
    return bits_count_and(scan->words, bits, chunk_blocks(chunk));
}

size_t match_index_shares(const match_index_t *self,
                          const match_query_t *query,
                          uint64_t sequence,
                          match_share_t *shares,
                          size_t share_count)
{
    match_scan_t scan;
    const chunk_t *chunk = NULL;
    size_t total = 0;
    for (size_t i = 0; i < share_count; i++)
        shares[i].count = 0;
    match_scan_init(&scan, self, query, sequence, 0);
    while ((chunk = match_scan_next(&scan))) {
        size_t found = bits_count(scan.words, chunk_blocks(chunk));
        total += found;
        for (size_t i = 0; found && i < share_count; i++)
            shares[i].count += count_share(&scan, chunk, &shares[i]);
    }
    match_scan_clear(&scan);
    return total;
}
