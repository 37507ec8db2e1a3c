/* bench.h - the broker's core on a bench: messages in by hand, messages out in a list, time by
 * hand. */
#ifndef BENCH_H
#define BENCH_H

/* cmocka wants these before itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker.h"
#include "pia/header.h"

enum { BENCH_SENT_MAX = 8192 };

typedef struct {
    broker_t *broker;
    int64_t now_ms;
    pia_frames_t *sent; /* ring of what the broker sent */
    size_t first, count;
    const char *unreachable; /* sending to this peer fails; NULL: to nobody */
} bench_t;

/* With heartbeats every 100 ms, liveness 5, queues of 10, 5 services, 8 workers, 2 deliveries,
 * plain expiry 1000 ms. */
extern const broker_options_t BENCH_OPTIONS;
bench_t *bench_new(const broker_options_t *options);

/* Fails if something was sent that nobody expected. */
void bench_end(bench_t **bench_p);

/* A message of text frames from `peer`; the list ends with NULL. */
void bench_say(bench_t *bench, const char *peer, const char *const *frames);
#define SAY(bench, peer, ...) bench_say(bench, peer, (const char *const[]){__VA_ARGS__, NULL})

/* The oldest message sent is this one to `peer`. */
void bench_expect(bench_t *bench, const char *peer, const char *const *frames);
#define EXPECT(bench, peer, ...) bench_expect(bench, peer, (const char *const[]){__VA_ARGS__, NULL})
void bench_expect_nothing(const bench_t *bench);

/* A request or an answer with our header; the id is 16 times the letter `id`. */
void bench_ask(
    bench_t *bench, const char *client, const char *service, int id, int flags, uint64_t left_ms);
void bench_answer(bench_t *bench, const char *worker, const char *client, int id);

/* The oldest message sent is that request to `worker`, its time left `left_ms`. */
void bench_expect_request(
    bench_t *bench, const char *worker, const char *client, int id, uint64_t left_ms);
/* … is an answer with our header to `client`, with this HTTP status. */
void bench_expect_answer(bench_t *bench, const char *client, const char *service, int id, int http);

/* Lets time pass, in ticks of 10 ms. */
void bench_wait(bench_t *bench, int64_t ms);

/* The counter `name` of mmi.stats, or of its "dropped". */
int64_t bench_stat(const bench_t *bench, const char *name);
int64_t bench_dropped(const bench_t *bench, const char *reason);

#define READY "\x01"
#define REQUEST "\x02"
#define PARTIAL "\x03"
#define FINAL "\x04"
#define HEARTBEAT "\x05"
#define DISCONNECT "\x06"
#define ASK "\x01"
#define C_PARTIAL "\x02"
#define C_FINAL "\x03"

#endif
