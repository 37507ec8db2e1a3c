/* background.c - what an active service does beside requests: ticks, the lease, the relay, the
 * follower, purging, checkpoints, and the watchdog. */
#include <stddef.h>
#include <stdlib.h>

#include "host.h"
#include "idempotency.h"
#include "own_token.h"
#include "pia/db_file.h"
#include "pia/log.h"

enum {
    TICK_MS = 200,
    PURGE_MS = 60000,
    CHECKPOINT_MS = 1000,
    WATCHDOG_MS = 1000,
    STUCK_MS = 30000, /* work queued and nothing finished for so long */
};

#define HOST_OF(job, member) ((pia_host_t *)(void *)((char *)(job)-offsetof(pia_host_t, member)))

/* Posts one of the host's own jobs unless it is still there from last time. */
static void post(pia_host_t *host, pia_job_t *job, bool *busy)
{
    if (!*busy && host->state == PIA_HOST_ACTIVE)
        *busy = pia_executor_post(host->executor, job) == PIA_OK;
}

void pia_background_changed(void *arg)
{
    pia_host_t *host = arg;
    if (host->relay)
        pia_relay_kick(host->relay);
}

static pia_status_t run_tick(pia_job_t *job, pia_db_t *db)
{
    (void)db;
    pia_host_t *host = HOST_OF(job, tick_job);
    return host->service->tick(host->service->self, pia_clock_now());
}

static void tick_done(pia_job_t *job, pia_status_t status)
{
    pia_host_t *host = HOST_OF(job, tick_job);
    host->ticking = false;
    if (status != PIA_OK)
        pia_log(PIA_LOG_WARN, "a tick failed: %s", pia_status_text(status));
    else if (host->state == PIA_HOST_ACTIVE)
        pia_background_changed(host);
}

static void tick_due(void *arg)
{
    pia_host_t *host = arg;
    if (host->service->tick)
        post(host, &host->tick_job, &host->ticking);
}

static pia_status_t run_lease(pia_job_t *job, pia_db_t *db)
{
    pia_host_t *host = HOST_OF(job, lease_job);
    return pia_lease_keep(db, &host->lease, pia_clock_monotonic());
}

/* A lease that could not be renewed in time is only lost when another takes it: the store's fence
 * decides, not this side. */
static void lease_done(pia_job_t *job, pia_status_t status)
{
    pia_host_t *host = HOST_OF(job, lease_job);
    host->leasing = false;
    if (status != PIA_OK || host->state != PIA_HOST_ACTIVE)
        return;
    bool leads = host->lease.held;
    if (leads != host->leads)
        pia_log(PIA_LOG_INFO, leads ? "relays and follows" : "another instance relays and follows");
    host->leads = leads;
    pia_relay_lead(host->relay, leads);
    pia_follower_lead(host->follower, leads);
}

static void lease_due(void *arg)
{
    pia_host_t *host = arg;
    post(host, &host->lease_job, &host->leasing);
}

static pia_status_t run_purge(pia_job_t *job, pia_db_t *db)
{
    return pia_idempotency_purge(db, pia_clock_wall(), &HOST_OF(job, purge_job)->more_to_purge);
}

/* Goes on at once while there is more: else a service that is asked much would never catch up. */
static void purge_done(pia_job_t *job, pia_status_t status)
{
    pia_host_t *host = HOST_OF(job, purge_job);
    host->purging = false;
    if (status != PIA_OK)
        pia_log(PIA_LOG_WARN, "old answers cannot be purged: %s", pia_status_text(status));
    else if (host->more_to_purge)
        post(host, &host->purge_job, &host->purging);
}

static void purge_due(void *arg)
{
    pia_host_t *host = arg;
    if (host->damage.status == PIA_OK)
        post(host, &host->purge_job, &host->purging);
}

static pia_status_t run_checkpoint(pia_job_t *job, pia_db_t *db)
{
    (void)job;
    pia_db_checkpoint(db);
    return PIA_OK;
}

