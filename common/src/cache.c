/* cache.c - Redis with a deadline and a circuit breaker: hiredis writes and reads the protocol, the
 * socket is ours, so that a call never waits longer than its deadline. */
#include "pia/cache.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "pia/clock.h"
#include "pia/memory.h"

enum { CALL_MS = 5, BREAK_MS_MIN = 100, BREAK_MS_MAX = 5000, VERSION_SIZE = 8, SHA_SIZE = 41 };
enum { PART_MAX = 40, ARGUMENTS_MAX = 6 };

/* Sets a value unless a newer version is there; versions are the first 8 bytes, compared as two
 * halves because Lua's numbers have 53 bits. */
static const char SCRIPT[] = "local old = redis.call('GETRANGE', KEYS[1], 0, 7) "
                             "if #old == 8 then "
                             "local oh, ol = struct.unpack('>I4I4', old) "
                             "local nh, nl = struct.unpack('>I4I4', ARGV[1]) "
                             "if oh > nh or (oh == nh and ol > nl) then return 0 end "
                             "end "
                             "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) "
                             "return 1";

struct pia_cache {
    char *url;                /* "" : no cache */
    char epoch[PART_MAX + 1]; /* the store's name */
    char service[PART_MAX + 1];
    redisContext *redis;  /* NULL: not connected */
    char sha[SHA_SIZE];   /* of SCRIPT, told by the server; "" unknown */
    int64_t closed_until; /* monotonic: no attempt before */
    int64_t break_ms;     /* how long the next break is */
    pia_cache_stats_t stats;
};

typedef struct {
    int count;
    const char *text[ARGUMENTS_MAX];
    size_t size[ARGUMENTS_MAX];
} command_t;

pia_cache_t *pia_cache_new(const char *url, const char *epoch, const char *service)
{
    pia_cache_t *cache = pia_alloc(sizeof *cache);
    cache->url = pia_strdup(url);
    (void)snprintf(cache->epoch, sizeof cache->epoch, "%s", epoch);
    (void)snprintf(cache->service, sizeof cache->service, "%s", service);
    cache->break_ms = BREAK_MS_MIN;
    return cache;
}

static void disconnect(pia_cache_t *cache)
{
    if (cache->redis != NULL) {
        redisFree(cache->redis);
        cache->redis = NULL;
        cache->sha[0] = '\0'; /* another server may answer next */
    }
}

void pia_cache_destroy(pia_cache_t **cache_p)
{
    if (*cache_p == NULL) {
        return;
    }
    disconnect(*cache_p);
    free((*cache_p)->url);
    free(*cache_p);
    *cache_p = NULL;
}

/* After a failure: drops the connection, whose late answer would be taken for the next one's, and
 * leaves the server alone for a while. */
static void break_circuit(pia_cache_t *cache)
{
    cache->stats.errors++;
    disconnect(cache);
    cache->closed_until = pia_clock_monotonic() + cache->break_ms;
    cache->break_ms *= 2;
    if (cache->break_ms > BREAK_MS_MAX) {
        cache->break_ms = BREAK_MS_MAX;
    }
}

/* Connects without waiting; a connection that is still under way shows at the first write. */
static redisContext *connect_to(const char *url)
{
    if (strncmp(url, "unix:", 5) == 0) {
        return redisConnectUnixNonBlock(url + 5);
    }
    const char *host = strncmp(url, "redis://", 8) == 0 ? url + 8 : url;
    const char *colon = strrchr(host, ':');
    if (colon == NULL) {
        return redisConnectNonBlock(host, 6379);
    }
    char name[256];
    (void)snprintf(name, sizeof name, "%.*s", (int)(colon - host), host);
    return redisConnectNonBlock(name, (int)strtol(colon + 1, NULL, 10));
}

/* Whether a call may be tried now. */
static bool ready(pia_cache_t *cache)
{
    if (cache->url[0] == '\0' || pia_clock_monotonic() < cache->closed_until) {
        return false;
    }
    if (cache->redis == NULL) {
        cache->redis = connect_to(cache->url);
        if (cache->redis == NULL || cache->redis->err != 0) {
            break_circuit(cache);
            return false;
        }
    }
    return true;
}

/* Waits until the socket can be used or the deadline is over. */
static bool wait_for(int descriptor, short events, int64_t deadline)
{
    struct pollfd item = {.fd = descriptor, .events = events};
    int64_t left = deadline - pia_clock_monotonic();
    return left > 0 && poll(&item, 1, (int)left) == 1;
}

static bool may_wait(void)
{
    return errno == EAGAIN || errno == EINTR || errno == ENOTCONN;
}

static bool send_all(int descriptor, const char *bytes, size_t size, int64_t deadline)
{
    size_t sent = 0;
    while (sent < size) {
        ssize_t count = send(descriptor, bytes + sent, size - sent, MSG_NOSIGNAL);
        if (count >= 0) {
            sent += (size_t)count;
        } else if (!may_wait() || !wait_for(descriptor, POLLOUT, deadline)) {
            return false;
        }
    }
    return true;
}

