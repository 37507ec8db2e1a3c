/* test_group_property.c - a group under anything that may happen, over many seeds: members that
 * come, go and die, acknowledge, fail or vanish; commits that fail; crashes before and after a
 * commit; poison. What is watched: order per key, one holder of a key, growing tokens, what was
 * stored is exactly what was settled, and in the end nothing is lost. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "group_engine.h"

enum { SEEDS = 100, STEPS = 3000, EVENTS = 700, KEYS = 12, MEMBERS = 6, ROWS_MAX = 64, HANDS = 40 };

/* What the journal has, and what is true of it. */
typedef struct {
    char key[8]; /* "": none of the group's */
    bool poison;
    bool settled; /* durably */
    bool acked;   /* as members were promised or not yet */
} event_t;

typedef struct {
    uint64_t sequence, fence;
} hand_t;

typedef struct {
    group_member_t *member; /* NULL: the place is free */
    hand_t hands[HANDS];    /* as it believes */
    size_t count;
    size_t credit;
} worker_t;

typedef struct {
    uint64_t random;
    uint32_t run;
    event_t events[EVENTS + 1]; /* from 1 */
    uint64_t last;
    group_engine_t *engine;
    int64_t now;
    uint64_t term;
    worker_t workers[MEMBERS];
    uint64_t key_fence[KEYS]; /* the last given */
    hand_t zombie;            /* something that was in a hand once */
    /* what is stored */
    group_place_t place;
    group_key_row_t rows[ROWS_MAX];
    size_t row_count;
    bool committing;
    group_place_t next_place;
    group_key_row_t next_rows[ROWS_MAX];
    size_t next_row_count;
    size_t told;
} world_t;

static uint64_t draw(world_t *world, uint64_t below)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return world->random % below;
}

static cursor_t cursor_of(uint64_t sequence)
{
    return (cursor_t){.epoch = 1, .sequence = sequence, .chain = (uint32_t)sequence * 7};
}

static size_t key_index(const char *key)
{
    return (size_t)strtoul(key + 1, NULL, 10);
}

static void add_events(world_t *world, uint64_t count)
{
    for (; count && world->last < EVENTS; count--) {
        event_t *event = &world->events[++world->last];
        uint64_t kind = draw(world, 10);
        *event = (event_t){.poison = draw(world, 60) == 0};
        if (kind < 4) /* one key has much more than others */
            snprintf(event->key, sizeof event->key, "k0");
        else if (kind < 9)
            snprintf(event->key, sizeof event->key, "k%d", (int)draw(world, KEYS));
    }
}

static group_event_t view(const world_t *world, uint64_t sequence)
{
    return (group_event_t){.cursor = cursor_of(sequence),
                           .key = world->events[sequence].key,
                           .wire = (const uint8_t *)world->events[sequence].key,
                           .wire_size = 4};
}

static void start(world_t *world)
{
    group_limits_t limits = {.events_max = 60,
                             .bytes_max = 100000,
                             .detached_max = 8,
                             .attempts_max = 3,
                             .fence_base = ++world->term << 40};
    world->engine = group_engine_new(&limits, &world->place, world->rows, world->row_count);
    world->committing = false;
    for (uint64_t i = 1; i <= world->last; i++)
        world->events[i].acked = world->events[i].settled;
}

/* What the stored state says of an event. */
static bool is_stored(const world_t *world, uint64_t sequence)
{
    for (size_t i = 0; i < world->row_count; i++) {
        const group_key_row_t *row = &world->rows[i];
        if (row->state != GROUP_KEY_FAILING && strcmp(row->key, world->events[sequence].key) == 0)
            return sequence <= row->settled;
    }
    if (sequence <= world->place.low.sequence)
        return true;
    for (size_t i = 0; i < world->place.hole_count; i++) {
        if (world->place.holes[i] == sequence)
            return false;
    }
    return sequence <= world->place.upto;
}

