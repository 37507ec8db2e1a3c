/* population.h - the subscriptions of the matching's figures, the same for PIA and its peers: each
 * has 1 to 3 of 6 themes, 1 to 3 of 18 régions, 1 to 4 of 8 kinds and one of 4 sectors, and each of
 * the four is "any" for a tenth of them. An event with one value of each reaches 1 % of them. */
#ifndef BENCH_POPULATION_H
#define BENCH_POPULATION_H

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    THEMES,
    REGIONS,
    KINDS,
    SECTORS,
    DIMENSIONS,
} dimension_t;

typedef struct {
    const char *member;       /* of a filter: "themes" */
    const char *const *codes; /* `count` of them */
    unsigned count;
    unsigned chosen_max; /* 1 to so many are chosen */
} dimension_info_t;
extern const dimension_info_t dimensions[DIMENSIONS];

/* Bit i of mask[d]: codes[i]; none: any. */
typedef struct {
    uint32_t mask[DIMENSIONS];
} interest_t;

/* The next of a sequence that begins with a state of the caller's. */
interest_t interest_next(uint64_t *state);
/* An event: exactly one value of each dimension. */
interest_t occasion_next(uint64_t *state);
bool interest_matches(const interest_t *interest, const interest_t *occasion);

#endif
