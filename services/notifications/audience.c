/* audience.c - one campaign at a time: lease (store thread), ask for a page (loop thread), store it
 * with its deliveries (store thread), and so on to the last page. */
#include "audience.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "campaign.h"
#include "pia/client.h"
#include "pia/clock.h"
#include "pia/log.h"
#include "pia/memory.h"
#include "proto/subscription.h"

enum {
    TIMER_MS = 50,
    IDLE_MS = 1000, /* how often to look for what is due again */
};

typedef enum { IDLE, TAKING, ASKING, STORING } step_t;

struct audience {
    notifications_t *service;
    pia_client_t *client;
    int timer_id;
    bool stopped;
    step_t step;
    int64_t looked_ms; /* monotonic: when a campaign was last looked for */
    campaign_t campaign;
};

/* One job of the store thread; which one is in `run`. */
typedef struct {
    pia_job_t job; /* first */
    audience_t *audience;
    campaign_t campaign;
    void *page;        /* owned: an answer of diffusion.audience.list */
    pia_items_t items; /* of it */
    bool for_good;
} work_t;

static void post(audience_t *self, work_t *work, step_t step);

static work_t *work_new(audience_t *self, pia_status_t (*run)(pia_job_t *, pia_db_t *))
{
    work_t *work = pia_alloc(sizeof *work);
    work->job.run = run;
    work->audience = self;
    work->campaign = self->campaign;
    return work;
}

static void work_destroy(work_t *work)
{
    pia_items_clear(&work->items);
    free(work->page);
    free(work);
}

static pia_status_t run_give_back(pia_job_t *job, pia_db_t *db)
{
    (void)db;
    work_t *work = (work_t *)job;
    return campaign_give_back(work->audience->service, &work->campaign, work->for_good);
}

static void given_back(pia_job_t *job, pia_status_t status)
{
    (void)status; /* if it was not stored, the lease ends by itself */
    work_t *work = (work_t *)job;
    work->audience->step = IDLE;
    work_destroy(work);
}

static void give_back(audience_t *self, bool for_good)
{
    work_t *work = work_new(self, run_give_back);
    work->job.done = given_back;
    work->for_good = for_good;
    post(self, work, STORING);
}

static pia_status_t run_store(pia_job_t *job, pia_db_t *db)
{
    (void)db;
    work_t *work = (work_t *)job;
    return campaign_store(work->audience->service, &work->campaign, &work->items);
}

static void ask(audience_t *self);

static void stored(pia_job_t *job, pia_status_t status)
{
    work_t *work = (work_t *)job;
    audience_t *self = work->audience;
    const pia_text_t *next = &work->items.next;
    self->step = IDLE;
    if (status == PIA_OK && next->bytes) {
        /* the store refused a longer one */
        memcpy(self->campaign.after, next->bytes, next->size);
        self->campaign.after[next->size] = '\0';
        ask(self);
    } else if (status == PIA_OK) {
        self->looked_ms = 0; /* there may be another one */
    } else if (status != PIA_CONFLICT) {
        give_back(self, false);
    }
    work_destroy(work);
}

static void fail(audience_t *self, pia_status_t status, const char *detail)
{
    bool for_good = status == PIA_INVALID || status == PIA_NOT_FOUND ||
                    status == PIA_GONE; /* of a journal that was restored */
    pia_log(for_good ? PIA_LOG_ERROR : PIA_LOG_WARN, "the audience of event %lld: %s",
            (long long)self->campaign.sequence, detail);
    if (!self->stopped) {
        give_back(self, for_good);
    }
}

static void answered(void *arg, const pia_answer_t *answer)
{
    audience_t *self = arg;
    self->step = IDLE;
    if (answer->status != PIA_OK) {
        fail(self, answer->status, answer->problem.detail);
        return;
    }
    work_t *work = work_new(self, run_store);
    work->job.done = stored;
    work->page = pia_alloc(answer->size + 1);
    memcpy(work->page, answer->bytes, answer->size);
    if (pia_items_read(work->page, answer->size, campaign_members, &work->items) != PIA_OK) {
        work_destroy(work);
        fail(self, PIA_INTERNAL, "the answer is not a page of it");
        return;
    }
    post(self, work, STORING);
}

