/* matching.c - whom an event reaches. */
#include "matching.h"

#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

struct matching {
    subscriber_t *subscribers; /* in the order of their slots */
    size_t count;
    size_t capacity;
    int64_t change; /* the last one seen */
};

static const char SQL_CHANGES[] =
    "SELECT change, slot, id, contact, filter, from_sequence, to_sequence FROM subscription"
    " WHERE change > $1 ORDER BY slot";

matching_t *matching_new(void)
{
    return pia_alloc(sizeof(matching_t));
}

void matching_reset(matching_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        filter_destroy(&self->subscribers[i].filter);
    self->count = 0;
    self->change = 0;
}

void matching_destroy(matching_t **self_p)
{
    matching_t *self = *self_p;
    if (!self)
        return;
    matching_reset(self);
    free(self->subscribers);
    free(self);
    *self_p = NULL;
}

size_t matching_count(const matching_t *self)
{
    return self->count;
}

/* The index of the first subscriber with a slot above `slot`. */
static size_t index_after(const matching_t *self, int64_t slot)
{
    size_t low = 0;
    size_t high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->subscribers[middle].slot <= slot)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void matching_put(matching_t *self, const subscriber_t *subscriber)
{
    size_t index = index_after(self, subscriber->slot);
    if (index && self->subscribers[index - 1].slot == subscriber->slot) {
        filter_destroy(&self->subscribers[index - 1].filter);
        self->subscribers[index - 1] = *subscriber;
        return;
    }
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 64;
        self->subscribers =
            pia_realloc(self->subscribers, self->capacity * sizeof *self->subscribers);
    }
    memmove(self->subscribers + index + 1, self->subscribers + index,
            (self->count - index) * sizeof *self->subscribers);
    self->subscribers[index] = *subscriber;
    self->count++;
}

static void copy_id(char ret_id[PIA_UUID_TEXT_SIZE], const char *id)
{
    (void)snprintf(ret_id, PIA_UUID_TEXT_SIZE, "%s", id ? id : "");
}

/* The present row; false if its filter is none (it was checked when it was stored). */
static bool row_subscriber(pia_stmt_t *stmt, subscriber_t *ret_subscriber)
{
    subscriber_t subscriber = {.slot = pia_stmt_column_integer(stmt, 1),
                               .from = (uint64_t)pia_stmt_column_integer(stmt, 5),
                               .to = (uint64_t)pia_stmt_column_integer(stmt, 6)};
    copy_id(subscriber.id, pia_stmt_column_text(stmt, 2));
    copy_id(subscriber.contact, pia_stmt_column_text(stmt, 3));
    json_t *filter = json_loads(pia_stmt_column_text(stmt, 4), 0, NULL);
    pia_problem_t problem;
    bool good = filter && filter_compile(filter, &subscriber.filter, &problem) == PIA_OK;
    json_decref(filter);
    if (good)
        *ret_subscriber = subscriber;
    return good;
}

pia_status_t matching_refresh(matching_t *self, pia_db_t *db)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_CHANGES);
    pia_stmt_integer(stmt, 1, self->change);
    int64_t last = self->change;
    pia_status_t status = pia_stmt_step(stmt);
    while (status == PIA_OK) {
        int64_t change = pia_stmt_column_integer(stmt, 0);
        subscriber_t subscriber;
        last = change > last ? change : last;
        if (!row_subscriber(stmt, &subscriber)) {
            pia_stmt_reset(stmt);
            return PIA_INTERNAL;
        }
        matching_put(self, &subscriber);
        status = pia_stmt_step(stmt);
    }
    if (status != PIA_NOT_FOUND)
        return status;
    self->change = last;
    return PIA_OK;
}

static bool holds(const subscriber_t *subscriber, uint64_t sequence)
{
    return subscriber->from <= sequence && (!subscriber->to || sequence < subscriber->to);
}

size_t matching_audience(const matching_t *self,
                         uint64_t sequence,
                         const attributes_t *attributes,
                         int64_t after,
                         const subscriber_t **ret_subscribers,
                         size_t limit)
{
    size_t found = 0;
    for (size_t i = index_after(self, after); i < self->count && found < limit; i++) {
        const subscriber_t *subscriber = &self->subscribers[i];
        if (holds(subscriber, sequence) && filter_matches(subscriber->filter, attributes))
            ret_subscribers[found++] = subscriber;
    }
    return found;
}
