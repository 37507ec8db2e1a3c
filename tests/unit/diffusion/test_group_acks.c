/* test_group_acks.c - members settle what they have in hands in any order. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "group_engine.h"

typedef struct {
    group_engine_t *engine;
    group_grant_t grants[GROUP_CREDIT_MAX];
    size_t count;
    size_t acknowledged;
} hands_t;

/* A group whose member has `count` events in hands, in runs of `run` of a key. */
static hands_t *hands_new(size_t count, uint32_t run)
{
    const group_limits_t limits = {.events_max = GROUP_CREDIT_MAX,
                                   .bytes_max = 1000000,
                                   .detached_max = 3,
                                   .attempts_max = 3,
                                   .fence_base = 1};
    const group_place_t place = {.low = {.epoch = 1}};
    hands_t *hands = calloc(1, sizeof *hands);
    assert_non_null(hands);
    hands->engine = group_engine_new(&limits, &place, NULL, 0);
    (void)group_engine_join(hands->engine, hands, (uint32_t)count, run);
    for (size_t i = 0; i < count; i++) {
        char key[24];
        (void)snprintf(key, sizeof key, "key %zu", i / run);
        group_event_t event = {.cursor = {.epoch = 1, .sequence = i + 1},
                               .key = key,
                               .wire = (const uint8_t *)"wire",
                               .wire_size = 4};
        assert_true(group_engine_offer(hands->engine, &event));
    }
    while (hands->count < count && group_engine_grant(hands->engine, &hands->grants[hands->count]))
        hands->count++;
    assert_int_equal(hands->count, count);
    return hands;
}

static void hands_destroy(hands_t *hands)
{
    group_engine_destroy(&hands->engine);
    free(hands);
}

static bool ack(const hands_t *hands, size_t index)
{
    const group_grant_t *grant = &hands->grants[index];
    return group_engine_ack(hands->engine, grant->member, grant->sequence, grant->fence);
}

static void
tell(void *arg, group_member_t *member, uint64_t sequence, uint64_t fence, group_outcome_t outcome)
{
    hands_t *hands = arg;
    (void)member;
    (void)sequence;
    (void)fence;
    hands->acknowledged += outcome == GROUP_ACKNOWLEDGED;
}

static void an_event_is_found_by_its_number_in_its_members_hands_only(void **state)
{
    (void)state;
    hands_t *hands = hands_new(1000, 1);
    const group_grant_t *last = &hands->grants[999];
    group_member_t *other = group_engine_join(hands->engine, hands, 1, 1);
    assert_false(group_engine_ack(hands->engine, other, last->sequence, last->fence));
    assert_false(group_engine_ack(hands->engine, last->member, 1001, last->fence));
    assert_false(group_engine_ack(hands->engine, last->member, last->sequence, last->fence - 1));
    for (size_t i = hands->count; i-- > 0;) {
        assert_true(ack(hands, i));
        assert_false(ack(hands, i)); /* it is in nobody's hands now */
    }
    group_changes_t changes;
    group_engine_begin_commit(hands->engine, &changes);
    group_engine_end_commit(hands->engine, true, tell, hands);
    assert_int_equal(hands->acknowledged, 1000);
    hands_destroy(hands);
}

static int64_t cpu_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* CPU of an ack, ps: the best of five times all of them. Last first: the keys' first ones stay
 * first, so each key's run goes forward. */
static int64_t ack_ps(size_t count, uint32_t run)
{
    int64_t best = INT64_MAX;
    for (int round = 0; round < 5; round++) {
        hands_t *hands = hands_new(count, run);
        int64_t begun = cpu_ns();
        for (size_t key = count / run; key-- > 0;) {
            for (size_t i = 0; i < run; i++)
                assert_true(ack(hands, key * run + i));
        }
        int64_t each = (cpu_ns() - begun) * 1000 / (int64_t)count;
        best = each < best ? each : best;
        hands_destroy(hands);
    }
    return best;
}

/* Of twenty times as many, 20 times as much when the list is walked. */
static void an_ack_costs_no_more_when_more_is_in_hands(void **state)
{
    (void)state;
    assert_true(ack_ps(GROUP_CREDIT_MAX, 1) < 8 * ack_ps(GROUP_CREDIT_MAX / 20, 1));
    assert_true(ack_ps(GROUP_CREDIT_MAX, 1000) < 8 * ack_ps(GROUP_CREDIT_MAX, 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_found_by_its_number_in_its_members_hands_only),
        cmocka_unit_test(an_ack_costs_no_more_when_more_is_in_hands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