static void ask(audience_t *self)
{
    uint8_t token[PIA_TOKEN_MAX];
    size_t token_size = pia_context_token(self->service->context, token);
    if (self->stopped || token_size == 0) {
        return; /* the lease ends by itself */
    }
    int64_t lease_ms = pia_config_integer(self->service->context->config, "delivery", "lease_ms");
    pia_call_t call = {.message = &pia_msg_diffusion_audience_list,
                       .token = token,
                       .token_size = token_size,
                       .timeout_ms = campaign_ask_ms(lease_ms),
                       .unread = true};
    json_t *body = json_pack("{s:I, s:I, s:i}", "sequence", (json_int_t)self->campaign.sequence,
                             "epoch", (json_int_t)self->campaign.epoch, "limit", CAMPAIGN_PAGE);
    if (self->campaign.after[0]) {
        json_object_set_new(body, "after", json_string(self->campaign.after));
    }
    self->step = ASKING;
    pia_client_send(self->client, &call, body, answered, self);
    json_decref(body);
}

static pia_status_t run_take(pia_job_t *job, pia_db_t *db)
{
    (void)db;
    work_t *work = (work_t *)job;
    return campaign_take(work->audience->service, &work->campaign);
}

static void taken(pia_job_t *job, pia_status_t status)
{
    work_t *work = (work_t *)job;
    audience_t *self = work->audience;
    self->step = IDLE;
    if (status == PIA_OK) {
        self->campaign = work->campaign;
        ask(self);
    }
    work_destroy(work);
}

static void post(audience_t *self, work_t *work, step_t step)
{
    self->step = step;
    if (pia_executor_post(self->service->context->executor, &work->job) != PIA_OK) {
        self->step = IDLE;
        work_destroy(work);
    }
}

/* Every TIMER_MS: deadlines of the client, and the next campaign. */
static void on_timer(void *arg)
{
    audience_t *self = arg;
    (void)pia_client_expire(self->client);
    int64_t now = pia_clock_monotonic();
    if (self->stopped || self->step != IDLE) {
        return;
    }
    uint8_t token[PIA_TOKEN_MAX];
    bool waits = atomic_exchange(&self->service->campaigns_wait, false);
    if (!waits && now - self->looked_ms < IDLE_MS) {
        return;
    }
    if (pia_context_token(self->service->context, token) == 0) {
        atomic_store(&self->service->campaigns_wait, true);
        return;
    }
    self->looked_ms = now;
    work_t *work = work_new(self, run_take);
    work->job.done = taken;
    post(self, work, TAKING);
}

static void on_readable(void *arg)
{
    audience_t *self = arg;
    pia_client_process(self->client);
}

audience_t *audience_new(notifications_t *service)
{
    audience_t *self = pia_alloc(sizeof *self);
    const pia_context_t *context = service->context;
    self->service = service;
    self->client =
        pia_client_new(context->zmq, pia_config_text(context->config, "service", "broker"));
    pia_loop_add_socket(context->loop, pia_client_socket(self->client), on_readable, self);
    self->timer_id = pia_loop_add_timer(context->loop, TIMER_MS, on_timer, self);
    return self;
}

void audience_stop(audience_t *audience)
{
    audience->stopped = true;
}

void audience_destroy(audience_t **audience_p)
{
    audience_t *self = *audience_p;
    *audience_p = NULL;
    if (!self) {
        return;
    }
    self->stopped = true;
    pia_loop_remove_timer(self->service->context->loop, self->timer_id);
    pia_loop_remove_socket(self->service->context->loop, pia_client_socket(self->client));
    pia_client_destroy(&self->client);
    free(self);
}
