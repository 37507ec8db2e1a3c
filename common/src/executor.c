/* executor.c - the store thread: jobs in batches, a batch in a transaction, answers after it. */
#include "pia/executor.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "pia/clock.h"
#include "pia/memory.h"

enum {
    TRIES_MAX = 6,      /* of one job alone after conflicts with other processes */
    HOOK_TRIES_MAX = 3, /* of a batch whose hook said no */
    RETRY_PAUSE_US = 5000,
    HERE_US_MAX = 300, /* what a commit may hold up the loop: fast disks take 50 us */
};

typedef struct {
    pia_job_t *first, *last;
    size_t count;
} list_t;

struct pia_executor {
    pia_loop_t *loop;           /* not owned */
    pia_db_t *db;               /* the store thread's */
    pia_executor_hooks_t hooks; /* the store thread's */
    void (*on_fatal)(const char *reason);
    int64_t log_us; /* when the last log began: of who works */
    list_t logging; /* the store thread's: run, and not yet known to be durable */
    pthread_t thread;
    int wake;               /* eventfd: something is in `finished` */
    pthread_mutex_t mutex;  /* guards all that follows */
    pthread_cond_t arrived; /* something is in `waiting`, or stopping */
    list_t waiting;
    list_t finished;
    bool working; /* a batch is being run, here or in the store thread */
    bool stopping;
    pia_executor_stats_t stats;
};

static void list_append(list_t *list, pia_job_t *job)
{
    job->next = NULL;
    if (list->last)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
    list->count++;
}

static pia_job_t *list_take(list_t *list)
{
    pia_job_t *job = list->first;
    list->first = job->next;
    if (!list->first)
        list->last = NULL;
    list->count--;
    job->next = NULL;
    return job;
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* After any failure of the engine: ends the process if the disk failed. */
static void die_if_fatal(pia_executor_t *executor)
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
        die_if_fatal(executor);
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

static void count_commit(pia_executor_t *executor, int64_t took)
{
    pthread_mutex_lock(&executor->mutex);
    executor->stats.batches++;
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
    count_commit(executor, now_us() - started);
    if (executor->hooks.committed)
        executor->hooks.committed(executor->hooks.self);
    return PIA_OK;
}

/* Whether a job's refusal was the engine's: then the whole transaction has to be repeated. */
static bool engine_refused(pia_executor_t *executor, pia_status_t status)
{
    if (status == PIA_OK)
        return false;
    die_if_fatal(executor);
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
    call(hooks->job_undone, hooks->self);
    return PIA_OK;
}

static pia_status_t run_all(pia_executor_t *executor, const list_t *batch)
{
    pia_status_t status = PIA_OK;
    for (pia_job_t *job = batch->first; job && status == PIA_OK; job = job->next)
        status = run_guarded(executor, job);
    return status;
}

/* One transaction for all jobs of the batch. PIA_OK: committed. */
static pia_status_t try_batch(pia_executor_t *executor, const list_t *batch)
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
        die_if_fatal(executor);
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
        die_if_fatal(executor);
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
    die_if_fatal(executor); /* a checkpoint has no status of its own */
}

static void run_together(pia_executor_t *executor, const list_t *batch)
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

static void run_batch(pia_executor_t *executor, const list_t *batch)
{
    if (batch->first->bare)
        run_bare(executor, batch->first);
    else if (batch->count == 1)
        run_alone(executor, batch->first);
    else
        run_together(executor, batch);
}

static bool is_tidy(const list_t *batch)
{
    for (const pia_job_t *job = batch->first; job; job = job->next) {
        if (!job->tidy)
            return false;
    }
    return true;
}

/* Without the database; false: it is not asked for now. */
static bool run_to_log(pia_executor_t *executor, const list_t *batch)
{
    const pia_executor_hooks_t *hooks = &executor->hooks;
    if (!hooks->may_log || !is_tidy(batch) || !hooks->may_log(hooks->self))
        return false;
    for (pia_job_t *job = batch->first; job; job = job->next) {
        call(hooks->job_begins, hooks->self);
        job->status = job->run(job, NULL);
        if (job->status != PIA_OK)
            call(hooks->job_undone, hooks->self);
    }
    return true;
}

