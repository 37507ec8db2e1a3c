/* limiter.h - how many failed sign-ins a process answers in words: a token bucket. A valid key
 * always opens, so that guessing by one locks out nobody else; 256 random bits are not guessed. */
#ifndef REGISTRY_LIMITER_H
#define REGISTRY_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

enum { LIMITER_BURST = 100, LIMITER_PER_SECOND = 20 };

/* The zero value is full. One thread. */
typedef struct {
    int64_t spent_milli; /* thousandths of a failure */
    int64_t seen_ms;     /* monotonic */
} limiter_t;

/* Takes one; false when the budget is used up. */
bool limiter_take(limiter_t *limiter, int64_t monotonic_ms);

#endif
