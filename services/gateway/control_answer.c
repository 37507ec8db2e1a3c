/* control_answer.c - the common loop's messages, answered by the gateway. */
#include "control_answer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "counters.h"
#include "pia/clock.h"
#include "pia/header.h"
#include "pia/log.h"
#include "pia/memory.h"
#include "proto/service.h"

enum { HEADER_FRAME = CONTROL_BODY, TOKEN_FRAME, JSON_FRAME, FRAMES };

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

static pia_status_t call(control_answer_t *self,
                         size_t index,
                         const pia_frames_t *message,
                         json_t **ret_json,
                         pia_problem_t *problem)
{
    const pia_schema_t *schema = handlers[index].message->request;
    json_t *body = NULL;
    void *fields = pia_alloc(schema->size);
    pia_status_t status = check_role(self, message, handlers[index].roles, problem);
    if (status == PIA_OK)
        status = pia_json_parse(pia_frames_data(message, JSON_FRAME),
                                pia_frames_size(message, JSON_FRAME), &body, problem);
    if (status == PIA_OK)
        status = pia_schema_decode(schema, body, PIA_UNKNOWN_REFUSED, fields, problem);
    if (status == PIA_OK)
        status = handlers[index].handle(self, fields, ret_json, problem);
    free(fields);
    json_decref(body);
    return status;
}

static pia_status_t dispatch(control_answer_t *self,
                             const pia_header_t *header,
                             const pia_frames_t *message,
                             json_t **ret_json,
                             pia_problem_t *problem)
{
    if (message->count != FRAMES)
        return pia_problem_set(problem, PIA_INVALID, NULL,
                               "a request is a header, a token and a JSON object");
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++)
        if (handlers[i].message->number == header->number)
            return call(self, i, message, ret_json, problem);
    return pia_problem_set(problem, PIA_INVALID, NULL, "gateway has no message number %u",
                           header->number);
}

void control_answer_make(void *arg, const pia_frames_t *message, pia_frames_t *ret_body)
{
    control_answer_t *self = arg;
    pia_header_t header = {0};
    pia_problem_t problem = {0};
    json_t *json = NULL;
    pia_status_t status;
    if (pia_header_read(pia_frames_data(message, HEADER_FRAME),
                        pia_frames_size(message, HEADER_FRAME), &header))
        status = dispatch(self, &header, message, &json, &problem);
    else
        status = pia_problem_set(&problem, PIA_INVALID, NULL, "there is no PIA header");
    if (status != PIA_OK)
        json = pia_problem_json(&problem);
    header.flags = PIA_FLAG_ANSWER;
    header.number = (uint16_t)pia_status_http(status);
    header.value = 0;
    uint8_t bytes[PIA_HEADER_SIZE];
    pia_header_write(&header, bytes);
    char *text = json_dumps(json, JSON_COMPACT);
    assert(text != NULL);
    json_decref(json);
    pia_frames_add(ret_body, bytes, sizeof bytes);
    pia_frames_add_text(ret_body, text);
    free(text);
}
