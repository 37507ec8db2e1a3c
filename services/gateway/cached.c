/* cached.c - the owners' epochs, floors of versions, and the asynchronous read. */
#include "cached.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/cache.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "proto/service.h"
#include "timing.h"

enum {
    NAME_SIZE = 41,
    EPOCH_SIZE = 65,
    FLOORS = 256,     /* latest writes that are remembered one by one */
    ASK_MS = 2000,    /* timeout of service.info */
    PERIOD_MS = 1000, /* between two questions */
    /* How long a floor stands: a value from before the write may be set a moment after it, by
     * another instance of the owner that had read it before, and then lives its whole life. */
    FLOOR_MS = 2 * PIA_CACHE_TTL_MS,
};

static const char LISTS[] = "list"; /* the entity of all lists */

/* One write; it matters as long as a value from before it may live in the cache. */
typedef struct {
    char name[PIA_CACHE_KEY_MAX]; /* entity ":" id */
    int64_t version;
    int64_t until_ms; /* monotonic */
} floor_t;

struct cached_owner {
    cached_t *cached;
    char service[NAME_SIZE];
    char epoch[EPOCH_SIZE]; /* "" until known */
    bool asking;
    int64_t lists_until_ms, all_until_ms; /* monotonic: until then nothing of these is shown */
    size_t next_floor;
    floor_t floors[FLOORS];
    cached_stats_t stats;
};

struct cached {
    bus_t *bus; /* not owned */
    pia_cache_async_t *cache;
    struct event *timer;
    bool closed;
    size_t count;
    cached_owner_t *owners[CACHED_OWNERS_MAX];
};

static void on_info(void *arg, const pia_answer_t *answer)
{
    cached_owner_t *self = arg;
    self->asking = false;
    const char *epoch = pia_json_text(answer->body, "epoch");
    if (!self->cached->closed && answer->status == PIA_OK && epoch != NULL && epoch[0] != '\0')
        (void)snprintf(self->epoch, sizeof self->epoch, "%s", epoch);
}

static void ask_epoch(cached_owner_t *self)
{
    if (self->asking)
        return;
    self->asking = true;
    pia_call_t call = {
        .service = self->service, .message = &pia_msg_service_info, .timeout_ms = ASK_MS};
    json_t *body = json_object();
    bus_ask(self->cached->bus, &call, body, on_info, self);
    json_decref(body);
}

static void on_timer(evutil_socket_t descriptor, short what, void *arg)
{
    (void)descriptor;
    (void)what;
    cached_t *self = arg;
    for (size_t i = 0; i < self->count; i++)
        ask_epoch(self->owners[i]);
}

cached_t *cached_new(struct event_base *base, bus_t *bus, const char *url)
{
    cached_t *self = pia_alloc(sizeof *self);
    self->bus = bus;
    self->cache = pia_cache_async_new(base, url);
    self->timer = timing_every(base, PERIOD_MS, on_timer, self);
    event_active(self->timer, EV_TIMEOUT, 0);
    return self;
}

void cached_close(cached_t *cached)
{
    for (size_t i = 0; i < cached->count; i++)
        cached->owners[i]->epoch[0] = '\0';
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
    for (size_t i = 0; i < self->count; i++)
        free(self->owners[i]);
    free(self);
}

cached_owner_t *cached_owner(cached_t *cached, const char *message)
{
    size_t size = strcspn(message, ".");
    for (size_t i = 0; i < cached->count; i++) {
        cached_owner_t *owner = cached->owners[i];
        if (strlen(owner->service) == size && memcmp(owner->service, message, size) == 0)
            return owner;
    }
    assert(cached->count < CACHED_OWNERS_MAX && size < NAME_SIZE);
    cached_owner_t *owner = pia_alloc(sizeof *owner);
    memcpy(owner->service, message, size);
    owner->cached = cached;
    owner->stats.service = owner->service;
    cached->owners[cached->count++] = owner;
    return owner;
}

/* Reading */

static void name_of(char ret_name[PIA_CACHE_KEY_MAX], const char *entity, const char *id)
{
    (void)snprintf(ret_name, PIA_CACHE_KEY_MAX, "%s:%s", entity, id);
}

/* The oldest version that may be shown, 0 if any. */
static int64_t floor_of(const cached_owner_t *owner, const char *entity, const char *id)
{
    char name[PIA_CACHE_KEY_MAX];
    int64_t now_ms = pia_clock_monotonic(), version = 0;
    bool list = strcmp(entity, LISTS) == 0;
    if (owner->all_until_ms > now_ms || (list && owner->lists_until_ms > now_ms))
        return INT64_MAX;
    name_of(name, entity, id);
    for (size_t i = 0; i < FLOORS; i++) {
        const floor_t *floor = &owner->floors[i];
        if (floor->until_ms > now_ms && floor->version > version && strcmp(floor->name, name) == 0)
            version = floor->version;
    }
    return version;
}

/* What a cache holds is not trusted to be what was put there; what is hidden is empty. */
static bool is_object(const char *bytes, size_t size)
{
    return size >= 2 && bytes[0] == '{' && bytes[size - 1] == '}';
}

static void on_got(void *arg, pia_status_t status, int64_t version, const void *value, size_t size)
{
    const cached_read_t *read = arg;
    cached_owner_t *owner = read->owner;
    if (status == PIA_OK &&
        (!is_object(value, size) || version < floor_of(owner, read->entity, read->id)))
        status = PIA_NOT_FOUND;
    if (status == PIA_OK)
        owner->stats.hits++;
    else if (status == PIA_NOT_FOUND)
        owner->stats.misses++;
    else
        owner->stats.errors++;
    read->got(read->arg, status, version, value, size);
}

void cached_get(cached_read_t *read)
{
    const cached_owner_t *owner = read->owner;
    if (owner->epoch[0] == '\0') {
        on_got(read, PIA_UNAVAILABLE, 0, NULL, 0);
        return;
    }
    char key[PIA_CACHE_KEY_MAX];
    pia_cache_key(key, owner->epoch, owner->service, read->entity, read->id);
    pia_cache_async_get(owner->cached->cache, key, on_got, read);
}

/* Writing */

void cached_wrote(cached_owner_t *owner, const char *entity, const char *id, int64_t version)
{
    int64_t now_ms = pia_clock_monotonic();
    floor_t *floor = &owner->floors[owner->next_floor++ % FLOORS];
    if (floor->until_ms > now_ms && floor->until_ms > owner->all_until_ms)
        owner->all_until_ms = floor->until_ms; /* forgotten early: it stands for all */
    name_of(floor->name, entity, id);
    floor->version = version;
    floor->until_ms = now_ms + FLOOR_MS;
    cached_wrote_lists(owner);
}

void cached_wrote_lists(cached_owner_t *owner)
{
    owner->lists_until_ms = pia_clock_monotonic() + FLOOR_MS;
}

void cached_wrote_all(cached_owner_t *owner)
{
    owner->all_until_ms = pia_clock_monotonic() + FLOOR_MS;
}

bool cached_stats(const cached_t *cached, size_t index, cached_stats_t *ret_stats)
{
    if (index >= cached->count)
        return false;
    *ret_stats = cached->owners[index]->stats;
    return true;
}
