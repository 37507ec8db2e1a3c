/* bench.c - see bench.h. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

const broker_options_t BENCH_OPTIONS = {
    .instance = "broker-1",
    .heartbeat_ms = 100,
    .liveness = 5,
    .queue_max = 10,
    .queue_bytes_max = 10000,
    .services_max = 5,
    .workers_max = 8,
    .deliveries_max = 2,
    .plain_expiry_ms = 1000,
    .plain_redelivered = true,
};

static bool capture(void *arg, pia_frames_t *message)
{
    bench_t *bench = arg;
    assert_true(message->count >= 3);
    if (bench->unreachable && pia_frames_equal_text(message, 0, bench->unreachable)) {
        pia_frames_clear(message);
        return false;
    }
    assert_true(bench->count < BENCH_SENT_MAX);
    pia_frames_t *slot = &bench->sent[(bench->first + bench->count++) % BENCH_SENT_MAX];
    pia_frames_init(slot);
    for (size_t i = 0; i < message->count; i++)
        pia_frames_add_message(slot, &message->frame[i]);
    pia_frames_clear(message);
    return true;
}

bench_t *bench_new(const broker_options_t *options)
{
    bench_t *bench = pia_alloc(sizeof *bench);
    bench->sent = pia_alloc(BENCH_SENT_MAX * sizeof *bench->sent);
    bench->now_ms = 1000000;
    bench->broker = broker_new(options, capture, bench, bench->now_ms);
    return bench;
}

void bench_end(bench_t **bench_p)
{
    bench_t *bench = *bench_p;
    *bench_p = NULL;
    bench_expect_nothing(bench);
    broker_destroy(&bench->broker);
    assert_null(bench->broker);
    free(bench->sent);
    free(bench);
}

void bench_say(bench_t *bench, const char *peer, const char *const *frames)
{
    pia_frames_t message;
    pia_frames_init(&message);
    pia_frames_add_text(&message, peer);
    for (; *frames; frames++)
        pia_frames_add_text(&message, *frames);
    broker_receive(bench->broker, &message, bench->now_ms);
    assert_int_equal(message.count, 0);
}

static pia_frames_t *oldest(bench_t *bench)
{
    assert_true(bench->count > 0);
    return &bench->sent[bench->first];
}

static void consume(bench_t *bench)
{
    pia_frames_clear(oldest(bench));
    bench->first = (bench->first + 1) % BENCH_SENT_MAX;
    bench->count--;
}

static void check_text(const pia_frames_t *message, size_t index, const char *text)
{
    assert_true(index < message->count);
    assert_int_equal(pia_frames_size(message, index), strlen(text));
    assert_memory_equal(pia_frames_data(message, index), text, strlen(text));
}

void bench_expect(bench_t *bench, const char *peer, const char *const *frames)
{
    const pia_frames_t *message = oldest(bench);
    check_text(message, 0, peer);
    size_t index = 1;
    for (; *frames; frames++)
        check_text(message, index++, *frames);
    assert_int_equal(message->count, index);
    consume(bench);
}

void bench_expect_nothing(const bench_t *bench)
{
    assert_int_equal(bench->count, 0);
}

static void add_header(pia_frames_t *message, int id, int flags, int number, uint64_t value)
{
    pia_header_t header = {.flags = (uint8_t)flags, .number = (uint16_t)number, .value = value};
    memset(header.id, id, sizeof header.id);
    uint8_t bytes[PIA_HEADER_SIZE];
    pia_header_write(&header, bytes);
    pia_frames_add(message, bytes, sizeof bytes);
}

void bench_ask(
    bench_t *bench, const char *client, const char *service, int id, int flags, uint64_t left_ms)
{
    pia_frames_t message;
    pia_frames_init(&message);
    pia_frames_add_text(&message, client);
    pia_frames_add_text(&message, "MDPC02");
    pia_frames_add_text(&message, ASK);
    pia_frames_add_text(&message, service);
    add_header(&message, id, flags, 1, left_ms);
    pia_frames_add_empty(&message);
    pia_frames_add_text(&message, "{}");
    broker_receive(bench->broker, &message, bench->now_ms);
}

void bench_answer(bench_t *bench, const char *worker, const char *client, int id)
{
    pia_frames_t message;
    pia_frames_init(&message);
    pia_frames_add_text(&message, worker);
    pia_frames_add_text(&message, "PIAW01");
    pia_frames_add_text(&message, FINAL);
    pia_frames_add_text(&message, client);
    pia_frames_add_empty(&message);
    add_header(&message, id, PIA_FLAG_ANSWER, 200, 0);
    pia_frames_add_text(&message, "{}");
    broker_receive(bench->broker, &message, bench->now_ms);
}

static void
check_header(const pia_frames_t *message, size_t index, int id, pia_header_t *ret_header)
{
    assert_true(pia_header_read(pia_frames_data(message, index), pia_frames_size(message, index),
                                ret_header));
    for (size_t i = 0; i < sizeof ret_header->id; i++)
        assert_int_equal(ret_header->id[i], id);
}

void bench_expect_request(
    bench_t *bench, const char *worker, const char *client, int id, uint64_t left_ms)
{
    const pia_frames_t *message = oldest(bench);
    check_text(message, 0, worker);
    check_text(message, 1, "PIAW01");
    check_text(message, 2, REQUEST);
    check_text(message, 3, client);
    check_text(message, 4, "");
    pia_header_t header;
    check_header(message, 5, id, &header);
    assert_int_equal(header.value, left_ms);
    check_text(message, 6, "");
    check_text(message, 7, "{}");
    assert_int_equal(message->count, 8);
    consume(bench);
}

void bench_expect_answer(bench_t *bench, const char *client, const char *service, int id, int http)
{
    const pia_frames_t *message = oldest(bench);
    check_text(message, 0, client);
    check_text(message, 1, "MDPC02");
    check_text(message, 2, C_FINAL);
    check_text(message, 3, service);
    pia_header_t header;
    check_header(message, 4, id, &header);
    assert_int_equal(header.flags, PIA_FLAG_ANSWER);
    assert_int_equal(header.number, http);
    assert_int_equal(message->count, 6);
    consume(bench);
}

void bench_wait(bench_t *bench, int64_t ms)
{
    for (int64_t end = bench->now_ms + ms; bench->now_ms < end;) {
        bench->now_ms += 10;
        broker_tick(bench->broker, bench->now_ms);
    }
}

int64_t bench_stat(const bench_t *bench, const char *name)
{
    json_t *stats = broker_stats_json(bench->broker);
    int64_t value = json_integer_value(json_object_get(stats, name));
    json_decref(stats);
    return value;
}

int64_t bench_dropped(const bench_t *bench, const char *reason)
{
    json_t *stats = broker_stats_json(bench->broker);
    int64_t value = json_integer_value(json_object_get(json_object_get(stats, "dropped"), reason));
    json_decref(stats);
    return value;
}
