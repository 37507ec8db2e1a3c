/* test_group_engine.c - a group's engine, one thing at a time (test_group_property.c: all at once).
 */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "group_engine.h"

typedef struct {
    group_engine_t *engine;
    uint64_t last;             /* sequence offered */
    group_grant_t grants[600]; /* of the last give */
    size_t count;
    size_t told[4]; /* outcomes */
} bench_t;

static const group_limits_t limits = {.events_max = 400,
                                      .bytes_max = 1000000,
                                      .detached_max = 3,
                                      .attempts_max = 3,
                                      .fence_base = UINT64_C(7) << 40};

static int set_up(void **state)
{
    bench_t *bench = calloc(1, sizeof *bench);
    group_place_t place = {.low = {.epoch = 1}};
    assert_non_null(bench);
    bench->engine = group_engine_new(&limits, &place, NULL, 0);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    bench_t *bench = *state;
    group_engine_destroy(&bench->engine);
    free(bench);
    return 0;
}

static group_event_t event_of(uint64_t sequence, const char *key)
{
    return (group_event_t){
        .cursor = {.epoch = 1, .sequence = sequence, .chain = (uint32_t)sequence},
        .key = key,
        .wire = (const uint8_t *)"wire",
        .wire_size = 4};
}

/* One event a letter, whose key it is. */
static void offer(bench_t *bench, const char *keys)
{
    for (; *keys; keys++) {
        const char key[] = {*keys, '\0'};
        group_event_t event = event_of(++bench->last, key);
        assert_true(group_engine_offer(bench->engine, &event));
    }
}

static size_t give(bench_t *bench)
{
    bench->count = 0;
    while (group_engine_grant(bench->engine, &bench->grants[bench->count]))
        bench->count++;
    return bench->count;
}

static void
tell(void *arg, group_member_t *member, uint64_t sequence, uint64_t fence, group_outcome_t outcome)
{
    bench_t *bench = arg;
    (void)member;
    (void)sequence;
    (void)fence;
    bench->told[outcome]++;
}

static group_changes_t commit(bench_t *bench)
{
    group_changes_t changes;
    group_engine_begin_commit(bench->engine, &changes);
    group_engine_end_commit(bench->engine, true, tell, bench);
    return changes;
}

static bool ack(bench_t *bench, size_t index)
{
    const group_grant_t *grant = &bench->grants[index];
    return group_engine_ack(bench->engine, grant->member, grant->sequence, grant->fence);
}

static bool nack(bench_t *bench, size_t index, int64_t delay_ms)
{
    const group_grant_t *grant = &bench->grants[index];
    group_nack_t nack = {
        .sequence = grant->sequence, .fence = grant->fence, .delay_ms = delay_ms, .reason = "no"};
    return group_engine_nack(bench->engine, grant->member, &nack);
}

static group_engine_stats_t stats_of(const bench_t *bench)
{
    group_engine_stats_t stats;
    group_engine_stats(bench->engine, &stats);
    return stats;
}

static void a_key_waits_until_what_is_before_is_durable(void **state)
{
    bench_t *bench = *state;
    (void)group_engine_join(bench->engine, bench, 10, 1);
    offer(bench, "aab");
    assert_int_equal(give(bench), 2);
    assert_int_equal(bench->grants[0].sequence, 1);
    assert_int_equal(bench->grants[1].sequence, 3);
    assert_true(ack(bench, 0));
    assert_int_equal(give(bench), 0);
    group_changes_t changes;
    group_engine_begin_commit(bench->engine, &changes);
    assert_int_equal(give(bench), 0);
    group_engine_end_commit(bench->engine, false, tell, bench); /* the disk was away */
    assert_int_equal(give(bench), 0);
    assert_int_equal(bench->told[GROUP_ACKNOWLEDGED], 0);
    (void)commit(bench);
    assert_int_equal(bench->told[GROUP_ACKNOWLEDGED], 1);
    assert_int_equal(give(bench), 1);
    assert_int_equal(bench->grants[0].sequence, 2);
}

