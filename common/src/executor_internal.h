/* executor_internal.h - what executor.c (threads and queues) and executor_batch.c (a batch in its
 * transaction, or logged) share. */
#ifndef PIA_EXECUTOR_INTERNAL_H
#define PIA_EXECUTOR_INTERNAL_H

#include <pthread.h>

#include "pia/executor.h"

typedef struct {
    pia_job_t *first, *last;
    size_t count;
} pia_jobs_t;

struct pia_executor {
    pia_loop_t *loop;           /* not owned */
    pia_db_t *db;               /* the store thread's */
    pia_executor_hooks_t hooks; /* the store thread's */
    void (*on_fatal)(const char *reason);
    int64_t log_us;     /* when the last log began: of who works */
    pia_jobs_t logging; /* the store thread's: run, and not yet known to be durable */
    pthread_t thread;
    int wake;               /* eventfd: something is in `finished` */
    pthread_mutex_t mutex;  /* guards all that follows */
    pthread_cond_t arrived; /* something is in `waiting`, or stopping */
    pia_jobs_t waiting;
    pia_jobs_t finished;
    bool working; /* a batch is being run, here or in the store thread */
    bool stopping;
    pia_executor_stats_t stats;
};

static inline void pia_jobs_append(pia_jobs_t *list, pia_job_t *job)
{
    job->next = NULL;
    if (list->last)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
    list->count++;
}

static inline pia_job_t *pia_jobs_take(pia_jobs_t *list)
{
    pia_job_t *job = list->first;
    list->first = job->next;
    if (!list->first)
        list->last = NULL;
    list->count--;
    job->next = NULL;
    return job;
}

/* executor_batch.c: of whoever works, the store thread or the loop's. */
/* Ends the process if the disk has failed. */
void pia_executor_die_if_fatal(pia_executor_t *executor);
/* All jobs of a batch in a transaction, or alone; each has its status afterwards. */
void pia_executor_run(pia_executor_t *executor, const pia_jobs_t *batch);
bool pia_executor_is_tidy(const pia_jobs_t *batch);
/* Without the database, on the loop's thread if `here`; false: it is not asked for now. */
bool pia_executor_run_to_log(pia_executor_t *executor, const pia_jobs_t *batch, bool here);
/* False: what was run is undone, and needs the database. */
bool pia_executor_log(pia_executor_t *executor, bool later);
/* What was logged is durable when this returns. */
void pia_executor_await_log(pia_executor_t *executor);

#endif
