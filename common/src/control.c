/* control.c - what every service answers: service.ping, .info, .stats, .level and .drain. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "host.h"
#include "pia/clock.h"
#include "pia/log.h"
#include "proto/service.h"
#include "relay_store.h"

static const char *state_text(const pia_host_t *host)
{
    switch (host->state) {
    case PIA_HOST_ACTIVE:
        return "active";
    case PIA_HOST_DRAINING:
        return "draining";
    default:
        return "standby";
    }
}

static void answer_instance(const pia_host_t *host, pia_request_t **request_p)
{
    pia_request_answer(request_p, json_pack("{s:s}", "instance", host->instance), 0);
}

static void handle_ping(void *self, pia_request_t **request_p)
{
    answer_instance(self, request_p);
}

static void handle_info(void *self, pia_request_t **request_p)
{
    const pia_host_t *host = self;
    json_t *info =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "service", host->service->name, "instance",
                  host->instance, "version", PIA_VERSION, "state", state_text(host), "store",
                  host->store, "epoch", host->epoch, "started_at", host->started_at);
    assert(info);
    const char *endpoint =
        host->service->endpoint ? host->service->endpoint(host->service->self) : NULL;
    if (endpoint)
        json_object_set_new(info, "endpoint", json_string(endpoint));
    if (pia_clock_shift() != 0)
        json_object_set_new(info, "shift_ms", json_integer(pia_clock_shift()));
    pia_problem_t problem = {0};
    const pia_service_t *service = host->service;
    if (service->may_change && service->may_change(service->self, NULL, &problem) != PIA_OK)
        json_object_set_new(info, "problem", json_string(problem.detail));
    pia_request_answer(request_p, info, 0);
}

static void set_count(json_t *counters, const char *name, uint64_t value)
{
    json_object_set_new(counters, name, json_integer((json_int_t)value));
}

static void add_dispatch(const pia_host_t *host, json_t *counters)
{
    const pia_dispatch_stats_t *stats = pia_dispatch_stats(host->dispatch);
    set_count(counters, "requests_received_total", stats->received);
    set_count(counters, "requests_plain_total", stats->plain);
    set_count(counters, "requests_late_total", stats->late);
    set_count(counters, "requests_in_flight", pia_dispatch_in_flight(host->dispatch));
    for (int status = PIA_OK; status <= PIA_TIMEOUT; status++) {
        char name[64];
        (void)snprintf(name, sizeof name, "answers_%s_total",
                       pia_status_text((pia_status_t)status));
        set_count(counters, name, stats->answered[status]);
    }
}

static void add_executor(const pia_host_t *host, json_t *counters)
{
    pia_executor_stats_t stats;
    pia_executor_stats(host->executor, &stats);
    set_count(counters, "store_jobs_total", stats.jobs);
    set_count(counters, "store_batches_total", stats.batches);
    set_count(counters, "store_retries_total", stats.retries);
    set_count(counters, "store_failures_total", stats.failures);
    set_count(counters, "store_queued", stats.queued);
    set_count(counters, "store_commit_last_us", (uint64_t)stats.commit_us_last);
    set_count(counters, "store_commit_max_us", (uint64_t)stats.commit_us_max);
}

static void add_background(const pia_host_t *host, json_t *counters)
{
    if (host->relay) {
        const pia_relay_stats_t *stats = pia_relay_stats(host->relay);
        set_count(counters, "outbox_sent_total", stats->sent);
        set_count(counters, "outbox_refused_total", stats->refused);
        set_count(counters, "outbox_repeated_total", stats->repeated);
        set_count(counters, "outbox_purged_total", stats->purged);
        set_count(counters, "outbox_leads", host->leads);
    }
    if (host->follower) {
        const pia_follower_stats_t *stats = pia_follower_stats(host->follower);
        set_count(counters, "events_applied_total", stats->applied);
        set_count(counters, "events_failures_total", stats->failures);
        set_count(counters, "events_gaps_total", stats->gaps);
        set_count(counters, "events_resumptions_total", stats->resumptions);
        set_count(counters, "events_sequence", stats->sequence);
    }
}

/* Store thread: what only it may look at. */
static void add_stored(pia_host_t *host, json_t *counters)
{
    int64_t waiting = 0;
    int64_t parked = 0;
    if (host->relay && pia_outbox_count(host->context.db, &waiting, &parked) == PIA_OK) {
        set_count(counters, "outbox_waiting", (uint64_t)waiting);
        set_count(counters, "outbox_parked", (uint64_t)parked);
    }
    const pia_cache_stats_t *cache = pia_cache_stats(host->cache);
    set_count(counters, "cache_hits_total", cache->hits);
    set_count(counters, "cache_misses_total", cache->misses);
    set_count(counters, "cache_errors_total", cache->errors);
    set_count(counters, "cache_sets_total", cache->sets);
    set_count(counters, "cache_stale_sets_total", cache->stale_sets);
    if (host->service->stats)
        host->service->stats(host->service->self, counters);
}

static void answer_stats(const pia_host_t *host, pia_request_t **request_p)
{
    pia_request_t *request = *request_p;
    json_t *body = json_pack("{s:s,s:s,s:O}", "service", host->service->name, "instance",
                             host->instance, "counters", request->counters);
    assert(body);
    pia_request_answer(request_p, body, 0);
}

static void handle_stored_stats(void *self, pia_request_t **request_p)
{
    add_stored(self, (*request_p)->counters);
    answer_stats(self, request_p);
}

static const pia_route_t STORED_STATS = {&pia_msg_service_stats, PIA_ROLE_PUBLIC,
                                         handle_stored_stats};

static void handle_stats(void *self, pia_request_t **request_p)
{
    pia_host_t *host = self;
    json_t *counters = json_object();
    add_dispatch(host, counters);
    set_count(counters, "active", host->state == PIA_HOST_ACTIVE);
    (*request_p)->counters = counters;
    if (host->state != PIA_HOST_ACTIVE) {
        answer_stats(host, request_p);
        return;
    }
    add_executor(host, counters);
    add_background(host, counters);
    pia_dispatch_defer(request_p, &STORED_STATS);
}

static void handle_level(void *self, pia_request_t **request_p)
{
    const pia_service_level_t *fields = pia_request_fields(*request_p);
    pia_log_level_t level = PIA_LOG_INFO;
    bool known = pia_log_level_parse(fields->level, &level);
    assert(known); /* the schema has checked it */
    pia_log_set_level(level);
    answer_instance(self, request_p);
}

static void handle_drain(void *self, pia_request_t **request_p)
{
    pia_host_t *host = self;
    pia_log(PIA_LOG_INFO, "asked to drain by %s", pia_request_principal(*request_p)->subject);
    answer_instance(host, request_p);
    pia_host_drain(host);
}

const pia_route_t pia_control_routes[] = {
    {&pia_msg_service_ping, PIA_ROLE_PUBLIC, handle_ping},
    {&pia_msg_service_info, PIA_ROLE_PUBLIC, handle_info},
    {&pia_msg_service_stats, PIA_ROLE_PUBLIC, handle_stats},
    {&pia_msg_service_level, PIA_ROLE_OPERATOR, handle_level},
    {&pia_msg_service_drain, PIA_ROLE_OPERATOR, handle_drain},
    {NULL, 0, NULL},
};
