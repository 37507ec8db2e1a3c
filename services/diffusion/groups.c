/* groups.c - the groups that this instance knows. */
#include "groups.h"

#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/memory.h"

#include "groups_private.h"

/* What members said while this process did not run is read first. */
enum { SLEPT_MS = 1000 };

groups_t *groups_new(const groups_options_t *options)
{
    groups_t *self = pia_alloc(sizeof *self);
    self->options = *options;
    return self;
}

void groups_destroy(groups_t **self_p)
{
    groups_t *self = *self_p;
    if (!self)
        return;
    while (self->all)
        owned_close(self->all);
    free(self);
    *self_p = NULL;
}

owned_t *groups_find(groups_t *self, const char *name)
{
    owned_t *owned = self->all;
    while (owned && (owned->state == OWNED_GONE || strcmp(owned->name, name) != 0))
        owned = owned->next;
    return owned;
}

bool groups_run(groups_t *self)
{
    bool more = false;
    if (self->draining)
        return false;
    for (owned_t *owned = self->all; owned; owned = owned->next)
        more = owned_run(owned) || more;
    groups_flush(self);
    return more;
}

void groups_forget_pages(groups_t *self)
{
    for (owned_t *owned = self->all; owned; owned = owned->next) {
        group_reading_close(&owned->scan);
        group_reading_close(&owned->lane);
    }
}

typedef struct {
    unsigned long long ours, members, waiting, held, parked, aside, full;
} sums_t;

static void add(const owned_t *owned, sums_t *sums)
{
    group_engine_stats_t stats;
    if (owned->state != OWNED_OURS)
        return;
    group_engine_stats(owned->engine, &stats);
    sums->ours++;
    sums->members += stats.members;
    sums->waiting += stats.waiting;
    sums->held += stats.held;
    sums->parked += stats.parked;
    sums->aside += stats.aside;
    sums->full += stats.full;
}

static void sum_up(groups_t *self)
{
    sums_t sums = {0};
    for (const owned_t *owned = self->all; owned; owned = owned->next)
        add(owned, &sums);
    atomic_store(&self->counters.ours, sums.ours);
    atomic_store(&self->counters.members, sums.members);
    atomic_store(&self->counters.waiting, sums.waiting);
    atomic_store(&self->counters.held, sums.held);
    atomic_store(&self->counters.parked, sums.parked);
    atomic_store(&self->counters.aside, sums.aside);
    atomic_store(&self->counters.full, sums.full);
}

void groups_tick(groups_t *self)
{
    int64_t now_ms = pia_clock_monotonic();
    if (self->ticked_ms && now_ms - self->ticked_ms > SLEPT_MS)
        self->spare_ms = now_ms + SLEPT_MS;
    self->ticked_ms = now_ms;
    for (owned_t *owned = self->all, *next = NULL; owned; owned = next) {
        next = owned->next;
        owned_tick(owned, now_ms, now_ms < self->spare_ms);
    }
    sum_up(self);
}

void groups_revoke(groups_t *self, const char *subject)
{
    pia_problem_t problem = {0};
    (void)pia_problem_set(&problem, PIA_UNAUTHENTICATED, "", "The rights were revoked.");
    for (owned_t *owned = self->all; owned; owned = owned->next) {
        for (membership_t *member = owned->memberships, *next = NULL; member; member = next) {
            next = member->next;
            if (strcmp(member->principal.subject, subject) == 0)
                membership_refuse(member, &problem);
        }
    }
}

void groups_drain(groups_t *self)
{
    if (self->draining)
        return;
    for (owned_t *owned = self->all; owned; owned = owned->next) {
        while (owned->memberships)
            membership_end(owned->memberships, NULL);
        if (owned->state == OWNED_OURS && !owned->job.busy)
            owned_release(owned);
    }
    self->draining = true;
}

static void set_count(json_t *stats, const char *name, atomic_ullong *value)
{
    json_object_set_new(stats, name, json_integer((json_int_t)atomic_load(value)));
}

void groups_stats(groups_t *self, json_t *stats)
{
    set_count(stats, "groups", &self->counters.ours);
    set_count(stats, "group_members", &self->counters.members);
    set_count(stats, "group_events_waiting", &self->counters.waiting);
    set_count(stats, "group_events_in_hands", &self->counters.held);
    set_count(stats, "group_keys_parked", &self->counters.parked);
    set_count(stats, "group_keys_aside", &self->counters.aside);
    set_count(stats, "groups_full", &self->counters.full);
    set_count(stats, "group_deliveries_total", &self->counters.delivered);
    set_count(stats, "group_acknowledged_total", &self->counters.acknowledged);
    set_count(stats, "group_failures_total", &self->counters.failed);
    set_count(stats, "group_parkings_total", &self->counters.parked_total);
    set_count(stats, "group_fenced_total", &self->counters.fenced);
    set_count(stats, "group_members_died_total", &self->counters.died);
    set_count(stats, "group_events_removed_total", &self->counters.removed);
    set_count(stats, "group_moved_total", &self->counters.moved);
}