static void a_run_is_given_out_at_once_and_settled_in_order(void **state)
{
    bench_t *bench = *state;
    (void)group_engine_join(bench->engine, bench, 10, 3);
    offer(bench, "aaaa");
    assert_int_equal(give(bench), 3);
    assert_true(bench->grants[0].fence == bench->grants[2].fence);
    assert_false(ack(bench, 1));
    assert_true(ack(bench, 0));
    assert_true(nack(bench, 1, 0));
    assert_false(ack(bench, 2)); /* it comes again behind the one that failed */
    (void)commit(bench);
    assert_int_equal(give(bench), 3);
    assert_int_equal(bench->grants[0].sequence, 2);
    assert_int_equal(bench->grants[0].attempt, 2);
}

static void who_joins_gets_work_at_once(void **state)
{
    bench_t *bench = *state;
    group_member_t *first = group_engine_join(bench->engine, bench, 4, 1);
    offer(bench, "abcdefgh");
    assert_int_equal(give(bench), 4);
    group_member_t *second = group_engine_join(bench->engine, bench, 2, 1);
    assert_int_equal(give(bench), 2);
    assert_ptr_equal(bench->grants[0].member, second);
    assert_ptr_equal(bench->grants[1].member, second);
    assert_ptr_not_equal(first, second);
}

static void work_goes_round(void **state)
{
    bench_t *bench = *state;
    group_member_t *members[3];
    size_t got[3] = {0};
    for (int i = 0; i < 3; i++)
        members[i] = group_engine_join(bench->engine, bench, 100, 1);
    offer(bench, "abcdefghijkl");
    assert_int_equal(give(bench), 12);
    for (size_t i = 0; i < 12; i++) {
        for (size_t m = 0; m < 3; m++)
            got[m] += bench->grants[i].member == members[m];
    }
    assert_int_equal(got[0], 4);
    assert_int_equal(got[1], 4);
}

static void who_drains_finishes_and_gets_nothing_more(void **state)
{
    bench_t *bench = *state;
    group_member_t *member = group_engine_join(bench->engine, bench, 1, 1);
    offer(bench, "ab");
    assert_int_equal(give(bench), 1);
    group_engine_drain(bench->engine, member);
    assert_false(group_member_is_done(member));
    assert_true(ack(bench, 0));
    assert_false(group_member_is_done(member));
    (void)commit(bench);
    assert_true(group_member_is_done(member));
    assert_int_equal(give(bench), 0);
}

static void the_keys_of_one_that_leaves_move_with_a_higher_token(void **state)
{
    bench_t *bench = *state;
    group_member_t *member = group_engine_join(bench->engine, bench, 2, 1);
    offer(bench, "ab");
    assert_int_equal(give(bench), 2);
    uint64_t highest = bench->grants[1].fence;
    assert_true(highest > limits.fence_base);
    group_engine_leave(bench->engine, &member, NULL);
    assert_null(member);
    (void)group_engine_join(bench->engine, bench, 2, 1);
    assert_int_equal(give(bench), 2);
    assert_true(bench->grants[0].fence > highest);
    assert_int_equal(bench->grants[0].attempt, 1); /* nobody is to blame */
}

/* One of the events in a dead worker's hands may have killed it: each is tried alone. */
static void what_may_have_killed_a_worker_is_given_out_alone(void **state)
{
    bench_t *bench = *state;
    group_member_t *member = group_engine_join(bench->engine, bench, 2, 1);
    offer(bench, "abcd");
    assert_int_equal(give(bench), 2);
    group_engine_leave(bench->engine, &member, "it died");
    (void)group_engine_join(bench->engine, bench, 4, 1);
    assert_int_equal(give(bench), 1);
    assert_int_equal(bench->grants[0].sequence, 1);
    assert_int_equal(bench->grants[0].attempt, 2);
    assert_true(ack(bench, 0));
    (void)commit(bench);
    assert_int_equal(give(bench), 1);
    assert_int_equal(bench->grants[0].sequence, 2);
    assert_true(ack(bench, 0));
    assert_int_equal(give(bench), 2);
}

