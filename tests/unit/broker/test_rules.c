/* 18/MDP, rule by rule. */
#include "bench.h"

#include <stdlib.h>

static void a_request_goes_to_the_worker_and_its_answer_to_the_client(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "w", "MDPW02", READY, "echo");
    SAY(bench, "c", "MDPC02", ASK, "echo", "one", "two");
    EXPECT(bench, "w", "MDPW02", REQUEST, "c", "", "one", "two");
    SAY(bench, "w", "MDPW02", FINAL, "c", "", "three");
    EXPECT(bench, "c", "MDPC02", C_FINAL, "echo", "three");
    assert_true(broker_is_idle(bench->broker));
    bench_end(&bench);
}

static void rule_1_a_leading_empty_frame_is_dropped(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "c", "", "MDPC02", ASK, "echo", "x");
    assert_int_equal(bench_dropped(bench, "leading_empty"), 1);
    bench_end(&bench);
}

static void rule_2_a_second_final_sends_the_worker_away(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "w", "MDPW02", READY, "echo");
    SAY(bench, "c", "MDPC02", ASK, "echo", "x");
    EXPECT(bench, "w", "MDPW02", REQUEST, "c", "", "x");
    SAY(bench, "w", "MDPW02", PARTIAL, "c", "", "1");
    EXPECT(bench, "c", "MDPC02", C_PARTIAL, "echo", "1");
    SAY(bench, "w", "MDPW02", FINAL, "c", "", "2");
    EXPECT(bench, "c", "MDPC02", C_FINAL, "echo", "2");
    SAY(bench, "w", "MDPW02", FINAL, "c", "", "3");
    EXPECT(bench, "w", "MDPW02", DISCONNECT);
    SAY(bench, "w", "MDPW02", FINAL, "c", "", "4");
    bench_end(&bench);
}

static void rule_3_unknown_services_requests_wait_and_expire(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "c", "MDPC02", ASK, "echo", "x");
    bench_wait(bench, 990);
    bench_expect_nothing(bench);
    bench_wait(bench, 10);
    EXPECT(bench, "c", "MDPC02", C_FINAL, "echo", "504 timeout: no worker of 'echo' is there");
    assert_true(broker_is_idle(bench->broker));
    bench_end(&bench);
}

static void a_plain_request_to_a_busy_service_does_not_expire(void **state)
{
    (void)state;
    broker_options_t options = BENCH_OPTIONS;
    options.heartbeat_ms = 60000;
    bench_t *bench = bench_new(&options);
    SAY(bench, "w", "MDPW02", READY, "echo");
    SAY(bench, "c", "MDPC02", ASK, "echo", "x");
    SAY(bench, "d", "MDPC02", ASK, "echo", "y");
    EXPECT(bench, "w", "MDPW02", REQUEST, "c", "", "x");
    bench_wait(bench, 5000);
    SAY(bench, "w", "MDPW02", FINAL, "c", "", "x");
    EXPECT(bench, "c", "MDPC02", C_FINAL, "echo", "x");
    EXPECT(bench, "w", "MDPW02", REQUEST, "d", "", "y");
    bench_end(&bench);
}

static void a_plain_request_waits_for_another_worker_when_the_only_one_is_lost(void **state)
{
    (void)state;
    broker_options_t options = BENCH_OPTIONS;
    options.heartbeat_ms = 60000;
    bench_t *bench = bench_new(&options);
    SAY(bench, "w", "MDPW02", READY, "echo");
    SAY(bench, "c", "MDPC02", ASK, "echo", "x");
    EXPECT(bench, "w", "MDPW02", REQUEST, "c", "", "x");
    bench_wait(bench, 5000);
    SAY(bench, "w", "MDPW02", DISCONNECT);
    bench_wait(bench, 990);
    bench_expect_nothing(bench);
    bench_wait(bench, 10);
    EXPECT(bench, "c", "MDPC02", C_FINAL, "echo", "504 timeout: no worker of 'echo' is there");
    bench_end(&bench);
}

static void rule_4_one_ready(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "w", "MDPW02", READY, "echo");
    SAY(bench, "w", "MDPW02", READY, "echo");
    EXPECT(bench, "w", "MDPW02", DISCONNECT);
    SAY(bench, "w", "MDPW02", HEARTBEAT);
    bench_wait(bench, 300);
    bench_end(&bench);
}

