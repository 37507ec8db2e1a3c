/* gateway.c - starts the parts, runs the loop, drains. */
#include "gateway.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

#include "auth.h"
#include "bus.h"
#include "cached.h"
#include "control.h"
#include "control_answer.h"
#include "feed.h"
#include "http.h"
#include "openapi.h"
#include "pia/clock.h"
#include "pia/descriptors.h"
#include "pia/log.h"
#include "pia/memory.h"
#include "routes.h"
#include "serve.h"
#include "timing.h"

enum { DRAIN_MS = 10000, DRAIN_TICK_MS = 50, STREAM_PENDING_MAX = 4 << 20 };
enum { DESCRIPTORS_OWN = 1024 /* ours beside the connections: sockets of ZeroMQ, files */ };

const pia_option_t gateway_options[] = {
    {"http", "address", PIA_OPTION_TEXT, "127.0.0.1", 0, 0, "numeric address to listen on"},
    {"http", "port", PIA_OPTION_INTEGER, "8080", 0, 65535, "TCP port; 0: any free one"},
    {"http", "request_timeout_ms", PIA_OPTION_INTEGER, "15000", 100, 600000,
     "ms for a whole request to arrive, however it drips"},
    {"http", "answer_timeout_ms", PIA_OPTION_INTEGER, "60000", 100, 600000,
     "ms for an answer to be taken"},
    {"http", "idle_timeout_ms", PIA_OPTION_INTEGER, "60000", 100, 600000,
     "ms that a connection may wait between requests"},
    {"http", "connections_max", PIA_OPTION_INTEGER, "10000", 1, 100000,
     "connections at the same time"},
    {"http", "requests_mib", PIA_OPTION_INTEGER, "64", 1, 4096,
     "what requests that are not answered yet may hold in all, in MiB"},
    {"http", "heartbeat_ms", PIA_OPTION_INTEGER, "10000", 100, 14000,
     "ms between two comments on a silent event stream"},
    {"http", "stall_timeout_ms", PIA_OPTION_INTEGER, "20000", 100, 600000,
     "ms after which an event stream whose client takes nothing is closed"},
    {NULL, NULL, PIA_OPTION_TEXT, NULL, 0, 0, NULL},
};

static void on_drain_tick(evutil_socket_t descriptor, short what, void *arg)
{
    (void)descriptor;
    (void)what;
    gateway_t *self = arg;
    bool quiet = self->exchanges == 0 && http_server_stats(self->http)->open == 0;
    if (quiet || pia_clock_monotonic() >= self->drain_until_ms)
        (void)event_base_loopbreak(self->base);
}

void gateway_drain(gateway_t *gateway)
{
    if (gateway->draining)
        return;
    pia_log(PIA_LOG_INFO, "draining");
    gateway->draining = true;
    gateway->drain_until_ms = pia_clock_monotonic() + DRAIN_MS;
    http_server_drain(gateway->http);
    feed_drain(gateway->feed);
    gateway->drain_timer = timing_every(gateway->base, DRAIN_TICK_MS, on_drain_tick, gateway);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
    (void)number;
    (void)what;
    gateway_t *self = arg;
    if (self->draining)
        (void)event_base_loopbreak(self->base);
    else
        gateway_drain(self);
}

static void start_signals(gateway_t *self)
{
    static const int numbers[GATEWAY_SIGNALS] = {SIGTERM, SIGINT};
    (void)signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < GATEWAY_SIGNALS; i++) {
        self->signals[i] = evsignal_new(self->base, numbers[i], on_signal, self);
        (void)event_add(self->signals[i], NULL);
    }
}

/* As many connections as are wanted and as descriptors allow: an accept that fails for want of one
 * would be tried again and again. */
static unsigned connections_max(const pia_config_t *config)
{
    size_t wanted = (size_t)pia_config_integer(config, "http", "connections_max");
    size_t limit = pia_descriptors_allow(wanted + DESCRIPTORS_OWN);
    size_t own = limit / 2 < DESCRIPTORS_OWN ? limit / 2 : DESCRIPTORS_OWN;
    size_t room = limit - own;
    if (room < wanted)
        pia_log(PIA_LOG_WARN, "descriptors allow %u connections only", (unsigned)room);
    return (unsigned)(room < wanted ? room : wanted);
}

