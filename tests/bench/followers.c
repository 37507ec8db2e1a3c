/* followers.c - what the receiving side counts and checks. */
#include "bench.h"

void followers_event(followers_t *followers, unsigned index, const char *bytes, size_t size)
{
    uint64_t number = 0;
    int64_t time_ns = 0;
    uint64_t expected = atomic_load_explicit(&followers->got[index], memory_order_relaxed);
    if (!event_read(bytes, size, &number, &time_ns))
        die("follower %u got something else than an event, of %zu bytes", index, size);
    if (number != expected)
        die("follower %u got event %llu, not %llu: lost, repeated or out of order", index,
            (unsigned long long)number, (unsigned long long)expected);
    if (followers->timed)
        samples_add(&followers->latency, clock_ns() - time_ns);
    atomic_store_explicit(&followers->got[index], expected + 1, memory_order_release);
}

uint64_t followers_slowest(followers_t *followers)
{
    uint64_t slowest = UINT64_MAX;
    for (unsigned i = 0; i < followers->count; i++) {
        uint64_t got = atomic_load_explicit(&followers->got[i], memory_order_acquire);
        slowest = got < slowest ? got : slowest;
    }
    return slowest;
}

bool followers_done(followers_t *followers)
{
    uint64_t target = atomic_load(&followers->target);
    uint64_t slowest = followers_slowest(followers);
    int64_t now = clock_ns();
    if (slowest != followers->seen) {
        followers->seen = slowest;
        followers->last_ns = now;
    }
    if (slowest >= target)
        return true;
    if (target != UINT64_MAX && now - followers->last_ns > PATIENCE_NS)
        die("the slowest follower has %llu events of %llu", (unsigned long long)slowest,
            (unsigned long long)target);
    return false;
}
