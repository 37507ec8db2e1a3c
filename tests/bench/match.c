/* match.c - how long it takes to say whom an event reaches, by the number of subscriptions.
 *
 * usage: bench.match [SUBSCRIPTIONS…]       default: 1000 10000 100000 960000
 *
 * Each subscription asks for 1 to 3 of 6 themes or any, 1 to 3 of 18 régions or any, 1 to 4 of 8
 * kinds or any, one of 4 sectors or any; an event has one of each, so that about 1 % match. Prints
 * a JSON object a line: what was built, then one a figure with its samples in nanoseconds. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "match_index.h"
#include "pia/memory.h"

enum { SAMPLES = 2000, WARM = 50, PAGE = 1000 };

static const struct {
    criterion_t criterion;
    attribute_t attribute;
    unsigned of;    /* values there are */
    unsigned names; /* a filter names 1 to so many */
    unsigned any;   /* one filter in so many does not care */
} asks[] = {
    {CRITERION_KINDS, ATTRIBUTE_KIND, 8, 4, 4},
    {CRITERION_THEMES, ATTRIBUTE_THEMES, 6, 3, 8},
    {CRITERION_SECTORS, ATTRIBUTE_SECTORS, 4, 1, 8},
    {CRITERION_REGIONS, ATTRIBUTE_REGIONS, 18, 3, 16},
};
enum { ASKS = sizeof asks / sizeof *asks };

static uint64_t now_ns(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000U + (uint64_t)at.tv_nsec;
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static const char *name_of(unsigned value)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i",
                                        "j", "k", "l", "m", "n", "o", "p", "q", "r"};
    return names[value];
}

static void add_one(match_index_t *index, int64_t slot, uint64_t *seed)
{
    match_value_t *values[16];
    match_entry_t entry = {.slot = slot, .from = 1, .values = values};
    for (size_t i = 0; i < ASKS; i++) {
        if (next_random(seed) % asks[i].any == 0)
            continue;
        entry.asks |= 1U << asks[i].criterion;
        for (uint64_t n = 1 + next_random(seed) % asks[i].names; n > 0; n--)
            values[entry.count++] = match_index_value(
                index, asks[i].criterion, name_of((unsigned)(next_random(seed) % asks[i].of)));
    }
    match_index_add(index, &entry);
}

static void random_query(uint64_t *seed, match_query_t *ret_query)
{
    attributes_t attributes = {0};
    for (size_t i = 0; i < ASKS; i++)
        attributes.value[asks[i].attribute] = name_of((unsigned)(next_random(seed) % asks[i].of));
    *ret_query = (match_query_t){0};
    match_query_init(ret_query, &attributes);
}

typedef size_t sample_fn(const match_index_t *index, const match_query_t *query, int64_t *slots);

/* A sample_fn, which fills slots in general. */
// NOLINTNEXTLINE(readability-non-const-parameter): the table of samples wants this type
static size_t count_them(const match_index_t *index, const match_query_t *query, int64_t *slots)
{
    (void)slots;
    return match_index_count(index, query, 2);
}

static size_t list_them(const match_index_t *index, const match_query_t *query, int64_t *slots)
{
    return match_index_list(index, query, 2, 0, slots, match_index_size(index));
}

/* Pages through all that match; the figure is the time of the whole. */
static size_t page_them(const match_index_t *index, const match_query_t *query, int64_t *slots)
{
    size_t total = 0;
    int64_t after = 0;
    size_t got = PAGE;
    while (got == PAGE) {
        got = match_index_list(index, query, 2, after, slots, PAGE);
        after = got ? slots[got - 1] : after;
        total += got;
    }
    return total;
}

static void measure(const match_index_t *index, const char *figure, sample_fn *sample, bool all)
{
    uint64_t seed = 88172645463325252U;
    int64_t *slots = pia_alloc((match_index_size(index) + 1) * sizeof *slots);
    size_t samples = all ? 20 : SAMPLES;
    size_t matched = 0;
    printf("{\"figure\": \"%s\", \"subscriptions\": %zu, \"unit\": \"ns\", \"samples\": [", figure,
           match_index_size(index));
    for (size_t i = 0; i < samples + WARM; i++) {
        match_query_t query = {.unbound = UINT32_MAX};
        if (!all)
            random_query(&seed, &query);
        uint64_t start = now_ns();
        size_t found = sample(index, &query, slots);
        uint64_t took = now_ns() - start;
        match_query_clear(&query);
        if (i < WARM)
            continue;
        matched += found;
        printf("%s%" PRIu64, i > WARM ? ", " : "", took);
    }
    printf("], \"matched\": %.1f}\n", (double)matched / (double)samples);
    free(slots);
}

static void run(size_t subscriptions)
{
    uint64_t seed = 1181783497276652981U;
    match_memory_t memory;
    match_index_t *index = match_index_new();
    uint64_t start = now_ns();
    for (size_t i = 1; i <= subscriptions; i++)
        add_one(index, (int64_t)i, &seed);
    uint64_t took = now_ns() - start;
    match_index_memory(index, &memory);
    printf("{\"figure\": \"build\", \"subscriptions\": %zu, \"ns\": %" PRIu64
           ", \"bytes\": %zu, \"keyword_bytes\": %zu}\n",
           subscriptions, took, memory.rest, memory.keywords);
    measure(index, "count", count_them, false);
    measure(index, "list", list_them, false);
    measure(index, "page_all", page_them, true);
    match_index_destroy(&index);
}

int main(int argc, char **argv)
{
    static const size_t usual[] = {1000, 10000, 100000, 960000};
    for (int i = 1; i < argc; i++)
        run(strtoull(argv[i], NULL, 10));
    for (size_t i = 0; argc < 2 && i < sizeof usual / sizeof *usual; i++)
        run(usual[i]);
    return 0;
}
