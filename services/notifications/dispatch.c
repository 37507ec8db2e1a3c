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
    CAPACITY = 128, /* of a channel, with its sender or on the way back */
    BATCH = 32,     /* leased at once: rendered in the store thread */
};

/* One channel: its own thread and its own places, so that slow receivers of one do not hold up the
 * other. */
typedef struct {
    dispatch_t *dispatch;
    uint32_t channel;
    sender_t *sender;
    bool leasing;      /* a job is in the store thread */
    bool waits;        /* there may be something to lease */
    int64_t looked_ms; /* monotonic: when something was last looked for */
    size_t in_flight;
    outgoing_t *ended; /* came back, not yet given to the store */
} lane_t;

enum { LANE_COUNT = 2 };

struct dispatch {
    notifications_t *service;
    int timer_id;
    bool stopped;
    lane_t lanes[LANE_COUNT];
};

/* A job: leases (list is its result) or records (list is its input). */
typedef struct {
    pia_job_t job; /* first */
    lane_t *lane;
    outgoing_t *list;
} work_t;

static void look(lane_t *lane);

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
        status = lease_record(work->lane->dispatch->service, each);
    }
    return status;
}

static void recorded(pia_job_t *job, pia_status_t status)
{
    (void)status; /* if it was not recorded, the lease ends by itself */
    work_t *work = (work_t *)job;
    for (const outgoing_t *each = work->list; each; each = each->next) {
        work->lane->in_flight--;
    }
    work->lane->waits = true;
    look(work->lane);
    list_clear(&work->list);
    free(work);
}

static work_t *work_new(lane_t *lane,
                        pia_status_t (*run)(pia_job_t *, pia_db_t *),
                        void (*done)(pia_job_t *, pia_status_t))
{
    work_t *work = pia_alloc(sizeof *work);
    work->job.run = run;
    work->job.done = done;
    work->lane = lane;
    return work;
}

/* Has the store record what came back; if its queue is full, at the next occasion. */
static void record_ended(lane_t *lane)
{
    if (!lane->ended) {
        return;
    }
    work_t *work = work_new(lane, run_record, recorded);
    work->list = lane->ended;
    if (pia_executor_post(lane->dispatch->service->context->executor, &work->job) == PIA_OK) {
        lane->ended = NULL;
    } else {
        free(work);
    }
}

static void on_ended(void *arg)
{
    lane_t *lane = arg;
    uint64_t count = 0;
    ssize_t got = read(sender_descriptor(lane->sender), &count, sizeof count);
    (void)got; /* nothing to read is fine */
    outgoing_t *outgoing = NULL;
    while ((outgoing = sender_take(lane->sender))) {
        outgoing->next = lane->ended;
        lane->ended = outgoing;
    }
    record_ended(lane);
}

/* May run twice: a first try's list is dropped. */
static pia_status_t run_lease(pia_job_t *job, pia_db_t *db)
{
    (void)db;
    work_t *work = (work_t *)job;
    list_clear(&work->list);
    return lease_take(work->lane->dispatch->service, work->lane->channel, BATCH, &work->list);
}

static void leased(pia_job_t *job, pia_status_t status)
{
    work_t *work = (work_t *)job;
    lane_t *lane = work->lane;
    lane->leasing = false;
    while (status == PIA_OK && work->list && !lane->dispatch->stopped) {
        outgoing_t *outgoing = work->list;
        work->list = outgoing->next;
        lane->in_flight++;
        lane->waits = true; /* there may be more */
        sender_give(lane->sender, &outgoing);
    }
    look(lane);
    list_clear(&work->list);
    free(work);
}

/* Leases the next ones, if there is room and reason. */
static void look(lane_t *lane)
{
    int64_t now = pia_clock_monotonic();
    if (lane->dispatch->stopped || lane->leasing || lane->in_flight + BATCH > CAPACITY ||
        (!lane->waits && now - lane->looked_ms < IDLE_MS)) {
        return;
    }
    lane->waits = false;
    lane->looked_ms = now;
    work_t *work = work_new(lane, run_lease, leased);
    lane->leasing =
        pia_executor_post(lane->dispatch->service->context->executor, &work->job) == PIA_OK;
    if (!lane->leasing) {
        free(work);
    }
}

static void on_timer(void *arg)
{
    dispatch_t *self = arg;
    bool waits = atomic_exchange(&self->service->deliveries_wait, false);
    for (size_t i = 0; i < LANE_COUNT; i++) {
        lane_t *lane = &self->lanes[i];
        lane->waits = lane->waits || waits;
        record_ended(lane);
        look(lane);
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

static pia_status_t open_lane(dispatch_t *self,
                              lane_t *lane,
                              uint32_t channel,
                              const sender_options_t *options,
                              pia_problem_t *problem)
{
    lane->dispatch = self;
    lane->channel = channel;
    pia_status_t status = sender_new(options, &lane->sender, problem);
    if (status == PIA_OK) {
        pia_loop_add_descriptor(self->service->context->loop, sender_descriptor(lane->sender),
                                on_ended, lane);
    }
    return status;
}

static void close_lane(dispatch_t *self, lane_t *lane)
{
    if (lane->sender) {
        pia_loop_remove_descriptor(self->service->context->loop, sender_descriptor(lane->sender));
    }
    sender_destroy(&lane->sender);
    list_clear(&lane->ended);
}

pia_status_t
dispatch_new(notifications_t *service, dispatch_t **ret_dispatch, pia_problem_t *problem)
{
    const pia_config_t *config = service->context->config;
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
    static const uint32_t channels[LANE_COUNT] = {CHANNEL_EMAIL, CHANNEL_WEBHOOK};
    for (size_t i = 0; i < LANE_COUNT && status == PIA_OK; i++) {
        status = open_lane(self, &self->lanes[i], channels[i], &options, problem);
    }
    self->timer_id = pia_loop_add_timer(service->context->loop, TIMER_MS, on_timer, self);
    if (status != PIA_OK) {
        dispatch_destroy(&self);
        return status;
    }
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
    for (size_t i = 0; i < LANE_COUNT; i++) {
        close_lane(self, &self->lanes[i]);
    }
    free(self);
}
