/* group_job.c - the work of a group in the store thread. */
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"

#include "groups_private.h"
#include "journal_read.h"

void group_job_clear(group_job_t *job)
{
    group_clear(&job->found);
    group_progress_clear(&job->progress);
    free(job->decided);
    job->decided = NULL;
    job->decided_count = 0;
    job->reset = false;
    job->problem = (pia_problem_t){0};
}

static diffusion_t *diffusion_of(const group_job_t *job)
{
    return job->owned->groups->options.diffusion;
}

/* Makes the group of the wish. */
static pia_status_t make(group_job_t *job, pia_db_t *db)
{
    cursor_t from;
    receipt_t head;
    journal_committed_head(diffusion_of(job)->journal, &head);
    if (!job->wish)
        return pia_problem_set(&job->problem, PIA_NOT_FOUND, "/group", "The group was removed.");
    pia_status_t status = group_store_read_from(db, &head, job->from, &from, &job->problem);
    if (status != PIA_OK)
        return status;
    group_copy(job->wish, &job->found);
    return group_store_make(db, &job->found, &from, head.epoch, &job->problem);
}

static pia_status_t keep_lease(group_job_t *job, pia_db_t *db)
{
    group_lease_name(job->owned->name, job->owned->lease_name);
    job->lease.name = job->owned->lease_name;
    job->asked_ms = pia_clock_monotonic();
    return pia_lease_keep(db, &job->lease, job->asked_ms);
}

static pia_status_t open_group(group_job_t *job, pia_db_t *db)
{
    const char *endpoint = job->owned->groups->options.endpoint;
    pia_status_t status = group_store_find(db, job->owned->name, &job->found);
    if (status == PIA_NOT_FOUND)
        status = make(job, db);
    if (status == PIA_OK)
        status = keep_lease(job, db);
    if (status != PIA_OK || !job->lease.held)
        return status;
    status = group_store_set_endpoint(db, job->found.id, endpoint);
    if (status == PIA_OK)
        status = group_store_load(db, job->found.id, &job->progress, &job->reset);
    /* Nobody would give the lease back: it is not taken. */
    return status == PIA_OK && atomic_load(&job->owned->groups->draining) ? PIA_UNAVAILABLE
                                                                          : status;
}

static pia_status_t keep(group_job_t *job, pia_db_t *db)
{
    const group_t *group = &job->owned->group;
    int64_t term = job->lease.term;
    job->asked_ms = pia_clock_monotonic();
    pia_status_t status = pia_lease_keep(db, &job->lease, job->asked_ms);
    if (status != PIA_OK)
        return status;
    /* Taken again is not kept: another had it meanwhile, and what is in memory is older. */
    if (!job->lease.held || job->lease.term != term)
        return PIA_CONFLICT;
    status = group_store_find(db, group->name, &job->found);
    if (status == PIA_OK && job->found.id != group->id)
        status = PIA_NOT_FOUND; /* this is another one of the same name */
    if (status != PIA_OK)
        return status;
    job->change = job->owned->change;
    return group_store_decided(db, group->id, &job->change, &job->decided, &job->decided_count);
}

/* The fence: what a former holder still wanted to store is refused. */
static pia_status_t save(group_job_t *job, pia_db_t *db)
{
    receipt_t head;
    journal_committed_head(diffusion_of(job)->journal, &head);
    pia_status_t status = pia_lease_check(db, &job->lease);
    return status == PIA_OK ? group_store_save(db, job->owned->group.id, head.epoch, &job->changes)
                            : status;
}

static pia_status_t run(pia_job_t *pia_job, pia_db_t *db)
{
    group_job_t *job = (group_job_t *)pia_job;
    pia_status_t status = PIA_OK;
    group_job_clear(job);
    job->lease = job->owned->lease;
    if (job->steps & STEP_OPEN)
        status = open_group(job, db);
    if (status == PIA_OK && (job->steps & STEP_KEEP))
        status = keep(job, db);
    if (status == PIA_OK && (job->steps & STEP_SAVE))
        status = save(job, db);
    if (status == PIA_OK && (job->steps & STEP_RELEASE))
        status = pia_lease_release(db, &job->lease);
    return status;
}

static void done(pia_job_t *pia_job, pia_status_t status)
{
    group_job_t *job = (group_job_t *)pia_job;
    job->busy = false;
    if (status == PIA_OK)
        job->owned->lease = job->lease;
    if (status == PIA_OK && (job->steps & (STEP_OPEN | STEP_KEEP)))
        job->owned->held_ms = job->asked_ms;
    group_job_done(job->owned, job->steps, status);
}

bool group_job_post(owned_t *owned, unsigned steps)
{
    group_job_t *job = &owned->job;
    job->job.run = run;
    job->job.done = done;
    job->owned = owned;
    job->steps = steps;
    job->busy =
        pia_executor_post(owned->groups->options.diffusion->context->executor, &job->job) == PIA_OK;
    return job->busy;
}
