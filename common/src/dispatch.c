/* dispatch.c - from the broker's frames to a handler and back. */
#include "dispatch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "idempotency.h"
#include "pia/clock.h"
#include "pia/frames.h"
#include "pia/json.h"
#include "pia/log.h"
#include "pia/memory.h"

enum { BODY_FRAMES = 3, TIME_LEFT_MAX_MS = 60000 }; /* header, token, JSON */

struct pia_dispatch {
    pia_dispatch_options_t options;
    pia_executor_t *executor;   /* NULL: not active; not owned */
    const pia_route_t **routes; /* by number; NULL: none */
    size_t route_count;
    size_t in_flight; /* in the store thread */
    pia_dispatch_stats_t stats;
};

static size_t highest_number(const pia_route_t *routes)
{
    size_t highest = 0;
    for (const pia_route_t *route = routes; route && route->message; route++)
        if (route->message->number > highest)
            highest = route->message->number;
    return highest;
}

static void add_routes(pia_dispatch_t *dispatch, const pia_route_t *routes)
{
    for (const pia_route_t *route = routes; route && route->message; route++) {
        assert(!dispatch->routes[route->message->number]); /* one handler a message */
        dispatch->routes[route->message->number] = route;
    }
}

pia_dispatch_t *pia_dispatch_new(const pia_dispatch_options_t *options)
{
    pia_dispatch_t *dispatch = pia_alloc(sizeof *dispatch);
    dispatch->options = *options;
    size_t own = highest_number(options->service->routes);
    size_t control = highest_number(options->control);
    dispatch->route_count = (own > control ? own : control) + 1;
    dispatch->routes = pia_alloc(dispatch->route_count * sizeof(const pia_route_t *));
    add_routes(dispatch, options->control);
    add_routes(dispatch, options->service->routes);
    return dispatch;
}

void pia_dispatch_destroy(pia_dispatch_t **dispatch_p)
{
    pia_dispatch_t *dispatch = *dispatch_p;
    if (!dispatch)
        return;
    assert(dispatch->in_flight == 0);
    free(dispatch->routes);
    free(dispatch);
    *dispatch_p = NULL;
}

void pia_dispatch_use(pia_dispatch_t *dispatch, pia_executor_t *executor)
{
    dispatch->executor = executor;
}

size_t pia_dispatch_in_flight(const pia_dispatch_t *dispatch)
{
    return dispatch->in_flight;
}

const pia_dispatch_stats_t *pia_dispatch_stats(const pia_dispatch_t *dispatch)
{
    return &dispatch->stats;
}

/* Sends header and JSON; consumes what the reply owns. */
static void
send_answer(pia_reply_t *reply, pia_status_t status, const char *json, size_t size, int64_t version)
{
    pia_header_t header = {.flags = PIA_FLAG_ANSWER,
                           .number = (uint16_t)pia_status_http(status),
                           .value = version > 0 ? (uint64_t)version : 0};
    memcpy(header.id, reply->id, sizeof header.id);
    uint8_t bytes[PIA_HEADER_SIZE];
    pia_header_write(&header, bytes);
    pia_frames_t body;
    pia_frames_init(&body);
    pia_frames_add(&body, bytes, sizeof bytes);
    pia_frames_add(&body, json, size);
    pia_session_answer(reply->session, reply->generation, &reply->client, &body);
}

static void send_problem(pia_dispatch_t *dispatch, pia_request_t *request)
{
    const pia_problem_t *problem = &request->problem;
    pia_reply_t *reply = &request->reply;
    dispatch->stats.answered[problem->status]++;
    json_t *json = pia_problem_json(problem);
    if (request->present && problem->status == PIA_CONFLICT)
        json_object_set(json, "present", request->present);
    char *text = json_dumps(json, JSON_COMPACT);
    assert(text);
    send_answer(reply, problem->status, text, strlen(text), 0);
    free(text);
    json_decref(json);
}

/* Sends what the request was answered with, and frees it. */
static void finish(pia_request_t *request)
{
    pia_dispatch_t *dispatch = request->dispatch;
    assert(request->answered);
    if (request->problem.status != PIA_OK) {
        send_problem(dispatch, request);
    } else {
        dispatch->stats.answered[PIA_OK]++;
        send_answer(&request->reply, PIA_OK, request->answer, request->answer_size,
                    request->version);
    }
    pia_request_destroy(&request);
}

static bool is_control(const pia_dispatch_t *dispatch, const pia_route_t *wanted)
{
    for (const pia_route_t *route = dispatch->options.control; route->message; route++)
        if (route == wanted)
            return true;
    return false;
}

static void call_handler(pia_request_t *request, void *self)
{
    pia_request_t *given = request;
    request->route->handle(self, &given);
    assert(!given && request->answered); /* every handler answers exactly once */
}

