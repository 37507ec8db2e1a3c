/* match_scan.h - one event against the index, chunk by chunk. */
#ifndef DIFFUSION_MATCH_SCAN_H
#define DIFFUSION_MATCH_SCAN_H

#include "match_index_private.h"

typedef struct {
    const match_index_t *index; /* not owned; must not change meanwhile */
    uint64_t sequence;
    uint32_t unbound;
    match_value_t **values; /* of criterion c: [start[c], start[c + 1]) */
    size_t room;
    size_t start[CRITERION_COUNT + 1];
    size_t chunk;                 /* the next one */
    uint64_t words[BITS_WORDS];   /* of the present one: who is reached */
    uint64_t scratch[BITS_WORDS]; /* one criterion's */
} match_scan_t;

/* Begins a scan of the event at `sequence` with the chunk that holds slots above `after`. */
void match_scan_init(match_scan_t *self,
                     const match_index_t *index,
                     const match_query_t *query,
                     uint64_t sequence,
                     int64_t after);
void match_scan_clear(match_scan_t *self);

/* Fills `words` for the next chunk that may hold someone and returns it; NULL at the end. */
const chunk_t *match_scan_next(match_scan_t *self);

#endif
