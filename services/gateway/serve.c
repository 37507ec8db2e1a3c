/* serve.c - sends each request where it belongs. */
#include "serve.h"

#include <string.h>

#include "ask.h"
#include "exchange.h"
#include "feed.h"
#include "metrics.h"
#include "pages.h"
#include "pia/event.h"
#include "ready.h"
#include "reply.h"
#include "verification.h"

enum { ALLOW_SIZE = 64, PATH_SIZE = 64 /* longer than any fixed path */ };

static void serve_openapi(gateway_t *gateway, http_request_t **request_p)
{
    reply_text(request_p, 200, gateway->openapi);
}

static void serve_livez(gateway_t *gateway, http_request_t **request_p)
{
    (void)gateway;
    reply_text(request_p, 200, "{\"status\":\"alive\"}");
}

static const struct {
    const char *path;
    void (*serve)(gateway_t *gateway, http_request_t **request_p);
} probes[] = {
    {"/openapi.json", serve_openapi},
    {"/livez", serve_livez},
    {"/readyz", ready_begin},
    {"/metrics", metrics_begin},
};

static bool serve_probe(gateway_t *gateway, const char *path, http_request_t **request_p)
{
    const char *method = http_request_method(*request_p);
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        if (strcmp(probes[i].path, path) != 0)
            continue;
        if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) {
            probes[i].serve(gateway, request_p);
        } else {
            http_reply_header(*request_p, "Allow", "GET, HEAD");
            reply_problem(request_p, 405, "this can only be read", NULL, NULL);
        }
        return true;
    }
    return false;
}

/* The cursor that the client resumes after; the header of a reconnecting browser wins. */
static const char *cursor_of(const http_request_t *request, const target_t *target)
{
    const char *header = http_request_header(request, "Last-Event-ID");
    const char *parameter = target_parameter(target, "last_event_id");
    if (header != NULL && header[0] != '\0')
        return header;
    return parameter != NULL ? parameter : "head";
}

static bool is_cursor(const char *text)
{
    return strcmp(text, "head") == 0 || strcmp(text, "") == 0 || pia_format_check("cursor", text);
}

/* The filter's parameters, without the one that is about the stream itself. */
static json_t *filter_of(const route_t *route, const target_t *target, ask_problem_t *problem)
{
    static const char *const except[] = {"after", "limit", NULL};
    target_t filter = *target;
    filter.parameters = 0;
    for (size_t i = 0; i < target->parameters; i++)
        if (strcmp(target->parameter[i].name, "last_event_id") != 0)
            filter.parameter[filter.parameters++] = target->parameter[i];
    return ask_query(route->message->request, &filter, except, problem);
}

static void serve_stream(gateway_t *gateway,
                         const route_t *route,
                         const target_t *target,
                         http_request_t **request_p)
{
    ask_problem_t problem = {0};
    const char *authorization = http_request_header(*request_p, "Authorization");
    feed_request_t wanted = {
        .cursor = cursor_of(*request_p, target),
        .key = auth_bearer(authorization),
    };
    if (authorization != NULL && wanted.key == NULL) {
        reply_problem(request_p, 401, "Authorization is not Bearer KEY", NULL, NULL);
        return;
    }
    if (strcmp(http_request_method(*request_p), "HEAD") == 0 ||
        strlen(wanted.cursor) >= PIA_CURSOR_SIZE || !is_cursor(wanted.cursor)) {
        reply_problem(request_p, 400, "the last event id is not an id of this stream", NULL, NULL);
        return;
    }
    wanted.filter = filter_of(route, target, &problem);
    if (wanted.filter == NULL) {
        reply_problem(request_p, problem.status, problem.problem.detail, NULL, problem.parameter);
        return;
    }
    feed_open(gateway->feed, request_p, &wanted);
}

static void serve_nothing(http_request_t **request_p, const char *allow)
{
    if (allow[0] == '\0') {
        reply_problem(request_p, 404, "there is nothing at this path", NULL, NULL);
        return;
    }
    http_reply_header(*request_p, "Allow", allow);
    if (strcmp(http_request_method(*request_p), "OPTIONS") == 0) {
        reply_t reply = {.status = 204};
        reply_send(request_p, &reply);
        return;
    }
    reply_problem(request_p, 405, "this path does not have this method", NULL, NULL);
}

void serve(void *arg, http_request_t *request)
{
    gateway_t *gateway = arg;
    target_t target;
    const char *reason;
    char path[PATH_SIZE] = "", allow[ALLOW_SIZE];
    const char *raw = http_request_target(request);
    size_t size = strcspn(raw, "?");
    if (size < sizeof path)
        memcpy(path, raw, size);
    if (serve_probe(gateway, path, &request) || pages_serve(path, &request))
        return;
    if (!target_parse(raw, &target, &reason)) {
        bool missing = strncmp(reason, "There is nothing", 16) == 0;
        reply_problem(&request, missing ? 404 : 400, reason, NULL, NULL);
        return;
    }
    if (verification_serve(gateway, &target, &request)) {
        target_clear(&target);
        return;
    }
    const route_t *route = route_find(http_request_method(request), &target, allow, sizeof allow);
    if (route == NULL)
        serve_nothing(&request, allow);
    else if (route->flags & ROUTE_STREAM)
        serve_stream(gateway, route, &target, &request);
    else
        exchange_begin(gateway, route, &target, &request);
    target_clear(&target);
}
