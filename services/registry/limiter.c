/* limiter.c - a token bucket in whole numbers. */
#include "limiter.h"

enum { MILLI = 1000 };

bool limiter_take(limiter_t *limiter, int64_t monotonic_ms)
{
    int64_t elapsed_ms = monotonic_ms - limiter->seen_ms;
    limiter->seen_ms = monotonic_ms;
    if (elapsed_ms >= (int64_t)LIMITER_BURST * MILLI / LIMITER_PER_SECOND) {
        limiter->spent_milli = 0;
    } else if (elapsed_ms > 0) {
        limiter->spent_milli -= elapsed_ms * LIMITER_PER_SECOND;
        limiter->spent_milli = limiter->spent_milli < 0 ? 0 : limiter->spent_milli;
    }
    if (limiter->spent_milli + MILLI > (int64_t)LIMITER_BURST * MILLI) {
        return false;
    }
    limiter->spent_milli += MILLI;
    return true;
}
