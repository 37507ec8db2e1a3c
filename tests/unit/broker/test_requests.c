/* Our header: deadlines, redelivery, full queues, leaving workers, drain. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW "{\"window\": 4, \"version\": \"1\"}"

static void the_time_a_request_waited_is_subtracted(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    bench_ask(bench, "c", "echo", 'a', 0, 500);
    bench_wait(bench, 120);
    SAY(bench, "w", "PIAW01", READY, "echo", WINDOW);
    bench_expect_request(bench, "w", "c", 'a', 380);
    bench_answer(bench, "w", "c", 'a');
    bench_expect_answer(bench, "c", "echo", 'a', 200);
    bench_end(&bench);
}

static void a_request_expires_in_the_queue(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    bench_ask(bench, "c", "echo", 'a', 0, 500);
    bench_ask(bench, "c", "echo", 'b', 0, 100);
    bench_wait(bench, 100);
    bench_expect_answer(bench, "c", "echo", 'b', 504);
    bench_wait(bench, 400);
    bench_expect_answer(bench, "c", "echo", 'a', 504);
    assert_int_equal(bench_stat(bench, "timeouts"), 2);
    bench_end(&bench);
}

static void an_expired_request_is_not_given_to_a_worker(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    bench_ask(bench, "c", "echo", 'a', 0, 5);
    bench->now_ms += 6;
    SAY(bench, "w", "PIAW01", READY, "echo", WINDOW);
    bench_expect_answer(bench, "c", "echo", 'a', 504);
    bench_end(&bench);
}

static void a_worker_that_is_late_is_not_heard(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "w", "PIAW01", READY, "echo", WINDOW);
    bench_ask(bench, "c", "echo", 'a', PIA_FLAG_REDELIVER, 50);
    bench_expect_request(bench, "w", "c", 'a', 50);
    bench_wait(bench, 50);
    bench_expect_answer(bench, "c", "echo", 'a', 504);
    bench_answer(bench, "w", "c", 'a');
    assert_int_equal(bench_stat(bench, "late"), 1);
    assert_int_equal(bench_stat(bench, "in_flight"), 0);
    bench_end(&bench);
}

static void bad_headers_are_refused(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    bench_ask(bench, "c", "echo", 'a', PIA_FLAG_ANSWER, 50);
    bench_expect_answer(bench, "c", "echo", 'a', 400);
    bench_ask(bench, "c", "echo", 'b', 0, 60001);
    bench_expect_answer(bench, "c", "echo", 'b', 400);
    bench_ask(bench, "c", "echo", 'c', 0, UINT64_MAX);
    bench_expect_answer(bench, "c", "echo", 'c', 400);
    bench_ask(bench, "c", "echo", 'd', 0, 0);
    bench_expect_answer(bench, "c", "echo", 'd', 504);
    bench_end(&bench);
}

static void answers_come_in_any_order(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "w", "PIAW01", READY, "echo", WINDOW);
    for (int id = 'a'; id <= 'e'; id++)
        bench_ask(bench, "c", "echo", id, 0, 1000);
    for (int id = 'a'; id <= 'd'; id++)
        bench_expect_request(bench, "w", "c", id, 1000);
    bench_expect_nothing(bench);
    bench_answer(bench, "w", "c", 'c');
    bench_expect_answer(bench, "c", "echo", 'c', 200);
    bench_expect_request(bench, "w", "c", 'e', 1000);
    bench_answer(bench, "w", "c", 'c'); /* nothing of that id is there any more */
    for (const char *id = "edba"; *id; id++)
        bench_expect_answer(bench, "c", "echo", *id, 503);
    EXPECT(bench, "w", "PIAW01", DISCONNECT);
    bench_end(&bench);
}

/* Which of 'a' and 'b' at a lost worker goes to another is what the flag says. */
static void lose_worker(bench_t *bench)
{
    SAY(bench, "w", "PIAW01", READY, "echo", WINDOW);
    bench_ask(bench, "c", "echo", 'a', PIA_FLAG_REDELIVER, 10000);
    bench_ask(bench, "c", "echo", 'b', 0, 10000);
    bench_expect_request(bench, "w", "c", 'a', 10000);
    bench_expect_request(bench, "w", "c", 'b', 10000);
}

static void an_unreachable_workers_requests_go_on_as_their_flag_says(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    lose_worker(bench);
    SAY(bench, "v", "PIAW01", READY, "echo", WINDOW);
    bench->unreachable = "w";
    bench_wait(bench, 100); /* a heartbeat cannot be sent */
    EXPECT(bench, "v", "PIAW01", HEARTBEAT);
    bench_expect_answer(bench, "c", "echo", 'b', 503);
    bench_expect_request(bench, "v", "c", 'a', 9900);
    bench_end(&bench);
}

