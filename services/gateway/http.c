/* http.c - the seam over evhttp: listening, requests, answers and streams. */
#include "http.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate_refusal.h"
#include "http_listen.h"
#include "pia/memory.h"
#include "strict.h"

enum { STATUS_MAX = 600 };

struct http_server {
    http_options_t options;
    struct event_base *base; /* not owned */
    struct evhttp *evhttp;
    struct evhttp_bound_socket *bound; /* owned by evhttp; NULL once draining */
    gates_t *gates;
    bool draining;
    uint64_t answers[STATUS_MAX]; /* by status */
};

struct http_request {
    http_server_t *server;         /* not owned */
    struct evhttp_request *evhttp; /* ours to answer; freed by that */
    gate_t *gate;                  /* not owned; NULL once the client is gone */
    void (*closed)(void *arg);     /* of a stream, else NULL */
    void (*drained)(void *arg);
    void *arg;
};

static const struct {
    enum evhttp_cmd_type type;
    const char *name;
} methods[] = {
    {EVHTTP_REQ_GET, "GET"},         {EVHTTP_REQ_HEAD, "HEAD"},   {EVHTTP_REQ_POST, "POST"},
    {EVHTTP_REQ_PUT, "PUT"},         {EVHTTP_REQ_PATCH, "PATCH"}, {EVHTTP_REQ_DELETE, "DELETE"},
    {EVHTTP_REQ_OPTIONS, "OPTIONS"},
};

/* The connection goes before the answer: forgets its gate. */
static void on_closed(struct evhttp_connection *connection, void *arg)
{
    (void)connection;
    http_request_t *self = arg;
    self->gate = NULL;
    if (self->closed != NULL)
        self->closed(self->arg);
}

static void on_request(struct evhttp_request *evhttp, void *arg)
{
    http_server_t *server = arg;
    struct evhttp_connection *connection = evhttp_request_get_connection(evhttp);
    http_request_t *self = pia_alloc(sizeof *self);
    self->server = server;
    self->evhttp = evhttp;
    self->gate = gates_find(server->gates, evhttp_connection_get_bufferevent(connection));
    evhttp_connection_set_closecb(connection, on_closed, self);
    server->options.handle(server->options.arg, self);
}

/* No more descriptors than planned: stop accepting until one is free. */
static void on_room(void *arg, bool room)
{
    http_server_t *self = arg;
    if (self->bound == NULL)
        return;
    struct evconnlistener *listener = evhttp_bound_socket_get_listener(self->bound);
    if (room)
        (void)evconnlistener_enable(listener);
    else
        (void)evconnlistener_disable(listener);
}

static void prepare(http_server_t *self)
{
    ev_uint32_t allowed = 0;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        allowed |= (ev_uint32_t)methods[i].type;
    gate_limits_t limits = {
        .request_timeout_ms = self->options.request_timeout_ms,
        .answer_timeout_ms = self->options.answer_timeout_ms,
        .idle_timeout_ms = self->options.idle_timeout_ms,
        .connections_max = self->options.connections_max,
        .requests_max = self->options.requests_max,
        .on_room = on_room,
        .arg = self,
    };
    self->gates = gates_new(&limits);
    evhttp_set_allowed_methods(self->evhttp, (ev_uint16_t)allowed);
    evhttp_set_max_headers_size(self->evhttp, STRICT_HEADERS_MAX + STRICT_TARGET_MAX + 64);
    evhttp_set_max_body_size(self->evhttp, STRICT_BODY_MAX);
    evhttp_set_default_content_type(self->evhttp, NULL);
    evhttp_set_bevcb(self->evhttp, gates_accept, self->gates);
    evhttp_set_gencb(self->evhttp, on_request, self);
}

pia_status_t http_server_new(struct event_base *base,
                             const http_options_t *options,
                             http_server_t **ret_server,
                             pia_problem_t *problem)
{
    int descriptor = http_listen(options->address, options->port);
    if (descriptor < 0)
        return pia_problem_set(problem, PIA_UNAVAILABLE, NULL, "cannot listen on %s port %u: %s",
                               options->address, (unsigned)options->port, strerrordesc_np(errno));
    http_server_t *self = pia_alloc(sizeof *self);
    self->options = *options;
    self->base = base;
    self->evhttp = evhttp_new(base);
    assert(self->evhttp != NULL);
    prepare(self);
    struct evconnlistener *listener = evconnlistener_new(
        base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, -1, descriptor);
    assert(listener != NULL);
    self->bound = evhttp_bind_listener(self->evhttp, listener);
    assert(self->bound != NULL);
    *ret_server = self;
    return PIA_OK;
}

void http_server_destroy(http_server_t **server_p)
{
    http_server_t *self = *server_p;
    *server_p = NULL;
    if (self == NULL)
        return;
    evhttp_free(self->evhttp);
    /* libevent frees bufferevents, and with them their gates, in its next round. */
    (void)event_base_loop(self->base, EVLOOP_NONBLOCK);
    gates_destroy(&self->gates);
    free(self);
}

uint16_t http_server_port(const http_server_t *server)
{
    return server->bound == NULL ? 0 : http_listen_port(evhttp_bound_socket_get_fd(server->bound));
}

