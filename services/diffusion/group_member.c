/* group_member.c - the members of a group: what is in their hands, and what they say of it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

#include "group_engine_private.h"

enum { CROWDED_DELAY_MS = 60000 }; /* of an event that should park, where too many keys are */

static uint64_t room_of(const group_member_t *member)
{
    return member->draining || member->held >= member->credit ? 0 : member->credit - member->held;
}

/* `alone` and `reserved` are looked at apart: they pass soon. */
static bool can_take(const group_engine_t *self, const group_member_t *member)
{
    return room_of(member) && !member->alone && member != self->reserved;
}

bool engine_has_room(const group_engine_t *self)
{
    if (!self->free_credit)
        return false;
    const group_member_t *member = self->members;
    do {
        if (can_take(self, member))
            return true;
        member = member->next;
    } while (member != self->members);
    return false;
}

group_member_t *group_engine_join(group_engine_t *self, void *owner, uint32_t credit, uint32_t run)
{
    group_member_t *member = pia_alloc(sizeof *member);
    member->owner = owner;
    member->credit = credit;
    member->run = run;
    member->previous = member->next = member;
    if (self->members) { /* the next one to be asked: it gets work at once */
        member->next = self->members;
        member->previous = self->members->previous;
        member->previous->next = member->next->previous = member;
    }
    self->members = member;
    self->member_count++;
    self->free_credit += credit;
    return member;
}

void *group_member_owner(const group_member_t *member)
{
    return member->owner;
}

bool group_member_is_done(const group_member_t *member)
{
    return !member->held && !member->untold;
}

void group_engine_drain(group_engine_t *self, group_member_t *member)
{
    self->free_credit -= room_of(member);
    member->draining = true;
    if (self->reserved == member)
        self->reserved = NULL;
}

static void hold(group_engine_t *self, node_t *node, group_member_t *member, uint64_t fence)
{
    assert(room_of(member) && node->state == NODE_WAITING);
    node->state = NODE_HELD;
    node->member = member;
    node->fence = fence;
    node->key->waiting--;
    node->next_held = NULL;
    node->previous_held = member->last_held;
    if (member->last_held)
        member->last_held->next_held = node;
    else
        member->first_held = node;
    member->last_held = node;
    member->held++;
    self->free_credit--;
    held_add(&self->held, node);
}

void node_unhold(group_engine_t *self, node_t *node)
{
    group_member_t *member = node->member;
    uint64_t room = room_of(member);
    if (node->previous_held)
        node->previous_held->next_held = node->next_held;
    else
        member->first_held = node->next_held;
    if (node->next_held)
        node->next_held->previous_held = node->previous_held;
    else
        member->last_held = node->previous_held;
    node->previous_held = node->next_held = NULL;
    node->member = NULL;
    member->held--;
    if (!member->held)
        member->alone = false;
    held_remove(&self->held, node);
    self->free_credit += room_of(member) - room;
}

/* The key's events in hands wait again, but for acknowledged ones. */
static void take_back(group_engine_t *self, group_key_t *key)
{
    if (self->run && self->run->key == key)
        self->run = NULL;
    for (node_t *node = key_head(key); node && node->state == NODE_HELD; node = node->next_of_key) {
        node_unhold(self, node);
        node->state = NODE_WAITING;
        key->waiting++;
    }
}

/* The key's head has failed. True: its key parks. */
static bool fail(group_engine_t *self, group_key_t *key, const char *reason, int64_t delay_ms)
{
    uint64_t sequence = key_head(key)->sequence;
    if (key->failing != sequence)
        key_clear_failure(key);
    key->failing = sequence;
    key->attempts++;
    free(key->error);
    key->error = pia_strndup(reason, GROUP_ERROR_MAX);
    key->since_ms = self->wall_ms;
    key_soil(self, key);
    bool parks = key->attempts >= self->limits.attempts_max;
    if (parks && key->state == KEY_ATTACHED && self->detached_count >= self->limits.detached_max) {
        parks = false;
        delay_ms = CROWDED_DELAY_MS;
    }
    take_back(self, key);
    key->not_before = self->now_ms + delay_ms;
    if (parks)
        key_park(self, key);
    else
        key_settle(self, key);
    return parks;
}

static void forget_untold(untold_list_t *list, const group_member_t *member)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].member == member)
            list->items[i].member = NULL;
    }
}

static void unlink_member(group_engine_t *self, group_member_t *member)
{
    if (self->members == member)
        self->members = member->next == member ? NULL : member->next;
    member->previous->next = member->next;
    member->next->previous = member->previous;
    self->member_count--;
    self->free_credit -= room_of(member);
    if (self->reserved == member)
        self->reserved = NULL;
    if (self->run_member == member)
        self->run = NULL;
}

void group_engine_leave(group_engine_t *self, group_member_t **member_p, const char *blame)
{
    group_member_t *member = *member_p;
    *member_p = NULL;
    unlink_member(self, member);
    member->draining = true; /* what it gives back is nobody's credit */
    while (member->first_held) {
        group_key_t *key = member->first_held->key;
        if (blame && !fail(self, key, blame, 0)) {
            key->suspect = true;
            key_settle(self, key);
        } else if (!blame) {
            take_back(self, key);
            key_settle(self, key);
        }
    }
    if (member->untold) {
        forget_untold(&self->untold, member);
        forget_untold(&self->telling, member);
    }
    free(member);
}