static void a_request_that_cannot_be_sent_goes_to_the_next_worker(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "w", "PIAW01", READY, "echo", WINDOW);
    SAY(bench, "v", "PIAW01", READY, "echo", WINDOW);
    bench->unreachable = "w";
    bench_ask(bench, "c", "echo", 'a', 0, 1000);
    bench_expect_request(bench, "v", "c", 'a', 1000);
    assert_int_equal(bench_stat(bench, "workers"), 1);
    bench_end(&bench);
}

static void a_request_is_not_given_to_workers_without_end(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    bench_ask(bench, "c", "echo", 'a', PIA_FLAG_REDELIVER, 10000);
    static const char *const names[] = {"w0", "w1"};
    for (int i = 0; i < 2; i++) {
        SAY(bench, names[i], "PIAW01", READY, "echo", WINDOW);
        bench_expect_request(bench, names[i], "c", 'a', 10000);
        SAY(bench, names[i], "nonsense");
        if (i == 1)
            bench_expect_answer(bench, "c", "echo", 'a', 503);
        EXPECT(bench, names[i], "PIAW01", DISCONNECT);
    }
    bench_end(&bench);
}

static void lost_requests_keep_their_order(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "w", "PIAW01", READY, "echo", WINDOW);
    for (int id = 'a'; id <= 'e'; id++)
        bench_ask(bench, "c", "echo", id, PIA_FLAG_REDELIVER, 1000);
    for (int id = 'a'; id <= 'd'; id++)
        bench_expect_request(bench, "w", "c", id, 1000);
    SAY(bench, "w", "nonsense");
    EXPECT(bench, "w", "PIAW01", DISCONNECT);
    SAY(bench, "v", "PIAW01", READY, "echo", "{\"window\": 5}");
    for (int id = 'a'; id <= 'e'; id++)
        bench_expect_request(bench, "v", "c", id, 1000);
    bench_end(&bench);
}

static void a_full_queue_refuses(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    for (int id = 'a'; id < 'a' + 10; id++)
        bench_ask(bench, "c", "echo", id, 0, 1000);
    bench_ask(bench, "d", "echo", 'z', 0, 1000);
    bench_expect_answer(bench, "d", "echo", 'z', 503);
    SAY(bench, "e", "MDPC02", ASK, "echo", "x");
    EXPECT(bench, "e", "MDPC02", C_FINAL, "echo", "503 unavailable: the service's queue is full");
    bench_ask(bench, "d", "other", 'y', 0, 1000);
    assert_int_equal(bench_stat(bench, "queued"), 11);
    bench_end(&bench);
}

static void held_bytes_are_bounded_and_given_back(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    char *big = malloc(10001);
    assert_non_null(big);
    memset(big, 'x', 10000);
    big[10000] = '\0';
    SAY(bench, "c", "MDPC02", ASK, "echo", big);
    assert_int_equal(bench_stat(bench, "held_bytes"), 10000);
    bench_ask(bench, "d", "other", 'a', 0, 1000);
    bench_expect_answer(bench, "d", "other", 'a', 503);
    SAY(bench, "w", "MDPW02", READY, "echo");
    EXPECT(bench, "w", "MDPW02", REQUEST, "c", "", big);
    SAY(bench, "w", "MDPW02", FINAL, "c", "", "y");
    EXPECT(bench, "c", "MDPC02", C_FINAL, "echo", "y");
    assert_int_equal(bench_stat(bench, "held_bytes"), 0);
    free(big);
    bench_end(&bench);
}

static void names_and_workers_are_bounded(void **state)
{
    (void)state;
    broker_options_t options = BENCH_OPTIONS;
    options.workers_max = 1;
    bench_t *bench = bench_new(&options);
    static const char *const names[] = {"s0", "s1", "s2", "s3", "s4"};
    for (int i = 0; i < 5; i++)
        bench_ask(bench, "c", names[i], 'a', 0, 1000);
    bench_ask(bench, "c", "s5", 'b', 0, 1000);
    bench_expect_answer(bench, "c", "s5", 'b', 503);
    SAY(bench, "w", "PIAW01", READY, "s0", WINDOW);
    bench_expect_request(bench, "w", "c", 'a', 1000);
    SAY(bench, "v", "PIAW01", READY, "s1", WINDOW);
    EXPECT(bench, "v", "PIAW01", DISCONNECT);
    bench_end(&bench);
}

