/* server_life.c - binding, joining the loop, leaving it. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "pia/clock.h"
#include "pia/log.h"
#include "pia/memory.h"

#include "journal_log.h"
#include "server.h"
#include "server_private.h"

enum {
    INSTANCES_MAX = 64,
    TICK_MS = 500,
    GROUPS_MS = 100, /* how late a delayed event may come */
    LIVE_MS = 1000,
    TAIL_MS = 100,     /* PostgreSQL: how late other instances' events and damage may be noticed */
    FOLLOW_MS = 200,   /* how long SQLite may be behind what was logged, if that is little */
    BACKUPS_MS = 5000, /* how late a backup that was noted is told */
    LINGER_MS = 5000,
};

static const char IPC[] = "ipc://";

/* "ipc://run/diffusion.sock" and 2 make "ipc://run/diffusion.2.sock". */
static void name_instance(const char *endpoint, int number, char ret_name[ENDPOINT_SIZE])
{
    const char *dot = strrchr(endpoint, '.');
    const char *slash = strrchr(endpoint, '/');
    if (number == 1)
        (void)snprintf(ret_name, ENDPOINT_SIZE, "%s", endpoint);
    else if (dot && (!slash || dot > slash))
        (void)snprintf(ret_name, ENDPOINT_SIZE, "%.*s.%d%s", (int)(dot - endpoint), endpoint,
                       number, dot);
    else
        (void)snprintf(ret_name, ENDPOINT_SIZE, "%s.%d", endpoint, number);
}

/* Binding an ipc path that another process has bound succeeds and steals it: so a lock first. */
static pia_status_t lock_path(const char *name, pia_lock_t **ret_lock, pia_problem_t *problem)
{
    char path[ENDPOINT_SIZE + 8];
    if (strncmp(name, IPC, sizeof IPC - 1) != 0)
        return PIA_OK;
    (void)snprintf(path, sizeof path, "%s.lock", name + sizeof IPC - 1);
    return pia_lock_take(path, ret_lock, problem);
}

static pia_status_t listen_to_peers(server_t *self, const char *endpoint, pia_problem_t *problem)
{
    pia_status_t status = PIA_CONFLICT;
    for (int number = 1; status == PIA_CONFLICT && number <= INSTANCES_MAX; number++) {
        name_instance(endpoint, number, self->endpoint);
        status = lock_path(self->endpoint, &self->lock, problem);
    }
    if (status != PIA_OK)
        return status;
    return links_new(self->endpoint, PIAD_FRAME_MAX, &self->links, problem);
}

/* The live feed has one sender, since every instance sees every event; when it dies, the next one
 * that finds the lock free goes on. */
static void try_live(server_t *self)
{
    pia_problem_t problem = {0};
    if (self->live || lock_path(self->live_endpoint, &self->live_lock, &problem) != PIA_OK)
        return;
    if (live_new(self->diffusion->context->zmq, self->live_endpoint, &self->counters.live,
                 &self->live, &problem) != PIA_OK) {
        pia_log(PIA_LOG_ERROR, "%s", problem.detail);
        pia_lock_destroy(&self->live_lock);
        return;
    }
    pia_loop_add_socket(self->diffusion->context->loop, live_socket(self->live), live_process,
                        self->live);
    pia_log(PIA_LOG_INFO, "live feed at %s", self->live_endpoint);
}

/* What was found since the last look concerns streams that have nothing else to wait for. */
static void tell_damage(server_t *self)
{
    uint64_t good = damage_good(guard_damage(self->diffusion->guard));
    if (good == self->damage_good)
        return;
    self->damage_good = good;
    streams_wake(self->streams);
}

static server_t *noting(pia_job_t *job)
{
    return (server_t *)(void *)((char *)job - offsetof(server_t, note.job));
}

static pia_status_t run_note(pia_job_t *job, pia_db_t *db)
{
    return guard_note(noting(job)->diffusion->guard, db);
}

static void note_done(pia_job_t *job, pia_status_t status)
{
    server_t *self = noting(job);
    self->note.busy = false;
    if (status != PIA_OK)
        self->note.good = UINT64_MAX; /* the store is out of reach: again at the next tick */
}

