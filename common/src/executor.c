/* executor.c - the store thread: what waits is run in batches, and told when it is durable. */
#include "pia/executor.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "executor_internal.h"
#include "pia/clock.h"
#include "pia/db_file.h"
#include "pia/memory.h"

enum { HERE_US_MAX = 300 /* what a commit may hold up the loop: fast disks take 50 us */ };

static void call(void (*hook)(void *self), void *self)
{
    if (hook)
        hook(self);
}

/* What runs next: all that is waiting, up to the limit; a bare job on its own. */
static pia_jobs_t take_batch(pia_executor_t *executor)
{
    pia_jobs_t batch = {0};
    while (executor->waiting.first && batch.count < PIA_EXECUTOR_BATCH_MAX) {
        bool bare = executor->waiting.first->bare;
        if (bare && batch.count > 0)
            break;
        pia_jobs_append(&batch, pia_jobs_take(&executor->waiting));
        if (bare)
            break;
    }
    return batch;
}

static void wake_loop(const pia_executor_t *executor)
{
    uint64_t one = 1;
    ssize_t written = write(executor->wake, &one, sizeof one);
    assert(written == (ssize_t)sizeof one || errno == EAGAIN);
}

static void hand_over(pia_executor_t *executor, pia_jobs_t *batch)
{
    pthread_mutex_lock(&executor->mutex);
    executor->stats.jobs += batch->count;
    executor->stats.queued -= batch->count;
    executor->stats.progress_ms = pia_clock_monotonic();
    while (batch->first) {
        if (batch->first->status == PIA_UNAVAILABLE)
            executor->stats.failures++;
        pia_jobs_append(&executor->finished, pia_jobs_take(batch));
    }
    pthread_mutex_unlock(&executor->mutex);
    wake_loop(executor);
}

static void finish_logging(pia_executor_t *executor)
{
    if (!executor->logging.first)
        return;
    pia_executor_await_log(executor);
    hand_over(executor, &executor->logging);
}

static bool has_more(pia_executor_t *executor)
{
    pthread_mutex_lock(&executor->mutex);
    bool more = executor->waiting.first != NULL;
    pthread_mutex_unlock(&executor->mutex);
    return more;
}

/* The batch before it may still be on its way to the disk while this one is run. */
static bool log_batch(pia_executor_t *executor, pia_jobs_t *batch)
{
    bool run = pia_executor_run_to_log(executor, batch, false);
    finish_logging(executor);
    bool later = run && has_more(executor);
    if (!run || !pia_executor_log(executor, later))
        return false;
    executor->logging = *batch;
    *batch = (pia_jobs_t){0};
    if (!later)
        finish_logging(executor);
    return true;
}

static void transact(pia_executor_t *executor, pia_jobs_t *batch)
{
    call(executor->hooks.recall, executor->hooks.self);
    pia_executor_run(executor, batch);
    hand_over(executor, batch);
    pia_db_trim(executor->db); /* when they know: a checkpoint takes longer than a commit */
    pia_executor_die_if_fatal(executor);
}

/* Waits for what is to be done next, holding the mutex; an empty batch: only what is being logged
 * is. False: nothing more comes. */
static bool wait_for_batch(pia_executor_t *executor, pia_jobs_t *ret_batch)
{
    bool logging = executor->logging.first != NULL;
    executor->working = logging;
    while (executor->working != logging ||
           (!executor->waiting.first && !executor->stopping && !logging))
        pthread_cond_wait(&executor->arrived, &executor->mutex);
    *ret_batch = take_batch(executor);
    executor->working = true;
    return ret_batch->first || logging;
}

static void *store_thread(void *arg)
{
    pia_executor_t *executor = arg;
    pia_jobs_t batch;
    pthread_mutex_lock(&executor->mutex);
    while (wait_for_batch(executor, &batch)) {
        pthread_mutex_unlock(&executor->mutex);
        if (!batch.first)
            finish_logging(executor);
        else if (!log_batch(executor, &batch))
            transact(executor, &batch);
        pthread_mutex_lock(&executor->mutex);
    }
    pthread_mutex_unlock(&executor->mutex);
    call(executor->hooks.recall, executor->hooks.self);
    return NULL;
}

/* On the loop's thread. */
static void tell(pia_executor_t *executor, pia_jobs_t *finished)
{
    while (finished->first) {
        pia_job_t *job = pia_jobs_take(finished);
        job->done(job, job->status);
    }
    call(executor->hooks.finished, executor->hooks.self);
}

/* On the loop's thread: tells each finished job so. */
static void finish_jobs(void *arg)
{
    pia_executor_t *executor = arg;
    uint64_t count;
    ssize_t got = read(executor->wake, &count, sizeof count);
    assert(got == (ssize_t)sizeof count || errno == EAGAIN || errno == EINTR);
    pthread_mutex_lock(&executor->mutex);
    pia_jobs_t finished = executor->finished;
    executor->finished = (pia_jobs_t){0};
    pthread_mutex_unlock(&executor->mutex);
    tell(executor, &finished);
}