static void rule_5_before_ready_disconnect_once(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "w", "MDPW02", HEARTBEAT);
    EXPECT(bench, "w", "MDPW02", DISCONNECT);
    SAY(bench, "w", "MDPW02", HEARTBEAT);
    SAY(bench, "w", "MDPW02", FINAL, "c", "", "x");
    SAY(bench, "v", "PIAW01", PARTIAL, "c", "", "x");
    EXPECT(bench, "v", "PIAW01", DISCONNECT);
    assert_int_equal(bench_dropped(bench, "not_ready"), 2);
    assert_int_equal(bench_dropped(bench, "after_disconnect"), 2);
    bench_end(&bench);
}

static void a_peer_that_was_sent_away_is_forgotten_in_time(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "w", "MDPW02", HEARTBEAT);
    EXPECT(bench, "w", "MDPW02", DISCONNECT);
    bench_wait(bench, 510);
    SAY(bench, "w", "MDPW02", HEARTBEAT);
    EXPECT(bench, "w", "MDPW02", DISCONNECT);
    bench_end(&bench);
}

static void rule_6_nonsense_ends_a_worker(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "w", "MDPW02", READY, "echo");
    SAY(bench, "c", "MDPC02", ASK, "echo", "x");
    EXPECT(bench, "w", "MDPW02", REQUEST, "c", "", "x");
    SAY(bench, "w", "MDPW02", "\x09");
    EXPECT(bench, "w", "MDPW02", DISCONNECT);
    SAY(bench, "v", "MDPW02", READY, "echo");
    EXPECT(bench, "v", "MDPW02", REQUEST, "c", "", "x");
    bench_end(&bench);
}

static void rule_7_the_empty_frame_is_needed(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "w", "MDPW02", READY, "echo");
    SAY(bench, "w", "MDPW02", FINAL, "c", "x", "y");
    EXPECT(bench, "w", "MDPW02", DISCONNECT);
    assert_int_equal(bench_dropped(bench, "delimiter"), 1);
    bench_end(&bench);
}

static void rule_8_silence_ends_a_worker_and_its_request_goes_on(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "w", "MDPW02", READY, "echo");
    SAY(bench, "c", "MDPC02", ASK, "echo", "x");
    EXPECT(bench, "w", "MDPW02", REQUEST, "c", "", "x");
    for (int i = 0; i < 5; i++) {
        bench_wait(bench, 100);
        EXPECT(bench, "w", "MDPW02", HEARTBEAT);
    }
    bench_wait(bench, 10);
    EXPECT(bench, "w", "MDPW02", DISCONNECT);
    SAY(bench, "v", "MDPW02", READY, "echo");
    EXPECT(bench, "v", "MDPW02", REQUEST, "c", "", "x");
    assert_int_equal(bench_stat(bench, "lost"), 1);
    bench_end(&bench);
}

static void rule_8_any_command_is_a_heartbeat(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "w", "MDPW02", READY, "echo");
    for (int i = 0; i < 10; i++) {
        bench_wait(bench, 100);
        EXPECT(bench, "w", "MDPW02", HEARTBEAT);
        SAY(bench, "w", "MDPW02", HEARTBEAT);
    }
    assert_int_equal(bench_stat(bench, "workers"), 1);
    bench_end(&bench);
}

static void rule_9_a_named_worker_comes_back(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "w", "MDPW02", HEARTBEAT);
    EXPECT(bench, "w", "MDPW02", DISCONNECT);
    SAY(bench, "w", "MDPW02", READY, "echo");
    SAY(bench, "c", "MDPC02", ASK, "echo", "x");
    EXPECT(bench, "w", "MDPW02", REQUEST, "c", "", "x");
    bench_end(&bench);
}

static void a_goodbye_gives_the_request_to_another(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "w", "MDPW02", READY, "echo");
    SAY(bench, "c", "MDPC02", ASK, "echo", "x");
    EXPECT(bench, "w", "MDPW02", REQUEST, "c", "", "x");
    SAY(bench, "v", "MDPW02", READY, "echo");
    SAY(bench, "w", "MDPW02", DISCONNECT);
    EXPECT(bench, "v", "MDPW02", REQUEST, "c", "", "x");
    SAY(bench, "unknown", "MDPW02", DISCONNECT);
    bench_end(&bench);
}

