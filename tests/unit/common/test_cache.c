/* test_cache.c - the cache with a private Redis that is killed, flushed and stopped under it. */
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pia/cache.h"
#include "pia/clock.h"

enum { CALL_MS_MAX = 20, START_MS_MAX = 10000 }; /* 5 ms are promised; a busy machine adds some */

typedef struct {
    char directory[64];
    char url[96]; /* unix:…/redis.sock */
    pid_t server;
    pia_cache_t *cache;
} fixture_t;

static const char *socket_of(const fixture_t *fixture)
{
    return fixture->url + strlen("unix:");
}

/* Runs a command on a connection of the test's own; the integer it answers, or -1. */
static long long ask(const fixture_t *fixture, const char *command)
{
    redisContext *redis = redisConnectUnix(socket_of(fixture));
    long long value = -1;
    if (redis != NULL && redis->err == 0) {
        redisReply *reply = redisCommand(redis, command);
        if (reply != NULL) {
            value = reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
            freeReplyObject(reply);
        }
    }
    redisFree(redis);
    return value;
}

static void start_server(fixture_t *fixture)
{
    fixture->server = fork();
    if (fixture->server == 0) {
        int null = open("/dev/null", O_RDWR);
        (void)dup2(null, STDOUT_FILENO);
        (void)execlp("redis-server", "redis-server", "--port", "0", "--unixsocket",
                     socket_of(fixture), "--save", "", "--dir", fixture->directory, (char *)NULL);
        _exit(127);
    }
    int64_t deadline = pia_clock_monotonic() + START_MS_MAX;
    while (ask(fixture, "DBSIZE") < 0) {
        assert_true(pia_clock_monotonic() < deadline);
    }
}

static void stop_server(fixture_t *fixture)
{
    if (fixture->server > 0) {
        assert_int_equal(kill(fixture->server, SIGKILL), 0);
        assert_int_equal(waitpid(fixture->server, NULL, 0), fixture->server);
        fixture->server = 0;
        (void)unlink(socket_of(fixture));
    }
}

static int set_up(void **state)
{
    fixture_t *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    snprintf(fixture->directory, sizeof fixture->directory, "/tmp/pia-cache.XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    snprintf(fixture->url, sizeof fixture->url, "unix:%s/redis.sock", fixture->directory);
    start_server(fixture);
    fixture->cache = pia_cache_new(fixture->url, "e1", "registry");
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;
    pia_cache_destroy(&fixture->cache);
    assert_null(fixture->cache);
    stop_server(fixture);
    assert_int_equal(rmdir(fixture->directory), 0);
    free(fixture);
    return 0;
}

/* Until there is an answer: 5 ms are short for a machine that is busy with other tests. */
static pia_status_t set(const fixture_t *fixture, const char *id, int64_t version, const char *text)
{
    int64_t deadline = pia_clock_monotonic() + START_MS_MAX;
    pia_status_t status = PIA_UNAVAILABLE;
    while (status == PIA_UNAVAILABLE) {
        assert_true(pia_clock_monotonic() < deadline);
        status = pia_cache_set(fixture->cache, "pole", id, version, text, strlen(text));
    }
    return status;
}

/* The same; the caller frees the value. */
static pia_status_t get_value(const fixture_t *fixture,
                              const char *id,
                              int64_t *ret_version,
                              void **ret_value,
                              size_t *ret_size)
{
    int64_t deadline = pia_clock_monotonic() + START_MS_MAX;
    pia_status_t status = PIA_UNAVAILABLE;
    while (status == PIA_UNAVAILABLE) {
        assert_true(pia_clock_monotonic() < deadline);
        status = pia_cache_get(fixture->cache, "pole", id, ret_version, ret_value, ret_size);
    }
    return status;
}

static pia_status_t get(const fixture_t *fixture, const char *id, int64_t *ret_version)
{
    void *value = NULL;
    size_t size = 0;
    pia_status_t status = get_value(fixture, id, ret_version, &value, &size);
    free(value);
    return status;
}

/* One try at something that cannot be had. */
static void assert_unavailable(const fixture_t *fixture, const char *id)
{
    void *value = NULL;
    size_t size = 0;
    int64_t version = 0;
    assert_int_equal(pia_cache_get(fixture->cache, "pole", id, &version, &value, &size),
                     PIA_UNAVAILABLE);
}

static void a_value_comes_back_with_its_version(void **state)
{
    const fixture_t *fixture = *state;
    static const char bytes[] = "a\r\n$-1\xff";
    void *value = NULL;
    size_t size = 0;
    int64_t version = -1;
    assert_int_equal(set(fixture, "A", INT64_MAX, bytes), PIA_OK);
    assert_int_equal(get_value(fixture, "A", &version, &value, &size), PIA_OK);
    assert_true(version == INT64_MAX);
    assert_int_equal(size, strlen(bytes));
    assert_memory_equal(value, bytes, size);
    free(value);
    assert_int_equal(get(fixture, "B", &version), PIA_NOT_FOUND);
    const pia_cache_stats_t *stats = pia_cache_stats(fixture->cache);
    assert_int_equal(stats->hits, 1);
    assert_true(stats->misses >= 1);
    assert_int_equal(stats->sets, 1);
}

static void an_older_version_does_not_replace_a_newer(void **state)
{
    const fixture_t *fixture = *state;
    static const int64_t versions[] = {7, 1000, INT64_C(1) << 32, (INT64_C(1) << 60) + 1};
    int64_t version = 0;
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        assert_int_equal(set(fixture, "A", versions[i], "new"), PIA_OK);
        assert_int_equal(set(fixture, "A", versions[i], "same"), PIA_OK);
        assert_int_equal(set(fixture, "A", versions[i] - 1, "old"), PIA_CONFLICT);
        assert_int_equal(get(fixture, "A", &version), PIA_OK);
        assert_true(version == versions[i]);
    }
    assert_int_equal(pia_cache_stats(fixture->cache)->stale_sets, 4);
}