/* Other instances learn of it from the store. */
static void note_damage(server_t *self)
{
    uint64_t good = damage_good(guard_damage(self->diffusion->guard));
    if (self->note.busy || good == self->note.good)
        return;
    self->note.good = good;
    self->note.job = (pia_job_t){.run = run_note, .done = note_done};
    self->note.busy =
        pia_executor_post(self->diffusion->context->executor, &self->note.job) == PIA_OK;
    if (!self->note.busy)
        self->note.good = UINT64_MAX;
}

/* What passes between instances that share a store. */
static void tick_shared(void *arg)
{
    note_damage(arg);
    server_look_for_tail(arg);
}

static server_t *following(pia_job_t *job)
{
    return (server_t *)(void *)((char *)job - offsetof(server_t, follow.job));
}

static pia_status_t run_follow(pia_job_t *job, pia_db_t *db)
{
    (void)db;
    journal_follow(following(job)->diffusion->journal);
    return PIA_OK;
}

static void follow_done(pia_job_t *job, pia_status_t status)
{
    (void)status;
    following(job)->follow.busy = false;
}

static void tick_follow(void *arg)
{
    server_t *self = arg;
    if (self->follow.busy || !journal_is_behind(self->diffusion->journal))
        return;
    self->follow.job = (pia_job_t){.run = run_follow, .done = follow_done, .tidy = true};
    self->follow.busy =
        pia_executor_post(self->diffusion->context->executor, &self->follow.job) == PIA_OK;
}

static void tick(void *arg)
{
    server_t *self = arg;
    links_tick(self->links, pia_clock_monotonic());
    server_look_after_peers(self);
    atomic_store(&self->counters.peers, peers_count(self->peers));
    if (self->draining)
        return;
    streams_tick(self->streams, pia_clock_monotonic());
    tell_damage(self);
    self->note.good = UINT64_MAX; /* an idle one learns so that an epoch has begun */
    server_run_streams(self);
    atomic_store(&self->counters.streams, streams_count(self->streams));
    if (!self->live) {
        self->live_after = ring_head(self->ring)->sequence;
        try_live(self);
    }
}

static void tick_live(void *arg)
{
    server_t *self = arg;
    if (self->live)
        live_tick(self->live, ring_head(self->ring));
}

static void tick_groups(void *arg)
{
    server_t *self = arg;
    if (self->draining)
        return;
    groups_tick(self->groups);
    server_run_streams(self);
}

static void write_all(void *arg)
{
    server_t *self = arg;
    links_flush(self->links);
}

static void join_loop(server_t *self)
{
    pia_loop_t *loop = self->diffusion->context->loop;
    pia_loop_after_round(loop, write_all, self);
    pia_loop_add_descriptor(loop, links_descriptor(self->links), server_receive, self);
    pia_loop_add_descriptor(loop, self->wake, server_go_on, self);
    pia_loop_add_descriptor(loop, streams_descriptor(self->streams), server_drained, self);
    self->timers[0] = pia_loop_add_timer(loop, TICK_MS, tick, self);
    self->timers[1] = pia_loop_add_timer(loop, LIVE_MS, tick_live, self);
    self->timers[3] = pia_loop_add_timer(loop, GROUPS_MS, tick_groups, self);
    self->timers[4] = pia_loop_add_timer(loop, BACKUPS_MS, server_look_for_backups, self);
    self->timers[5] = pia_loop_add_timer(loop, FOLLOW_MS, tick_follow, self);
    if (self->shared)
        self->timers[2] = pia_loop_add_timer(loop, TAIL_MS, tick_shared, self);
}

static void leave_loop(server_t *self)
{
    pia_loop_t *loop = self->diffusion->context->loop;
    pia_loop_after_round(loop, NULL, NULL);
    pia_loop_remove_descriptor(loop, links_descriptor(self->links));
    pia_loop_remove_descriptor(loop, self->wake);
    pia_loop_remove_descriptor(loop, streams_descriptor(self->streams));
    for (size_t i = 0; i < sizeof self->timers / sizeof *self->timers; i++)
        if (self->timers[i])
            pia_loop_remove_timer(loop, self->timers[i]);
    if (self->retry_timer)
        pia_loop_remove_timer(loop, self->retry_timer);
}