static void a_busy_member_makes_room_for_a_suspect(void **state)
{
    bench_t *bench = *state;
    group_member_t *member = group_engine_join(bench->engine, bench, 1, 1);
    offer(bench, "abcdef");
    assert_int_equal(give(bench), 1);
    (void)group_engine_join(bench->engine, bench, 2, 1);
    assert_int_equal(give(bench), 2);
    group_engine_leave(bench->engine, &member, "it died");
    assert_int_equal(group_engine_grant(bench->engine, &bench->grants[2]), 0); /* it is busy */
    assert_true(ack(bench, 0));
    (void)commit(bench);
    assert_false(group_engine_grant(bench->engine, &bench->grants[2])); /* its hands become empty */
    assert_true(ack(bench, 1));
    (void)commit(bench);
    assert_int_equal(give(bench), 1);
    assert_int_equal(bench->grants[0].sequence, 1);
    assert_true(ack(bench, 0));
    (void)commit(bench);
    assert_int_equal(give(bench), 2); /* all is as before */
}

static void a_delay_is_kept(void **state)
{
    bench_t *bench = *state;
    (void)group_engine_join(bench->engine, bench, 2, 1);
    group_engine_time(bench->engine, 1000, 5);
    offer(bench, "a");
    assert_int_equal(give(bench), 1);
    assert_true(nack(bench, 0, 50));
    group_engine_time(bench->engine, 1049, 5);
    assert_int_equal(give(bench), 0);
    group_engine_time(bench->engine, 1050, 5);
    assert_int_equal(give(bench), 1);
    assert_int_equal(bench->grants[0].attempt, 2);
}

static void fail_three_times(bench_t *bench)
{
    for (int i = 0; i < 3; i++) {
        assert_int_equal(give(bench), 1);
        assert_true(nack(bench, 0, 0));
    }
}

static void poison_parks_its_key_and_no_other(void **state)
{
    bench_t *bench = *state;
    (void)group_engine_join(bench->engine, bench, 10, 1);
    offer(bench, "a");
    fail_three_times(bench);
    offer(bench, "aabb");
    assert_int_equal(give(bench), 1);
    assert_int_equal(bench->grants[0].sequence, 4);
    assert_true(ack(bench, 0));
    group_changes_t changes = commit(bench);
    assert_int_equal(changes.row_count, 1);
    assert_int_equal(changes.rows[0].state, GROUP_KEY_PARKED);
    assert_int_equal(changes.rows[0].sequence, 1);
    assert_int_equal(changes.rows[0].settled, 0);
    assert_int_equal(changes.rows[0].attempts, 3);
    assert_string_equal(changes.rows[0].error, "no");
    assert_int_equal(changes.place->low.sequence, 4); /* the parked key does not hold it back */
    assert_int_equal(bench->told[GROUP_RETURNED], 2);
    assert_int_equal(bench->told[GROUP_PARKED], 1);
    assert_int_equal(stats_of(bench).parked, 1);
}

/* Reads all that the lane asks for; everything has the same key. */
static void read_lane(bench_t *bench, const char *key)
{
    uint64_t after = 0;
    while (group_engine_wants_lane(bench->engine, &after)) {
        group_event_t event = event_of(after + 1, key);
        (void)group_engine_offer_lane(bench->engine, &event);
    }
}

static void a_parked_key_goes_on_in_order(void **state)
{
    bench_t *bench = *state;
    (void)group_engine_join(bench->engine, bench, 10, 1);
    offer(bench, "a");
    fail_three_times(bench);
    offer(bench, "aa");
    (void)commit(bench);
    group_engine_unpark(bench->engine, "a", 0);
    read_lane(bench, "a");
    offer(bench, "a");
    for (uint64_t sequence = 1; sequence <= 4; sequence++) {
        assert_int_equal(give(bench), 1);
        assert_int_equal(bench->grants[0].sequence, sequence);
        assert_int_equal(bench->grants[0].attempt, 1);
        assert_true(ack(bench, 0));
        (void)commit(bench);
    }
    group_changes_t changes = commit(bench);
    assert_int_equal(changes.gone_count, 1); /* with the others again */
    assert_int_equal(stats_of(bench).aside, 0);
}

