/* bus.c - the gateway's one connection to the broker. */
#include "bus.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "pia/clock.h"
#include "pia/memory.h"
#include "pia/token.h"
#include "timing.h"
#include "zmq_event.h"

enum { EXPIRE_MS = 50, RETRY_PAUSE_MS = 200, SERVICE_NAME_MAX = 65 };

typedef struct question question_t;

struct bus {
    struct event_base *base;       /* not owned */
    LIST_HEAD(, question) waiting; /* to be sent */
    pia_client_t *client;
    zmq_event_t *readable;
    struct event *expire;
    bus_stats_t stats;
    bool closing;
};

/* One question, until its answer. */
struct question {
    LIST_ENTRY(question) link; /* in waiting, while it waits to be sent */
    bus_t *bus;
    struct event *timer; /* sends it: at once, or again after a pause */
    pia_call_t call;
    char service[SERVICE_NAME_MAX];
    uint8_t token[PIA_TOKEN_MAX];
    json_t *body;
    int64_t deadline_ms; /* monotonic */
    bool again;          /* this is the second try */
    pia_answer_fn *answered;
    void *arg;
};

static void on_readable(void *arg)
{
    bus_t *self = arg;
    pia_client_process(self->client);
}

static void on_expire(evutil_socket_t descriptor, short what, void *arg)
{
    (void)descriptor;
    (void)what;
    bus_t *self = arg;
    (void)pia_client_expire(self->client);
}

bus_t *bus_new(struct event_base *base, void *zmq, const char *endpoint)
{
    bus_t *self = pia_alloc(sizeof *self);
    self->base = base;
    self->client = pia_client_new(zmq, endpoint);
    self->readable = zmq_event_new(base, pia_client_socket(self->client), on_readable, self);
    self->expire = timing_every(base, EXPIRE_MS, on_expire, self);
    return self;
}

const bus_stats_t *bus_stats(const bus_t *bus)
{
    return &bus->stats;
}

static void question_free(question_t *question)
{
    event_free(question->timer);
    json_decref(question->body);
    free(question);
}

static bool try_again(question_t *question)
{
    int64_t left = question->deadline_ms - pia_clock_monotonic() - RETRY_PAUSE_MS;
    if (question->bus->closing || question->again || left <= 0 ||
        !pia_client_may_repeat(question->call.message, question->body))
        return false;
    question->again = true;
    question->bus->stats.retried++;
    struct timeval pause = timing(RETRY_PAUSE_MS);
    LIST_INSERT_HEAD(&question->bus->waiting, question, link);
    (void)event_add(question->timer, &pause);
    return true;
}

static void on_answer(void *arg, const pia_answer_t *answer)
{
    question_t *question = arg;
    if (answer->status == PIA_UNAVAILABLE && try_again(question))
        return;
    if (answer->status == PIA_UNAVAILABLE || answer->status == PIA_TIMEOUT)
        question->bus->stats.failed++;
    question->answered(question->arg, answer);
    question_free(question);
}

static void on_send(evutil_socket_t descriptor, short what, void *arg)
{
    (void)descriptor;
    (void)what;
    question_t *question = arg;
    bus_t *bus = question->bus;
    LIST_REMOVE(question, link);
    int64_t left = question->deadline_ms - pia_clock_monotonic();
    question->call.timeout_ms = left < 1 ? 1 : left;
    pia_client_send(bus->client, &question->call, question->body, on_answer, question);
    zmq_event_look(bus->readable);
}

void bus_ask(bus_t *bus, const pia_call_t *call, json_t *body, pia_answer_fn *answered, void *arg)
{
    assert(call->token_size <= PIA_TOKEN_MAX);
    question_t *question = pia_alloc(sizeof *question);
    question->bus = bus;
    question->call = *call;
    if (call->service != NULL) {
        assert(strlen(call->service) < SERVICE_NAME_MAX);
        memcpy(question->service, call->service, strlen(call->service));
        question->call.service = question->service;
    }
    if (call->token_size > 0)
        memcpy(question->token, call->token, call->token_size);
    question->call.token = question->token;
    question->body = json_incref(body);
    question->deadline_ms = pia_clock_monotonic() + call->timeout_ms;
    question->answered = answered;
    question->arg = arg;
    question->timer = event_new(bus->base, -1, 0, on_send, question);
    LIST_INSERT_HEAD(&bus->waiting, question, link);
    event_active(question->timer, EV_TIMEOUT, 0);
    bus->stats.asked++;
}

void bus_destroy(bus_t **bus_p)
{
    bus_t *self = *bus_p;
    *bus_p = NULL;
    if (self == NULL)
        return;
    self->closing = true;
    zmq_event_destroy(&self->readable);
    event_free(self->expire);
    question_t *question;
    while ((question = LIST_FIRST(&self->waiting)) != NULL) {
        LIST_REMOVE(question, link);
        pia_answer_t answer = {.status = PIA_UNAVAILABLE};
        (void)pia_problem_set(&answer.problem, PIA_UNAVAILABLE, NULL, "the gateway is stopping");
        on_answer(question, &answer);
    }
    pia_client_destroy(&self->client);
    free(self);
}