static pia_status_t listen_http(gateway_t *self, pia_problem_t *problem)
{
    const pia_config_t *config = self->config;
    http_options_t options = {
        .address = pia_config_text(config, "http", "address"),
        .port = (uint16_t)pia_config_integer(config, "http", "port"),
        .request_timeout_ms = pia_config_integer(config, "http", "request_timeout_ms"),
        .answer_timeout_ms = pia_config_integer(config, "http", "answer_timeout_ms"),
        .idle_timeout_ms = pia_config_integer(config, "http", "idle_timeout_ms"),
        .connections_max = connections_max(config),
        .requests_max = (size_t)pia_config_integer(config, "http", "requests_mib") << 20,
        .stream_pending_max = STREAM_PENDING_MAX,
        .handle = serve,
        .arg = self,
    };
    return http_server_new(self->base, &options, &self->http, problem);
}

static void start_control(gateway_t *self)
{
    char name[sizeof self->instance + 16];
    (void)snprintf(name, sizeof name, "gateway#%s", self->instance);
    self->answers = control_answer_new(self, pia_config_text(self->config, "service", "token_key"));
    control_options_t options = {
        .zmq = self->zmq,
        .endpoint = pia_config_text(self->config, "service", "broker"),
        .name = name,
        .answer = control_answer_make,
        .arg = self->answers,
    };
    self->control = control_new(self->base, &options);
}

/* Every service that the table reads from the cache is known from the beginning. */
static void start_cached(gateway_t *self)
{
    self->cached =
        cached_new(self->base, self->bus, pia_config_text(self->config, "service", "redis"));
    for (const route_t *route = gateway_routes; route->method != NULL; route++)
        if (route->cache != NULL)
            (void)cached_owner(self->cached, route->message->name);
}

static void start_parts(gateway_t *self)
{
    const pia_config_t *config = self->config;
    self->zmq = zmq_ctx_new();
    assert(self->zmq != NULL);
    self->bus = bus_new(self->base, self->zmq, pia_config_text(config, "service", "broker"));
    self->auth = auth_new(self->bus);
    feed_options_t options = {
        .bus = self->bus,
        .auth = self->auth,
        .endpoint = pia_config_text(config, "service", "diffusion"),
        .heartbeat_ms = pia_config_integer(config, "http", "heartbeat_ms"),
        .stall_ms = pia_config_integer(config, "http", "stall_timeout_ms"),
    };
    start_cached(self);
    self->feed = feed_new(self->base, &options);
    self->openapi = openapi_build();
    start_control(self);
    start_signals(self);
}

void gateway_name(const pia_config_t *config, char ret_name[GATEWAY_NAME_SIZE])
{
    const char *name = pia_config_text(config, "service", "instance");
    if (name[0] != '\0')
        (void)snprintf(ret_name, GATEWAY_NAME_SIZE, "%s", name);
    else
        (void)snprintf(ret_name, GATEWAY_NAME_SIZE, "gateway-%d", (int)getpid());
}

pia_status_t
gateway_new(const pia_config_t *config, gateway_t **ret_gateway, pia_problem_t *problem)
{
    gateway_t *self = pia_alloc(sizeof *self);
    self->config = config;
    self->started_ms = pia_clock_wall();
    gateway_name(config, self->instance);
    self->base = event_base_new();
    assert(self->base != NULL);
    pia_status_t status = listen_http(self, problem);
    if (status != PIA_OK) {
        event_base_free(self->base);
        free(self);
        return status;
    }
    start_parts(self);
    pia_log(PIA_LOG_INFO, "listening on http://%s:%u", pia_config_text(config, "http", "address"),
            (unsigned)http_server_port(self->http));
    *ret_gateway = self;
    return PIA_OK;
}

void gateway_run(gateway_t *gateway)
{
    (void)event_base_dispatch(gateway->base);
}

/* Streams end first, then what waits for the bus is answered, then the connections go. */
void gateway_destroy(gateway_t **gateway_p)
{
    gateway_t *self = *gateway_p;
    *gateway_p = NULL;
    if (self == NULL)
        return;
    feed_drain(self->feed);
    cached_close(self->cached);
    bus_destroy(&self->bus);
    feed_destroy(&self->feed);
    cached_destroy(&self->cached);
    auth_destroy(&self->auth);
    control_destroy(&self->control);
    control_answer_destroy(&self->answers);
    http_server_destroy(&self->http);
    for (size_t i = 0; i < GATEWAY_SIGNALS; i++)
        event_free(self->signals[i]);
    if (self->drain_timer != NULL)
        event_free(self->drain_timer);
    event_base_free(self->base);
    (void)zmq_ctx_term(self->zmq);
    free(self->openapi);
    free(self);
}