static void a_value_lives_at_most_its_time(void **state)
{
    const fixture_t *fixture = *state;
    assert_int_equal(set(fixture, "A", 1, "x"), PIA_OK);
    long long left = ask(fixture, "PTTL pia:e1:registry:pole:A");
    assert_true(left > PIA_CACHE_TTL_MS / 2 && left <= PIA_CACHE_TTL_MS);
}

static void a_large_value_fits_and_a_larger_is_not_kept(void **state)
{
    const fixture_t *fixture = *state;
    char *text = malloc(PIA_CACHE_VALUE_MAX + 2);
    assert_non_null(text);
    memset(text, 'x', PIA_CACHE_VALUE_MAX + 1);
    text[PIA_CACHE_VALUE_MAX] = '\0';
    void *value = NULL;
    size_t size = 0;
    int64_t version = 0;
    assert_int_equal(set(fixture, "A", 1, text), PIA_OK);
    assert_int_equal(get_value(fixture, "A", &version, &value, &size), PIA_OK);
    assert_int_equal(size, PIA_CACHE_VALUE_MAX);
    free(value);
    uint64_t errors = pia_cache_stats(fixture->cache)->errors;
    assert_int_equal(pia_cache_set(fixture->cache, "pole", "B", 1, text, PIA_CACHE_VALUE_MAX + 1),
                     PIA_UNAVAILABLE);
    assert_int_equal(pia_cache_stats(fixture->cache)->errors, errors); /* not even tried */
    free(text);
}

static void a_flush_is_a_miss_and_no_more(void **state)
{
    const fixture_t *fixture = *state;
    int64_t version = 0;
    assert_int_equal(set(fixture, "A", 5, "x"), PIA_OK);
    assert_int_equal(ask(fixture, "FLUSHALL"), 0);
    assert_int_equal(ask(fixture, "SCRIPT FLUSH"), 0);
    assert_int_equal(get(fixture, "A", &version), PIA_NOT_FOUND);
    assert_int_equal(set(fixture, "A", 4, "y"), PIA_OK); /* the script is sent again */
    assert_int_equal(set(fixture, "A", 4, "z"), PIA_OK);
    assert_int_equal(get(fixture, "A", &version), PIA_OK);
}

static void a_killed_server_is_a_miss_until_it_is_back(void **state)
{
    fixture_t *fixture = *state;
    int64_t version = 0;
    assert_int_equal(set(fixture, "A", 1, "x"), PIA_OK);
    stop_server(fixture);
    uint64_t errors = pia_cache_stats(fixture->cache)->errors;
    for (int i = 0; i < 1000; i++) {
        assert_unavailable(fixture, "A");
        assert_int_equal(pia_cache_set(fixture->cache, "pole", "A", 1, "x", 1), PIA_UNAVAILABLE);
    }
    assert_true(pia_cache_stats(fixture->cache)->errors > errors);
    assert_true(pia_cache_stats(fixture->cache)->errors < errors + 10); /* the circuit is open */
    start_server(fixture);
    assert_int_equal(set(fixture, "A", 1, "x"), PIA_OK);
    assert_int_equal(get(fixture, "A", &version), PIA_OK);
}

