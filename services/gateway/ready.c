/* ready.c - one look: which instances there are, then each one's own word. Who is silent says
 * nothing: readiness is not that every service is there. */
#include "ready.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus.h"
#include "control.h"
#include "pia/memory.h"
#include "proto/service.h"
#include "reply.h"

enum {
    ASK_MS = 500, /* for each of the two questions; who probes waits for a second or so */
    NAME_SIZE = 65,
};

typedef struct {
    gateway_t *gateway;
    http_request_t *http;
    json_t *problems;
    size_t waiting; /* instances without an answer */
} look_t;

/* An instance that was asked. */
typedef struct {
    look_t *look;
    char name[NAME_SIZE]; /* "diffusion#diffusion-4711" */
} asked_t;

/* Takes the JSON. */
static void reply_json(http_request_t **request_p, int status, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    assert(text);
    json_decref(json);
    reply_text(request_p, status, text);
    free(text);
}

static void finish(look_t *self)
{
    bool well = json_array_size(self->problems) == 0;
    json_t *answer = json_pack("{s:s}", "status", well ? "ready" : "degraded");
    if (well)
        json_decref(self->problems);
    else
        json_object_set_new(answer, "problems", self->problems);
    reply_json(&self->http, 200, answer);
    self->gateway->exchanges--;
    free(self);
}

static void on_info(void *arg, const pia_answer_t *answer)
{
    asked_t *asked = arg;
    look_t *look = asked->look;
    const char *mark = strchr(asked->name, '#');
    json_t *detail = answer->status == PIA_OK ? json_object_get(answer->body, "problem") : NULL;
    if (detail)
        json_array_append_new(look->problems, json_pack("{s:s%, s:s, s:O}", "service", asked->name,
                                                        (size_t)(mark - asked->name), "instance",
                                                        mark + 1, "detail", detail));
    free(asked);
    if (--look->waiting == 0)
        finish(look);
}

static void ask_instance(look_t *self, const char *name)
{
    asked_t *asked = pia_alloc(sizeof *asked);
    asked->look = self;
    (void)snprintf(asked->name, sizeof asked->name, "%s", name);
    self->waiting++;
    pia_call_t call = {
        .service = asked->name, .message = &pia_msg_service_info, .timeout_ms = ASK_MS};
    json_t *body = json_object();
    bus_ask(self->gateway->bus, &call, body, on_info, asked);
    json_decref(body);
}

static void on_services(void *arg, const pia_answer_t *answer)
{
    look_t *self = arg;
    size_t index = 0;
    json_t *item = NULL;
    const json_t *control =
        answer->status == PIA_OK ? json_object_get(answer->body, "control") : NULL;
    json_array_foreach(control, index, item)
    {
        const char *name = json_string_value(item);
        const char *mark = name ? strchr(name, '#') : NULL;
        if (mark && strlen(name) < NAME_SIZE && strcmp(mark + 1, self->gateway->instance) != 0)
            ask_instance(self, name);
    }
    if (self->waiting == 0)
        finish(self);
}

void ready_begin(gateway_t *gateway, http_request_t **request_p)
{
    if (gateway->draining || !control_is_connected(gateway->control)) {
        reply_json(request_p, 503,
                   json_pack("{s:s}", "status", gateway->draining ? "draining" : "no broker"));
        return;
    }
    look_t *self = pia_alloc(sizeof *self);
    self->gateway = gateway;
    self->http = *request_p;
    *request_p = NULL;
    self->problems = json_array();
    gateway->exchanges++;
    pia_call_t call = {
        .service = "mmi.services", .message = &pia_msg_service_ping, .timeout_ms = ASK_MS};
    json_t *body = json_object();
    bus_ask(gateway->bus, &call, body, on_services, self);
    json_decref(body);
}