const gate_stats_t *http_server_stats(const http_server_t *server)
{
    return gates_stats(server->gates);
}

void http_server_drain(http_server_t *server)
{
    if (server->draining)
        return;
    server->draining = true;
    evhttp_del_accept_socket(server->evhttp, server->bound);
    server->bound = NULL;
    gates_drain(server->gates);
}

uint64_t http_server_answers(const http_server_t *server, int status)
{
    return status >= 0 && status < STATUS_MAX ? server->answers[status] : 0;
}

const char *http_request_method(const http_request_t *request)
{
    enum evhttp_cmd_type type = evhttp_request_get_command(request->evhttp);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (methods[i].type == type)
            return methods[i].name;
    return "";
}

const char *http_request_target(const http_request_t *request)
{
    return evhttp_request_get_uri(request->evhttp);
}

const char *http_request_header(const http_request_t *request, const char *name)
{
    return evhttp_find_header(evhttp_request_get_input_headers(request->evhttp), name);
}

const void *http_request_body(const http_request_t *request, size_t *ret_size)
{
    struct evbuffer *input = evhttp_request_get_input_buffer(request->evhttp);
    *ret_size = evbuffer_get_length(input);
    if (*ret_size == 0)
        return "";
    return evbuffer_pullup(input, -1);
}

void http_reply_header(http_request_t *request, const char *name, const char *value)
{
    (void)evhttp_add_header(evhttp_request_get_output_headers(request->evhttp), name, value);
}

/* The answer has left: the next request of the connection may pass. */
static void on_complete(struct evhttp_request *evhttp, void *arg)
{
    (void)evhttp;
    gate_answered(arg);
}

/* From here on evhttp owns the exchange: no callback of ours may meet a freed request. */
static void let_go(http_request_t *self)
{
    if (self->gate == NULL)
        return;
    evhttp_connection_set_closecb(evhttp_request_get_connection(self->evhttp), NULL, NULL);
    evhttp_request_set_on_complete_cb(self->evhttp, on_complete, self->gate);
}

static bool is_head(const http_request_t *self)
{
    return evhttp_request_get_command(self->evhttp) == EVHTTP_REQ_HEAD;
}

/* Declares the body's size; the body itself, or NULL if there is none to send. */
static struct evbuffer *make_body(http_request_t *self, const void *body, size_t size)
{
    char length[24];
    (void)snprintf(length, sizeof length, "%zu", size);
    http_reply_header(self, "Content-Length", length);
    if (size == 0 || is_head(self))
        return NULL;
    struct evbuffer *buffer = evbuffer_new();
    assert(buffer != NULL);
    int rc = evbuffer_add(buffer, body, size);
    assert(rc == 0);
    return buffer;
}

void http_reply(http_request_t **request_p, int status, const void *body, size_t size)
{
    http_request_t *self = *request_p;
    *request_p = NULL;
    assert(self->closed == NULL && status >= 100 && status < STATUS_MAX);
    self->server->answers[status]++;
    struct evbuffer *buffer = status == 304 || status == 204 ? NULL : make_body(self, body, size);
    if (self->server->draining)
        http_reply_header(self, "Connection", "close");
    let_go(self);
    evhttp_send_reply(self->evhttp, status, gate_phrase(status), buffer);
    if (buffer != NULL)
        evbuffer_free(buffer);
    free(self);
}

void http_stream_start(http_request_t *request,
                       void (*closed)(void *arg),
                       void (*drained)(void *arg),
                       void *arg)
{
    request->server->answers[200]++;
    request->closed = closed;
    request->drained = drained;
    request->arg = arg;
    if (request->gate == NULL)
        return;
    http_reply_header(request, "Connection", "close");
    gate_stream(request->gate, true);
    evhttp_send_reply_start(request->evhttp, 200, gate_phrase(200));
}

static void on_drained(struct evhttp_connection *connection, void *arg)
{
    (void)connection;
    http_request_t *self = arg;
    self->drained(self->arg);
}

void http_stream_write(http_request_t *request, const void *data, size_t size)
{
    if (request->gate == NULL || size == 0)
        return;
    struct evbuffer *buffer = evbuffer_new();
    assert(buffer != NULL);
    int rc = evbuffer_add(buffer, data, size);
    assert(rc == 0);
    evhttp_send_reply_chunk_with_cb(request->evhttp, buffer, on_drained, request);
    evbuffer_free(buffer);
    if (http_stream_pending(request) > request->server->options.stream_pending_max)
        gate_cut(request->gate);
}

size_t http_stream_pending(const http_request_t *request)
{
    return request->gate == NULL ? 0 : gate_pending(request->gate);
}

void http_stream_cut(http_request_t *request)
{
    if (request->gate != NULL)
        gate_cut(request->gate);
}

void http_stream_end(http_request_t **request_p)
{
    http_request_t *self = *request_p;
    *request_p = NULL;
    if (self->gate != NULL)
        gate_stream(self->gate, false);
    let_go(self);
    evhttp_send_reply_end(self->evhttp);
    free(self);
}