static void copy_place(group_place_t *to, const group_place_t *from)
{
    group_place_clear(to);
    buffer_t bytes = {0};
    *to = (group_place_t){.low = from->low, .upto = from->upto};
    group_holes_write(from, &bytes);
    assert_true(group_holes_read(bytes.bytes, bytes.size, to));
    buffer_free(&bytes);
}

static void remove_row(group_key_row_t *rows, size_t *count, const char *key)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(rows[i].key, key) == 0)
            rows[i--] = rows[--*count];
    }
}

/* Stores what was begun; settled is from then on what was acknowledged when it began. */
static void store(world_t *world)
{
    copy_place(&world->place, &world->next_place);
    memcpy(world->rows, world->next_rows, sizeof world->rows);
    world->row_count = world->next_row_count;
}

static void begin_commit(world_t *world)
{
    group_changes_t changes;
    group_engine_begin_commit(world->engine, &changes);
    world->committing = true;
    copy_place(&world->next_place, changes.place);
    memcpy(world->next_rows, world->rows, sizeof world->rows);
    world->next_row_count = world->row_count;
    for (size_t i = 0; i < changes.gone_count; i++)
        remove_row(world->next_rows, &world->next_row_count, changes.gone[i]);
    for (size_t i = 0; i < changes.row_count; i++) {
        remove_row(world->next_rows, &world->next_row_count, changes.rows[i].key);
        assert_true(world->next_row_count < ROWS_MAX);
        world->next_rows[world->next_row_count++] = changes.rows[i];
    }
}

/* Whether exactly the acknowledged events are stored as such. */
static void check_store(world_t *world)
{
    for (uint64_t i = 1; i <= world->last; i++) {
        event_t *event = &world->events[i];
        bool stored = event->key[0] && is_stored(world, i);
        if (event->settled && !stored)
            fail_msg("event %d (%s) came back", (int)i, event->key);
        if (stored && !event->acked && event->key[0])
            fail_msg("event %d (%s) is stored as settled, and nobody did it", (int)i, event->key);
        event->settled = stored;
    }
}

static void
tell(void *arg, group_member_t *member, uint64_t sequence, uint64_t fence, group_outcome_t outcome)
{
    world_t *world = arg;
    assert_non_null(group_member_owner(member));
    assert_true(fence > 0);
    if (outcome == GROUP_ACKNOWLEDGED)
        assert_true(world->events[sequence].settled);
    world->told++;
}

static void end_commit(world_t *world, bool durable)
{
    if (durable) {
        store(world);
        check_store(world);
    }
    world->committing = false;
    group_engine_end_commit(world->engine, durable, tell, world);
}

static void crash(world_t *world)
{
    if (world->committing && draw(world, 2)) {
        store(world);
        check_store(world);
    }
    group_engine_destroy(&world->engine);
    for (size_t i = 0; i < MEMBERS; i++) {
        if (world->workers[i].member && world->workers[i].count)
            world->zombie = world->workers[i].hands[0];
        world->workers[i] = (worker_t){.member = NULL};
    }
    start(world);
}

static void scan(world_t *world, uint64_t count)
{
    for (; count && group_engine_wants(world->engine); count--) {
        uint64_t next = group_engine_scanned(world->engine)->sequence + 1;
        if (next > world->last)
            return;
        group_event_t event = view(world, next);
        if (!world->events[next].key[0])
            group_engine_pass(world->engine, &event.cursor);
        else if (!group_engine_offer(world->engine, &event))
            return;
    }
}

static void scan_lane(world_t *world, uint64_t count)
{
    uint64_t after = 0;
    for (; count && group_engine_wants_lane(world->engine, &after); count--) {
        assert_true(after < group_engine_scanned(world->engine)->sequence);
        group_event_t event = view(world, after + 1);
        if (!world->events[after + 1].key[0])
            group_engine_pass_lane(world->engine, after + 1);
        else
            (void)group_engine_offer_lane(world->engine, &event);
    }
}