/* Store thread: the handler, guarded by the idempotency key where there is one. */
static void call_once(pia_request_t *request, pia_db_t *db)
{
    const pia_service_t *service = request->dispatch->options.service;
    bool guarded = request->idempotency_key != NULL;
    if (guarded && pia_idempotency_reserve(db, request) != PIA_OK)
        return;
    call_handler(request, service->self);
    if (!guarded || request->problem.status != PIA_OK)
        return;
    if (pia_idempotency_store(db, request) != PIA_OK)
        (void)pia_problem_set(&request->problem, PIA_UNAVAILABLE, NULL,
                              "the answer could not be stored");
}

static pia_status_t run_request(pia_job_t *job, pia_db_t *db)
{
    pia_request_t *request = (pia_request_t *)job;
    pia_request_reset(request);
    if (pia_request_time_left(request) <= 0) {
        pia_request_t *late = request;
        pia_request_refuse(&late, PIA_TIMEOUT, NULL, "the request came too late");
    } else {
        call_once(request, db);
    }
    return request->problem.status;
}

static void request_done(pia_job_t *job, pia_status_t status)
{
    pia_request_t *request = (pia_request_t *)job;
    pia_dispatch_t *dispatch = request->dispatch;
    dispatch->in_flight--;
    request->answered = true;
    if (status == PIA_UNAVAILABLE && request->problem.status != PIA_UNAVAILABLE)
        (void)pia_problem_set(&request->problem, PIA_UNAVAILABLE, NULL,
                              "the store could not confirm this: it may or may not have happened");
    dispatch->stats.late += request->problem.status == PIA_TIMEOUT;
    bool changed = request->problem.status == PIA_OK && request->route->message->mutating;
    finish(request);
    if (changed)
        dispatch->options.changed(dispatch->options.host);
}

/* Hands a checked request to the store thread. */
static void post(pia_request_t *request)
{
    pia_dispatch_t *dispatch = request->dispatch;
    dispatch->in_flight++;
    if (dispatch->executor && pia_executor_post(dispatch->executor, &request->job) == PIA_OK)
        return;
    dispatch->in_flight--;
    pia_request_t *refused = request;
    pia_request_refuse(&refused, PIA_UNAVAILABLE, NULL,
                       dispatch->executor ? "too many requests are waiting"
                                          : "this instance is not active");
    finish(request);
}

static pia_status_t run_deferred(pia_job_t *job, pia_db_t *db)
{
    (void)db;
    pia_request_t *request = (pia_request_t *)job;
    pia_request_reset(request);
    call_handler(request, request->dispatch->options.host);
    return request->problem.status;
}

void pia_dispatch_defer(pia_request_t **request_p, const pia_route_t *route)
{
    pia_request_t *request = *request_p;
    request->route = route;
    request->job.run = run_deferred;
    request->deferred = true;
    *request_p = NULL;
}

/* Control messages are answered at once, without the store, unless they defer. */
static void call_control(pia_request_t *request)
{
    pia_request_t *given = request;
    request->route->handle(request->dispatch->options.host, &given);
    assert(!given && request->answered != request->deferred);
    if (request->deferred)
        post(request);
    else
        finish(request);
}

static pia_status_t
check_roles(const pia_route_t *route, const pia_principal_t *principal, pia_problem_t *problem)
{
    if ((route->roles & PIA_ROLE_PUBLIC) || (route->roles & principal->roles))
        return PIA_OK;
    if (principal->subject[0] == '\0')
        return pia_problem_set(problem, PIA_UNAUTHENTICATED, NULL, "this needs a token");
    return pia_problem_set(problem, PIA_FORBIDDEN, NULL, "your roles do not allow this");
}

/* A process of ours, not someone who may also act as one: what people type is checked. */
static bool is_plain_service(const pia_principal_t *principal)
{
    return (principal->roles & PIA_ROLE_SERVICE) && !(principal->roles & PIA_ROLE_OPERATOR);
}

/* Parses and decodes the body into the request. Services may send members of a newer version. */
static pia_status_t
decode(pia_request_t *request, const void *bytes, size_t size, pia_problem_t *problem)
{
    if (size > PIA_BODY_MAX)
        return pia_problem_set(problem, PIA_TOO_LARGE, NULL, "a body holds at most 1 MiB");
    pia_status_t status = pia_json_parse(bytes, size, &request->body, problem);
    if (status != PIA_OK)
        return status;
    const pia_message_t *message = request->route->message;
    request->fields = pia_alloc(message->request->size);
    status = pia_schema_decode(message->request, request->body,
                               is_plain_service(&request->principal) ? PIA_UNKNOWN_IGNORED
                                                                     : PIA_UNKNOWN_REFUSED,
                               request->fields, problem);
    if (status != PIA_OK || !message->mutating)
        return status;
    json_t *key = json_object_get(request->body, "idempotency_key");
    request->idempotency_key = json_string_value(key);
    if (request->idempotency_key)
        pia_idempotency_hash(request->body, request->hash);
    return PIA_OK;
}