/* Names that a client makes up must not keep a service out. */
static void a_worker_is_let_in_whatever_is_asked_for(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        bench_ask(bench, "client", names[i], 'A', 0, 400);
    bench_ask(bench, "client", "echo", 'B', 0, 400);
    bench_expect_answer(bench, "client", "echo", 'B', 503);
    SAY(bench, "worker", "PIAW01", READY, "echo", WINDOW);
    bench_ask(bench, "client", "echo", 'C', 0, 400);
    bench_expect_request(bench, "worker", "client", 'C', 400);
    bench_answer(bench, "worker", "client", 'C');
    bench_expect_answer(bench, "client", "echo", 'C', 200);
    bench_end(&bench);
}

static void a_leaving_worker_finishes(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "w", "PIAW01", READY, "echo", WINDOW);
    bench_ask(bench, "c", "echo", 'a', 0, 1000);
    bench_expect_request(bench, "w", "c", 'a', 1000);
    SAY(bench, "w", "PIAW01", DISCONNECT);
    SAY(bench, "w", "PIAW01", DISCONNECT);
    bench_ask(bench, "c", "echo", 'b', 0, 1000);
    bench_expect_nothing(bench);
    bench_answer(bench, "w", "c", 'a');
    bench_expect_answer(bench, "c", "echo", 'a', 200);
    EXPECT(bench, "w", "PIAW01", DISCONNECT);
    SAY(bench, "v", "PIAW01", READY, "echo", WINDOW);
    bench_expect_request(bench, "v", "c", 'b', 1000);
    bench_end(&bench);
}

static void draining_refuses_and_finishes(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "w", "PIAW01", READY, "echo", "{\"window\": 1}");
    bench_ask(bench, "c", "echo", 'a', 0, 1000);
    bench_ask(bench, "c", "echo", 'b', 0, 1000);
    bench_ask(bench, "c", "alone", 'd', 0, 1000);
    bench_expect_request(bench, "w", "c", 'a', 1000);
    broker_drain(bench->broker);
    bench_ask(bench, "c", "echo", 'e', 0, 1000);
    bench_expect_answer(bench, "c", "echo", 'e', 503);
    SAY(bench, "v", "PIAW01", READY, "alone", WINDOW);
    EXPECT(bench, "v", "PIAW01", DISCONNECT);
    bench_wait(bench, 10);
    bench_expect_answer(bench, "c", "alone", 'd', 503);
    bench_answer(bench, "w", "c", 'a');
    bench_expect_answer(bench, "c", "echo", 'a', 200);
    bench_expect_request(bench, "w", "c", 'b', 990);
    assert_false(broker_is_idle(bench->broker));
    broker_leave(bench->broker, bench->now_ms);
    bench_expect_answer(bench, "c", "echo", 'b', 503);
    EXPECT(bench, "w", "PIAW01", DISCONNECT);
    assert_true(broker_is_idle(bench->broker));
    bench_end(&bench);
}

static void a_client_that_is_gone_is_counted(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "w", "PIAW01", READY, "echo", WINDOW);
    bench_ask(bench, "c", "echo", 'a', 0, 1000);
    bench_expect_request(bench, "w", "c", 'a', 1000);
    bench->unreachable = "c";
    bench_answer(bench, "w", "c", 'a');
    assert_int_equal(bench_stat(bench, "client_gone"), 1);
    assert_true(broker_is_idle(bench->broker));
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_time_a_request_waited_is_subtracted),
        cmocka_unit_test(a_request_expires_in_the_queue),
        cmocka_unit_test(an_expired_request_is_not_given_to_a_worker),
        cmocka_unit_test(a_worker_that_is_late_is_not_heard),
        cmocka_unit_test(bad_headers_are_refused),
        cmocka_unit_test(answers_come_in_any_order),
        cmocka_unit_test(an_unreachable_workers_requests_go_on_as_their_flag_says),
        cmocka_unit_test(a_request_that_cannot_be_sent_goes_to_the_next_worker),
        cmocka_unit_test(a_request_is_not_given_to_workers_without_end),
        cmocka_unit_test(lost_requests_keep_their_order),
        cmocka_unit_test(a_full_queue_refuses),
        cmocka_unit_test(held_bytes_are_bounded_and_given_back),
        cmocka_unit_test(names_and_workers_are_bounded),
        cmocka_unit_test(a_worker_is_let_in_whatever_is_asked_for),
        cmocka_unit_test(a_leaving_worker_finishes),
        cmocka_unit_test(draining_refuses_and_finishes),
        cmocka_unit_test(a_client_that_is_gone_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
