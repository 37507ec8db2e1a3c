/* cache_async.c - the cache from a libevent loop, with a deadline and a circuit breaker. */
#include "pia/cache_async.h"

#include <assert.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/* hiredis's adapter is a header of static functions that our warnings do not like. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <hiredis/adapters/libevent.h>
#pragma GCC diagnostic pop

#include "pia/cache.h"
#include "pia/clock.h"
#include "pia/memory.h"

enum { GET_MS = 5, BREAK_MS_MIN = 100, BREAK_MS_MAX = 5000 };

/* One question. It is freed by hiredis's callback, which comes for every command exactly once,
 * also when the connection is given up. */
typedef struct get {
    TAILQ_ENTRY(get) link; /* in pending, while not answered */
    pia_cache_async_t *cache;
    pia_cache_async_fn *got; /* NULL once it was called */
    void *arg;
    int64_t deadline_ms; /* monotonic */
} get_t;

struct pia_cache_async {
    struct event_base *base; /* not owned */
    char *url;
    redisAsyncContext *redis;  /* NULL: not connected */
    struct event *timer;       /* the deadline of the oldest question */
    TAILQ_HEAD(, get) pending; /* oldest first, so the earliest deadline first */
    int64_t closed_until;      /* monotonic: no attempt before */
    int64_t break_ms;
    pia_cache_async_stats_t stats;
};

static void answer(get_t *get, pia_status_t status, const void *stored, size_t size)
{
    if (get->got == NULL)
        return;
    pia_cache_async_t *cache = get->cache;
    TAILQ_REMOVE(&cache->pending, get, link);
    pia_cache_async_fn *got = get->got;
    get->got = NULL;
    int64_t version = 0;
    const void *value = NULL;
    size_t value_size = 0;
    if (status == PIA_OK && !pia_cache_split(stored, size, &version, &value, &value_size))
        status = PIA_UNAVAILABLE;
    if (status == PIA_OK)
        cache->stats.hits++;
    else if (status == PIA_NOT_FOUND)
        cache->stats.misses++;
    else
        cache->stats.errors++;
    got(get->arg, status, version, value, value_size);
}

/* Gives the connection up and leaves the server alone for a while. */
static void break_circuit(pia_cache_async_t *cache)
{
    redisAsyncContext *redis = cache->redis;
    cache->redis = NULL;
    cache->closed_until = pia_clock_monotonic() + cache->break_ms;
    cache->break_ms = cache->break_ms * 2 > BREAK_MS_MAX ? BREAK_MS_MAX : cache->break_ms * 2;
    if (redis != NULL)
        redisAsyncFree(redis); /* calls on_reply for each question */
}

static void on_reply(redisAsyncContext *redis, void *reply_arg, void *arg)
{
    (void)redis;
    const redisReply *reply = reply_arg;
    get_t *get = arg;
    if (reply != NULL && get->got != NULL)
        get->cache->break_ms = BREAK_MS_MIN;
    if (reply != NULL && reply->type == REDIS_REPLY_STRING)
        answer(get, PIA_OK, reply->str, (size_t)reply->len);
    else
        answer(get,
               reply != NULL && reply->type == REDIS_REPLY_NIL ? PIA_NOT_FOUND : PIA_UNAVAILABLE,
               NULL, 0);
    free(get);
}

/* hiredis frees the context itself after this. */
static void on_disconnect(const redisAsyncContext *redis, int status)
{
    (void)status;
    pia_cache_async_t *cache = redis->data;
    if (cache->redis != redis)
        return;
    cache->redis = NULL;
    break_circuit(cache);
}

static void on_connect(const redisAsyncContext *redis, int status)
{
    if (status != REDIS_OK)
        on_disconnect(redis, status);
}

static void arm(pia_cache_async_t *cache)
{
    const get_t *first = TAILQ_FIRST(&cache->pending);
    if (first == NULL)
        return;
    int64_t left_ms = first->deadline_ms - pia_clock_monotonic();
    struct timeval left = {0, left_ms < 1 ? 1000 : left_ms * 1000};
    (void)event_add(cache->timer, &left);
}

/* The oldest question is late: it is a miss, and so is everything behind it. */
static void on_timer(evutil_socket_t descriptor, short what, void *arg)
{
    (void)descriptor;
    (void)what;
    pia_cache_async_t *cache = arg;
    const get_t *first = TAILQ_FIRST(&cache->pending);
    if (first != NULL && first->deadline_ms <= pia_clock_monotonic())
        break_circuit(cache);
    arm(cache);
}

pia_cache_async_t *pia_cache_async_new(struct event_base *base, const char *url)
{
    pia_cache_async_t *cache = pia_alloc(sizeof *cache);
    cache->base = base;
    cache->url = pia_strdup(url);
    cache->break_ms = BREAK_MS_MIN;
    cache->timer = event_new(base, -1, 0, on_timer, cache);
    assert(cache->timer != NULL);
    TAILQ_INIT(&cache->pending);
    return cache;
}

void pia_cache_async_destroy(pia_cache_async_t **cache_p)
{
    pia_cache_async_t *cache = *cache_p;
    *cache_p = NULL;
    if (cache == NULL)
        return;
    break_circuit(cache);
    assert(TAILQ_EMPTY(&cache->pending));
    event_free(cache->timer);
    free(cache->url);
    free(cache);
}

static redisAsyncContext *connect_to(const char *url)
{
    if (strncmp(url, "unix:", 5) == 0)
        return redisAsyncConnectUnix(url + 5);
    const char *host = strncmp(url, "redis://", 8) == 0 ? url + 8 : url;
    const char *colon = strrchr(host, ':');
    if (colon == NULL)
        return redisAsyncConnect(host, 6379);
    char *name = pia_strndup(host, (size_t)(colon - host));
    redisAsyncContext *redis = redisAsyncConnect(name, (int)strtol(colon + 1, NULL, 10));
    free(name);
    return redis;
}

/* Whether a command may be sent now; connects if need be. */
static bool ready(pia_cache_async_t *cache)
{
    if (cache->url[0] == '\0' || pia_clock_monotonic() < cache->closed_until)
        return false;
    if (cache->redis != NULL)
        return true;
    cache->redis = connect_to(cache->url);
    assert(cache->redis != NULL); /* out of memory */
    if (cache->redis->err != 0) {
        break_circuit(cache);
        return false;
    }
    cache->redis->data = cache;
    (void)redisLibeventAttach(cache->redis, cache->base);
    (void)redisAsyncSetConnectCallback(cache->redis, on_connect);
    (void)redisAsyncSetDisconnectCallback(cache->redis, on_disconnect);
    return true;
}

void pia_cache_async_get(pia_cache_async_t *cache,
                         const char *key,
                         pia_cache_async_fn *got,
                         void *arg)
{
    if (!ready(cache)) {
        cache->stats.errors++;
        got(arg, PIA_UNAVAILABLE, 0, NULL, 0);
        return;
    }
    get_t *get = pia_alloc(sizeof *get);
    get->cache = cache;
    get->got = got;
    get->arg = arg;
    get->deadline_ms = pia_clock_monotonic() + GET_MS;
    TAILQ_INSERT_TAIL(&cache->pending, get, link);
    if (redisAsyncCommand(cache->redis, on_reply, get, "GET %s", key) != REDIS_OK) {
        answer(get, PIA_UNAVAILABLE, NULL, 0);
        free(get);
        return;
    }
    if (!event_pending(cache->timer, EV_TIMEOUT, NULL))
        arm(cache);
}

const pia_cache_async_stats_t *pia_cache_async_stats(const pia_cache_async_t *cache)
{
    return &cache->stats;
}
