/* redis.c - Redis through hiredis: XADD pipelined, PUBLISH pipelined, XREAD BLOCK, SUBSCRIBE. */
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { COMMAND_MAX = EVENT_SIZE + 128, PAGE = 1000 };

typedef struct {
    redisContext *redis;
    char command[COMMAND_MAX]; /* as RESP; the event is filled in */
    size_t size, event_at;
    uint64_t waiting; /* commands without a reply */
} publisher_t;

static bool is_stream(const options_t *options)
{
    return strcmp(options->subscriber, "stream") == 0;
}

static redisContext *connect_redis(const options_t *options)
{
    redisContext *redis = redisConnectUnix(options->endpoint);
    if (!redis || redis->err)
        die("no Redis at %s: %s", options->endpoint, redis ? redis->errstr : "out of memory");
    return redis;
}

static void prepare(const options_t *options)
{
    redisContext *redis = connect_redis(options);
    freeReplyObject(redisCommand(redis, "DEL events"));
    redisFree(redis);
}

/* The command is written once: formatting it anew would be the client's cost, not Redis's. */
static void *publisher_new(const options_t *options, unsigned index)
{
    (void)index;
    static const char stream[] = "*5\r\n$4\r\nXADD\r\n$6\r\nevents\r\n$1\r\n*\r\n$1\r\ne\r\n";
    static const char core[] = "*3\r\n$7\r\nPUBLISH\r\n$6\r\nevents\r\n";
    publisher_t *publisher = calloc(1, sizeof *publisher);
    if (!publisher)
        die("out of memory");
    publisher->redis = connect_redis(options);
    publisher->event_at = (size_t)snprintf(publisher->command, COMMAND_MAX, "%s$%d\r\n",
                                           is_stream(options) ? stream : core, EVENT_SIZE);
    publisher->size = publisher->event_at + EVENT_SIZE + 2;
    publisher->command[publisher->size - 2] = '\r';
    publisher->command[publisher->size - 1] = '\n';
    return publisher;
}

static void publisher_send(void *arg, const char *bytes, size_t count)
{
    publisher_t *publisher = arg;
    for (size_t i = 0; i < count; i++) {
        memcpy(publisher->command + publisher->event_at, bytes + i * EVENT_SIZE, EVENT_SIZE);
        if (redisAppendFormattedCommand(publisher->redis, publisher->command, publisher->size) !=
            REDIS_OK)
            die("Redis: %s", publisher->redis->errstr);
    }
    publisher->waiting += count;
    int done = 0;
    while (!done)
        if (redisBufferWrite(publisher->redis, &done) != REDIS_OK)
            die("Redis: %s", publisher->redis->errstr);
}

/* Replies that were read already; NULL when there is no whole one. */
static redisReply *next_reply(redisContext *redis)
{
    void *reply = NULL;
    if (redisGetReplyFromReader(redis, &reply) != REDIS_OK)
        die("Redis: %s", redis->errstr);
    redisReply *answer = reply;
    if (answer && answer->type == REDIS_REPLY_ERROR)
        die("Redis: %s", answer->str);
    return answer;
}

static uint64_t count_replies(publisher_t *publisher)
{
    uint64_t count = 0;
    redisReply *reply;
    while ((reply = next_reply(publisher->redis)) != NULL) {
        freeReplyObject(reply);
        count++;
    }
    publisher->waiting -= count;
    return count;
}

static bool readable(const redisContext *redis, int timeout_ms)
{
    struct pollfd entry = {.fd = redis->fd, .events = POLLIN};
    return poll(&entry, 1, timeout_ms) > 0;
}

static void read_more(redisContext *redis)
{
    if (redisBufferRead(redis) != REDIS_OK)
        die("Redis: %s", redis->errstr);
}

static uint64_t publisher_acknowledged(void *arg, bool block)
{
    publisher_t *publisher = arg;
    if (!block && (publisher->waiting == 0 || !readable(publisher->redis, 0)))
        return 0;
    uint64_t count = 0;
    do {
        read_more(publisher->redis);
        count = count_replies(publisher);
    } while (block && count == 0);
    return count;
}

static uint64_t publisher_drain(void *arg)
{
    publisher_t *publisher = arg;
    uint64_t count = 0;
    while (publisher->waiting > 0)
        count += publisher_acknowledged(publisher, true);
    return count;
}

static void publisher_destroy(void *arg)
{
    publisher_t *publisher = arg;
    redisFree(publisher->redis);
    free(publisher);
}

/* ["message", channel, event] */
static void read_messages(followers_t *followers, unsigned index, redisContext *redis)
{
    redisReply *reply;
    read_more(redis);
    while ((reply = next_reply(redis)) != NULL) {
        if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
            strcmp(reply->element[0]->str, "message") == 0)
            followers_event(followers, index, reply->element[2]->str, reply->element[2]->len);
        freeReplyObject(reply);
    }
}

static void follow_core(followers_t *followers)
{
    redisContext *redis[FOLLOWERS_MAX] = {NULL};
    struct pollfd entries[FOLLOWERS_MAX];
    for (unsigned i = 0; i < followers->count; i++) {
        redis[i] = connect_redis(followers->options);
        freeReplyObject(redisCommand(redis[i], "SUBSCRIBE events"));
        entries[i] = (struct pollfd){.fd = redis[i]->fd, .events = POLLIN};
    }
    atomic_store(&followers->ready, true);
    while (!followers_done(followers)) {
        if (poll(entries, followers->count, 50) <= 0)
            continue;
        for (unsigned i = 0; i < followers->count; i++)
            if (entries[i].revents)
                read_messages(followers, i, redis[i]);
    }
    for (unsigned i = 0; i < followers->count; i++)
        redisFree(redis[i]);
}

/* [[stream, [[id, [field, event]]…]]]; copies the last id. */
static void read_page(followers_t *followers, const redisReply *page, char *last, size_t last_size)
{
    if (page->type != REDIS_REPLY_ARRAY || page->elements != 1)
        return;
    const redisReply *entries = page->element[0]->element[1];
    for (size_t i = 0; i < entries->elements; i++) {
        const redisReply *event = entries->element[i]->element[1]->element[1];
        followers_event(followers, 0, event->str, event->len);
        (void)snprintf(last, last_size, "%s", entries->element[i]->element[0]->str);
    }
}

/* One follower: each XREAD waits for what follows the last id. */
static void follow_stream(followers_t *followers)
{
    redisContext *redis = connect_redis(followers->options);
    char last[48] = "0-0";
    atomic_store(&followers->ready, true);
    while (!followers_done(followers)) {
        redisReply *reply =
            redisCommand(redis, "XREAD COUNT %d BLOCK 50 STREAMS events %s", PAGE, last);
        if (!reply || reply->type == REDIS_REPLY_ERROR)
            die("Redis: %s", reply ? reply->str : redis->errstr);
        read_page(followers, reply, last, sizeof last);
        freeReplyObject(reply);
    }
    redisFree(redis);
}

static void follow(followers_t *followers)
{
    if (!is_stream(followers->options))
        follow_core(followers);
    else if (followers->count == 1)
        follow_stream(followers);
    else
        die("XREAD is measured with one follower");
}

int main(int argc, char **argv)
{
    static const system_t system = {.name = "redis",
                                    .prepare = prepare,
                                    .publisher_new = publisher_new,
                                    .publisher_send = publisher_send,
                                    .publisher_acknowledged = publisher_acknowledged,
                                    .publisher_drain = publisher_drain,
                                    .publisher_destroy = publisher_destroy,
                                    .follow = follow};
    return bench_main(&system, argc, argv);
}
