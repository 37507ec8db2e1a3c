/* match_scan.c - scanning the index: an AND a criterion, then what does not hold is taken out. */
#include "match_scan.h"

#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

static void add_value(match_scan_t *self, match_value_t *value, size_t *count)
{
    if (*count == self->room) {
        self->room = self->room ? self->room * 2 : 32;
        self->values = pia_realloc(self->values, self->room * sizeof(match_value_t *));
    }
    self->values[(*count)++] = value;
}

static int compare_values(const void *left, const void *right)
{
    uintptr_t one = (uintptr_t) * (match_value_t *const *)left;
    uintptr_t other = (uintptr_t) * (match_value_t *const *)right;
    return one < other ? -1 : one > other;
}

/* Whether all words of a keyword are among the event's, which are sorted. */
static bool has_all(match_value_t *const *own, size_t count, match_value_t *const *wanted)
{
    for (; *wanted; wanted++)
        if (!bsearch(wanted, own, count, sizeof(match_value_t *), compare_values))
            return false;
    return true;
}

/* After the event's words, the keywords of several words that it has; *count moves on. */
static void add_phrases(match_scan_t *self, size_t *count)
{
    size_t from = self->start[CRITERION_KEYWORDS];
    size_t words = *count - from;
    if (words)
        qsort(self->values + from, words, sizeof(match_value_t *), compare_values);
    for (size_t i = 0; i < words; i++)
        for (match_value_t *phrase = self->values[from + i]->phrases; phrase; phrase = phrase->next)
            if (has_all(self->values + from, words, phrase->words))
                add_value(self, phrase, count);
}

/* The values that the event satisfies and somebody asks for; those of a criterion are together. */
static void take_values(match_scan_t *self, const match_query_t *query)
{
    size_t count = 0;
    size_t at = 0;
    criterion_t criterion = 0;
    criterion_t begun = 0;
    const char *text = NULL;
    while (match_query_next(query, &at, &criterion, &text)) {
        while (begun < criterion)
            self->start[++begun] = count;
        match_value_t *value = match_index_find(self->index, criterion, text);
        if (value)
            add_value(self, value, &count);
    }
    while (begun < CRITERION_KEYWORDS)
        self->start[++begun] = count;
    add_phrases(self, &count);
    self->start[CRITERION_COUNT] = count;
}

void match_scan_init(match_scan_t *self,
                     const match_index_t *index,
                     const match_query_t *query,
                     uint64_t sequence,
                     int64_t after)
{
    self->index = index;
    self->sequence = sequence;
    self->unbound = query->unbound;
    self->values = NULL;
    self->room = 0;
    self->start[0] = 0;
    self->chunk = 0;
    take_values(self, query);
    while (self->chunk < index->chunk_count &&
           index->chunks[self->chunk].slot + index->chunks[self->chunk].size - 1 <= after)
        self->chunk++;
}

void match_scan_clear(match_scan_t *self)
{
    free(self->values);
}