static void tell_later(group_engine_t *self, node_t *node, group_outcome_t outcome)
{
    untold_list_t *list = &self->untold;
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 64;
        list->items = pia_realloc(list->items, list->capacity * sizeof *list->items);
    }
    node->member->untold++;
    list->items[list->count++] = (untold_t){.member = node->member,
                                            .sequence = node->sequence,
                                            .fence = node->fence,
                                            .outcome = outcome};
}

/* The event, if the member may settle it now: it is in its hands, by this token, and the first of
 * its key. */
static node_t *find_held(const group_engine_t *self,
                         const group_member_t *member,
                         uint64_t sequence,
                         uint64_t fence)
{
    node_t *node = held_find(&self->held, sequence);
    return node && node->member == member && node->fence == fence && key_head(node->key) == node
               ? node
               : NULL;
}

bool group_engine_ack(group_engine_t *self,
                      group_member_t *member,
                      uint64_t sequence,
                      uint64_t fence)
{
    node_t *node = find_held(self, member, sequence, fence);
    if (!node)
        return false;
    group_key_t *key = node->key;
    tell_later(self, node, GROUP_ACKNOWLEDGED);
    if (self->run && self->run->key == key)
        self->run = NULL; /* what was not given yet waits until this is durable */
    node_unhold(self, node);
    node->state = NODE_ACKING;
    key->last_acking = node;
    node_settle(self, node);
    node->next_acking = NULL;
    if (self->last_acking)
        self->last_acking->next_acking = node;
    else
        self->first_acking = node;
    self->last_acking = node;
    if (key->state == KEY_ATTACHED && sequence > self->done)
        self->done = sequence;
    if (key->failing == sequence) {
        key_clear_failure(key);
        key_soil(self, key);
    }
    return true;
}

bool group_engine_nack(group_engine_t *self, group_member_t *member, const group_nack_t *nack)
{
    node_t *node = find_held(self, member, nack->sequence, nack->fence);
    if (!node)
        return false;
    tell_later(self, node, GROUP_RETURNED);
    node->key->suspect = false; /* whoever can say so is alive */
    untold_t *untold = &self->untold.items[self->untold.count - 1];
    if (fail(self, node->key, nack->reason, nack->delay_ms)) /* it frees the event */
        untold->outcome = GROUP_PARKED;
    return true;
}

/* The next member in turn that can take something. */
static group_member_t *pick(group_engine_t *self)
{
    if (!engine_has_room(self))
        return NULL;
    group_member_t *member = self->members;
    while (!can_take(self, member))
        member = member->next;
    self->members = member->next;
    return member;
}

/* One with empty hands; else one is chosen whose hands shall become empty. */
static group_member_t *pick_idle(group_engine_t *self)
{
    group_member_t *member = self->members;
    group_member_t *busy = NULL;
    for (size_t i = 0; i < self->member_count; i++, member = member->next) {
        if (!member->draining && !member->held)
            return member;
        if (!member->draining && !busy)
            busy = member;
    }
    if (!self->reserved)
        self->reserved = busy;
    return NULL;
}

static void give(group_engine_t *self, node_t *node, group_member_t *member, group_grant_t *grant)
{
    group_key_t *key = node->key;
    if (node == key->first && key->failing && key->failing < node->sequence) {
        /* what failed is not in the journal any more */
        key_clear_failure(key);
        key_soil(self, key);
    }
    hold(self, node, member, self->run_fence);
    *grant = (group_grant_t){.member = member,
                             .sequence = node->sequence,
                             .fence = node->fence,
                             .attempt = key->failing == node->sequence ? key->attempts + 1 : 1,
                             .wire = node->wire,
                             .wire_size = node->wire_size};
    node_t *next = node->next_of_key;
    self->run_left--;
    self->run = next && self->run_left && !key->suspect ? next : NULL;
    self->run_member = member;
}

static bool go_on(group_engine_t *self, group_grant_t *grant)
{
    if (!self->run || self->run->state != NODE_WAITING || !can_take(self, self->run_member))
        return false;
    give(self, self->run, self->run_member, grant);
    return true;
}

/* The key moves: a higher token. */
static bool
begin(group_engine_t *self, group_key_t *key, group_member_t *member, group_grant_t *grant)
{
    assert(self->fences < FENCES_MAX);
    self->run_fence = self->limits.fence_base + ++self->fences;
    self->run_left = member->run;
    key_unqueue(self, key);
    give(self, key->first, member, grant);
    return true;
}

bool group_engine_grant(group_engine_t *self, group_grant_t *ret_grant)
{
    if (go_on(self, ret_grant))
        return true;
    self->run = NULL;
    group_key_t *suspect = self->queues[QUEUE_SUSPECT].first;
    group_member_t *member = suspect ? pick_idle(self) : NULL;
    if (!suspect)
        self->reserved = NULL;
    if (member) {
        if (self->reserved == member)
            self->reserved = NULL;
        member->alone = true;
        return begin(self, suspect, member, ret_grant);
    }
    group_key_t *key = self->queues[QUEUE_READY].first;
    member = key ? pick(self) : NULL;
    return member && begin(self, key, member, ret_grant);
}
