/* http.h - the thin seam over the HTTP server (libevent's evhttp behind the gate of gate.h), so
 * that another can take its place: nothing else in the gateway knows evhttp. A request is handed
 * over whole, and answered once, at once or later, with a body or with a stream. Loop's thread. */
#ifndef GATEWAY_HTTP_H
#define GATEWAY_HTTP_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gate.h"
#include "pia/problem.h"

typedef struct http_server http_server_t;
typedef struct http_request http_request_t;

typedef void http_handler_fn(void *arg, http_request_t *request);

typedef struct {
    const char *address;
    uint16_t port; /* 0: any free one */
    int64_t request_timeout_ms, answer_timeout_ms, idle_timeout_ms;
    unsigned connections_max;
    size_t requests_max;       /* see gate.h */
    size_t stream_pending_max; /* bytes a stream's client may be behind, then it is closed */
    http_handler_fn *handle;   /* must answer or keep the request */
    void *arg;
} http_options_t;

/* Listens. PIA_UNAVAILABLE: the address cannot be bound. The caller owns *ret_server. */
pia_status_t http_server_new(struct event_base *base,
                             const http_options_t *options,
                             http_server_t **ret_server,
                             pia_problem_t *problem);
/* Requests that are still kept must have been answered. */
void http_server_destroy(http_server_t **server_p);

uint16_t http_server_port(const http_server_t *server);
const gate_stats_t *http_server_stats(const http_server_t *server);
/* How many answers had this status. */
uint64_t http_server_answers(const http_server_t *server, int status);

/* Stops listening and closes idle connections; those at work close after their answer. */
void http_server_drain(http_server_t *server);

/* Borrowed, as long as the request is not answered. */
const char *http_request_method(const http_request_t *request); /* "GET"; HEAD says "HEAD" */
const char *http_request_target(const http_request_t *request); /* path and query, not decoded */
const char *http_request_header(const http_request_t *request, const char *name); /* or NULL */
const void *http_request_body(const http_request_t *request, size_t *ret_size);

/* Adds a header to the answer. A value with a line end in it is left out. */
void http_reply_header(http_request_t *request, const char *name, const char *value);

/* Answers; takes the request. HEAD gets the headers alone. */
void http_reply(http_request_t **request_p, int status, const void *body, size_t size);

/* Answers 200 with a stream, which lasts until http_stream_end. `closed` is called once if the
 * client leaves or is closed for being slow; it must end the stream (at once or later).
 * `drained` is called whenever the kernel has taken everything that was written. */
void http_stream_start(http_request_t *request,
                       void (*closed)(void *arg),
                       void (*drained)(void *arg),
                       void *arg);
/* Writes to a stream; to a client that has left it does nothing. */
void http_stream_write(http_request_t *request, const void *data, size_t size);
/* Bytes written that the kernel has not taken yet. */
size_t http_stream_pending(const http_request_t *request);
/* Closes the connection soon; `closed` is called then. */
void http_stream_cut(http_request_t *request);
void http_stream_end(http_request_t **request_p);

#endif
