/* dispatch.c - between the store's thread and the sender's: how many are on their way is bounded.
 */
#include "dispatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lease.h"
#include "pia/clock.h"
#include "pia/memory.h"
#include "sender.h"

enum {
    TIMER_MS = 50,
    IDLE_MS = 500,  /* how often to look for what is due again */
    CAPACITY = 128, /* with the sender, or on the way back */
    BATCH = 32,     /* leased at once: rendered in the store thread */
};

struct dispatch {
    notifications_t *service;
    sender_t *sender;
    int timer_id;
    bool stopped, leasing;
    int64_t looked_ms; /* monotonic */
    size_t in_flight;
    outgoing_t *ended; /* came back, not yet given to the store */
};

/* A job: leases (list is its result) or records (list is its input). */
typedef struct {
    pia_job_t job; /* first */
    dispatch_t *dispatch;
    outgoing_t *list;
} work_t;

static void list_clear(outgoing_t **list_p)
{
    while (*list_p) {
        outgoing_t *next = (*list_p)->next;
        outgoing_destroy(list_p);
        *list_p = next;
    }
}

/* Sending repeats what was not recorded: a record that is lost is a repeat under the same id. */
static pia_status_t run_record(pia_job_t *job, pia_db_t *db)
{
    (void)db;
    work_t *work = (work_t *)job;
    pia_status_t status = PIA_OK;
    for (const outgoing_t *each = work->list; each && status == PIA_OK; each = each->next) {
        status = lease_record(work->dispatch->service, each);
    }
    return status;
}

static void recorded(pia_job_t *job, pia_status_t status)
{
    (void)status; /* if it was not recorded, the lease ends by itself */
    work_t *work = (work_t *)job;
    for (const outgoing_t *each = work->list; each; each = each->next) {
        work->dispatch->in_flight--;
    }
    atomic_store(&work->dispatch->service->deliveries_wait, true);
    list_clear(&work->list);
    free(work);
}

static work_t *work_new(dispatch_t *self,
                        pia_status_t (*run)(pia_job_t *, pia_db_t *),
                        void (*done)(pia_job_t *, pia_status_t))
{
    work_t *work = pia_alloc(sizeof *work);
    work->job.run = run;
    work->job.done = done;
    work->dispatch = self;
    return work;
}

/* Has the store record what came back; if its queue is full, at the next occasion. */
static void record_ended(dispatch_t *self)
{
    if (!self->ended) {
        return;
    }
    work_t *work = work_new(self, run_record, recorded);
    work->list = self->ended;
    if (pia_executor_post(self->service->context->executor, &work->job) == PIA_OK) {
        self->ended = NULL;
    } else {
        free(work);
    }
}

static void on_ended(void *arg)
{
    dispatch_t *self = arg;
    uint64_t count = 0;
    ssize_t got = read(sender_descriptor(self->sender), &count, sizeof count);
    (void)got; /* nothing to read is fine */
    outgoing_t *outgoing = NULL;
    while ((outgoing = sender_take(self->sender))) {
        outgoing->next = self->ended;
        self->ended = outgoing;
    }
    record_ended(self);
}

/* May run twice: a first try's list is dropped. */
static pia_status_t run_lease(pia_job_t *job, pia_db_t *db)
{
    (void)db;
    work_t *work = (work_t *)job;
    list_clear(&work->list);
    return lease_take(work->dispatch->service, BATCH, &work->list);
}

static void leased(pia_job_t *job, pia_status_t status)
{
    work_t *work = (work_t *)job;
    dispatch_t *self = work->dispatch;
    self->leasing = false;
    size_t count = 0;
    while (status == PIA_OK && work->list && !self->stopped) {
        outgoing_t *outgoing = work->list;
        work->list = outgoing->next;
        self->in_flight++;
        count++;
        sender_give(self->sender, &outgoing);
    }
    if (count == BATCH) {
        atomic_store(&self->service->deliveries_wait, true); /* there may be more */
    }
    list_clear(&work->list);
    free(work);
}

static void on_timer(void *arg)
{
    dispatch_t *self = arg;
    record_ended(self);
    int64_t now = pia_clock_monotonic();
    if (self->stopped || self->leasing || self->in_flight + BATCH > CAPACITY) {
        return;
    }
    bool waits = atomic_exchange(&self->service->deliveries_wait, false);
    if (!waits && now - self->looked_ms < IDLE_MS) {
        return;
    }
    self->looked_ms = now;
    work_t *work = work_new(self, run_lease, leased);
    self->leasing = pia_executor_post(self->service->context->executor, &work->job) == PIA_OK;
    if (!self->leasing) {
        free(work);
    }
}

/* The password is not an option's value, which ps would show. */
static pia_status_t
read_password(const pia_config_t *config, char ret_password[PASSWORD_SIZE], pia_problem_t *problem)
{
    const char *path = pia_config_text(config, "mail", "smtp_password_file");
    ret_password[0] = '\0';
    if (!path[0]) {
        return PIA_OK;
    }
    FILE *file = fopen(path, "re");
    bool read = file && fgets(ret_password, PASSWORD_SIZE, file);
    if (file) {
        (void)fclose(file);
    }
    ret_password[strcspn(ret_password, "\r\n")] = '\0';
    return read ? PIA_OK : pia_problem_set(problem, PIA_INVALID, "", "%s cannot be read.", path);
}

pia_status_t
dispatch_new(notifications_t *service, dispatch_t **ret_dispatch, pia_problem_t *problem)
{
    const pia_context_t *context = service->context;
    const pia_config_t *config = context->config;
    bool smtp = strcmp(pia_config_text(config, "mail", "transport"), "smtp") == 0;
    dispatch_t *self = pia_alloc(sizeof *self);
    self->service = service;
    pia_status_t status = read_password(config, service->smtp_password, problem);
    sender_options_t options = {
        .maildir = smtp ? NULL : pia_config_text(config, "mail", "maildir"),
        .smtp_url = pia_config_text(config, "mail", "smtp_url"),
        .smtp_user = pia_config_text(config, "mail", "smtp_user"),
        .smtp_password = service->smtp_password,
        .from = pia_config_text(config, "mail", "sender"),
        .allow_private = pia_config_boolean(config, "webhook", "allow_private"),
        .timeout_ms = pia_config_integer(config, "delivery", "timeout_ms"),
    };
    if (status == PIA_OK) {
        status = sender_new(&options, &self->sender, problem);
    }
    if (status != PIA_OK) {
        free(self);
        return status;
    }
    pia_loop_add_descriptor(context->loop, sender_descriptor(self->sender), on_ended, self);
    self->timer_id = pia_loop_add_timer(context->loop, TIMER_MS, on_timer, self);
    *ret_dispatch = self;
    return PIA_OK;
}

void dispatch_stop(dispatch_t *dispatch)
{
    dispatch->stopped = true;
}

void dispatch_destroy(dispatch_t **dispatch_p)
{
    dispatch_t *self = *dispatch_p;
    *dispatch_p = NULL;
    if (!self) {
        return;
    }
    pia_loop_remove_timer(self->service->context->loop, self->timer_id);
    pia_loop_remove_descriptor(self->service->context->loop, sender_descriptor(self->sender));
    sender_destroy(&self->sender);
    list_clear(&self->ended);
    free(self);
}