static void a_skipped_event_does_not_come_again(void **state)
{
    bench_t *bench = *state;
    (void)group_engine_join(bench->engine, bench, 10, 1);
    offer(bench, "a");
    fail_three_times(bench);
    offer(bench, "a");
    (void)commit(bench);
    group_engine_unpark(bench->engine, "a", 1);
    read_lane(bench, "a");
    assert_int_equal(give(bench), 1);
    assert_int_equal(bench->grants[0].sequence, 2);
}

static void keys_park_up_to_a_limit(void **state)
{
    bench_t *bench = *state;
    (void)group_engine_join(bench->engine, bench, 1, 1);
    for (const char *key = "abcd"; *key; key++) {
        const char one[] = {*key, '\0'};
        offer(bench, one);
        fail_three_times(bench);
    }
    (void)commit(bench);
    assert_int_equal(stats_of(bench).parked, 3);
    assert_int_equal(give(bench), 0); /* it waits for a minute, and holds the mark back */
    assert_int_equal(group_engine_low(bench->engine)->sequence, 3);
    group_engine_time(bench->engine, 60000, 0);
    assert_int_equal(give(bench), 1);
}

/* One slow key fills the window: it is set aside, and the others flow. */
static void a_key_that_fills_the_window_is_set_aside(void **state)
{
    bench_t *bench = *state;
    (void)group_engine_join(bench->engine, bench, 10, 1);
    for (int i = 0; i < 400; i++)
        offer(bench, "a");
    assert_int_equal(give(bench), 1);
    group_event_t event = event_of(401, "b");
    assert_false(group_engine_offer(bench->engine, &event));
    assert_true(group_engine_wants(bench->engine));
    assert_int_equal(stats_of(bench).aside, 1);
    offer(bench, "b");
    assert_int_equal(give(bench), 1);
    assert_int_equal(bench->grants[0].sequence, 401);
    assert_int_equal(group_engine_low(bench->engine)->sequence, 400);
}

static void nothing_is_read_that_nobody_can_take(void **state)
{
    bench_t *bench = *state;
    assert_false(group_engine_wants(bench->engine));
    group_member_t *member = group_engine_join(bench->engine, bench, 1, 1);
    assert_true(group_engine_wants(bench->engine));
    offer(bench, "ab");
    assert_false(group_engine_wants(bench->engine)); /* as much is ready as can be given out */
    assert_int_equal(give(bench), 1);
    assert_false(group_engine_wants(bench->engine));
    group_engine_leave(bench->engine, &member, NULL);
}

int main(void)
{
#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_BENCH(a_key_waits_until_what_is_before_is_durable),
        WITH_BENCH(a_run_is_given_out_at_once_and_settled_in_order),
        WITH_BENCH(who_joins_gets_work_at_once),
        WITH_BENCH(work_goes_round),
        WITH_BENCH(who_drains_finishes_and_gets_nothing_more),
        WITH_BENCH(the_keys_of_one_that_leaves_move_with_a_higher_token),
        WITH_BENCH(what_may_have_killed_a_worker_is_given_out_alone),
        WITH_BENCH(a_busy_member_makes_room_for_a_suspect),
        WITH_BENCH(a_delay_is_kept),
        WITH_BENCH(poison_parks_its_key_and_no_other),
        WITH_BENCH(a_parked_key_goes_on_in_order),
        WITH_BENCH(a_skipped_event_does_not_come_again),
        WITH_BENCH(keys_park_up_to_a_limit),
        WITH_BENCH(a_key_that_fills_the_window_is_set_aside),
        WITH_BENCH(nothing_is_read_that_nobody_can_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
