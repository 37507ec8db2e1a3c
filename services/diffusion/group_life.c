/* group_life.c - a group in this instance: asked for, had, kept by its lease, let go of or lost. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/log.h"
#include "pia/memory.h"

#include "groups_private.h"

enum {
    EVENTS_MAX = 100000,          /* of a group's window */
    BYTES_MAX = 16 * 1024 * 1024, /* read when someone can take it, so seldom more than 1 MiB */
    DETACHED_MAX = 10000,         /* keys, 0.3 KB each in memory and as rows */
    FENCE_SHIFT = 40,
};

owned_t *owned_new(groups_t *groups, const char *name)
{
    owned_t *owned = pia_alloc(sizeof *owned);
    owned->groups = groups;
    (void)snprintf(owned->name, sizeof owned->name, "%s", name);
    owned->lease.holder = groups->options.diffusion->context->instance;
    owned->wanted_ms = pia_clock_monotonic();
    owned->next = groups->all;
    groups->all = owned;
    groups->count++;
    return owned;
}

static void put_down(owned_t *owned)
{
    group_engine_destroy(&owned->engine);
    filter_destroy(&owned->filter);
    group_reading_close(&owned->scan);
    group_reading_close(&owned->lane);
    group_clear(&owned->group);
}

static void free_owned(owned_t *owned)
{
    groups_t *groups = owned->groups;
    owned_t **at = &groups->all;
    while (*at != owned)
        at = &(*at)->next;
    *at = owned->next;
    groups->count--;
    put_down(owned);
    group_job_clear(&owned->job);
    group_clear(&owned->wish);
    free(owned);
}

void owned_close(owned_t *owned)
{
    while (owned->memberships)
        membership_move(owned->memberships, "");
    owned->state = OWNED_GONE;
    if (!owned->job.busy)
        free_owned(owned);
}

static void refuse_all(owned_t *owned, const pia_problem_t *problem)
{
    while (owned->memberships)
        membership_refuse(owned->memberships, problem);
}

static group_reading_t make_reading(const owned_t *owned)
{
    const groups_options_t *options = &owned->groups->options;
    return (group_reading_t){.reader = options->reader,
                             .ring = options->ring,
                             .on_ready = options->on_ready,
                             .arg = options->arg};
}

/* The rows were checked when they were stored. False: they are damaged. */
static bool compile_filter(owned_t *owned)
{
    pia_problem_t problem;
    json_t *json = json_loads(owned->group.filter, 0, NULL);
    filter_destroy(&owned->filter);
    bool good = json && filter_compile(json, &owned->filter, &problem) == PIA_OK;
    json_decref(json);
    return good;
}

static void take_over(owned_t *owned)
{
    group_job_t *job = &owned->job;
    const group_limits_t limits = {.events_max = EVENTS_MAX,
                                   .bytes_max = BYTES_MAX,
                                   .detached_max = DETACHED_MAX,
                                   .attempts_max = owned->group.attempts,
                                   .fence_base = (uint64_t)owned->lease.term << FENCE_SHIFT};
    char cursor[CURSOR_TEXT_SIZE];
    owned->engine = group_engine_new(&limits, &job->progress.place, job->progress.rows,
                                     job->progress.row_count);
    owned->scan = make_reading(owned);
    owned->lane = make_reading(owned);
    owned->change = job->progress.change;
    owned->reset = job->reset;
    owned->state = OWNED_OURS;
    cursor_format(&job->progress.place.low, cursor);
    pia_log(owned->reset ? PIA_LOG_WARN : PIA_LOG_INFO, "has the group %s from %s%s, term %" PRId64,
            owned->name, cursor, owned->reset ? ", the last place that a new epoch has left" : "",
            owned->lease.term);
}

static void admit_all(owned_t *owned)
{
    for (membership_t *membership = owned->memberships, *next = NULL; membership;
         membership = next) {
        next = membership->next;
        membership_admit(membership);
    }
}

static void cannot_open(owned_t *owned, pia_status_t status)
{
    pia_problem_t problem = owned->job.problem;
    if (owned->state == OWNED_ELSEWHERE && status != PIA_NOT_FOUND)
        return; /* the store is out of reach: the next tick asks again */
    if (problem.status != status)
        (void)pia_problem_set(&problem, status, "", "The groups are out of reach now.");
    refuse_all(owned, &problem);
    owned_close(owned);
}

static void come_in(owned_t *owned)
{
    if (!owned->lease.held)
        owned->state = OWNED_ELSEWHERE;
    else
        take_over(owned);
    admit_all(owned);
    if (owned->groups->draining && owned->state == OWNED_OURS)
        owned_release(owned); /* it was asked for before: another instance need not wait for it */
}

static void opened(owned_t *owned, pia_status_t status)
{
    group_job_t *job = &owned->job;
    if (status != PIA_OK) {
        cannot_open(owned, status);
        return;
    }
    group_clear(&owned->group);
    owned->group = job->found;
    job->found.filter = NULL;
    group_clear(&owned->wish);
    if (compile_filter(owned))
        come_in(owned);
    else
        cannot_open(owned, PIA_INTERNAL);
}

/* Another has it: what was not stored is nothing any more, the members go there. */
static void lose(owned_t *owned)
{
    pia_log(PIA_LOG_WARN, "has lost the group %s", owned->name);
    while (owned->memberships)
        membership_move(owned->memberships, "");
    put_down(owned);
    owned->lease = (pia_lease_t){.holder = owned->lease.holder};
    owned->state = OWNED_OPENING;
}