/* Its client has seen a part: a second worker would begin anew. */
static void what_is_partly_answered_is_not_given_to_another(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "w", "MDPW02", READY, "echo");
    SAY(bench, "c", "MDPC02", ASK, "echo", "x");
    EXPECT(bench, "w", "MDPW02", REQUEST, "c", "", "x");
    SAY(bench, "w", "MDPW02", PARTIAL, "c", "", "1");
    EXPECT(bench, "c", "MDPC02", C_PARTIAL, "echo", "1");
    SAY(bench, "v", "MDPW02", READY, "echo");
    SAY(bench, "w", "MDPW02", DISCONNECT);
    EXPECT(
        bench, "c", "MDPC02", C_FINAL, "echo",
        "503 unavailable: the worker was lost: the request may or may not have been carried out");
    bench_end(&bench);
}

static void rule_11_mmi(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    SAY(bench, "w", "MDPW02", READY, "mmi.service");
    EXPECT(bench, "w", "MDPW02", DISCONNECT);
    SAY(bench, "c", "MDPC02", ASK, "mmi.service", "echo");
    EXPECT(bench, "c", "MDPC02", C_FINAL, "mmi.service", "404");
    SAY(bench, "v", "MDPW02", READY, "echo");
    SAY(bench, "c", "MDPC02", ASK, "mmi.service", "echo");
    EXPECT(bench, "c", "MDPC02", C_FINAL, "mmi.service", "200");
    SAY(bench, "c", "MDPC02", ASK, "mmi.other", "echo");
    EXPECT(bench, "c", "MDPC02", C_FINAL, "mmi.other", "501");
    bench_ask(bench, "c", "mmi.services", 'a', 0, 100);
    bench_expect_answer(bench, "c", "mmi.services", 'a', 200);
    bench_ask(bench, "c", "mmi.other", 'b', 0, 100);
    bench_expect_answer(bench, "c", "mmi.other", 'b', 404);
    bench_end(&bench);
}

static void workers_are_served_in_turn(void **state)
{
    (void)state;
    bench_t *bench = bench_new(&BENCH_OPTIONS);
    static const char *const names[] = {"w0", "w1", "w2"};
    for (int i = 0; i < 3; i++)
        SAY(bench, names[i], "PIAW01", READY, "echo", "{\"window\": 2}");
    for (int i = 0; i < 6; i++) {
        SAY(bench, "c", "MDPC02", ASK, "echo", "x");
        EXPECT(bench, names[i % 3], "PIAW01", REQUEST, "c", "", "x");
    }
    SAY(bench, "c", "MDPC02", ASK, "echo", "x");
    bench_expect_nothing(bench);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_goes_to_the_worker_and_its_answer_to_the_client),
        cmocka_unit_test(rule_1_a_leading_empty_frame_is_dropped),
        cmocka_unit_test(rule_2_a_second_final_sends_the_worker_away),
        cmocka_unit_test(rule_3_unknown_services_requests_wait_and_expire),
        cmocka_unit_test(a_plain_request_to_a_busy_service_does_not_expire),
        cmocka_unit_test(a_plain_request_waits_for_another_worker_when_the_only_one_is_lost),
        cmocka_unit_test(rule_4_one_ready),
        cmocka_unit_test(rule_5_before_ready_disconnect_once),
        cmocka_unit_test(a_peer_that_was_sent_away_is_forgotten_in_time),
        cmocka_unit_test(rule_6_nonsense_ends_a_worker),
        cmocka_unit_test(rule_7_the_empty_frame_is_needed),
        cmocka_unit_test(rule_8_silence_ends_a_worker_and_its_request_goes_on),
        cmocka_unit_test(rule_8_any_command_is_a_heartbeat),
        cmocka_unit_test(rule_9_a_named_worker_comes_back),
        cmocka_unit_test(a_goodbye_gives_the_request_to_another),
        cmocka_unit_test(what_is_partly_answered_is_not_given_to_another),
        cmocka_unit_test(rule_11_mmi),
        cmocka_unit_test(workers_are_served_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
