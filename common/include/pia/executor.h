/* executor.h - the store thread: it alone owns the database connection, and runs jobs in batches,
 * one transaction and one fsync for all that are waiting (group commit: at once when idle, larger
 * under load). A job's `done` is called on the loop's thread after the commit, never before. */
#ifndef PIA_EXECUTOR_H
#define PIA_EXECUTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "pia/db.h"
#include "pia/loop.h"

enum { PIA_EXECUTOR_BATCH_MAX = 1024, PIA_EXECUTOR_QUEUE_MAX = 65536 };

typedef struct pia_executor pia_executor_t;
typedef struct pia_job pia_job_t;

/* What a service asks to be done around transactions, in the store thread unless it says otherwise
 * (what is logged may be on the loop's, while the store thread is idle); each may be NULL. */
typedef struct {
    void *self;
    /* A batch of tidy jobs can be done without the database, if the service has a faster way to
     * make durable what they do: may_log is asked first, then they run with `db` NULL, then comes
     * log, then logged, and then the jobs' done. log may return PIA_CONFLICT: it has undone all,
     * and they run again in a transaction. If `later`, it may return before it is durable, for
     * which logged waits: the next batch is run meanwhile. *ret_wrote: there was anything to be
     * written. may_log may wait, unless it is `here`, on the loop's thread. PIA_UNAVAILABLE from
     * both: the disk failed, *ret_reason says how. */
    bool (*may_log)(void *self, bool here);
    pia_status_t (*log)(void *self, bool later, const char **ret_reason);
    pia_status_t (*logged)(void *self, bool *ret_wrote, const char **ret_reason);
    /* Before anything else is done with the connection, which may have been lent meanwhile: it is
     * the store thread's again until the next log. */
    void (*recall)(void *self);
    /* After begin, before the first job. Not OK: the batch is rolled back and tried again. */
    pia_status_t (*began)(void *self, pia_db_t *db);
    /* After the last job, before the commit. Not OK: as above. */
    pia_status_t (*committing)(void *self, pia_db_t *db);
    /* After the commit (durable) or after a rollback of the whole batch. */
    void (*committed)(void *self);
    void (*rolled_back)(void *self);
    /* On the loop's thread, after the done's of what has ended. */
    void (*finished)(void *self);
    /* Before each job of several, and after what it wrote was undone alone; `db` is NULL if it had
     * none. */
    void (*job_begins)(void *self);
    void (*job_undone)(void *self, pia_db_t *db);
    /* The database turned out to be damaged: the process ends after this. */
    void (*damaged)(void *self, const char *reason);
} pia_executor_hooks_t;

/* Embed this as the first member of what the job needs. */
struct pia_job {
    /* In the store thread, inside a transaction and a savepoint, or logged (see may_log). Not OK:
     * only this job's writes are undone. May run again if the batch had to be repeated: it keeps no
     * state from a first try. */
    pia_status_t (*run)(pia_job_t *job, pia_db_t *db);
    /* On the loop's thread, once, after the commit. `status` is run's, or PIA_UNAVAILABLE if the
     * batch could not be committed. Frees the job. */
    void (*done)(pia_job_t *job, pia_status_t status);
    bool tidy;           /* it writes nothing itself, the hooks do: it needs no savepoint */
    bool bare;           /* run it between batches, outside any transaction (open, checkpoint) */
    pia_status_t status; /* the executor's */
    pia_job_t *next;     /* the executor's */
};

/* Starts the thread. Takes the connection (`db_p` is nulled). `on_fatal` is called in the store
 * thread when the disk failed: the process must end without acknowledging anything more. */
pia_executor_t *pia_executor_new(pia_loop_t *loop,
                                 pia_db_t **db_p,
                                 const pia_executor_hooks_t *hooks,
                                 void (*on_fatal)(const char *reason));

/* Runs what is queued, then ends the thread and closes the database. */
void pia_executor_destroy(pia_executor_t **executor_p);

/* Queues a job, from the loop's thread. PIA_UNAVAILABLE if PIA_EXECUTOR_QUEUE_MAX are waiting:
 * then the job was not taken and `done` is not called. */
pia_status_t pia_executor_post(pia_executor_t *executor, pia_job_t *job);

/* The same without waking the store thread: pia_executor_go follows in the same round of the loop.
 */
pia_status_t pia_executor_queue(pia_executor_t *executor, pia_job_t *job);

/* What was queued runs. `here`: it is little; so if it can be logged (may_log), the store thread is
 * idle and the disk is fast, then now, on the loop's thread: measured, one publish in flight: two
 * threads that wake each other cost 10 us on one core and 25 us on two. */
void pia_executor_go(pia_executor_t *executor, bool here);

typedef struct {
    uint64_t jobs, batches, retries, failures;
    uint64_t logged; /* of the batches */
    uint64_t queued; /* now */
    int64_t commit_us_last, commit_us_max;
    int64_t progress_ms; /* monotonic time of the last finished batch (watchdog) */
} pia_executor_stats_t;
void pia_executor_stats(pia_executor_t *executor, pia_executor_stats_t *ret_stats);

#endif
