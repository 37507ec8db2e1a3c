/* executor_batch.c - a batch of jobs in a transaction, or logged by the service without one. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "executor_internal.h"

enum {
    TRIES_MAX = 6,      /* of one job alone after conflicts with other processes */
    HOOK_TRIES_MAX = 3, /* of a batch whose hook said no */
    RETRY_PAUSE_US = 5000,
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* After any failure of the engine. */
void pia_executor_die_if_fatal(pia_executor_t *executor)
{
    if (pia_db_is_fatal(executor->db)) {
        if (pia_db_is_damaged(executor->db) && executor->hooks.damaged)
            executor->hooks.damaged(executor->hooks.self, pia_db_error(executor->db));
        executor->on_fatal(pia_db_error(executor->db));
        _exit(3); /* on_fatal does not return; nothing may be acknowledged after it */
    }
}

/* A connection that has seen the disk fail, in a checkpoint say, refuses to begin. */
static pia_status_t begin(pia_executor_t *executor)
{
    pia_status_t status = pia_db_begin(executor->db);
    if (status != PIA_OK)
        pia_executor_die_if_fatal(executor);
    return status;
}

static pia_status_t hook_began(pia_executor_t *executor)
{
    const pia_executor_hooks_t *hooks = &executor->hooks;
    return hooks->began ? hooks->began(hooks->self, executor->db) : PIA_OK;
}

static pia_status_t hook_committing(pia_executor_t *executor)
{
    const pia_executor_hooks_t *hooks = &executor->hooks;
    return hooks->committing ? hooks->committing(hooks->self, executor->db) : PIA_OK;
}

static void undo(pia_executor_t *executor)
{
    pia_db_rollback(executor->db);
    if (executor->hooks.rolled_back)
        executor->hooks.rolled_back(executor->hooks.self);
}

static void count_commit(pia_executor_t *executor, int64_t took, bool logged)
{
    pthread_mutex_lock(&executor->mutex);
    executor->stats.batches++;
    executor->stats.logged += logged;
    executor->stats.commit_us_last = took;
    if (took > executor->stats.commit_us_max)
        executor->stats.commit_us_max = took;
    pthread_mutex_unlock(&executor->mutex);
}

static pia_status_t commit(pia_executor_t *executor)
{
    int64_t started = now_us();
    pia_status_t status = pia_db_commit(executor->db);
    if (status != PIA_OK)
        return status;
    count_commit(executor, now_us() - started, false);
    if (executor->hooks.committed)
        executor->hooks.committed(executor->hooks.self);
    return PIA_OK;
}

/* Whether a job's refusal was the engine's: then the whole transaction has to be repeated. */
static bool engine_refused(pia_executor_t *executor, pia_status_t status)
{
    if (status == PIA_OK)
        return false;
    pia_executor_die_if_fatal(executor);
    return pia_db_is_retryable(executor->db);
}

static void call(void (*hook)(void *self), void *self)
{
    if (hook)
        hook(self);
}

/* Runs one of several jobs; what it wrote is undone alone if it refuses. A savepoint costs SQLite
 * 2 us and PostgreSQL two round trips. */
static pia_status_t run_guarded(pia_executor_t *executor, pia_job_t *job)
{
    const pia_executor_hooks_t *hooks = &executor->hooks;
    pia_status_t status = job->tidy ? PIA_OK : pia_db_savepoint(executor->db);
    if (status != PIA_OK)
        return status;
    call(hooks->job_begins, hooks->self);
    job->status = job->run(job, executor->db);
    if (engine_refused(executor, job->status))
        return PIA_CONFLICT;
    if (job->status == PIA_OK)
        return job->tidy ? PIA_OK : pia_db_release(executor->db);
    if (!job->tidy)
        pia_db_rollback_to(executor->db);
    if (hooks->job_undone)
        hooks->job_undone(hooks->self, executor->db);
    return PIA_OK;
}

static pia_status_t run_all(pia_executor_t *executor, const pia_jobs_t *batch)
{
    pia_status_t status = PIA_OK;
    for (pia_job_t *job = batch->first; job && status == PIA_OK; job = job->next)
        status = run_guarded(executor, job);
    return status;
}

/* One transaction for all jobs of the batch. PIA_OK: committed. */
static pia_status_t try_batch(pia_executor_t *executor, const pia_jobs_t *batch)
{
    pia_status_t status = begin(executor);
    if (status != PIA_OK)
        return status;
    status = hook_began(executor);
    if (status == PIA_OK)
        status = run_all(executor, batch);
    if (status == PIA_OK)
        status = hook_committing(executor);
    if (status == PIA_OK)
        status = commit(executor);
    if (status != PIA_OK) {
        pia_executor_die_if_fatal(executor);
        undo(executor);
    }
    return status;
}

