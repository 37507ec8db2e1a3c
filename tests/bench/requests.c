/* requests.c - what is asked of PIA through the broker: whether a service is ready, where the
 * journal ends, subscriptions, audiences. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "bench.h"
#include "pia/client.h"
#include "pia/items.h"
#include "population.h"
#include "proto/journal.h"
#include "proto/service.h"
#include "proto/subscription.h"
#include "token.h"

enum { ASK_MS = 200, READY_MS = 60000, TIMEOUT_MS = 60000, FLIGHT_MAX = 512, PAGE = 2000 };

typedef struct {
    const char *service; /* ready */
    const char *filter;  /* subscribe: NULL is the population, else each has this one */
    uint64_t count;      /* subscribe */
    uint64_t sequence;   /* audience */
    token_t token;
    pia_client_t *client;
    uint64_t in_flight, answered;
} requests_t;

/* As often as it takes: a service that is not there yet answers nothing. */
static void ready(requests_t *self)
{
    int64_t began = clock_ns(), until = began + READY_MS * 1000000LL;
    pia_status_t status = PIA_UNAVAILABLE;
    json_t *body = json_object();
    while (status != PIA_OK) {
        pia_call_t call = {
            .service = self->service, .message = &pia_msg_service_info, .timeout_ms = ASK_MS};
        pia_problem_t problem = {0};
        json_t *answer = NULL;
        status = pia_client_call(self->client, &call, body, &answer, &problem);
        json_decref(answer);
        if (clock_ns() > until)
            die("%s is not ready: %s", self->service, problem.detail);
    }
    json_decref(body);
    (void)printf("{\"seconds\":%.6f}\n", (double)(clock_ns() - began) / 1e9);
}

static void head(requests_t *self)
{
    pia_call_t call = {.message = &pia_msg_diffusion_journal_head, .timeout_ms = TIMEOUT_MS};
    json_t *body = json_object(), *answer = NULL;
    pia_problem_t problem = {0};
    if (pia_client_call(self->client, &call, body, &answer, &problem) != PIA_OK)
        die("the journal's end is not known: %s", problem.detail);
    (void)printf("{\"cursor\":\"%s\",\"sequence\":%lld}\n",
                 json_string_value(json_object_get(answer, "cursor")),
                 (long long)json_integer_value(json_object_get(answer, "sequence")));
    json_decref(body);
    json_decref(answer);
}

static json_t *filter_of(const interest_t *interest)
{
    json_t *filter = json_object();
    for (int d = 0; d < DIMENSIONS; d++) {
        if (interest->mask[d] == 0)
            continue;
        json_t *codes = json_array();
        for (unsigned i = 0; i < dimensions[d].count; i++)
            if (interest->mask[d] & 1U << i)
                json_array_append_new(codes, json_string(dimensions[d].codes[i]));
        json_object_set_new(filter, dimensions[d].member, codes);
    }
    return filter;
}

static void on_subscribed(void *arg, const pia_answer_t *answer)
{
    requests_t *self = arg;
    if (answer->status != PIA_OK)
        die("no subscription: %s", answer->problem.detail);
    self->in_flight--;
    self->answered++;
}

static void send_subscription(requests_t *self, uint64_t number, uint64_t *state)
{
    char contact[40];
    (void)snprintf(contact, sizeof contact, "00000000-0000-4000-8000-%012llx",
                   (unsigned long long)number);
    interest_t interest = interest_next(state);
    json_t *filter = self->filter ? json_loads(self->filter, 0, NULL) : filter_of(&interest);
    if (!filter)
        die("the filter is no JSON");
    json_t *body = json_pack("{s:s,s:o}", "contact", contact, "filter", filter);
    (void)token_renew(&self->token);
    pia_call_t call = {.message = &pia_msg_diffusion_subscription_create,
                       .token = self->token.bytes,
                       .token_size = self->token.size,
                       .timeout_ms = TIMEOUT_MS};
    self->in_flight++;
    pia_client_send(self->client, &call, body, on_subscribed, self);
    json_decref(body);
}

static void subscribe(requests_t *self)
{
    int64_t began = clock_ns();
    uint64_t sent = 0, state = 1;
    while (self->answered < self->count) {
        for (; sent < self->count && self->in_flight < FLIGHT_MAX; sent++)
            send_subscription(self, sent, &state);
        zmq_pollitem_t item = {.socket = pia_client_socket(self->client), .events = ZMQ_POLLIN};
        (void)zmq_poll(&item, 1, 100);
        pia_client_process(self->client);
        (void)pia_client_expire(self->client);
    }
    double seconds = (double)(clock_ns() - began) / 1e9;
    (void)printf("{\"subscriptions\":%llu,\"seconds\":%.6f,\"rate\":%.1f}\n",
                 (unsigned long long)self->count, seconds, (double)self->count / seconds);
}