/* The reply, or NULL if none came in time or it is not RESP. */
static redisReply *receive(redisContext *redis, int64_t deadline)
{
    char bytes[16384];
    void *reply = NULL;
    while (redisReaderGetReply(redis->reader, &reply) == REDIS_OK && reply == NULL) {
        ssize_t count = recv(redis->fd, bytes, sizeof bytes, 0);
        if (count > 0) {
            (void)redisReaderFeed(redis->reader, bytes, (size_t)count);
        } else if (count == 0 || !may_wait() || !wait_for(redis->fd, POLLIN, deadline)) {
            return NULL;
        }
    }
    return reply;
}

/* One command within the deadline; the caller frees the reply. NULL: no answer, circuit broken. */
static redisReply *call(pia_cache_t *cache, command_t *command, int64_t deadline)
{
    char *bytes = NULL;
    int size = redisFormatCommandArgv(&bytes, command->count, command->text, command->size);
    if (size < 0) {
        abort(); /* out of memory */
    }
    redisReply *reply = NULL;
    if (send_all(cache->redis->fd, bytes, (size_t)size, deadline)) {
        reply = receive(cache->redis, deadline);
    }
    redisFreeCommand(bytes);
    if (reply == NULL) {
        break_circuit(cache);
    } else {
        cache->break_ms = BREAK_MS_MIN;
    }
    return reply;
}

static void add(command_t *command, const void *bytes, size_t size)
{
    assert(command->count < ARGUMENTS_MAX);
    command->text[command->count] = bytes;
    command->size[command->count] = size;
    command->count++;
}

static void add_text(command_t *command, const char *text)
{
    add(command, text, strlen(text));
}

/* Asks the server for the script's name, once a connection. */
static bool load_script(pia_cache_t *cache, int64_t deadline)
{
    if (cache->sha[0] != '\0') {
        return true;
    }
    command_t command = {.count = 0};
    add_text(&command, "SCRIPT");
    add_text(&command, "LOAD");
    add_text(&command, SCRIPT);
    redisReply *reply = call(cache, &command, deadline);
    if (reply != NULL && reply->type == REDIS_REPLY_STRING && reply->len == SHA_SIZE - 1) {
        memcpy(cache->sha, reply->str, SHA_SIZE);
    }
    freeReplyObject(reply);
    return cache->sha[0] != '\0';
}

static redisReply *evaluate(pia_cache_t *cache, const command_t *arguments, int64_t deadline)
{
    command_t command = {.count = 0};
    bool known = cache->sha[0] != '\0';
    add_text(&command, known ? "EVALSHA" : "EVAL");
    add_text(&command, known ? cache->sha : SCRIPT);
    for (int i = 0; i < arguments->count; i++) {
        add(&command, arguments->text[i], arguments->size[i]);
    }
    redisReply *reply = call(cache, &command, deadline);
    if (reply != NULL && reply->type == REDIS_REPLY_ERROR && known &&
        strncmp(reply->str, "NOSCRIPT", 8) == 0) { /* flushed: this time with its text */
        freeReplyObject(reply);
        cache->sha[0] = '\0';
        return evaluate(cache, arguments, deadline);
    }
    return reply;
}

static void put_version(uint8_t *bytes, int64_t version)
{
    for (int i = 0; i < VERSION_SIZE; i++) {
        bytes[i] = (uint8_t)((uint64_t)version >> (56 - 8 * i));
    }
}

/* A life between 80 and 100 % of the limit, so that what was set together does not end together. */
static void life_text(char ret_text[16])
{
    uint32_t jitter = randombytes_uniform(PIA_CACHE_TTL_MS / 5 + 1);
    (void)snprintf(ret_text, 16, "%" PRIu32, (uint32_t)PIA_CACHE_TTL_MS - jitter);
}

static pia_status_t outcome_of_set(pia_cache_t *cache, const redisReply *reply)
{
    if (reply == NULL) {
        return PIA_UNAVAILABLE; /* counted by the circuit */
    }
    if (reply->type != REDIS_REPLY_INTEGER) { /* loading, out of memory … */
        cache->stats.errors++;
        return PIA_UNAVAILABLE;
    }
    if (reply->integer == 0) {
        cache->stats.stale_sets++;
        return PIA_CONFLICT;
    }
    cache->stats.sets++;
    return PIA_OK;
}

