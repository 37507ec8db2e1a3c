/* match_index.h - which subscriptions an event reaches: a bitmap for each value that filters ask
 * for, with the subscriptions that do not care ("any") folded in, ANDed word by word.
 *
 * Subscriptions stand in the order of their slots, in chunks of 65,536 (bits.h). A value that few
 * ask for (pôles, communes, keywords, most départements) is a sorted list of positions instead,
 * without the "any": 4 bytes an asker. It becomes bitmaps once more than one in 64 asks for it; at
 * that density, of 960,000, the list takes 59 KiB and 29 us an event, the bitmaps 120 KiB and 7 us
 * (measured).
 *
 * Slots are never reused. A reused slot needs proof that no audience of an event before its end is
 * still open or will be asked for again; not reusing costs some 20 bytes for each subscription
 * that ever ended, and 3 us an event for each 100,000 of them (measured). Store thread. */
#ifndef DIFFUSION_MATCH_INDEX_H
#define DIFFUSION_MATCH_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "criterion.h"
#include "match_query.h"

typedef struct match_index match_index_t;
typedef struct match_value match_value_t;

match_index_t *match_index_new(void);
void match_index_destroy(match_index_t **self_p);

/* The value `text` of a criterion, made if it is new; lives as long as the index. A keyword of
 * several words ("isol thermiqu") is one value, found by the event's single words. */
match_value_t *match_index_value(match_index_t *self, criterion_t criterion, const char *text);

/* One subscription: bit c of `asks` says that criterion c is asked for, and `values` are those that
 * are wanted, of all criteria in any order; a criterion that is asked for without a value is
 * matched by no event. */
typedef struct {
    int64_t slot;
    uint64_t from; /* the first sequence it holds for */
    uint32_t asks;
    match_value_t *const *values;
    size_t count;
} match_entry_t;

/* Adds one with a slot above all others. */
void match_index_add(match_index_t *self, const match_entry_t *entry);

/* It no longer holds from `to` on; a first end stays. False: there is no such slot. */
bool match_index_end(match_index_t *self, int64_t slot, uint64_t to);

/* The highest slot; 0 if there is none. */
int64_t match_index_last(const match_index_t *self);

/* Subscriptions in it, ended ones included. */
size_t match_index_size(const match_index_t *self);

/* Bytes it takes: values of keywords, and all else. */
typedef struct {
    size_t keywords, rest;
} match_memory_t;
void match_index_memory(const match_index_t *self, match_memory_t *ret_memory);

/* How many subscriptions that hold at `sequence` the event reaches. */
size_t match_index_count(const match_index_t *self, const match_query_t *query, uint64_t sequence);

/* Fills up to `limit` of their slots above `after`, in order; returns how many. */
size_t match_index_list(const match_index_t *self,
                        const match_query_t *query,
                        uint64_t sequence,
                        int64_t after,
                        int64_t *ret_slots,
                        size_t limit);

#endif