static bool holds_key(const world_t *world, const worker_t *worker, const char *key)
{
    for (size_t i = 0; i < worker->count; i++) {
        if (strcmp(world->events[worker->hands[i].sequence].key, key) == 0)
            return true;
    }
    return false;
}

/* Everything that must hold when an event is given out. */
static void check_grant(world_t *world, const worker_t *to, const group_grant_t *grant)
{
    const event_t *event = &world->events[grant->sequence];
    uint64_t *fence = &world->key_fence[key_index(event->key)];
    bool same_run = world->run > 1 && holds_key(world, to, event->key);
    assert_false(event->acked || event->settled);
    assert_memory_equal(grant->wire, event->key, 3);
    assert_true(same_run ? grant->fence == *fence : grant->fence > *fence);
    *fence = grant->fence;
    for (size_t i = 0; i < MEMBERS; i++) {
        if (world->workers[i].member && &world->workers[i] != to)
            assert_false(holds_key(world, &world->workers[i], event->key));
    }
    for (uint64_t i = 1; i < grant->sequence; i++) {
        const event_t *earlier = &world->events[i];
        if (strcmp(earlier->key, event->key) == 0 && !earlier->settled && !same_run)
            fail_msg("%d of %s was given out before %d was settled", (int)grant->sequence,
                     event->key, (int)i);
    }
}

static void grant_some(world_t *world, uint64_t count)
{
    group_grant_t grant;
    while (count-- && group_engine_grant(world->engine, &grant)) {
        worker_t *worker = group_member_owner(grant.member);
        check_grant(world, worker, &grant);
        assert_true(worker->count < worker->credit);
        worker->hands[worker->count++] = (hand_t){grant.sequence, grant.fence};
    }
}

static hand_t take_hand(worker_t *worker, size_t index)
{
    hand_t hand = worker->hands[index];
    worker->count--;
    memmove(worker->hands + index, worker->hands + index + 1,
            (worker->count - index) * sizeof *worker->hands);
    return hand;
}

static bool is_first_of_key(const world_t *world, const worker_t *worker, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(world->events[worker->hands[i].sequence].key,
                   world->events[worker->hands[index].sequence].key) == 0)
            return false;
    }
    return true;
}

/* The rest of a run comes again after the event that failed. */
static void drop_key(world_t *world, worker_t *worker, const char *key)
{
    for (size_t i = worker->count; i-- > 0;) {
        if (strcmp(world->events[worker->hands[i].sequence].key, key) == 0)
            (void)take_hand(worker, i);
    }
}

static void work(world_t *world, worker_t *worker, bool sound)
{
    if (!worker->member || !worker->count)
        return;
    size_t index = draw(world, worker->count);
    if (!is_first_of_key(world, worker, index)) {
        hand_t early = worker->hands[index];
        assert_false(group_engine_ack(world->engine, worker->member, early.sequence, early.fence));
        return;
    }
    hand_t hand = take_hand(worker, index);
    event_t *event = &world->events[hand.sequence];
    if (event->poison || (!sound && draw(world, 12) == 0)) {
        group_nack_t nack = {.sequence = hand.sequence,
                             .fence = hand.fence,
                             .delay_ms = (int64_t)draw(world, 30),
                             .reason = "no"};
        assert_true(group_engine_nack(world->engine, worker->member, &nack));
        drop_key(world, worker, event->key);
    } else {
        assert_true(group_engine_ack(world->engine, worker->member, hand.sequence, hand.fence));
        event->acked = true;
    }
    if (draw(world, 4) == 0) /* twice is too often */
        assert_false(group_engine_ack(world->engine, worker->member, hand.sequence, hand.fence));
}

static void join(world_t *world, worker_t *worker)
{
    if (worker->member)
        return;
    worker->credit = 1 + draw(world, HANDS - 1);
    worker->member = group_engine_join(world->engine, worker, (uint32_t)worker->credit, world->run);
    assert_false(group_engine_ack(world->engine, worker->member, world->zombie.sequence,
                                  world->zombie.fence));
}

