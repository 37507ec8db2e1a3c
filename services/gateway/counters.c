/* counters.c - gathers the gateway's numbers from its parts. */
#include "counters.h"

#include <stdio.h>

#include "bus.h"
#include "cached.h"
#include "feed.h"
#include "http.h"

static void set(json_t *json, const char *name, uint64_t value)
{
    (void)json_object_set_new(json, name, json_integer((json_int_t)value));
}

static void add_http(json_t *json, const http_server_t *http)
{
    const gate_stats_t *gates = http_server_stats(http);
    set(json, "http_connections", gates->open);
    set(json, "http_connections_total", gates->accepted);
    set(json, "http_refused_total", gates->refused);
    set(json, "http_deadlines_total", gates->cut);
    for (int status = 100; status < 600; status++) {
        uint64_t count = http_server_answers(http, status);
        char name[40];
        (void)snprintf(name, sizeof name, "http_responses_total{code=%d}", status);
        if (count > 0)
            set(json, name, count);
    }
}

static void add_cached_result(json_t *json, const char *owner, const char *result, uint64_t value)
{
    char name[96];
    (void)snprintf(name, sizeof name, "cache_requests_total{owner=%s,result=%s}", owner, result);
    set(json, name, value);
}

static void add_cached(json_t *json, const cached_t *cached)
{
    cached_stats_t stats;
    for (size_t i = 0; cached_stats(cached, i, &stats); i++) {
        add_cached_result(json, stats.service, "hit", stats.hits);
        add_cached_result(json, stats.service, "miss", stats.misses);
        add_cached_result(json, stats.service, "error", stats.errors);
    }
}

json_t *counters_of(const gateway_t *gateway)
{
    json_t *json = json_object();
    add_http(json, gateway->http);
    const bus_stats_t *bus = bus_stats(gateway->bus);
    set(json, "bus_requests_total", bus->asked);
    set(json, "bus_failures_total", bus->failed);
    set(json, "bus_retries_total", bus->retried);
    add_cached(json, gateway->cached);
    const feed_stats_t *feed = feed_stats(gateway->feed);
    set(json, "sse_clients", feed->clients);
    set(json, "sse_streams_total", feed->opened);
    set(json, "sse_events_total", feed->events);
    set(json, "sse_stalled_total", feed->stalled);
    set(json, "sse_lost_total", feed->lost);
    return json;
}