uint32_t match_value_first(const match_value_t *value, size_t number)
{
    uint32_t low = 0;
    uint32_t high = value->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (value->at[middle] / BITS_SIZE < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Sets in `scratch` what the list has in this chunk. */
static void set_listed(match_scan_t *self, const match_value_t *value, size_t number)
{
    for (uint32_t i = match_value_first(value, number);
         i < value->count && value->at[i] / BITS_SIZE == number; i++)
        bits_set(self->scratch, value->at[i] % BITS_SIZE);
}

/* Those who ask for none of criterion `c` or for one of the event's values: borrowed until the next
 * criterion. */
static const uint64_t *
criterion_bits(match_scan_t *self, const chunk_t *chunk, size_t number, criterion_t c)
{
    size_t blocks = chunk_blocks(chunk);
    size_t from = self->start[c];
    size_t to = self->start[c + 1];
    if (from == to)
        return chunk->any[c];
    if (to - from == 1 && self->values[from]->bitmaps)
        return self->values[from]->bitmaps[number];
    memcpy(self->scratch, chunk->any[c], blocks * BITS_BLOCK * sizeof(uint64_t));
    for (size_t i = from; i < to; i++) {
        if (self->values[i]->bitmaps)
            bits_or(self->scratch, self->values[i]->bitmaps[number], blocks);
        else
            set_listed(self, self->values[i], number);
    }
    return self->scratch;
}

/* ANDs the criteria that somebody in the chunk asks for. */
static void and_criteria(match_scan_t *self, const chunk_t *chunk, size_t number)
{
    size_t blocks = chunk_blocks(chunk);
    bool begun = false;
    for (criterion_t c = 0; c < CRITERION_COUNT; c++) {
        if (self->unbound >> c & 1 || chunk->any_count[c] == chunk->member_count)
            continue;
        const uint64_t *bits = criterion_bits(self, chunk, number, c);
        if (begun)
            bits_and(self->words, bits, blocks);
        else
            memcpy(self->words, bits, blocks * BITS_BLOCK * sizeof(uint64_t));
        begun = true;
    }
    if (!begun)
        memcpy(self->words, chunk->members, blocks * BITS_BLOCK * sizeof(uint64_t));
}

/* Calls for each bit of `words` that is set in `of` too; clears it if `holds` says no. */
static void clear_where(match_scan_t *self,
                        const chunk_t *chunk,
                        const uint64_t *of,
                        bool (*holds)(const match_scan_t *, const chunk_t *, uint32_t bit))
{
    for (size_t w = 0; w < chunk_blocks(chunk) * BITS_BLOCK; w++) {
        for (uint64_t left = self->words[w] & (of ? of[w] : UINT64_MAX); left; left &= left - 1) {
            uint32_t bit = (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(left);
            if (!holds(self, chunk, bit))
                self->words[w] &= ~((uint64_t)1 << (bit % 64));
        }
    }
}

static bool has_begun(const match_scan_t *self, const chunk_t *chunk, uint32_t bit)
{
    return chunk->from_base + chunk->from[bit] <= self->sequence;
}

static bool has_not_ended(const match_scan_t *self, const chunk_t *chunk, uint32_t bit)
{
    return self->sequence < chunk_end_of(chunk, bit);
}

/* Takes out those who do not hold at the sequence. For a new event that is one AND; a former one's
 * are looked at one by one. */
static void leave_holding(match_scan_t *self, const chunk_t *chunk)
{
    if (self->sequence < chunk->from_max)
        clear_where(self, chunk, NULL, has_begun);
    if (!chunk->ended)
        return;
    if (self->sequence >= chunk->ended_max)
        bits_and_not(self->words, chunk->ended, chunk_blocks(chunk));
    else
        clear_where(self, chunk, chunk->ended, has_not_ended);
}

const chunk_t *match_scan_next(match_scan_t *self)
{
    while (self->chunk < self->index->chunk_count) {
        size_t number = self->chunk++;
        const chunk_t *chunk = &self->index->chunks[number];
        if (self->sequence < chunk->from_base || !chunk->member_count)
            continue;
        and_criteria(self, chunk, number);
        leave_holding(self, chunk);
        return chunk;
    }
    return NULL;
}

size_t match_index_count(const match_index_t *self, const match_query_t *query, uint64_t sequence)
{
    match_scan_t scan;
    const chunk_t *chunk = NULL;
    size_t count = 0;
    match_scan_init(&scan, self, query, sequence, 0);
    while ((chunk = match_scan_next(&scan)))
        count += bits_count(scan.words, chunk_blocks(chunk));
    match_scan_clear(&scan);
    return count;
}

/* Takes out the slots up to `after`. */
static void leave_above(match_scan_t *scan, const chunk_t *chunk, int64_t after)
{
    if (after < chunk->slot)
        return;
    size_t bits = (size_t)(after - chunk->slot) + 1;
    memset(scan->words, 0, bits / 64 * sizeof(uint64_t));
    scan->words[bits / 64] &= UINT64_MAX << (bits % 64);
}

/* Writes the places of the bits of a word, and may write up to LIST_AHEAD more that do not count;
 * returns how many count. */
enum { LIST_AHEAD = 4 };
static size_t list_word(uint64_t word, uint32_t first, uint32_t *places)
{
    static const uint64_t end = (uint64_t)1 << 63; /* where there is no bit, any place will do */
    size_t count = 0;
    size_t total = bits_of(word);
    do {
        for (size_t i = 0; i < LIST_AHEAD; i++, word &= word - 1)
            places[count + i] = first + (uint32_t)__builtin_ctzll(word | end);
        count += LIST_AHEAD;
    } while (count < total);
    return total;
}

/* Writes the places of a block's bits. What listing costs are mispredicted branches, one for each
 * word that may be empty and for each bit that may be the last: so the words that are not empty are
 * found without a branch, and of each the first bits are written whether they are there or not.
 * Measured for 9,400 of 960,000: 90 us in plain loops, 40 us so. */
static size_t list_block(const uint64_t *words, uint32_t first, uint32_t *places)
{
    uint32_t filled[BITS_BLOCK];
    size_t filled_count = 0;
    size_t found = 0;
    for (uint32_t w = 0; w < BITS_BLOCK; w++) {
        filled[filled_count] = w;
        filled_count += words[w] != 0;
    }
    for (size_t i = 0; i < filled_count; i++)
        found += list_word(words[filled[i]], first + filled[i] * 64, places + found);
    return found;
}

/* Adds the slots of the chunk; returns how many there are then, at most `limit`. */
static size_t list_chunk(
    const match_scan_t *scan, const chunk_t *chunk, int64_t *slots, size_t count, size_t limit)
{
    uint32_t places[BITS_BLOCK * 64 + LIST_AHEAD];
    for (size_t block = 0; block < chunk_blocks(chunk) && count < limit; block++) {
        uint32_t first = (uint32_t)(block * BITS_BLOCK);
        size_t found = list_block(scan->words + first, first * 64, places);
        found = found < limit - count ? found : limit - count;
        for (size_t i = 0; i < found; i++)
            slots[count++] = chunk->slot + places[i];
    }
    return count;
}

size_t match_index_list(const match_index_t *self,
                        const match_query_t *query,
                        uint64_t sequence,
                        int64_t after,
                        int64_t *ret_slots,
                        size_t limit)
{
    match_scan_t scan;
    const chunk_t *chunk = NULL;
    size_t count = 0;
    match_scan_init(&scan, self, query, sequence, after);
    while (count < limit && (chunk = match_scan_next(&scan))) {
        leave_above(&scan, chunk, after);
        count = list_chunk(&scan, chunk, ret_slots, count, limit);
    }
    match_scan_clear(&scan);
    return count;
}
