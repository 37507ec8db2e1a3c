/* request.c - what a handler sees of a request, and how it answers. */
#include "request_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/memory.h"

const pia_message_t *pia_request_message(const pia_request_t *request)
{
    return request->route->message;
}

const pia_principal_t *pia_request_principal(const pia_request_t *request)
{
    return &request->principal;
}

const void *pia_request_fields(const pia_request_t *request)
{
    return request->fields;
}

const json_t *pia_request_body(const pia_request_t *request)
{
    return request->body;
}

int64_t pia_request_time_left(const pia_request_t *request)
{
    return request->deadline_ms - pia_clock_monotonic();
}

void pia_request_reset(pia_request_t *request)
{
    request->answered = false;
    free(request->answer);
    request->answer = NULL;
    request->answer_size = 0;
    free(request->kept);
    request->kept = NULL;
    request->version = 0;
    memset(&request->problem, 0, sizeof request->problem);
    json_decref(request->present);
    request->present = NULL;
}

/* The one place where a request becomes answered. */
static pia_request_t *take(pia_request_t **request_p)
{
    pia_request_t *request = *request_p;
    assert(request && !request->answered);
    request->answered = true;
    *request_p = NULL;
    return request;
}

static void keep_text(pia_request_t *request, char *text, size_t size, int64_t version)
{
    request->answer = text;
    request->answer_size = size;
    request->version = version;
    request->problem.status = PIA_OK;
}

void pia_request_keep(pia_request_t *request, json_t *body)
{
    assert(json_is_object(body) && !request->answered && !request->kept);
    request->kept = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    assert(request->kept);
}

void pia_request_answer_text(pia_request_t **request_p, char *text, size_t size, int64_t version)
{
    pia_request_t *request = take(request_p);
    if (size > PIA_BODY_MAX) {
        free(text);
        (void)pia_problem_set(&request->problem, PIA_TOO_LARGE, NULL,
                              "the answer would be larger than 1 MiB");
        return;
    }
    keep_text(request, text, size, version);
}

void pia_request_answer(pia_request_t **request_p, json_t *body, int64_t version)
{
    assert(json_is_object(body));
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    assert(text); /* valid UTF-8 and no memory lack: a handler's mistake otherwise */
    pia_request_answer_text(request_p, text, strlen(text), version);
}

void pia_request_repeat(pia_request_t *request, const char *text, size_t size, int64_t version)
{
    assert(!request->answered);
    request->answered = true;
    keep_text(request, pia_strndup(text, size), size, version);
}

void pia_request_fail(pia_request_t **request_p, const pia_problem_t *problem)
{
    assert(problem->status != PIA_OK);
    pia_request_t *request = take(request_p);
    request->problem = *problem;
}

void pia_request_conflict(pia_request_t **request_p, const pia_problem_t *problem, json_t *present)
{
    assert(problem->status == PIA_CONFLICT && json_is_object(present));
    pia_request_t *request = take(request_p);
    request->problem = *problem;
    request->present = present;
}

void pia_request_refuse(pia_request_t **request_p,
                        pia_status_t status,
                        const char *pointer,
                        const char *detail)
{
    assert(status != PIA_OK);
    pia_request_t *request = take(request_p);
    (void)pia_problem_set(&request->problem, status, pointer, "%s", detail);
}

void pia_request_destroy(pia_request_t **request_p)
{
    pia_request_t *request = *request_p;
    if (!request)
        return;
    json_decref(request->body);
    json_decref(request->counters);
    json_decref(request->present);
    free(request->fields);
    free(request->answer);
    free(request->kept);
    free(request);
    *request_p = NULL;
}
