/* match_index.c - building the index. */
#include "match_index_private.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

#include "buffer.h"

enum {
    TABLE_SIZE_MIN = 256,
    LIST_MAX = 512,  /* a value with fewer askers stays a list */
    LIST_SHARE = 64, /* and so does one that less than one in so many asks for */
    FROM_SIZE_MIN = 64,
};

match_index_t *match_index_new(void)
{
    match_index_t *self = pia_alloc(sizeof *self);
    randombytes_buf(self->hash_key, sizeof self->hash_key);
    self->table_size = TABLE_SIZE_MIN;
    self->table = pia_alloc(self->table_size * sizeof(match_value_t *));
    return self;
}

static void chunk_clear(chunk_t *chunk)
{
    free(chunk->from);
    free(chunk->members);
    for (size_t c = 0; c < CRITERION_COUNT; c++)
        free(chunk->any[c]);
    free(chunk->ended);
    free(chunk->ended_at);
    free(chunk->ended_to);
}

static void value_destroy(match_value_t *value, size_t chunks)
{
    for (size_t i = 0; value->bitmaps && i < chunks; i++)
        free(value->bitmaps[i]);
    free(value->bitmaps);
    free(value->words);
    free(value->at);
    free(value);
}

void match_index_destroy(match_index_t **self_p)
{
    match_index_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (size_t i = 0; i < self->table_size; i++)
        if (self->table[i])
            value_destroy(self->table[i], self->chunk_count);
    for (size_t i = 0; i < self->chunk_count; i++)
        chunk_clear(&self->chunks[i]);
    for (size_t c = 0; c < CRITERION_COUNT; c++)
        free(self->dense[c].values);
    free(self->chunks);
    free(self->table);
    free(self);
}

/* Keyed: the texts come from outside, and who knew where they stand could make the store thread
 * walk the whole table for each event. Measured beside FNV-1a, which is not keyed: an event's
 * search takes as long, building for 100,000 subscriptions 43 ms in place of 25. */
static size_t hash_of(const match_index_t *self, criterion_t criterion, const char *text)
{
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, (const uint8_t *)text, strlen(text), self->hash_key);
    return (size_t)(bytes_get_u64(hash) + (uint64_t)criterion);
}

/* Where the value stands in the table or would stand. */
static size_t place_of(const match_index_t *self, criterion_t criterion, const char *text)
{
    match_value_t *const *table = self->table;
    size_t place = hash_of(self, criterion, text) & (self->table_size - 1);
    while (table[place] &&
           (table[place]->criterion != criterion || strcmp(table[place]->text, text) != 0))
        place = (place + 1) & (self->table_size - 1);
    return place;
}

static void grow_table(match_index_t *self)
{
    match_value_t **old = self->table;
    size_t old_size = self->table_size;
    self->table_size *= 2;
    self->table = pia_alloc(self->table_size * sizeof(match_value_t *));
    for (size_t i = 0; i < old_size; i++) {
        if (old[i])
            self->table[place_of(self, old[i]->criterion, old[i]->text)] = old[i];
    }
    free(old);
}

match_value_t *match_index_find(const match_index_t *self, criterion_t criterion, const char *text)
{
    return self->table[place_of(self, criterion, text)];
}

/* Hangs a keyword of several words under its longest one, which is likely to be rare. */
static void link_phrase(match_index_t *self, match_value_t *phrase)
{
    size_t count = 1;
    for (const char *at = phrase->text; (at = strchr(at, ' ')); at++)
        count++;
    phrase->words = pia_alloc((count + 1) * sizeof(match_value_t *));
    match_value_t *longest = NULL;
    const char *at = phrase->text;
    for (size_t i = 0; i < count; i++) {
        size_t size = strcspn(at, " ");
        char *word = pia_strndup(at, size);
        phrase->words[i] = match_index_value(self, CRITERION_KEYWORDS, word);
        if (!longest || strlen(longest->text) < size)
            longest = phrase->words[i];
        free(word);
        at += size + 1;
    }
    phrase->next = longest->phrases;
    longest->phrases = phrase;
}

match_value_t *match_index_value(match_index_t *self, criterion_t criterion, const char *text)
{
    match_value_t *value = match_index_find(self, criterion, text);
    if (value)
        return value;
    if (self->value_count * 2 >= self->table_size)
        grow_table(self);
    size_t size = strlen(text) + 1;
    value = pia_alloc(sizeof *value + size);
    value->criterion = criterion;
    memcpy(value->text, text, size);
    self->table[place_of(self, criterion, text)] = value;
    self->value_count++;
    if (criterion == CRITERION_KEYWORDS && strchr(text, ' '))
        link_phrase(self, value);
    return value;
}

static uint64_t *bitmap_new(void)
{
    return pia_alloc(BITS_WORDS * sizeof(uint64_t));
}

