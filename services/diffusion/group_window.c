/* group_window.c - the events of a group in memory, and their keys. */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

#include "group_engine_private.h"

static size_t bucket_of(const group_engine_t *self, const char *text)
{
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, (const uint8_t *)text, strlen(text), self->hash_key);
    return bytes_get_u32(hash) % BUCKETS;
}

group_key_t *key_find(const group_engine_t *self, const char *text)
{
    group_key_t *key = self->buckets[bucket_of(self, text)];
    while (key && strcmp(key->text, text) != 0)
        key = key->next_of_bucket;
    return key;
}

group_key_t *key_get(group_engine_t *self, const char *text)
{
    group_key_t *key = key_find(self, text);
    if (key)
        return key;
    size_t size = strlen(text);
    group_key_t **bucket = &self->buckets[bucket_of(self, text)];
    key = pia_alloc(sizeof *key + size + 1);
    memcpy(key->text, text, size + 1);
    key->next_of_bucket = *bucket;
    *bucket = key;
    return key;
}

bool key_needs_row(const group_key_t *key)
{
    return key->state != KEY_ATTACHED || key->failing;
}

void key_clear_failure(group_key_t *key)
{
    key->failing = 0;
    key->attempts = 0;
    key->not_before = 0;
    key->suspect = false;
    free(key->error);
    key->error = NULL;
}

static void release(group_engine_t *self, group_key_t *key)
{
    if (key->first || key_needs_row(key) || key->stored || key->dirty || key->committing)
        return;
    group_key_t **at = &self->buckets[bucket_of(self, key->text)];
    while (*at != key)
        at = &(*at)->next_of_bucket;
    *at = key->next_of_bucket;
    key_unqueue(self, key);
    key_clear_failure(key);
    free(key);
}

void key_unqueue(group_engine_t *self, group_key_t *key)
{
    if (key->queue == QUEUE_NONE)
        return;
    key_list_t *list = &self->queues[key->queue];
    if (key->previous_queued)
        key->previous_queued->next_queued = key->next_queued;
    else
        list->first = key->next_queued;
    if (key->next_queued)
        key->next_queued->previous_queued = key->previous_queued;
    else
        list->last = key->previous_queued;
    list->count--;
    key->previous_queued = key->next_queued = NULL;
    key->queue = QUEUE_NONE;
}

static void enqueue(group_engine_t *self, group_key_t *key, key_queue_t queue)
{
    key_list_t *list = &self->queues[queue];
    key->queue = queue;
    key->previous_queued = list->last;
    if (list->last)
        list->last->next_queued = key;
    else
        list->first = key;
    list->last = key;
    list->count++;
}

static key_queue_t queue_of(const group_engine_t *self, const group_key_t *key)
{
    if (!key->first || key->first->state != NODE_WAITING || key->state == KEY_PARKED)
        return QUEUE_NONE;
    if (key->not_before > self->now_ms)
        return QUEUE_DELAYED;
    return key->suspect ? QUEUE_SUSPECT : QUEUE_READY;
}

void key_settle(group_engine_t *self, group_key_t *key)
{
    key_queue_t queue = queue_of(self, key);
    if (queue == QUEUE_DELAYED && key->not_before < self->due_ms)
        self->due_ms = key->not_before;
    if (queue != key->queue) {
        key_unqueue(self, key);
        if (queue != QUEUE_NONE)
            enqueue(self, key, queue);
    }
    release(self, key);
}

void key_soil(group_engine_t *self, group_key_t *key)
{
    if (key->dirty)
        return;
    key->dirty = true;
    key_array_t *array = &self->dirty;
    if (array->count == array->capacity) {
        array->capacity = array->capacity ? 2 * array->capacity : 16;
        array->items = pia_realloc(array->items, array->capacity * sizeof(group_key_t *));
    }
    array->items[array->count++] = key;
}

node_t *key_head(const group_key_t *key)
{
    return key->last_acking ? key->last_acking->next_of_key : key->first;
}

static void window_append(group_engine_t *self, node_t *node)
{
    node->previous = self->last;
    if (self->last)
        self->last->next = node;
    else
        self->first = node;
    self->last = node;
    self->events++;
    self->bytes += node->wire_size;
}

static void window_remove(group_engine_t *self, node_t *node)
{
    if (node->previous)
        node->previous->next = node->next;
    else
        self->first = node->next;
    if (node->next)
        node->next->previous = node->previous;
    else
        self->last = node->previous;
    node->previous = node->next = NULL;
    self->events--;
    self->bytes -= node->wire_size;
    self->full = false;
}

static void own_add(group_engine_t *self, node_t *node)
{
    node->place = NODE_OWN;
    self->own_events++;
    self->own_bytes += node->wire_size;
}