static void removed(owned_t *owned)
{
    pia_problem_t problem = {0};
    (void)pia_problem_set(&problem, PIA_NOT_FOUND, "/group", "The group was removed.");
    refuse_all(owned, &problem);
    owned_close(owned);
}

static void
tell(void *arg, group_member_t *member, uint64_t sequence, uint64_t fence, group_outcome_t outcome)
{
    (void)arg;
    membership_tell(group_member_owner(member), sequence, fence, outcome);
}

static bool post(owned_t *owned, unsigned steps)
{
    if (steps & STEP_SAVE)
        group_engine_begin_commit(owned->engine, &owned->job.changes);
    bool posted = group_job_post(owned, steps);
    if (!posted && (steps & STEP_SAVE))
        group_engine_end_commit(owned->engine, false, tell, owned);
    return posted;
}

/* On a shared store another takes over when the beat has stood still for 3 s: what is given out
 * then would be in two hands. It goes on when the lease was kept again. */
bool owned_is_sure(const owned_t *owned, int64_t now_ms)
{
    return !owned->groups->options.shared || now_ms - owned->held_ms < PIA_LEASE_SURE_MS;
}

void owned_release(owned_t *owned)
{
    unsigned steps = STEP_RELEASE;
    if (group_engine_is_dirty(owned->engine, true))
        steps |= STEP_SAVE;
    if (post(owned, steps))
        owned->state = OWNED_OPENING; /* who comes now waits */
}

static void kept(owned_t *owned)
{
    for (size_t i = 0; i < owned->job.decided_count; i++) {
        const group_key_row_t *row = &owned->job.decided[i];
        if (row->state == GROUP_KEY_ASIDE)
            group_engine_unpark(owned->engine, row->key, row->settled);
    }
    owned->change = owned->job.change;
}

/* It was let go of; whoever joined meanwhile asks again. */
static void released(owned_t *owned)
{
    put_down(owned);
    if (owned->memberships && !owned->groups->draining)
        owned->state = OWNED_OPENING;
    else
        owned_close(owned);
}

static void worked(owned_t *owned, unsigned steps, pia_status_t status)
{
    owned->again_ms = status == PIA_UNAVAILABLE ? pia_clock_monotonic() + KEEP_MS : 0;
    if (steps & STEP_SAVE)
        group_engine_end_commit(owned->engine, status == PIA_OK, tell, owned);
    if (status == PIA_OK && (steps & STEP_KEEP))
        kept(owned);
    if (status == PIA_NOT_FOUND)
        removed(owned);
    else if (status == PIA_CONFLICT || status == PIA_INTERNAL)
        lose(owned);
    else if (steps & STEP_RELEASE)
        released(owned);
    else if (owned->groups->draining)
        owned_release(owned);
    else
        owned_let_leave(owned);
}

void group_job_done(owned_t *owned, unsigned steps, pia_status_t status)
{
    groups_t *groups = owned->groups;
    if (owned->state == OWNED_GONE)
        free_owned(owned);
    else if (steps & STEP_OPEN)
        opened(owned, status);
    else
        worked(owned, steps, status);
    groups->options.on_ready(groups->options.arg);
}

static void ask(owned_t *owned, int64_t now_ms)
{
    if (owned->kept_ms && now_ms - owned->kept_ms < KEEP_MS)
        return;
    owned->kept_ms = now_ms;
    owned->job.wish = owned->wish.filter ? &owned->wish : NULL;
    owned->job.from = owned->from;
    (void)post(owned, STEP_OPEN);
}

static void work(owned_t *owned, int64_t now_ms)
{
    unsigned steps = 0;
    bool any = now_ms - owned->saved_ms >= SAVE_MS;
    if (now_ms - owned->kept_ms >= KEEP_MS) {
        owned->kept_ms = now_ms;
        steps |= STEP_KEEP;
    }
    if (now_ms >= owned->again_ms && group_engine_is_dirty(owned->engine, any)) {
        owned->saved_ms = now_ms;
        steps |= STEP_SAVE;
    }
    if (steps)
        (void)post(owned, steps);
}

void owned_work(owned_t *owned)
{
    int64_t now_ms = pia_clock_monotonic();
    if (owned->job.busy || owned->groups->draining)
        return;
    if (owned->state == OWNED_OURS)
        work(owned, now_ms);
    else if (owned->state != OWNED_GONE)
        ask(owned, now_ms);
}

/* Whose peer has said nothing for its lease is dead to the group: its keys move. Whose token has
 * ended may not be a member: nobody is to blame. */
static void look_after_members(owned_t *owned, int64_t now_ms)
{
    pia_problem_t problem = {0};
    pia_problem_t over;
    (void)pia_problem_set(&problem, PIA_GONE, "", "The lease has run out: join again.");
    tenure_over(&over);
    for (membership_t *membership = owned->memberships, *next = NULL; membership;
         membership = next) {
        next = membership->next;
        if (now_ms >= membership->end_ms)
            membership_refuse(membership, &over);
        else if (now_ms - membership->peer->heard_ms > membership->lease_ms)
            membership_expel(membership, &problem, "The worker gave no sign of life.");
    }
}

void owned_tick(owned_t *owned, int64_t now_ms, bool spare)
{
    if (!spare)
        look_after_members(owned, now_ms);
    if (owned->memberships)
        owned->wanted_ms = now_ms;
    if (owned->state == OWNED_GONE || owned->job.busy)
        return;
    if (now_ms - owned->wanted_ms < IDLE_MS)
        owned_work(owned);
    else if (owned->state == OWNED_OURS)
        owned_release(owned);
    else
        owned_close(owned);
}