pia_status_t pia_cache_set(pia_cache_t *cache,
                           const char *entity,
                           const char *id,
                           int64_t version,
                           const void *value,
                           size_t size)
{
    assert(version >= 0);
    int64_t deadline = pia_clock_monotonic() + CALL_MS;
    if (size > PIA_CACHE_VALUE_MAX || !ready(cache) || !load_script(cache, deadline)) {
        return PIA_UNAVAILABLE;
    }
    char key[PIA_CACHE_KEY_MAX];
    char life[16];
    pia_cache_key(key, cache->epoch, cache->service, entity, id);
    life_text(life);
    uint8_t *stored = pia_alloc(VERSION_SIZE + size);
    put_version(stored, version);
    if (size > 0) {
        memcpy(stored + VERSION_SIZE, value, size);
    }
    command_t arguments = {.count = 0};
    add_text(&arguments, "1");
    add_text(&arguments, key);
    add(&arguments, stored, VERSION_SIZE + size);
    add_text(&arguments, life);
    redisReply *reply = evaluate(cache, &arguments, deadline);
    pia_status_t status = outcome_of_set(cache, reply);
    freeReplyObject(reply);
    free(stored);
    return status;
}

static pia_status_t outcome_of_get(pia_cache_t *cache,
                                   const redisReply *reply,
                                   int64_t *ret_version,
                                   void **ret_value,
                                   size_t *ret_size)
{
    if (reply == NULL) {
        return PIA_UNAVAILABLE; /* counted by the circuit */
    }
    if (reply->type == REDIS_REPLY_NIL) {
        return PIA_NOT_FOUND;
    }
    const void *value = NULL;
    size_t size = 0;
    if (reply->type != REDIS_REPLY_STRING ||
        pia_cache_split(reply->str, (size_t)reply->len, ret_version, &value, &size) == 0) {
        cache->stats.errors++;
        return PIA_UNAVAILABLE;
    }
    *ret_value = pia_alloc(size + 1);
    memcpy(*ret_value, value, size);
    *ret_size = size;
    return PIA_OK;
}

pia_status_t pia_cache_get(pia_cache_t *cache,
                           const char *entity,
                           const char *id,
                           int64_t *ret_version,
                           void **ret_value,
                           size_t *ret_size)
{
    pia_status_t status = PIA_UNAVAILABLE;
    if (ready(cache)) {
        char key[PIA_CACHE_KEY_MAX];
        pia_cache_key(key, cache->epoch, cache->service, entity, id);
        command_t command = {.count = 0};
        add_text(&command, "GET");
        add_text(&command, key);
        redisReply *reply = call(cache, &command, pia_clock_monotonic() + CALL_MS);
        status = outcome_of_get(cache, reply, ret_version, ret_value, ret_size);
        freeReplyObject(reply);
    }
    if (status == PIA_OK) {
        cache->stats.hits++;
    } else {
        cache->stats.misses++;
    }
    return status;
}

const pia_cache_stats_t *pia_cache_stats(const pia_cache_t *cache)
{
    return &cache->stats;
}

/* Appends `part`, all but letters, digits and "._~-" as %XX; false if it does not fit. */
static bool append_escaped(char *key, size_t *used, const char *part)
{
    for (const char *c = part; *c != '\0'; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || strchr("._~-", *c) != NULL;
        size_t size = plain ? 1 : 3;
        if (*used + size >= PIA_CACHE_KEY_MAX) {
            return false;
        }
        (void)snprintf(key + *used, size + 1, plain ? "%c" : "%%%02X", (unsigned char)*c);
        *used += size;
    }
    return true;
}

/* For an id that is too long: "#" and a hash of it, which no escaped id can be. */
static void append_hash(char *key, size_t used, const char *id)
{
    uint8_t hash[crypto_generichash_BYTES];
    crypto_generichash(hash, sizeof hash, (const uint8_t *)id, strlen(id), NULL, 0);
    key[used++] = '#';
    for (size_t i = 0; i < sizeof hash; i++) {
        (void)snprintf(key + used + 2 * i, 3, "%02x", hash[i]);
    }
}

void pia_cache_key(char ret_key[PIA_CACHE_KEY_MAX],
                   const char *epoch,
                   const char *service,
                   const char *entity,
                   const char *id)
{
    const char *const parts[] = {epoch, service, entity};
    size_t used = (size_t)snprintf(ret_key, PIA_CACHE_KEY_MAX, "pia:");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        assert(strlen(parts[i]) <= PART_MAX);
        bool fits = append_escaped(ret_key, &used, parts[i]);
        assert(fits && used < PIA_CACHE_KEY_MAX - 2 * crypto_generichash_BYTES - 4);
        ret_key[used++] = ':';
        ret_key[used] = '\0';
    }
    size_t prefix = used;
    if (!append_escaped(ret_key, &used, id)) {
        append_hash(ret_key, prefix, id);
    }
}

int pia_cache_split(const void *stored,
                    size_t size,
                    int64_t *ret_version,
                    const void **ret_value,
                    size_t *ret_value_size)
{
    const uint8_t *bytes = stored;
    if (size < VERSION_SIZE || (bytes[0] & 0x80) != 0) {
        return 0;
    }
    uint64_t version = 0;
    for (int i = 0; i < VERSION_SIZE; i++) {
        version = version << 8 | bytes[i];
    }
    *ret_version = (int64_t)version;
    *ret_value = bytes + VERSION_SIZE;
    *ret_value_size = size - VERSION_SIZE;
    return 1;
}
