/* cached.c - the owner's epoch, floors of versions, and the asynchronous read. */
#include "cached.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/cache.h"
#include "pia/clock.h"
#include "pia/memory.h"
#include "proto/service.h"
#include "timing.h"

enum {
    EPOCH_SIZE = 65,
    FLOORS = 256,     /* latest writes that are remembered */
    ASK_MS = 2000,    /* timeout of service.info */
    PERIOD_MS = 1000, /* between two questions */
};

/* One write; it matters as long as a value from before it may live in the cache. */
typedef struct {
    char name[PIA_CACHE_KEY_MAX]; /* entity ":" id */
    int64_t version;
    int64_t until_ms; /* monotonic */
} floor_t;

struct cached {
    bus_t *bus; /* not owned */
    pia_cache_async_t *cache;
    const char *service;
    struct event *timer;
    bool asking, closed;
    char epoch[EPOCH_SIZE]; /* "" until known */
    size_t next_floor;
    floor_t floors[FLOORS];
};

static void on_info(void *arg, const pia_answer_t *answer)
{
    cached_t *self = arg;
    self->asking = false;
    const char *epoch = json_string_value(json_object_get(answer->body, "epoch"));
    if (!self->closed && answer->status == PIA_OK && epoch != NULL && epoch[0] != '\0')
        (void)snprintf(self->epoch, sizeof self->epoch, "%s", epoch);
}

static void on_timer(evutil_socket_t descriptor, short what, void *arg)
{
    (void)descriptor;
    (void)what;
    cached_t *self = arg;
    if (self->asking)
        return;
    self->asking = true;
    pia_call_t call = {
        .service = self->service, .message = &pia_msg_service_info, .timeout_ms = ASK_MS};
    json_t *body = json_object();
    bus_ask(self->bus, &call, body, on_info, self);
    json_decref(body);
}

cached_t *cached_new(struct event_base *base, bus_t *bus, const char *url, const char *service)
{
    cached_t *self = pia_alloc(sizeof *self);
    self->bus = bus;
    self->service = service;
    self->cache = pia_cache_async_new(base, url);
    self->timer = timing_every(base, PERIOD_MS, on_timer, self);
    event_active(self->timer, EV_TIMEOUT, 0);
    return self;
}

void cached_close(cached_t *cached)
{
    cached->epoch[0] = '\0';
    cached->closed = true;
    pia_cache_async_destroy(&cached->cache);
}

void cached_destroy(cached_t **cached_p)
{
    cached_t *self = *cached_p;
    *cached_p = NULL;
    if (self == NULL)
        return;
    assert(self->closed);
    event_free(self->timer);
    free(self);
}

void cached_get(
    cached_t *cached, const char *entity, const char *id, pia_cache_async_fn *got, void *arg)
{
    if (cached->epoch[0] == '\0') {
        got(arg, PIA_UNAVAILABLE, 0, NULL, 0);
        return;
    }
    char key[PIA_CACHE_KEY_MAX];
    pia_cache_key(key, cached->epoch, cached->service, entity, id);
    pia_cache_async_get(cached->cache, key, got, arg);
}

static void name_of(char ret_name[PIA_CACHE_KEY_MAX], const char *entity, const char *id)
{
    (void)snprintf(ret_name, PIA_CACHE_KEY_MAX, "%s:%s", entity, id);
}

void cached_wrote(cached_t *cached, const char *entity, const char *id, int64_t version)
{
    floor_t *floor = &cached->floors[cached->next_floor++ % FLOORS];
    name_of(floor->name, entity, id);
    floor->version = version;
    floor->until_ms = pia_clock_monotonic() + PIA_CACHE_TTL_MS;
}

int64_t cached_floor(const cached_t *cached, const char *entity, const char *id)
{
    char name[PIA_CACHE_KEY_MAX];
    name_of(name, entity, id);
    int64_t now_ms = pia_clock_monotonic(), version = 0;
    for (size_t i = 0; i < FLOORS; i++) {
        const floor_t *floor = &cached->floors[i];
        if (floor->until_ms > now_ms && floor->version > version && strcmp(floor->name, name) == 0)
            version = floor->version;
    }
    return version;
}

const pia_cache_async_stats_t *cached_stats(const cached_t *cached)
{
    return pia_cache_async_stats(cached->cache);
}

bool cached_knows_epoch(const cached_t *cached)
{
    return cached->epoch[0] != '\0';
}