void node_settle(group_engine_t *self, node_t *node)
{
    if (node->place == NODE_WINDOW) {
        window_remove(self, node);
    } else if (node->place == NODE_OWN) {
        self->own_events--;
        self->own_bytes -= node->wire_size;
    }
    node->place = NODE_SETTLED;
}

void key_append(group_engine_t *self, group_key_t *key, const group_event_t *event, bool own)
{
    node_t *node = pia_alloc(sizeof *node + event->wire_size);
    node->sequence = event->cursor.sequence;
    node->key = key;
    node->wire_size = event->wire_size;
    memcpy(node->wire, event->wire, event->wire_size);
    if (key->last)
        key->last->next_of_key = node;
    else
        key->first = node;
    key->last = node;
    key->waiting++;
    if (own) {
        own_add(self, node);
    } else {
        node->before = self->scanned;
        window_append(self, node);
    }
    key_settle(self, key);
}

void node_drop(group_engine_t *self, node_t *node)
{
    group_key_t *key = node->key;
    assert(key->first == node && node->place == NODE_SETTLED);
    key->first = node->next_of_key;
    if (!key->first)
        key->last = NULL;
    if (key->last_acking == node)
        key->last_acking = NULL;
    free(node);
    if (key->state == KEY_TAIL)
        tail_join(self, key);
    key_settle(self, key);
}

/* Frees the key's events behind `last` (NULL: all), whoever has them. */
static void drop_after(group_engine_t *self, group_key_t *key, node_t *last)
{
    node_t *node = last ? last->next_of_key : key->first;
    if (self->run && self->run->key == key)
        self->run = NULL;
    while (node) {
        node_t *next = node->next_of_key;
        assert(node->state != NODE_ACKING);
        if (node->state == NODE_HELD)
            node_unhold(self, node);
        else
            key->waiting--;
        node_settle(self, node);
        free(node);
        node = next;
    }
    key->last = last;
    if (last)
        last->next_of_key = NULL;
    else
        key->first = NULL;
}

void key_detach(group_engine_t *self, group_key_t *key)
{
    key->previous_detached = NULL;
    key->next_detached = self->detached;
    if (self->detached)
        self->detached->previous_detached = key;
    self->detached = key;
    self->detached_count++;
}

void key_attach(group_engine_t *self, group_key_t *key)
{
    if (key->previous_detached)
        key->previous_detached->next_detached = key->next_detached;
    else
        self->detached = key->next_detached;
    if (key->next_detached)
        key->next_detached->previous_detached = key->previous_detached;
    key->previous_detached = key->next_detached = NULL;
    key->state = KEY_ATTACHED;
    self->detached_count--;
}

/* The last of the key's events that are acknowledged, or (`held`) in a member's hands. */
static node_t *last_kept(const group_key_t *key, bool held)
{
    node_t *last = NULL;
    for (node_t *node = key->first; node; node = node->next_of_key) {
        if (node->state == NODE_WAITING || (!held && node->state == NODE_HELD))
            break;
        last = node;
    }
    return last;
}

void key_park(group_engine_t *self, group_key_t *key)
{
    if (key->state == KEY_ATTACHED)
        key_detach(self, key);
    else if (key->state == KEY_LANE)
        lane_remove(self, key);
    drop_after(self, key, last_kept(key, false));
    key->state = KEY_PARKED;
    key->settled = key->failing - 1;
    self->parked_count++;
    key_soil(self, key);
    key_settle(self, key);
}

/* What members have stays in their hands, what waits is found again by the lane. */
static void set_aside(group_engine_t *self, group_key_t *key)
{
    key->settled = key_head(key)->sequence - 1;
    node_t *last = last_kept(key, true);
    drop_after(self, key, last);
    for (node_t *node = key->first; node; node = node->next_of_key) {
        if (node->place != NODE_WINDOW)
            continue;
        node_settle(self, node);
        own_add(self, node);
    }
    uint64_t loaded = last && last->sequence > key->settled ? last->sequence : key->settled;
    key->since_ms = self->wall_ms;
    key_detach(self, key);
    lane_add(self, key, loaded);
    key_soil(self, key);
    key_settle(self, key);
}

static group_key_t *fullest(const group_engine_t *self)
{
    group_key_t *found = NULL;
    for (size_t i = 0; i < BUCKETS; i++) {
        for (group_key_t *key = self->buckets[i]; key; key = key->next_of_bucket) {
            if (key->state == KEY_ATTACHED && (!found || key->waiting > found->waiting))
                found = key;
        }
    }
    return found && found->waiting >= ASIDE_MIN ? found : NULL;
}

bool window_set_aside(group_engine_t *self)
{
    if (self->detached_count >= self->limits.detached_max)
        return false;
    group_key_t *key = fullest(self);
    if (key)
        set_aside(self, key);
    return key;
}
