/* metrics.c - one scrape: broker, instances, then the text. */
#include "metrics.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus.h"
#include "counters.h"
#include "exposition.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "proto/service.h"
#include "reply.h"

enum { ASK_MS = 1000, LABELS_SIZE = 160 };

typedef struct {
    gateway_t *gateway;
    http_request_t *http;
    exposition_t *samples;
    size_t waiting; /* questions without an answer */
} scrape_t;

/* One question of a scrape. */
typedef struct {
    scrape_t *scrape;
    void (*take)(scrape_t *scrape, const char *name, const pia_answer_t *answer);
    char name[65]; /* whom it was asked */
} question_t;

static void add_numbers(scrape_t *self, const char *prefix, json_t *object, const char *labels)
{
    const char *key;
    json_t *value;
    char name[128];
    json_object_foreach(object, key, value)
    {
        (void)snprintf(name, sizeof name, "%s%s", prefix, key);
        if (json_is_number(value))
            exposition_add(self->samples, name, labels, json_number_value(value));
    }
}

static void finish(scrape_t *self)
{
    char *text = exposition_text(self->samples);
    reply_t reply = {.status = 200,
                     .content_type = "text/plain; version=0.0.4; charset=utf-8",
                     .body = text,
                     .size = strlen(text)};
    reply_send(&self->http, &reply);
    free(text);
    exposition_destroy(&self->samples);
    self->gateway->exchanges--;
    free(self);
}

static void on_answer(void *arg, const pia_answer_t *answer)
{
    question_t *question = arg;
    scrape_t *scrape = question->scrape;
    question->take(scrape, question->name, answer);
    free(question);
    if (--scrape->waiting == 0)
        finish(scrape);
}

static void ask(scrape_t *self,
                const char *name,
                const pia_message_t *message,
                void (*take)(scrape_t *, const char *, const pia_answer_t *))
{
    question_t *question = pia_alloc(sizeof *question);
    question->scrape = self;
    question->take = take;
    (void)snprintf(question->name, sizeof question->name, "%s", name);
    self->waiting++;
    pia_call_t call = {.service = question->name, .message = message, .timeout_ms = ASK_MS};
    json_t *body = json_object();
    bus_ask(self->gateway->bus, &call, body, on_answer, question);
    json_decref(body);
}

static void instance_labels(char labels[LABELS_SIZE], const char *name)
{
    const char *instance = strchr(name, '#');
    int size = instance == NULL ? (int)strlen(name) : (int)(instance - name);
    (void)snprintf(labels, LABELS_SIZE, "service=%.*s,instance=%s", size, name,
                   instance == NULL ? name : instance + 1);
}

static void take_stats(scrape_t *self, const char *name, const pia_answer_t *answer)
{
    char labels[LABELS_SIZE];
    instance_labels(labels, name);
    exposition_add(self->samples, "instance_up", labels, answer->status == PIA_OK);
    if (answer->status == PIA_OK)
        add_numbers(self, "", json_object_get(answer->body, "counters"), labels);
}

static void add_service(scrape_t *self, json_t *service)
{
    char labels[LABELS_SIZE];
    const char *name = pia_json_text(service, "service");
    (void)snprintf(labels, sizeof labels, "service=%s", name == NULL ? "" : name);
    add_numbers(self, "broker_service_", service, labels);
}

static void take_services(scrape_t *self, const char *name, const pia_answer_t *answer)
{
    (void)name;
    size_t index;
    json_t *item;
    exposition_add(self->samples, "broker_up", "service=broker", answer->status == PIA_OK);
    if (answer->status != PIA_OK)
        return;
    json_array_foreach(json_object_get(answer->body, "services"), index, item)
        add_service(self, item);
    json_array_foreach(json_object_get(answer->body, "control"), index, item)
    {
        const char *instance = json_string_value(item);
        const char *mark = instance == NULL ? NULL : strchr(instance, '#');
        if (mark != NULL && strcmp(mark + 1, self->gateway->instance) != 0)
            ask(self, instance, &pia_msg_service_stats, take_stats);
    }
}

/* The broker's numbers are counters, but for these. */
static bool is_gauge(const char *name)
{
    static const char *const gauges[] = {"uptime_ms", "workers", "queued", "in_flight"};
    for (size_t i = 0; i < sizeof gauges / sizeof *gauges; i++)
        if (strcmp(gauges[i], name) == 0)
            return true;
    return false;
}

static void add_broker(scrape_t *self, const json_t *body)
{
    json_t *numbers = json_deep_copy(body); /* jansson iterates over its own only */
    const char *key;
    json_t *value;
    char name[128];
    json_object_foreach(numbers, key, value)
    {
        (void)snprintf(name, sizeof name, "broker_%s%s", key, is_gauge(key) ? "" : "_total");
        if (json_is_number(value))
            exposition_add(self->samples, name, "service=broker", json_number_value(value));
    }
    json_decref(numbers);
}

static void take_broker(scrape_t *self, const char *name, const pia_answer_t *answer)
{
    (void)name;
    if (answer->status != PIA_OK)
        return;
    add_broker(self, answer->body);
    const char *reason;
    json_t *count;
    json_object_foreach(json_object_get(answer->body, "dropped"), reason, count)
    {
        char labels[LABELS_SIZE];
        (void)snprintf(labels, sizeof labels, "service=broker,reason=%s", reason);
        exposition_add(self->samples, "broker_dropped_total", labels, json_number_value(count));
    }
}

static void add_own(scrape_t *self)
{
    char labels[LABELS_SIZE];
    (void)snprintf(labels, sizeof labels, "service=gateway,instance=%s", self->gateway->instance);
    json_t *counters = counters_of(self->gateway);
    add_numbers(self, "", counters, labels);
    json_decref(counters);
    exposition_add(self->samples, "instance_up", labels, 1);
    (void)snprintf(labels, sizeof labels, "service=gateway,version=%s", PIA_VERSION);
    exposition_add(self->samples, "build_info", labels, 1);
}

void metrics_begin(gateway_t *gateway, http_request_t **request_p)
{
    scrape_t *self = pia_alloc(sizeof *self);
    self->gateway = gateway;
    self->http = *request_p;
    *request_p = NULL;
    self->samples = exposition_new();
    gateway->exchanges++;
    add_own(self);
    ask(self, "mmi.services", &pia_msg_service_ping, take_services);
    ask(self, "mmi.stats", &pia_msg_service_ping, take_broker);
}