static void leave(world_t *world, worker_t *worker, const char *blame)
{
    if (!worker->member)
        return;
    if (worker->count)
        world->zombie = worker->hands[0];
    group_engine_leave(world->engine, &worker->member, blame);
    *worker = (worker_t){.member = NULL};
}

/* An operator looks at what is parked, and lets it be tried again or skips it. */
static void unpark(world_t *world, bool skip)
{
    for (size_t i = 0; i < world->row_count; i++) {
        group_key_row_t *row = &world->rows[i];
        if (row->state != GROUP_KEY_PARKED || world->committing)
            continue;
        if (skip) {
            row->settled = row->sequence;
            world->events[row->sequence].acked = world->events[row->sequence].settled = true;
        } else if (draw(world, 2)) {
            world->events[row->sequence].poison = false; /* it was mended */
        }
        row->state = GROUP_KEY_ASIDE;
        row->sequence = row->attempts = 0;
        group_engine_unpark(world->engine, row->key, row->settled);
    }
}

static void commit_step(world_t *world)
{
    if (world->committing)
        end_commit(world, draw(world, 5) > 0);
    else if (group_engine_is_dirty(world->engine, draw(world, 8) == 0))
        begin_commit(world);
}

static void step(world_t *world)
{
    worker_t *worker = &world->workers[draw(world, MEMBERS)];
    world->now += (int64_t)draw(world, 20);
    group_engine_time(world->engine, world->now, world->now);
    switch (draw(world, 40)) {
    case 0:
        crash(world);
        return;
    case 1:
    case 2:
        leave(world, worker, draw(world, 2) ? "it died" : NULL);
        return;
    case 3:
    case 4:
    case 5:
        join(world, worker);
        return;
    case 6:
        unpark(world, draw(world, 2));
        return;
    case 7:
        add_events(world, draw(world, 30));
        return;
    case 8:
        if (worker->member)
            group_engine_drain(world->engine, worker->member);
        return;
    default:
        break;
    }
    scan(world, draw(world, 20));
    scan_lane(world, draw(world, 40));
    grant_some(world, draw(world, 10));
    work(world, worker, false);
    commit_step(world);
}

/* Everything stored, nothing left, no key apart. */
static bool is_finished(world_t *world)
{
    group_engine_stats_t stats;
    group_engine_stats(world->engine, &stats);
    return world->place.low.sequence == world->last && world->row_count == 0 &&
           stats.held + stats.waiting + stats.parked + stats.aside == 0;
}

/* From now on everybody works soundly: it ends, and nothing is missing. */
static void finish(world_t *world)
{
    for (size_t i = 0; i < MEMBERS; i++)
        leave(world, &world->workers[i], NULL);
    for (int i = 0; i < 20000 && !is_finished(world); i++) {
        world->now += 1000;
        group_engine_time(world->engine, world->now, world->now);
        join(world, &world->workers[0]);
        join(world, &world->workers[1]);
        scan(world, 100);
        scan_lane(world, 100);
        grant_some(world, 100);
        work(world, &world->workers[0], true);
        work(world, &world->workers[1], true);
        if (world->committing)
            end_commit(world, true);
        else if (group_engine_is_dirty(world->engine, true))
            begin_commit(world);
        unpark(world, true);
    }
    assert_true(is_finished(world));
    for (uint64_t i = 1; i <= world->last; i++)
        assert_true(!world->events[i].key[0] || world->events[i].settled);
}

static void live(uint64_t seed, uint32_t run)
{
    world_t *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->random = 0x9E3779B97F4A7C15ULL * (seed + 1);
    world->run = run;
    world->place.low = cursor_of(0);
    add_events(world, 50);
    start(world);
    for (int i = 0; i < STEPS; i++)
        step(world);
    finish(world);
    group_engine_destroy(&world->engine);
    group_place_clear(&world->place);
    group_place_clear(&world->next_place);
    free(world);
}

static void whatever_happens(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        live(seed, seed % 2 ? 5 : 1); /* runs, single events */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
