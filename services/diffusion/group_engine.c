/* group_engine.c - a group in memory: its beginning, its clock, and what the scan finds. */
#include "group_engine.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

#include "group_engine_private.h"

enum { LOOK_MS = 100 };

static void load_key(group_engine_t *self, const group_key_row_t *row)
{
    group_key_t *key = key_get(self, row->key);
    key->stored = true;
    key->since_ms = row->since_ms;
    key->failing = row->sequence;
    key->attempts = row->attempts;
    key->error = row->error[0] ? pia_strdup(row->error) : NULL;
    if (row->state == GROUP_KEY_FAILING)
        return;
    key->settled = row->settled;
    key_detach(self, key);
    if (row->state == GROUP_KEY_PARKED) {
        key->state = KEY_PARKED;
        self->parked_count++;
    } else if (row->settled < self->scanned.sequence) {
        lane_add(self, key, row->settled);
    } else {
        key->state = KEY_TAIL;
        key->loaded = row->settled;
    }
}

group_engine_t *group_engine_new(const group_limits_t *limits,
                                 const group_place_t *place,
                                 const group_key_row_t *rows,
                                 size_t row_count)
{
    group_engine_t *self = pia_alloc(sizeof *self);
    self->limits = *limits;
    self->scanned = self->stored_low = place->low;
    self->done = place->upto;
    self->start = *place;
    self->start.holes = pia_alloc(place->hole_count * sizeof *place->holes);
    if (place->hole_count)
        memcpy(self->start.holes, place->holes, place->hole_count * sizeof *place->holes);
    randombytes_buf(self->hash_key, sizeof self->hash_key);
    for (size_t i = 0; i < row_count; i++)
        load_key(self, &rows[i]);
    return self;
}

static void destroy_key(group_key_t *key)
{
    for (node_t *node = key->first, *next = NULL; node; node = next) {
        next = node->next_of_key;
        free(node);
    }
    free(key->error);
    free(key);
}

void group_engine_destroy(group_engine_t **self_p)
{
    group_engine_t *self = *self_p;
    if (!self)
        return;
    while (self->members) {
        group_member_t *member = self->members;
        group_engine_leave(self, &member, NULL);
    }
    for (size_t i = 0; i < BUCKETS; i++) {
        for (group_key_t *key = self->buckets[i], *next = NULL; key; key = next) {
            next = key->next_of_bucket;
            destroy_key(key);
        }
    }
    group_place_clear(&self->start);
    group_place_clear(&self->place);
    buffer_free(&self->rows);
    buffer_free(&self->gone);
    held_free(&self->held);
    free(self->dirty.items);
    free(self->commit_keys.items);
    free(self->untold.items);
    free(self->telling.items);
    free(self);
    *self_p = NULL;
}

static void end_delays(group_engine_t *self)
{
    self->due_ms = INT64_MAX;
    for (group_key_t *key = self->queues[QUEUE_DELAYED].first, *next = NULL; key; key = next) {
        next = key->next_queued;
        key_settle(self, key);
        if (key->queue == QUEUE_DELAYED && key->not_before < self->due_ms)
            self->due_ms = key->not_before;
    }
}

void group_engine_time(group_engine_t *self, int64_t monotonic_ms, int64_t wall_ms)
{
    self->now_ms = monotonic_ms;
    self->wall_ms = wall_ms;
    if (self->now_ms >= self->due_ms)
        end_delays(self);
    if (self->now_ms < self->look_ms)
        return;
    self->look_ms = self->now_ms + LOOK_MS;
    for (group_key_t *key = self->detached, *next = NULL; key; key = next) {
        next = key->next_detached;
        if (key->state == KEY_TAIL)
            tail_join(self, key);
    }
}

const cursor_t *group_engine_scanned(const group_engine_t *self)
{
    return &self->scanned;
}

static bool is_full(const group_engine_t *self)
{
    return self->events >= self->limits.events_max || self->bytes >= self->limits.bytes_max;
}

bool group_engine_wants(group_engine_t *self)
{
    size_t ready = self->queues[QUEUE_READY].count;
    if (ready >= self->free_credit || !engine_has_room(self))
        return false;
    if (!is_full(self))
        return true;
    if (ready == 0 && window_set_aside(self))
        return true;
    self->full = ready == 0;
    return false;
}

/* Whether it was settled before the group was loaded. The scan asks in order. */
static bool was_settled(group_engine_t *self, uint64_t sequence)
{
    if (sequence > self->start.upto)
        return false;
    while (self->start_next < self->start.hole_count &&
           self->start.holes[self->start_next] < sequence)
        self->start_next++;
    return self->start_next == self->start.hole_count ||
           self->start.holes[self->start_next] != sequence;
}

/* One that cannot take its events in order any more is behind. */
static void offer_to_tail(group_engine_t *self, group_key_t *key, const group_event_t *event)
{
    if (event->cursor.sequence <= key->loaded)
        return;
    if (key->waiting < OWN_QUEUE_MAX)
        key_append(self, key, event, true);
    else
        lane_add(self, key, event->cursor.sequence - 1);
}

bool group_engine_offer(group_engine_t *self, const group_event_t *event)
{
    group_key_t *key = key_find(self, event->key);
    if (key && key->state != KEY_ATTACHED) {
        if (key->state == KEY_TAIL)
            offer_to_tail(self, key, event);
    } else if (!was_settled(self, event->cursor.sequence)) {
        if (is_full(self))
            return false;
        key_append(self, key ? key : key_get(self, event->key), event, false);
    }
    self->scanned = event->cursor;
    return true;
}

void group_engine_pass(group_engine_t *self, const cursor_t *to)
{
    self->scanned = *to;
}

void group_engine_unpark(group_engine_t *self, const char *text, uint64_t settled)
{
    group_key_t *key = key_find(self, text);
    if (!key || key->state != KEY_PARKED)
        return;
    key_clear_failure(key);
    self->parked_count--;
    if (settled > key->settled)
        key->settled = settled;
    if (key->settled < self->scanned.sequence) {
        lane_add(self, key, key->settled);
    } else {
        key->state = KEY_TAIL;
        key->loaded = key->settled;
    }
}

void group_engine_stats(const group_engine_t *self, group_engine_stats_t *ret_stats)
{
    *ret_stats =
        (group_engine_stats_t){.members = self->member_count,
                               .held = self->held.count,
                               .waiting = self->events + self->own_events - self->held.count,
                               .bytes = self->bytes + self->own_bytes,
                               .parked = self->parked_count,
                               .aside = self->detached_count - self->parked_count,
                               .full = self->full};
}
