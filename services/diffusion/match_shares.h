/* match_shares.h - an audience counted by what its subscriptions ask for. Store thread. */
#ifndef DIFFUSION_MATCH_SHARES_H
#define DIFFUSION_MATCH_SHARES_H

#include "match_index.h"

enum { MATCH_NAMES_MAX = 3 };

/* The subscriptions that name one of these values, or (none_of) nothing of these criteria. */
typedef struct {
    struct {
        criterion_t criterion;
        const char *text;
    } names[MATCH_NAMES_MAX];
    size_t name_count;
    uint32_t none_of; /* bit c: criterion c; 0: those who name a value */
    size_t count;     /* filled: how many of them the event reaches */
} match_share_t;

/* Counts those whom the event reaches at `sequence`: in all, and of each share. */
size_t match_index_shares(const match_index_t *self,
                          const match_query_t *query,
                          uint64_t sequence,
                          match_share_t *shares,
                          size_t share_count);

#endif