static void die_of_log(pia_executor_t *executor, pia_status_t status, const char *reason)
{
    if (status != PIA_UNAVAILABLE)
        return;
    executor->on_fatal(reason);
    _exit(3); /* as in die_if_fatal */
}

/* False: what was run is undone, and needs the database. */
static bool log_jobs(pia_executor_t *executor, bool later)
{
    const char *reason = NULL;
    executor->log_us = now_us();
    pia_status_t status = executor->hooks.log(executor->hooks.self, later, &reason);
    die_of_log(executor, status, reason);
    return status == PIA_OK;
}

/* What was logged is durable when this returns. */
static void await_log(pia_executor_t *executor)
{
    const char *reason = NULL;
    die_of_log(executor, executor->hooks.logged(executor->hooks.self, &reason), reason);
    count_commit(executor, now_us() - executor->log_us);
}

/* What runs next: all that is waiting, up to the limit; a bare job on its own. */
static list_t take_batch(pia_executor_t *executor)
{
    list_t batch = {0};
    while (executor->waiting.first && batch.count < PIA_EXECUTOR_BATCH_MAX) {
        bool bare = executor->waiting.first->bare;
        if (bare && batch.count > 0)
            break;
        list_append(&batch, list_take(&executor->waiting));
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

static void hand_over(pia_executor_t *executor, list_t *batch)
{
    pthread_mutex_lock(&executor->mutex);
    executor->stats.jobs += batch->count;
    executor->stats.queued -= batch->count;
    executor->stats.progress_ms = pia_clock_monotonic();
    while (batch->first) {
        if (batch->first->status == PIA_UNAVAILABLE)
            executor->stats.failures++;
        list_append(&executor->finished, list_take(batch));
    }
    pthread_mutex_unlock(&executor->mutex);
    wake_loop(executor);
}

static void finish_logging(pia_executor_t *executor)
{
    if (!executor->logging.first)
        return;
    await_log(executor);
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
static bool log_batch(pia_executor_t *executor, list_t *batch)
{
    bool run = run_to_log(executor, batch);
    finish_logging(executor);
    bool later = run && has_more(executor);
    if (!run || !log_jobs(executor, later))
        return false;
    executor->logging = *batch;
    *batch = (list_t){0};
    if (!later)
        finish_logging(executor);
    return true;
}

static void transact(pia_executor_t *executor, list_t *batch)
{
    call(executor->hooks.recall, executor->hooks.self);
    run_batch(executor, batch);
    hand_over(executor, batch);
    pia_db_trim(executor->db); /* when they know: a checkpoint takes longer than a commit */
    die_if_fatal(executor);
}

/* Waits for what is to be done next, holding the mutex; an empty batch: only what is being logged
 * is. False: nothing more comes. */
static bool wait_for_batch(pia_executor_t *executor, list_t *ret_batch)
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
    list_t batch;
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
static void tell(pia_executor_t *executor, list_t *finished)
{
    while (finished->first) {
        pia_job_t *job = list_take(finished);
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
    list_t finished = executor->finished;
    executor->finished = (list_t){0};
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
        list_append(&executor->waiting, job);
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

/* On the loop's thread, holding the mutex: what waits, if it can be run here. */
static bool take_here(pia_executor_t *executor, list_t *ret_batch)
{
    if (executor->working || !executor->waiting.first || !executor->hooks.may_log ||
        executor->stats.commit_us_last > HERE_US_MAX || !is_tidy(&executor->waiting))
        return false;
    *ret_batch = executor->waiting;
    executor->waiting = (list_t){0};
    executor->working = true;
    return true;
}

/* What could not be logged goes first in the store thread. */
static void put_back(pia_executor_t *executor, list_t *batch)
{
    batch->last->next = executor->waiting.first;
    if (!executor->waiting.first)
        executor->waiting.last = batch->last;
    executor->waiting.first = batch->first;
    executor->waiting.count += batch->count;
    *batch = (list_t){0};
}

void pia_executor_go(pia_executor_t *executor, bool here)
{
    list_t batch = {0};
    pthread_mutex_lock(&executor->mutex);
    bool taken = here && take_here(executor, &batch);
    if (!taken)
        pthread_cond_signal(&executor->arrived);
    pthread_mutex_unlock(&executor->mutex);
    if (!taken)
        return;
    bool logged = run_to_log(executor, &batch) && log_jobs(executor, false);
    if (logged)
        await_log(executor);
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