static void add_chunk(match_index_t *self, int64_t slot, uint64_t from)
{
    if (self->chunk_count == self->chunk_capacity) {
        self->chunk_capacity = self->chunk_capacity ? self->chunk_capacity * 2 : 16;
        self->chunks = pia_realloc(self->chunks, self->chunk_capacity * sizeof *self->chunks);
    }
    size_t number = self->chunk_count++;
    chunk_t *chunk = &self->chunks[number];
    *chunk = (chunk_t){.slot = slot, .from_base = from, .from_max = from, .members = bitmap_new()};
    for (size_t c = 0; c < CRITERION_COUNT; c++) {
        chunk->any[c] = bitmap_new();
        for (size_t i = 0; i < self->dense[c].count; i++) {
            match_value_t *value = self->dense[c].values[i];
            value->bitmaps = pia_realloc(value->bitmaps, (number + 1) * sizeof(uint64_t *));
            value->bitmaps[number] = bitmap_new();
        }
    }
}

/* A chunk holds 65,536 slots whose first sequences lie within 2^32 after its first one's: the next
 * one may begin early. */
static bool fits(const chunk_t *chunk, const match_entry_t *entry)
{
    return entry->slot - chunk->slot < BITS_SIZE && entry->from >= chunk->from_base &&
           entry->from - chunk->from_base <= UINT32_MAX;
}

static chunk_t *chunk_for(match_index_t *self, const match_entry_t *entry)
{
    if (!self->chunk_count || !fits(&self->chunks[self->chunk_count - 1], entry))
        add_chunk(self, entry->slot, entry->from);
    return &self->chunks[self->chunk_count - 1];
}

static void set_from(chunk_t *chunk, uint32_t bit, uint64_t from)
{
    while (bit >= chunk->capacity) {
        chunk->capacity = chunk->capacity ? chunk->capacity * 2 : FROM_SIZE_MIN;
        chunk->from = pia_realloc(chunk->from, chunk->capacity * sizeof *chunk->from);
    }
    while (chunk->size < bit)
        chunk->from[chunk->size++] = 0;
    chunk->from[bit] = (uint32_t)(from - chunk->from_base);
    chunk->size = bit + 1;
    chunk->from_max = from > chunk->from_max ? from : chunk->from_max;
}

/* Gives a value that is asked for by many bitmaps in place of its list. */
static void make_dense(match_index_t *self, match_value_t *value)
{
    value_list_t *dense = &self->dense[value->criterion];
    if (dense->count == dense->capacity) {
        dense->capacity = dense->capacity ? dense->capacity * 2 : 8;
        dense->values = pia_realloc(dense->values, dense->capacity * sizeof(match_value_t *));
    }
    dense->values[dense->count++] = value;
    value->bitmaps = pia_alloc(self->chunk_count * sizeof(uint64_t *));
    for (size_t i = 0; i < self->chunk_count; i++) {
        value->bitmaps[i] = bitmap_new();
        memcpy(value->bitmaps[i], self->chunks[i].any[value->criterion],
               BITS_WORDS * sizeof(uint64_t));
    }
    for (uint32_t i = 0; i < value->count; i++)
        bits_set(value->bitmaps[value->at[i] / BITS_SIZE], value->at[i] % BITS_SIZE);
    free(value->at);
    value->at = NULL;
}

static void add_asker(match_index_t *self, match_value_t *value, uint32_t position)
{
    size_t number = position / BITS_SIZE;
    if (value->bitmaps) {
        bits_set(value->bitmaps[number], position % BITS_SIZE);
        value->count++;
        return;
    }
    if (value->count && value->at[value->count - 1] == position)
        return; /* named twice */
    if (value->count == value->capacity) {
        value->capacity = value->capacity ? value->capacity + value->capacity / 2 + 1 : 1;
        value->at = pia_realloc(value->at, value->capacity * sizeof *value->at);
    }
    value->at[value->count++] = position;
    if (value->count > LIST_MAX && value->count > self->size / LIST_SHARE)
        make_dense(self, value);
}

static void add_any(match_index_t *self, chunk_t *chunk, criterion_t criterion, uint32_t bit)
{
    const value_list_t *dense = &self->dense[criterion];
    bits_set(chunk->any[criterion], bit);
    chunk->any_count[criterion]++;
    for (size_t i = 0; i < dense->count; i++)
        bits_set(dense->values[i]->bitmaps[self->chunk_count - 1], bit);
}

/* Whether some event can match: no criterion is asked for without a value. */
static bool is_matchable(const match_entry_t *entry)
{
    uint32_t named = 0;
    for (size_t i = 0; i < entry->count; i++)
        named |= 1U << entry->values[i]->criterion;
    return !(entry->asks & ~named);
}

