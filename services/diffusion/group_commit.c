/* group_commit.c - what a group stores: always the whole place, and the rows of keys that changed.
 * Members are told, and keys go on, when it is durable; what could not be stored is stored with the
 * next commit. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

#include "group_engine_private.h"

enum { ASIDE_TRIES = 8 };

const cursor_t *group_engine_low(const group_engine_t *self)
{
    return self->first ? &self->first->before : &self->scanned;
}

bool group_engine_is_dirty(const group_engine_t *self, bool any)
{
    return self->untold.count || self->dirty.count || self->first_acking ||
           (any && !cursor_equal(group_engine_low(self), &self->stored_low));
}

/* Unsettled events below `done`: in the window, and where the scan has not come again. */
static size_t count_holes(const group_engine_t *self)
{
    size_t count = self->start.hole_count - self->start_next;
    for (const node_t *node = self->first; node && node->sequence <= self->done; node = node->next)
        count++;
    return count;
}

static void add_start_holes(group_engine_t *self)
{
    group_place_t *place = &self->place;
    for (size_t i = self->start_next; i < self->start.hole_count; i++) {
        if (self->start.holes[i] > self->scanned.sequence)
            place->holes[place->hole_count++] = self->start.holes[i];
    }
}

static void fill_place(group_engine_t *self)
{
    group_place_t *place = &self->place;
    size_t room = count_holes(self);
    group_place_clear(place);
    place->low = *group_engine_low(self);
    place->upto = self->done > place->low.sequence ? self->done : place->low.sequence;
    place->holes = pia_alloc(room * sizeof *place->holes);
    for (const node_t *node = self->first; node && node->sequence <= self->done; node = node->next)
        place->holes[place->hole_count++] = node->sequence;
    add_start_holes(self);
    assert(place->hole_count <= room);
    self->commit_low = place->low;
}

static group_key_state_t stored_state(const group_key_t *key)
{
    if (key->state == KEY_ATTACHED)
        return GROUP_KEY_FAILING;
    return key->state == KEY_PARKED ? GROUP_KEY_PARKED : GROUP_KEY_ASIDE;
}

static void add_row(group_engine_t *self, const group_key_t *key)
{
    group_key_row_t row = {.state = stored_state(key),
                           .settled = key->settled,
                           .sequence = key->failing,
                           .attempts = key->attempts,
                           .since_ms = key->since_ms};
    memcpy(row.key, key->text, strlen(key->text) + 1);
    if (key->error)
        memcpy(row.error, key->error, strlen(key->error) + 1);
    buffer_add(&self->rows, &row, sizeof row);
}

static void add_key(group_engine_t *self, group_key_t *key)
{
    key->dirty = false;
    key->committing = true;
    if (key_needs_row(key)) {
        key->stored = true;
        add_row(self, key);
    } else if (key->stored) {
        char name[GROUP_KEY_MAX + 1] = "";
        memcpy(name, key->text, strlen(key->text));
        buffer_add(&self->gone, name, sizeof name);
    }
}

/* A detached key's mark moves over what it has acknowledged. */
static void commit_acking(group_engine_t *self)
{
    for (node_t *node = self->first_acking; node; node = node->next_acking) {
        group_key_t *key = node->key;
        node->committing = true;
        if (key->state == KEY_ATTACHED || node->sequence <= key->settled)
            continue;
        key->settled = node->sequence;
        key_soil(self, key);
    }
}

static void swap_keys(group_engine_t *self)
{
    key_array_t empty = self->commit_keys;
    empty.count = 0;
    self->commit_keys = self->dirty;
    self->dirty = empty;
}

static void append_untold(untold_list_t *list, const untold_list_t *more)
{
    if (list->capacity < list->count + more->count) {
        list->capacity = list->count + more->count;
        list->items = pia_realloc(list->items, list->capacity * sizeof *list->items);
    }
    if (more->count)
        memcpy(list->items + list->count, more->items, more->count * sizeof *more->items);
    list->count += more->count;
}

void group_engine_begin_commit(group_engine_t *self, group_changes_t *ret_changes)
{
    assert(!self->committing);
    self->committing = true;
    for (int i = 0; i < ASIDE_TRIES && count_holes(self) > HOLES_SOFT_MAX; i++) {
        if (!window_set_aside(self))
            break;
    }
    commit_acking(self);
    append_untold(&self->telling, &self->untold);
    self->untold.count = 0;
    buffer_reset(&self->rows);
    buffer_reset(&self->gone);
    swap_keys(self);
    for (size_t i = 0; i < self->commit_keys.count; i++)
        add_key(self, self->commit_keys.items[i]);
    fill_place(self);
    *ret_changes = (group_changes_t){.place = &self->place,
                                     .rows = (const group_key_row_t *)(void *)self->rows.bytes,
                                     .row_count = self->rows.size / sizeof(group_key_row_t),
                                     .gone = (char(*)[GROUP_KEY_MAX + 1])(void *)self->gone.bytes,
                                     .gone_count = self->gone.size / (GROUP_KEY_MAX + 1)};
}

static void end_keys(group_engine_t *self, bool durable)
{
    for (size_t i = 0; i < self->commit_keys.count; i++) {
        group_key_t *key = self->commit_keys.items[i];
        key->committing = false;
        if (!durable)
            key_soil(self, key);
        else if (!key_needs_row(key) && !key->dirty)
            key->stored = false;
        key_settle(self, key);
    }
    self->commit_keys.count = 0;
}

static void end_acking(group_engine_t *self, bool durable)
{
    node_t *node = self->first_acking;
    if (!durable) {
        for (; node; node = node->next_acking)
            node->committing = false;
        return;
    }
    while (node && node->committing) {
        self->first_acking = node->next_acking;
        if (!self->first_acking)
            self->last_acking = NULL;
        node_drop(self, node);
        node = self->first_acking;
    }
}

static void tell_all(group_engine_t *self, group_tell_fn *tell, void *arg)
{
    for (size_t i = 0; i < self->telling.count; i++) {
        untold_t told = self->telling.items[i];
        if (!told.member)
            continue;
        told.member->untold--;
        self->telling.items[i].member = NULL;
        tell(arg, told.member, told.sequence, told.fence, told.outcome);
    }
    self->telling.count = 0;
}

void group_engine_end_commit(group_engine_t *self, bool durable, group_tell_fn *tell, void *arg)
{
    assert(self->committing);
    self->committing = false;
    end_acking(self, durable);
    end_keys(self, durable);
    if (!durable)
        return; /* what is told stays in `telling`, before what comes */
    self->stored_low = self->commit_low;
    tell_all(self, tell, arg);
}