/* One job in its own transaction: without a savepoint, since a refusal undoes the transaction. */
static pia_status_t try_alone(pia_executor_t *executor, pia_job_t *job)
{
    pia_status_t status = begin(executor);
    if (status != PIA_OK)
        return status;
    status = hook_began(executor);
    if (status == PIA_OK) {
        job->status = job->run(job, executor->db);
        if (engine_refused(executor, job->status))
            status = PIA_CONFLICT;
        else if (job->status != PIA_OK) {
            undo(executor);
            return PIA_OK;
        }
    }
    if (status == PIA_OK)
        status = hook_committing(executor);
    if (status == PIA_OK)
        status = commit(executor);
    if (status != PIA_OK) {
        pia_executor_die_if_fatal(executor);
        undo(executor);
    }
    return status;
}

/* Waits a little before another try, longer each time and not in step with other processes. */
static void pause_before_try(int attempt)
{
    int64_t pause_us = (int64_t)RETRY_PAUSE_US * attempt + now_us() % RETRY_PAUSE_US;
    struct timespec pause = {.tv_nsec = (long)(pause_us * 1000)};
    nanosleep(&pause, NULL);
}

static void count_retry(pia_executor_t *executor)
{
    pthread_mutex_lock(&executor->mutex);
    executor->stats.retries++;
    pthread_mutex_unlock(&executor->mutex);
}

static void run_alone(pia_executor_t *executor, pia_job_t *job)
{
    pia_status_t status = try_alone(executor, job);
    for (int attempt = 1; status != PIA_OK && status != PIA_UNAVAILABLE && attempt < TRIES_MAX;
         attempt++) {
        count_retry(executor);
        pause_before_try(attempt);
        status = try_alone(executor, job);
    }
    if (status != PIA_OK)
        job->status = PIA_UNAVAILABLE;
}

static void run_bare(pia_executor_t *executor, pia_job_t *job)
{
    job->status = job->run(job, executor->db);
    pia_executor_die_if_fatal(executor); /* a checkpoint has no status of its own */
}

static void run_together(pia_executor_t *executor, const pia_jobs_t *batch)
{
    pia_status_t status = try_batch(executor, batch);
    for (int attempt = 1; attempt < HOOK_TRIES_MAX; attempt++) {
        if (status == PIA_OK || status == PIA_UNAVAILABLE || status == PIA_CONFLICT)
            break;
        count_retry(executor);
        status = try_batch(executor, batch);
    }
    if (status == PIA_CONFLICT)
        count_retry(executor);
    for (pia_job_t *job = batch->first; job && status != PIA_OK; job = job->next) {
        if (status == PIA_CONFLICT)
            run_alone(executor, job);
        else
            job->status = PIA_UNAVAILABLE;
    }
}

void pia_executor_run(pia_executor_t *executor, const pia_jobs_t *batch)
{
    if (batch->first->bare)
        run_bare(executor, batch->first);
    else if (batch->count == 1)
        run_alone(executor, batch->first);
    else
        run_together(executor, batch);
}

bool pia_executor_is_tidy(const pia_jobs_t *batch)
{
    for (const pia_job_t *job = batch->first; job; job = job->next) {
        if (!job->tidy)
            return false;
    }
    return true;
}

bool pia_executor_run_to_log(pia_executor_t *executor, const pia_jobs_t *batch, bool here)
{
    const pia_executor_hooks_t *hooks = &executor->hooks;
    if (!hooks->may_log || !pia_executor_is_tidy(batch) || !hooks->may_log(hooks->self, here))
        return false;
    for (pia_job_t *job = batch->first; job; job = job->next) {
        call(hooks->job_begins, hooks->self);
        job->status = job->run(job, NULL);
        if (job->status != PIA_OK && hooks->job_undone)
            hooks->job_undone(hooks->self, NULL);
    }
    return true;
}

static void die_of_log(pia_executor_t *executor, pia_status_t status, const char *reason)
{
    if (status != PIA_UNAVAILABLE)
        return;
    executor->on_fatal(reason);
    _exit(3); /* as in pia_executor_die_if_fatal */
}

bool pia_executor_log(pia_executor_t *executor, bool later)
{
    const char *reason = NULL;
    executor->log_us = now_us();
    pia_status_t status = executor->hooks.log(executor->hooks.self, later, &reason);
    die_of_log(executor, status, reason);
    return status == PIA_OK;
}

void pia_executor_await_log(pia_executor_t *executor)
{
    bool wrote = false;
    const char *reason = NULL;
    die_of_log(executor, executor->hooks.logged(executor->hooks.self, &wrote, &reason), reason);
    if (wrote)
        count_commit(executor, now_us() - executor->log_us, true);
}