void match_index_add(match_index_t *self, const match_entry_t *entry)
{
    assert(entry->slot > match_index_last(self));
    chunk_t *chunk = chunk_for(self, entry);
    uint32_t bit = (uint32_t)(entry->slot - chunk->slot);
    uint32_t position = (uint32_t)(self->chunk_count - 1) * BITS_SIZE + bit;
    set_from(chunk, bit, entry->from);
    chunk->count++;
    self->size++;
    if (!is_matchable(entry))
        return;
    bits_set(chunk->members, bit);
    chunk->member_count++;
    for (criterion_t c = 0; c < CRITERION_COUNT; c++)
        if (!(entry->asks >> c & 1))
            add_any(self, chunk, c, bit);
    for (size_t i = 0; i < entry->count; i++)
        add_asker(self, entry->values[i], position);
}

int64_t match_index_last(const match_index_t *self)
{
    if (!self->chunk_count)
        return 0;
    const chunk_t *chunk = &self->chunks[self->chunk_count - 1];
    return chunk->slot + chunk->size - 1;
}

size_t match_index_size(const match_index_t *self)
{
    return self->size;
}

/* The first of the sorted ends that is not before `bit`. */
static uint32_t ended_from(const chunk_t *chunk, uint32_t bit)
{
    uint32_t low = 0;
    uint32_t high = chunk->ended_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (chunk->ended_at[middle] < bit)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t chunk_end_of(const chunk_t *chunk, uint32_t bit)
{
    return chunk->ended_to[ended_from(chunk, bit)];
}

static void add_end(chunk_t *chunk, uint32_t bit, uint64_t to)
{
    if (!chunk->ended)
        chunk->ended = bitmap_new();
    if (chunk->ended_count == chunk->ended_capacity) {
        chunk->ended_capacity = chunk->ended_capacity ? chunk->ended_capacity * 2 : 16;
        chunk->ended_at =
            pia_realloc(chunk->ended_at, chunk->ended_capacity * sizeof *chunk->ended_at);
        chunk->ended_to =
            pia_realloc(chunk->ended_to, chunk->ended_capacity * sizeof *chunk->ended_to);
    }
    uint32_t at = ended_from(chunk, bit);
    uint32_t behind = chunk->ended_count++ - at;
    memmove(chunk->ended_at + at + 1, chunk->ended_at + at, behind * sizeof *chunk->ended_at);
    memmove(chunk->ended_to + at + 1, chunk->ended_to + at, behind * sizeof *chunk->ended_to);
    chunk->ended_at[at] = (uint16_t)bit;
    chunk->ended_to[at] = to;
    chunk->ended_max = to > chunk->ended_max ? to : chunk->ended_max;
    bits_set(chunk->ended, bit);
}

bool match_index_end(match_index_t *self, int64_t slot, uint64_t to)
{
    size_t low = 0; /* chunks [0, low) begin at or before the slot */
    size_t high = self->chunk_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->chunks[middle].slot <= slot)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low || slot - self->chunks[low - 1].slot >= self->chunks[low - 1].size)
        return false;
    chunk_t *chunk = &self->chunks[low - 1];
    uint32_t bit = (uint32_t)(slot - chunk->slot);
    if (!chunk->ended || !bits_has(chunk->ended, bit))
        add_end(chunk, bit, to);
    return true;
}

static size_t chunk_memory(const chunk_t *chunk)
{
    size_t bitmaps = 1 + CRITERION_COUNT + (chunk->ended ? 1 : 0);
    return bitmaps * BITS_WORDS * sizeof(uint64_t) + chunk->capacity * sizeof *chunk->from +
           chunk->ended_capacity * (sizeof *chunk->ended_at + sizeof *chunk->ended_to);
}

static size_t value_memory(const match_index_t *self, const match_value_t *value)
{
    size_t size = sizeof *value + strlen(value->text) + 1 + value->capacity * sizeof *value->at;
    if (value->bitmaps)
        size += self->chunk_count * (sizeof(uint64_t *) + BITS_WORDS * sizeof(uint64_t));
    return size;
}

void match_index_memory(const match_index_t *self, match_memory_t *ret_memory)
{
    *ret_memory = (match_memory_t){.rest = sizeof *self + self->table_size * sizeof(void *) +
                                           self->chunk_capacity * sizeof(chunk_t)};
    for (size_t i = 0; i < self->chunk_count; i++)
        ret_memory->rest += chunk_memory(&self->chunks[i]);
    for (size_t i = 0; i < self->table_size; i++)
        if (self->table[i])
            *(self->table[i]->criterion == CRITERION_KEYWORDS ? &ret_memory->keywords
                                                              : &ret_memory->rest) +=
                value_memory(self, self->table[i]);
}