pia_status_t server_new(diffusion_t *diffusion,
                        const server_options_t *options,
                        server_t **ret_server,
                        pia_problem_t *problem)
{
    server_t *self = pia_alloc(sizeof *self);
    self->diffusion = diffusion;
    self->shared = options->shared;
    self->live_after = options->head.sequence;
    (void)snprintf(self->live_endpoint, sizeof self->live_endpoint, "%s", options->live);
    self->damage_good = UINT64_MAX;
    self->note.good = UINT64_MAX;
    self->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert(self->wake >= 0);
    self->ring = ring_new(options->ring_size);
    ring_start(self->ring, &options->ring_start);
    pia_status_t status = reader_new(options->database, diffusion->context->loop,
                                     guard_damage(diffusion->guard), &self->reader, problem);
    if (status == PIA_OK)
        status = listen_to_peers(self, options->endpoint, problem);
    if (status != PIA_OK) {
        server_destroy(&self);
        return status;
    }
    self->peers = peers_new(self->links);
    self->streams = streams_new(self->peers, self->ring, self->reader,
                                guard_damage(diffusion->guard), server_run_streams, self);
    self->groups = groups_new(&(groups_options_t){.diffusion = diffusion,
                                                  .peers = self->peers,
                                                  .links = self->links,
                                                  .ring = self->ring,
                                                  .reader = self->reader,
                                                  .shared = self->shared,
                                                  .endpoint = self->endpoint,
                                                  .on_ready = server_run_streams,
                                                  .arg = self});
    self->queue = publisher_queue_new(diffusion, self->peers);
    join_loop(self);
    server_take_feed(self); /* what it began with is in memory before the first stream is opened */
    try_live(self);
    pia_log(PIA_LOG_INFO, "publishing and streams at %s", self->endpoint);
    *ret_server = self;
    return PIA_OK;
}

static void close_streams(void *arg, peer_t *peer)
{
    server_t *self = arg;
    streams_close_all(self->streams, peer);
    groups_drop_peer(self->groups, peer, NULL);
}

/* Peers that wait for receipts are told to leave when they have them: the tick sees to it. */
void server_drain(server_t *self)
{
    self->draining = true;
    groups_drain(self->groups);
    peers_each(self->peers, close_streams, self);
    server_look_after_peers(self);
}

void server_destroy(server_t **self_p)
{
    server_t *self = *self_p;
    if (!self)
        return;
    if (self->queue)
        leave_loop(self);
    if (self->live)
        pia_loop_remove_socket(self->diffusion->context->loop, live_socket(self->live));
    if (self->peers) {
        server_drain(self);
        peers_each(self->peers, close_streams, self);
    }
    reader_destroy(&self->reader);
    streams_destroy(&self->streams);
    groups_destroy(&self->groups);
    publisher_queue_destroy(&self->queue);
    peers_destroy(&self->peers);
    live_destroy(&self->live);
    links_destroy(&self->links, LINGER_MS);
    ring_destroy(&self->ring);
    pia_lock_destroy(&self->live_lock);
    pia_lock_destroy(&self->lock);
    close(self->wake);
    free(self);
    *self_p = NULL;
}

const char *server_endpoint(const server_t *self)
{
    return self->endpoint;
}

static void set_count(json_t *stats, const char *name, unsigned long long value)
{
    json_object_set_new(stats, name, json_integer((json_int_t)value));
}

void server_stats(server_t *self, json_t *stats)
{
    set_count(stats, "peers", atomic_load(&self->counters.peers));
    set_count(stats, "streams", atomic_load(&self->counters.streams));
    set_count(stats, "peer_messages_total", atomic_load(&self->counters.received));
    set_count(stats, "peer_nonsense_total", atomic_load(&self->counters.nonsense));
    set_count(stats, "peers_dropped_total", atomic_load(&self->counters.dropped));
    set_count(stats, "stream_bytes_waiting", streams_bytes(self->streams));
    set_count(stats, "stream_crowded_waits_total", streams_waits(self->streams));
    set_count(stats, "stream_rows_read_total", reader_rows(self->reader));
    set_count(stats, "live_sent_total", atomic_load(&self->counters.live.sent));
    groups_stats(self->groups, stats);
    set_count(stats, "live_refused_total", atomic_load(&self->counters.live.refused));
}