pia_executor_t *pia_executor_new(pia_loop_t *loop,
                                 pia_db_t **db_p,
                                 const pia_executor_hooks_t *hooks,
                                 void (*on_fatal)(const char *reason))
{
    pia_executor_t *executor = pia_alloc(sizeof *executor);
    executor->loop = loop;
    executor->db = *db_p;
    *db_p = NULL;
    if (hooks)
        executor->hooks = *hooks;
    executor->on_fatal = on_fatal;
    executor->stats.progress_ms = pia_clock_monotonic();
    executor->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert(executor->wake >= 0);
    pthread_mutex_init(&executor->mutex, NULL);
    pthread_cond_init(&executor->arrived, NULL);
    pia_loop_add_descriptor(loop, executor->wake, finish_jobs, executor);
    int rc = pthread_create(&executor->thread, NULL, store_thread, executor);
    assert(rc == 0);
    return executor;
}

void pia_executor_destroy(pia_executor_t **executor_p)
{
    pia_executor_t *executor = *executor_p;
    if (!executor)
        return;
    pthread_mutex_lock(&executor->mutex);
    executor->stopping = true;
    pthread_cond_signal(&executor->arrived);
    pthread_mutex_unlock(&executor->mutex);
    pthread_join(executor->thread, NULL);
    finish_jobs(executor);
    pia_loop_remove_descriptor(executor->loop, executor->wake);
    close(executor->wake);
    pia_db_close(&executor->db);
    pthread_cond_destroy(&executor->arrived);
    pthread_mutex_destroy(&executor->mutex);
    free(executor);
    *executor_p = NULL;
}

static pia_status_t queue(pia_executor_t *executor, pia_job_t *job, bool wakes)
{
    pia_status_t status = PIA_OK;
    pthread_mutex_lock(&executor->mutex);
    if (executor->stopping || executor->waiting.count >= PIA_EXECUTOR_QUEUE_MAX) {
        status = PIA_UNAVAILABLE;
    } else {
        if (executor->stats.queued++ == 0)
            executor->stats.progress_ms = pia_clock_monotonic();
        pia_jobs_append(&executor->waiting, job);
        if (wakes)
            pthread_cond_signal(&executor->arrived);
    }
    pthread_mutex_unlock(&executor->mutex);
    return status;
}

pia_status_t pia_executor_post(pia_executor_t *executor, pia_job_t *job)
{
    return queue(executor, job, true);
}

pia_status_t pia_executor_queue(pia_executor_t *executor, pia_job_t *job)
{
    return queue(executor, job, false);
}

/* On the loop's thread, holding the mutex: what waits, if it can be run here. What has ended in the
 * store thread is told first: the order of commits is that of what is told. */
static bool take_here(pia_executor_t *executor, pia_jobs_t *ret_batch)
{
    if (executor->working || executor->finished.first || !executor->waiting.first ||
        !executor->hooks.may_log || executor->stats.commit_us_last > HERE_US_MAX ||
        !pia_executor_is_tidy(&executor->waiting))
        return false;
    *ret_batch = executor->waiting;
    executor->waiting = (pia_jobs_t){0};
    executor->working = true;
    return true;
}

/* What could not be logged goes first in the store thread. */
static void put_back(pia_executor_t *executor, pia_jobs_t *batch)
{
    batch->last->next = executor->waiting.first;
    if (!executor->waiting.first)
        executor->waiting.last = batch->last;
    executor->waiting.first = batch->first;
    executor->waiting.count += batch->count;
    *batch = (pia_jobs_t){0};
}

void pia_executor_go(pia_executor_t *executor, bool here)
{
    pia_jobs_t batch = {0};
    pthread_mutex_lock(&executor->mutex);
    bool taken = here && take_here(executor, &batch);
    if (!taken)
        pthread_cond_signal(&executor->arrived);
    pthread_mutex_unlock(&executor->mutex);
    if (!taken)
        return;
    bool logged =
        pia_executor_run_to_log(executor, &batch, true) && pia_executor_log(executor, false);
    if (logged)
        pia_executor_await_log(executor);
    pthread_mutex_lock(&executor->mutex);
    executor->working = false;
    if (logged) {
        executor->stats.jobs += batch.count;
        executor->stats.queued -= batch.count;
        executor->stats.progress_ms = pia_clock_monotonic();
    } else {
        put_back(executor, &batch);
    }
    if (executor->waiting.first || executor->stopping)
        pthread_cond_signal(&executor->arrived);
    pthread_mutex_unlock(&executor->mutex);
    if (logged)
        tell(executor, &batch);
}

void pia_executor_stats(pia_executor_t *executor, pia_executor_stats_t *ret_stats)
{
    pthread_mutex_lock(&executor->mutex);
    *ret_stats = executor->stats;
    pthread_mutex_unlock(&executor->mutex);
}
