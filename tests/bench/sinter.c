/* sinter.c - whom an event reaches, asked of Redis: a set of subscriptions for each value, those
 * that take any value in all of them, and SINTERCARD over the event's four (it only counts). */
#include <hiredis/hiredis.h>
#include <stdio.h>

#include "bench.h"
#include "population.h"

enum { IN_FLIGHT = 64, PER_COMMAND = 256, VALUES_MAX = 32, WARM = 3 };

static redisReply *reply_of(redisContext *redis)
{
    void *answer = NULL;
    if (redisGetReply(redis, &answer) != REDIS_OK)
        die("Redis: %s", redis->errstr);
    redisReply *reply = answer;
    if (reply->type == REDIS_REPLY_ERROR)
        die("Redis: %s", reply->str);
    return reply;
}

static void drain(redisContext *redis, unsigned *waiting)
{
    for (; *waiting > 0; (*waiting)--)
        freeReplyObject(reply_of(redis));
}

/* The ids that wait to be added to one set. */
typedef struct {
    uint64_t ids[PER_COMMAND];
    int count;
} set_t;
static set_t sets[DIMENSIONS][VALUES_MAX];

static void flush(redisContext *redis, dimension_t d, unsigned value, unsigned *waiting)
{
    set_t *set = &sets[d][value];
    char key[64], texts[PER_COMMAND][24];
    const char *words[PER_COMMAND + 2] = {"SADD", key};
    if (set->count == 0)
        return;
    (void)snprintf(key, sizeof key, "%s:%s", dimensions[d].member, dimensions[d].codes[value]);
    for (int i = 0; i < set->count; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "%llu", (unsigned long long)set->ids[i]);
        words[i + 2] = texts[i];
    }
    (void)redisAppendCommandArgv(redis, set->count + 2, words, NULL);
    (*waiting)++;
    set->count = 0;
}

static void add(redisContext *redis, uint64_t id, const interest_t *interest, unsigned *waiting)
{
    for (dimension_t d = 0; d < DIMENSIONS; d++) {
        uint32_t mask = interest->mask[d] ? interest->mask[d] : UINT32_MAX;
        for (unsigned i = 0; i < dimensions[d].count; i++) {
            if (!(mask & 1U << i))
                continue;
            sets[d][i].ids[sets[d][i].count++] = id;
            if (sets[d][i].count == PER_COMMAND)
                flush(redis, d, i, waiting);
        }
    }
}

static void load(redisContext *redis, uint64_t count)
{
    uint64_t state = 1;
    unsigned waiting = 0;
    for (uint64_t id = 1; id <= count; id++) {
        interest_t interest = interest_next(&state);
        add(redis, id, &interest, &waiting);
        if (waiting >= IN_FLIGHT)
            drain(redis, &waiting);
    }
    for (dimension_t d = 0; d < DIMENSIONS; d++)
        for (unsigned i = 0; i < dimensions[d].count; i++)
            flush(redis, d, i, &waiting);
    drain(redis, &waiting);
}

static const char *code_of(const interest_t *occasion, dimension_t d)
{
    for (unsigned i = 0; i < dimensions[d].count; i++)
        if (occasion->mask[d] & 1U << i)
            return dimensions[d].codes[i];
    return "";
}

static long long count_matches(redisContext *redis, const interest_t *occasion)
{
    (void)redisAppendCommand(redis, "SINTERCARD 4 themes:%s regions:%s kinds:%s sectors:%s",
                             code_of(occasion, THEMES), code_of(occasion, REGIONS),
                             code_of(occasion, KINDS), code_of(occasion, SECTORS));
    redisReply *reply = reply_of(redis);
    long long count = reply->integer;
    freeReplyObject(reply);
    return count;
}

static void match(const options_t *options)
{
    redisContext *redis = redisConnectUnix(options->endpoint);
    if (!redis || redis->err)
        die("no Redis at %s", options->endpoint);
    int64_t began = clock_ns();
    uint64_t occasions = 2;
    load(redis, options->count);
    (void)printf("{\"subscriptions\":%llu,\"load_s\":%.3f,\"count_us\":[",
                 (unsigned long long)options->count, (double)(clock_ns() - began) / 1e9);
    double matched = 0;
    for (unsigned i = 0; i < options->window + WARM; i++) {
        interest_t occasion = occasion_next(&occasions);
        int64_t asked = clock_ns();
        long long count = count_matches(redis, &occasion);
        double us = (double)(clock_ns() - asked) / 1000;
        if (i < WARM)
            continue;
        matched += (double)count;
        (void)printf(i > WARM ? ",%.1f" : "%.1f", us);
    }
    (void)printf("],\"matched\":%.1f}\n", matched / options->window);
    redisFree(redis);
}

int main(int argc, char **argv)
{
    static const system_t system = {.name = "sinter", .match = match};
    return bench_main(&system, argc, argv);
}
