/* control_answer.c - the common loop's messages, answered by the gateway. */
#include "control_answer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bus.h"
#include "control.h"
#include "counters.h"
#include "pia/clock.h"
#include "pia/header.h"
#include "pia/json.h"
#include "pia/log.h"
#include "pia/memory.h"
#include "proto/key.h"
#include "proto/service.h"

enum { HEADER_FRAME = CONTROL_BODY, TOKEN_FRAME, JSON_FRAME, FRAMES };
enum { CONFIRM_MS = 5000 };

struct control_answer {
    gateway_t *gateway; /* not owned */
    pia_verifier_t *verifier;
};

typedef pia_status_t
handler_fn(control_answer_t *self, const void *fields, json_t **ret_json, pia_problem_t *problem);

control_answer_t *control_answer_new(gateway_t *gateway, const char *token_key)
{
    control_answer_t *self = pia_alloc(sizeof *self);
    self->gateway = gateway;
    self->verifier = pia_verifier_new(token_key);
    return self;
}

void control_answer_destroy(control_answer_t **self_p)
{
    control_answer_t *self = *self_p;
    *self_p = NULL;
    if (self == NULL)
        return;
    pia_verifier_destroy(&self->verifier);
    free(self);
}

static pia_status_t
handle_ping(control_answer_t *self, const void *fields, json_t **ret_json, pia_problem_t *problem)
{
    (void)fields;
    (void)problem;
    *ret_json = json_pack("{s:s}", "instance", self->gateway->instance);
    return PIA_OK;
}

static pia_status_t
handle_info(control_answer_t *self, const void *fields, json_t **ret_json, pia_problem_t *problem)
{
    (void)fields;
    (void)problem;
    char started_at[PIA_TIME_TEXT_SIZE];
    pia_time_format(self->gateway->started_ms, started_at);
    *ret_json = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "service", "gateway", "instance",
                          self->gateway->instance, "version", PIA_VERSION, "state",
                          self->gateway->draining ? "draining" : "active", "store", "none", "epoch",
                          "", "started_at", started_at);
    return PIA_OK;
}

static pia_status_t
handle_stats(control_answer_t *self, const void *fields, json_t **ret_json, pia_problem_t *problem)
{
    (void)fields;
    (void)problem;
    *ret_json = json_pack("{s:s,s:s,s:o}", "service", "gateway", "instance",
                          self->gateway->instance, "counters", counters_of(self->gateway));
    return PIA_OK;
}

static pia_status_t
handle_level(control_answer_t *self, const void *fields, json_t **ret_json, pia_problem_t *problem)
{
    const pia_service_level_t *wanted = fields;
    pia_log_level_t level;
    if (!pia_log_level_parse(wanted->level, &level))
        return pia_problem_set(problem, PIA_INVALID, "/level", "there is no such level");
    pia_log_set_level(level);
    *ret_json = json_pack("{s:s}", "instance", self->gateway->instance);
    return PIA_OK;
}

static pia_status_t
handle_drain(control_answer_t *self, const void *fields, json_t **ret_json, pia_problem_t *problem)
{
    (void)fields;
    (void)problem;
    gateway_drain(self->gateway);
    *ret_json = json_pack("{s:s}", "instance", self->gateway->instance);
    return PIA_OK;
}

static const struct {
    const pia_message_t *message;
    uint32_t roles;
    handler_fn *handle;
} handlers[] = {
    {&pia_msg_service_ping, PIA_ROLE_PUBLIC, handle_ping},
    {&pia_msg_service_info, PIA_ROLE_PUBLIC, handle_info},
    {&pia_msg_service_stats, PIA_ROLE_PUBLIC, handle_stats},
    {&pia_msg_service_level, PIA_ROLE_OPERATOR, handle_level},
    {&pia_msg_service_drain, PIA_ROLE_OPERATOR, handle_drain},
};

/* A request that was read: what it asks, and what it is answered by. */
typedef struct {
    control_answer_t *self;
    pia_header_t header;
    size_t index; /* into handlers */
    json_t *body;
    void *fields; /* borrows from the body */
    zmq_msg_t client;
    unsigned connection;
} asked_t;

static pia_status_t check_role(control_answer_t *self,
                               const pia_frames_t *message,
                               uint32_t roles,
                               pia_problem_t *problem)
{
    pia_principal_t principal;
    pia_status_t status =
        pia_verifier_check(self->verifier, pia_frames_data(message, TOKEN_FRAME),
                           pia_frames_size(message, TOKEN_FRAME), &principal, problem);
    if (status != PIA_OK || (roles & PIA_ROLE_PUBLIC) || (roles & principal.roles))
        return status;
    return principal.subject[0] == '\0'
               ? pia_problem_set(problem, PIA_UNAUTHENTICATED, NULL, "this needs a token")
               : pia_problem_set(problem, PIA_FORBIDDEN, NULL, "your roles do not allow this");
}