static void checkpoint_done(pia_job_t *job, pia_status_t status)
{
    (void)status;
    HOST_OF(job, checkpoint_job)->checkpointing = false;
}

/* When idle: something was committed since the last one, and nothing is waiting or was logged for a
 * second. A checkpoint calls the connection back, so it would stand before the next receipts; who
 * follows the log keeps SQLite's short meanwhile. */
static void checkpoint_due(void *arg)
{
    pia_host_t *host = arg;
    pia_executor_stats_t stats;
    pia_executor_stats(host->executor, &stats);
    bool logging = stats.logged != host->logged_batches;
    host->logged_batches = stats.logged;
    if (logging || stats.queued > 0 || stats.batches == host->checkpointed_batches)
        return;
    host->checkpointed_batches = stats.batches;
    post(host, &host->checkpoint_job, &host->checkpointing);
}

/* A store thread that is stuck helps nobody: the supervisor starts another process. */
static void watchdog_due(void *arg)
{
    pia_host_t *host = arg;
    pia_executor_stats_t stats;
    pia_executor_stats(host->executor, &stats);
    if (stats.queued == 0 || pia_clock_monotonic() - stats.progress_ms < STUCK_MS)
        return;
    pia_log(PIA_LOG_ERROR, "the store has finished nothing for 30 s: the process ends");
    abort();
}

static void start_streams(pia_host_t *host)
{
    const char *endpoint = pia_config_text(host->config, "service", "diffusion");
    pia_relay_options_t relay = {.loop = host->loop,
                                 .endpoint = endpoint,
                                 .executor = host->executor,
                                 .own_token = host->own_token,
                                 .lease = &host->lease};
    host->relay = pia_relay_new(&relay);
    pia_follower_options_t follower = {.loop = host->loop,
                                       .endpoint = endpoint,
                                       .executor = host->executor,
                                       .own_token = host->own_token,
                                       .verifier = host->verifier,
                                       .service = host->service,
                                       .lease = &host->lease,
                                       .changed = pia_background_changed,
                                       .host = host};
    host->follower = pia_follower_new(&follower);
    (void)pia_loop_add_timer(host->loop, PIA_LEASE_PERIOD_MS, lease_due, host);
    lease_due(host);
}

void pia_background_start(pia_host_t *host)
{
    host->tick_job = (pia_job_t){.run = run_tick, .done = tick_done};
    host->lease_job = (pia_job_t){.run = run_lease, .done = lease_done};
    host->purge_job = (pia_job_t){.run = run_purge, .done = purge_done};
    host->checkpoint_job =
        (pia_job_t){.run = run_checkpoint, .done = checkpoint_done, .bare = true};
    host->lease.holder = host->instance;
    (void)pia_loop_add_timer(host->loop, TICK_MS, tick_due, host);
    (void)pia_loop_add_timer(host->loop, PURGE_MS, purge_due, host);
    (void)pia_loop_add_timer(host->loop, CHECKPOINT_MS, checkpoint_due, host);
    (void)pia_loop_add_timer(host->loop, WATCHDOG_MS, watchdog_due, host);
    if (!host->service->is_journal)
        start_streams(host);
}

static pia_status_t run_release(pia_job_t *job, pia_db_t *db)
{
    return pia_lease_release(db, &HOST_OF(job, lease_job)->lease);
}

void pia_background_stop(pia_host_t *host)
{
    if (host->relay)
        pia_relay_stop(host->relay);
    if (host->follower)
        pia_follower_stop(host->follower);
    if (host->relay && !host->leasing) {
        host->lease_job.run = run_release;
        host->leasing = pia_executor_post(host->executor, &host->lease_job) == PIA_OK;
    }
}

void pia_background_destroy(pia_host_t *host)
{
    pia_relay_destroy(&host->relay);
    pia_follower_destroy(&host->follower);
}