/* Whether what the request would change may be changed now. */
static pia_status_t check_change(const pia_request_t *request, pia_problem_t *problem)
{
    const pia_service_t *service = request->dispatch->options.service;
    const pia_message_t *message = request->route->message;
    if (!service->may_change || (!message->mutating && !message->once))
        return PIA_OK;
    return service->may_change(service->self, message, problem);
}

static pia_status_t check_deadline(const pia_header_t *header, pia_problem_t *problem)
{
    if (header->value == 0)
        return pia_problem_set(problem, PIA_TIMEOUT, NULL, "the request came too late");
    if (header->value > TIME_LEFT_MAX_MS)
        return pia_problem_set(problem, PIA_INVALID, NULL, "the time left is at most 60000 ms");
    return PIA_OK;
}

static const pia_route_t *find_route(const pia_dispatch_t *dispatch, uint16_t number)
{
    return number < dispatch->route_count ? dispatch->routes[number] : NULL;
}

/* All that is checked before the store thread, in this order. */
static pia_status_t check(pia_request_t *request,
                          const pia_frames_t *message,
                          const pia_header_t *header,
                          pia_problem_t *problem)
{
    const size_t at = PIA_SESSION_BODY;
    pia_dispatch_t *dispatch = request->dispatch;
    request->route = find_route(dispatch, header->number);
    if (!request->route)
        return pia_problem_set(problem, PIA_INVALID, NULL, "%s has no message number %u",
                               dispatch->options.service->name, header->number);
    if (message->count != at + BODY_FRAMES || (header->flags & PIA_FLAG_ANSWER))
        return pia_problem_set(problem, PIA_INVALID, NULL,
                               "a request is a header, a token and a JSON object");
    pia_status_t status =
        pia_verifier_check(dispatch->options.verifier, pia_frames_data(message, at + 1),
                           pia_frames_size(message, at + 1), &request->principal, problem);
    if (status == PIA_OK)
        status = check_roles(request->route, &request->principal, problem);
    if (status == PIA_OK)
        status = decode(request, pia_frames_data(message, at + 2), pia_frames_size(message, at + 2),
                        problem);
    if (status == PIA_OK)
        status = check_deadline(header, problem);
    if (status == PIA_OK)
        status = check_change(request, problem);
    request->deadline_ms = pia_clock_monotonic() + (int64_t)header->value;
    return status;
}

/* A body without our header: plain MDP, which gets a plain answer, one frame: the broker matches
 * answers to requests by their headers, or by having none. */
static void refuse_plain(pia_dispatch_t *dispatch, pia_reply_t *reply)
{
    static const char text[] =
        "{\"status\":\"invalid\",\"detail\":\"the first body frame is not a PIA1 "
        "header (proto/README.md)\",\"pointer\":\"\"}";
    dispatch->stats.plain++;
    dispatch->stats.answered[PIA_INVALID]++;
    pia_frames_t body;
    pia_frames_init(&body);
    pia_frames_add_text(&body, text);
    pia_session_answer(reply->session, reply->generation, &reply->client, &body);
}

static void take_request(pia_dispatch_t *dispatch,
                         pia_reply_t *reply,
                         const pia_frames_t *message,
                         const pia_header_t *header)
{
    pia_request_t *request = pia_alloc(sizeof *request);
    request->dispatch = dispatch;
    request->reply = *reply;
    zmq_msg_init(&request->reply.client);
    zmq_msg_move(&request->reply.client, &reply->client);
    request->job.run = run_request;
    request->job.done = request_done;
    pia_problem_t problem = {0};
    if (check(request, message, header, &problem) != PIA_OK) {
        pia_request_t *refused = request;
        pia_request_fail(&refused, &problem);
        finish(request);
    } else if (is_control(dispatch, request->route)) {
        call_control(request);
    } else {
        post(request);
    }
}

void pia_dispatch_receive(void *arg, pia_session_t *session, pia_frames_t *message)
{
    pia_dispatch_t *dispatch = arg;
    dispatch->stats.received++;
    pia_reply_t reply = {.session = session, .generation = pia_session_generation(session)};
    zmq_msg_init(&reply.client);
    int rc = zmq_msg_copy(&reply.client, &message->frame[PIA_SESSION_CLIENT]);
    assert(rc == 0);
    pia_header_t header;
    if (!pia_header_read(pia_frames_data(message, PIA_SESSION_BODY),
                         pia_frames_size(message, PIA_SESSION_BODY), &header)) {
        refuse_plain(dispatch, &reply);
        return;
    }
    memcpy(reply.id, header.id, sizeof reply.id);
    take_request(dispatch, &reply, message, &header);
}
