/* stats.c - counting. */
#include "stats.h"

#include <assert.h>
#include <inttypes.h>

#include "pia/log.h"

enum { LOG_EVERY_MS = 1000 };

static const char *const COUNTER_TEXTS[STATS_COUNT] = {
#define X(name, text) text,
    STATS_MAP(X)
#undef X
};

static const char *const DROP_TEXTS[DROP_COUNT] = {
#define X(name, text) text,
    STATS_DROP_MAP(X)
#undef X
};

void stats_add(stats_t *stats, stats_counter_t counter)
{
    stats->counters[counter]++;
}

const char *stats_drop_text(stats_drop_t reason)
{
    assert(reason < DROP_COUNT);
    return DROP_TEXTS[reason];
}

void stats_drop(stats_t *stats, stats_drop_t reason, int64_t now_ms)
{
    stats->dropped[reason]++;
    if (stats->logged_ms != 0 && now_ms - stats->logged_ms < LOG_EVERY_MS) {
        stats->not_logged++;
        return;
    }
    pia_log(PIA_LOG_WARN, "dropped a message: %s (and %" PRIu64 " before it)",
            stats_drop_text(reason), stats->not_logged);
    stats->logged_ms = now_ms;
    stats->not_logged = 0;
}

void stats_json(const stats_t *stats, json_t *object)
{
    for (size_t i = 0; i < STATS_COUNT; i++)
        json_object_set_new(object, COUNTER_TEXTS[i], json_integer((json_int_t)stats->counters[i]));
    json_t *dropped = json_object();
    for (size_t i = 0; i < DROP_COUNT; i++)
        if (stats->dropped[i] > 0)
            json_object_set_new(dropped, DROP_TEXTS[i],
                                json_integer((json_int_t)stats->dropped[i]));
    json_object_set_new(object, "dropped", dropped);
}