static void a_stopped_server_costs_few_short_waits(void **state)
{
    const fixture_t *fixture = *state;
    int64_t version = 0;
    int64_t fastest = INT64_MAX;
    assert_int_equal(set(fixture, "A", 1, "x"), PIA_OK);
    assert_int_equal(kill(fixture->server, SIGSTOP), 0);
    const pia_cache_stats_t *stats = pia_cache_stats(fixture->cache);
    uint64_t before = stats->errors;
    while (stats->errors < before + 3) { /* until three calls have waited */
        uint64_t errors = stats->errors;
        int64_t start = pia_clock_monotonic();
        assert_unavailable(fixture, "A");
        int64_t spent = pia_clock_monotonic() - start;
        fastest = stats->errors > errors && spent < fastest ? spent : fastest;
    }
    assert_true(fastest <= CALL_MS_MAX);
    assert_int_equal(kill(fixture->server, SIGCONT), 0);
    assert_int_equal(set(fixture, "B", 7, "x"), PIA_OK);
    assert_int_equal(get(fixture, "B", &version), PIA_OK); /* not the late answer about A */
    assert_true(version == 7);
}

static void a_foreign_value_is_a_miss(void **state)
{
    const fixture_t *fixture = *state;
    assert_int_equal(ask(fixture, "SET pia:e1:registry:pole:A short"), 0);
    assert_int_equal(ask(fixture, "LPUSH pia:e1:registry:pole:B x"), 1);
    assert_unavailable(fixture, "A");
    assert_unavailable(fixture, "B");
    assert_int_equal(pia_cache_set(fixture->cache, "pole", "B", 1, "x", 1), PIA_UNAVAILABLE);
    assert_int_equal(set(fixture, "C", 1, "x"), PIA_OK);
}

static void without_a_server_everything_is_a_miss(void **state)
{
    (void)state;
    pia_cache_t *cache = pia_cache_new("", "e1", "registry");
    void *value = NULL;
    size_t size = 0;
    int64_t version = 0;
    assert_int_equal(pia_cache_set(cache, "pole", "A", 1, "x", 1), PIA_UNAVAILABLE);
    assert_int_equal(pia_cache_get(cache, "pole", "A", &version, &value, &size), PIA_UNAVAILABLE);
    assert_int_equal(pia_cache_stats(cache)->misses, 1);
    assert_int_equal(pia_cache_stats(cache)->errors, 0);
    pia_cache_destroy(&cache);
    pia_cache_destroy(&cache);
}

static void keys_are_escaped_and_bounded(void **state)
{
    (void)state;
    char key[PIA_CACHE_KEY_MAX];
    char other[PIA_CACHE_KEY_MAX];
    char id[1000];
    pia_cache_key(key, "e1", "registry", "pole", "LYON-1_a.b~c");
    assert_string_equal(key, "pia:e1:registry:pole:LYON-1_a.b~c");
    pia_cache_key(key, "e1", "registry", "pole", "a:b c%\r\né");
    assert_string_equal(key, "pia:e1:registry:pole:a%3Ab%20c%25%0D%0A%C3%A9");
    memset(id, 'a', sizeof id);
    id[sizeof id - 1] = '\0';
    pia_cache_key(key, "e1", "registry", "pole", id);
    id[sizeof id - 2] = 'b';
    pia_cache_key(other, "e1", "registry", "pole", id);
    assert_true(strncmp(key, "pia:e1:registry:pole:#", 22) == 0);
    assert_string_not_equal(key, other);
}

static void what_is_too_short_is_not_a_stored_value(void **state)
{
    (void)state;
    static const uint8_t stored[] = {0, 0, 0, 0, 0, 0, 1, 2, 'x', 'y'};
    int64_t version = 0;
    const void *value = NULL;
    size_t size = 0;
    assert_int_equal(pia_cache_split(stored, 7, &version, &value, &size), 0);
    assert_int_equal(
        pia_cache_split("\xff\xff\xff\xff\xff\xff\xff\xff", 8, &version, &value, &size), 0);
    assert_int_equal(pia_cache_split(stored, 8, &version, &value, &size), 1);
    assert_int_equal(size, 0);
    assert_int_equal(pia_cache_split(stored, 10, &version, &value, &size), 1);
    assert_int_equal(version, 258);
    assert_memory_equal(value, "xy", 2);
}

#define CACHE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CACHE_TEST(a_value_comes_back_with_its_version),
        CACHE_TEST(an_older_version_does_not_replace_a_newer),
        CACHE_TEST(a_value_lives_at_most_its_time),
        CACHE_TEST(a_large_value_fits_and_a_larger_is_not_kept),
        CACHE_TEST(a_flush_is_a_miss_and_no_more),
        CACHE_TEST(a_killed_server_is_a_miss_until_it_is_back),
        CACHE_TEST(a_stopped_server_costs_few_short_waits),
        CACHE_TEST(a_foreign_value_is_a_miss),
        cmocka_unit_test(without_a_server_everything_is_a_miss),
        cmocka_unit_test(keys_are_escaped_and_bounded),
        cmocka_unit_test(what_is_too_short_is_not_a_stored_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