static pia_status_t find_handler(asked_t *asked, pia_problem_t *problem)
{
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++) {
        if (handlers[i].message->number == asked->header.number) {
            asked->index = i;
            return PIA_OK;
        }
    }
    return pia_problem_set(problem, PIA_INVALID, NULL, "gateway has no message number %u",
                           asked->header.number);
}

/* All that can be checked here; fills `asked`. */
static pia_status_t check(asked_t *asked, const pia_frames_t *message, pia_problem_t *problem)
{
    if (!pia_header_read(pia_frames_data(message, HEADER_FRAME),
                         pia_frames_size(message, HEADER_FRAME), &asked->header))
        return pia_problem_set(problem, PIA_INVALID, NULL, "there is no PIA header");
    if (message->count != FRAMES)
        return pia_problem_set(problem, PIA_INVALID, NULL,
                               "a request is a header, a token and a JSON object");
    pia_status_t status = find_handler(asked, problem);
    if (status == PIA_OK)
        status = check_role(asked->self, message, handlers[asked->index].roles, problem);
    if (status == PIA_OK)
        status = pia_json_parse(pia_frames_data(message, JSON_FRAME),
                                pia_frames_size(message, JSON_FRAME), &asked->body, problem);
    if (status != PIA_OK)
        return status;
    const pia_schema_t *schema = handlers[asked->index].message->request;
    asked->fields = pia_alloc(schema->size);
    return pia_schema_decode(schema, asked->body, PIA_UNKNOWN_REFUSED, asked->fields, problem);
}

/* The answer's frames: what the handler says, or the problem. */
static void make(asked_t *asked, pia_problem_t *problem, pia_frames_t *ret_body)
{
    json_t *json = NULL;
    if (problem->status == PIA_OK)
        (void)handlers[asked->index].handle(asked->self, asked->fields, &json, problem);
    if (problem->status != PIA_OK)
        json = pia_problem_json(problem);
    pia_header_t header = {.flags = PIA_FLAG_ANSWER,
                           .number = (uint16_t)pia_status_http(problem->status)};
    memcpy(header.id, asked->header.id, sizeof header.id);
    uint8_t bytes[PIA_HEADER_SIZE];
    pia_header_write(&header, bytes);
    char *text = json_dumps(json, JSON_COMPACT);
    assert(text != NULL);
    json_decref(json);
    pia_frames_add(ret_body, bytes, sizeof bytes);
    pia_frames_add_text(ret_body, text);
    free(text);
}

static void asked_end(asked_t *asked)
{
    json_decref(asked->body);
    free(asked->fields);
    free(asked);
}

static void on_confirmed(void *arg, const pia_answer_t *answer)
{
    asked_t *asked = arg;
    pia_problem_t problem = answer->problem;
    problem.status = answer->status;
    pia_frames_t body;
    pia_frames_init(&body);
    make(asked, &problem, &body);
    control_reply(asked->self->gateway->control, asked->connection, &asked->client, &body);
    asked_end(asked);
}

/* Asks the registry for something that only those may read who still have their rights. */
static void confirm(asked_t *asked, pia_frames_t *message)
{
    asked->connection = control_connection(asked->self->gateway->control);
    int rc = zmq_msg_init(&asked->client) ||
             zmq_msg_copy(&asked->client, &message->frame[CONTROL_CLIENT]);
    assert(rc == 0);
    pia_call_t call = {.message = &pia_msg_registry_key_list,
                       .token = pia_frames_data(message, TOKEN_FRAME),
                       .token_size = pia_frames_size(message, TOKEN_FRAME),
                       .timeout_ms = CONFIRM_MS};
    json_t *body = json_pack("{s:i}", "limit", 1);
    bus_ask(asked->self->gateway->bus, &call, body, on_confirmed, asked);
    json_decref(body);
}

bool control_answer_make(void *arg, pia_frames_t *message, pia_frames_t *ret_body)
{
    asked_t *asked = pia_alloc(sizeof *asked);
    asked->self = arg;
    pia_problem_t problem = {0};
    problem.status = check(asked, message, &problem);
    if (problem.status == PIA_OK && !(handlers[asked->index].roles & PIA_ROLE_PUBLIC)) {
        confirm(asked, message);
        return false;
    }
    make(asked, &problem, ret_body);
    asked_end(asked);
    return true;
}