/* Paging an audience. */
typedef struct {
    requests_t *requests;
    uint64_t recipients;
    int64_t asked_ns;
    bool done;
    samples_t pages;
} paging_t;

static void on_page(void *arg, const pia_answer_t *answer);

/* `next` is NULL for the first page. */
static void ask_page(paging_t *self, const pia_text_t *next)
{
    requests_t *requests = self->requests;
    json_t *body =
        json_pack("{s:I,s:i}", "sequence", (json_int_t)requests->sequence, "limit", PAGE);
    if (next)
        json_object_set_new(body, "after", json_stringn(next->bytes, next->size));
    (void)token_renew(&requests->token);
    pia_call_t call = {.message = &pia_msg_diffusion_audience_list,
                       .token = requests->token.bytes,
                       .token_size = requests->token.size,
                       .timeout_ms = TIMEOUT_MS,
                       .unread = true};
    self->asked_ns = clock_ns();
    pia_client_send(requests->client, &call, body, on_page, self);
    json_decref(body);
}

static void on_page(void *arg, const pia_answer_t *answer)
{
    static const char *const members[] = {"subscription", "contact", NULL};
    paging_t *self = arg;
    pia_items_t items;
    if (answer->status != PIA_OK)
        die("no audience: %s", answer->problem.detail);
    if (pia_items_read(answer->bytes, answer->size, members, &items) != PIA_OK)
        die("a page of the audience is none");
    self->recipients += items.count;
    samples_add(&self->pages, clock_ns() - self->asked_ns);
    self->done = !items.next.bytes;
    if (!self->done)
        ask_page(self, &items.next);
    pia_items_clear(&items);
}

static void audience(requests_t *self)
{
    int64_t began = clock_ns();
    paging_t paging = {.requests = self};
    ask_page(&paging, NULL);
    while (!paging.done) {
        zmq_pollitem_t item = {.socket = pia_client_socket(self->client), .events = ZMQ_POLLIN};
        (void)zmq_poll(&item, 1, 100);
        pia_client_process(self->client);
        (void)pia_client_expire(self->client);
    }
    double seconds = (double)(clock_ns() - began) / 1e9;
    (void)printf("{\"recipients\":%llu,\"seconds\":%.6f,\"rate\":%.1f,\"page_p50_us\":%.1f,"
                 "\"page_p99_us\":%.1f}\n",
                 (unsigned long long)paging.recipients, seconds,
                 (double)paging.recipients / seconds, samples_us(&paging.pages, 0.5),
                 samples_us(&paging.pages, 0.99));
    samples_clear(&paging.pages);
}

static const struct option flags[] = {
    {"broker", required_argument, NULL, 'b'},   {"key", required_argument, NULL, 'k'},
    {"endpoint", required_argument, NULL, 'e'}, {"service", required_argument, NULL, 's'},
    {"filter", required_argument, NULL, 'f'},   {"count", required_argument, NULL, 'c'},
    {"sequence", required_argument, NULL, 'n'}, {NULL, 0, NULL, 0},
};

static void set(requests_t *self, int flag)
{
    switch (flag) {
    case 'b':
        self->token.broker = optarg;
        break;
    case 'k':
        self->token.key = optarg;
        break;
    case 's':
        self->service = optarg;
        break;
    case 'f':
        self->filter = optarg;
        break;
    case 'c':
        self->count = strtoull(optarg, NULL, 10);
        break;
    case 'n':
        self->sequence = strtoull(optarg, NULL, 10);
        break;
    case 'e': /* of the diffusion's own socket: not used here */
        break;
    default:
        die("unknown option (the source lists them)");
    }
}

static const struct {
    const char *name;
    void (*run)(requests_t *self);
    bool token; /* it is asked with one */
} requests[] = {
    {"ready", ready, false},
    {"head", head, false},
    {"subscribe", subscribe, true},
    {"audience", audience, true},
};

static void run(requests_t *self, const char *name)
{
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        if (strcmp(requests[i].name, name) != 0)
            continue;
        if (requests[i].token)
            token_init(&self->token, self->token.broker, self->token.key);
        requests[i].run(self);
        if (requests[i].token)
            token_clear(&self->token);
        return;
    }
    die("unknown operation '%s'", name);
}

int main(int argc, char **argv)
{
    requests_t self = {.service = "diffusion"};
    int flag;
    while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1)
        set(&self, flag);
    if (optind != argc - 1 || !self.token.broker)
        die("usage: bench-requests ready|head|subscribe|audience --broker ENDPOINT [--option…]");
    void *zmq = zmq_ctx_new();
    self.client = pia_client_new(zmq, self.token.broker);
    run(&self, argv[optind]);
    pia_client_destroy(&self.client);
    zmq_ctx_term(zmq);
    return EXIT_SUCCESS;
}
