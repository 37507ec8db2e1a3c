/* group_lane.c - keys that are behind: read again, all of them in one pass over the journal from
 * the place of the one that is furthest behind. A key with enough in memory drops out of the pass
 * (it has a gap from there on) and takes part in a later one; those that come to where the scan is
 * go on with the scan. */
#include "group_engine_private.h"

static size_t quarter(size_t size)
{
    return size / 4;
}

static bool has_memory(const group_engine_t *self)
{
    return self->own_events < quarter(self->limits.events_max) &&
           self->own_bytes < quarter(self->limits.bytes_max);
}

void lane_add(group_engine_t *self, group_key_t *key, uint64_t loaded)
{
    key->state = KEY_LANE;
    key->loaded = loaded;
    key->gap = !self->lane_on || self->lane_at > loaded;
    if (!key->gap)
        self->lane_keys++;
}

void lane_remove(group_engine_t *self, group_key_t *key)
{
    if (key->gap)
        return;
    key->gap = true;
    if (--self->lane_keys == 0)
        self->lane_on = false;
}

void tail_join(group_engine_t *self, group_key_t *key)
{
    uint64_t scanned = self->scanned.sequence;
    if (key->first || scanned < key->loaded)
        return;
    if (scanned < self->start.upto) /* its events up to there would be taken for settled */
        return;
    key_attach(self, key);
    if (scanned > self->done)
        self->done = scanned; /* so its events below are not taken for unsettled */
    key_soil(self, key);
}

/* Keys without a gap have caught up. */
static void end_pass(group_engine_t *self)
{
    self->lane_on = false;
    self->lane_keys = 0;
    for (group_key_t *key = self->detached, *next = NULL; key; key = next) {
        next = key->next_detached;
        if (key->state != KEY_LANE || key->gap)
            continue;
        key->state = KEY_TAIL;
        key->gap = true;
        if (key->loaded < self->scanned.sequence)
            key->loaded = self->scanned.sequence;
        tail_join(self, key);
    }
}

static void start_pass(group_engine_t *self)
{
    self->lane_at = UINT64_MAX;
    self->lane_keys = 0;
    for (group_key_t *key = self->detached; key; key = key->next_detached) {
        if (key->state != KEY_LANE)
            continue;
        key->gap = key->waiting > OWN_QUEUE_LOW;
        if (key->gap)
            continue;
        self->lane_keys++;
        if (key->loaded < self->lane_at)
            self->lane_at = key->loaded;
    }
    self->lane_on = self->lane_keys > 0;
    if (self->lane_on && self->lane_at >= self->scanned.sequence)
        end_pass(self);
}

bool group_engine_wants_lane(group_engine_t *self, uint64_t *ret_after)
{
    if (!self->detached || !engine_has_room(self) || !has_memory(self) ||
        self->queues[QUEUE_READY].count >= self->free_credit)
        return false;
    if (!self->lane_on)
        start_pass(self);
    *ret_after = self->lane_at;
    return self->lane_on;
}

bool group_engine_offer_lane(group_engine_t *self, const group_event_t *event)
{
    uint64_t sequence = event->cursor.sequence;
    if (!self->lane_on || sequence > self->scanned.sequence || !has_memory(self))
        return false;
    group_key_t *key = key_find(self, event->key);
    if (key && key->state == KEY_LANE && !key->gap && sequence > key->loaded) {
        if (key->waiting >= OWN_QUEUE_MAX) {
            lane_remove(self, key);
        } else {
            key_append(self, key, event, true);
            key->loaded = sequence;
        }
    }
    if (!self->lane_on)
        return false;
    group_engine_pass_lane(self, sequence);
    return true;
}

void group_engine_pass_lane(group_engine_t *self, uint64_t to)
{
    if (!self->lane_on)
        return;
    if (to > self->lane_at)
        self->lane_at = to;
    if (self->lane_at >= self->scanned.sequence)
        end_pass(self);
}
