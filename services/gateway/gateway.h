/* gateway.h - the process: its loop, its connections, what it serves. It owns nothing durable. */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "pia/config.h"
#include "pia/problem.h"

enum { GATEWAY_NAME_SIZE = 64, GATEWAY_SIGNALS = 2 };

/* Each is owned and lives as long as the gateway. */
typedef struct {
    const pia_config_t *config; /* not owned */
    char instance[GATEWAY_NAME_SIZE];
    int64_t started_ms; /* wall clock */
    struct event_base *base;
    void *zmq;
    struct http_server *http;
    struct bus *bus;
    struct auth *auth;
    struct cached *cached;
    struct feed *feed;
    struct control *control;
    struct control_answer *answers;
    char *openapi;      /* the API's description, JSON */
    unsigned exchanges; /* requests that wait for a service */
    bool draining;
    struct event *signals[GATEWAY_SIGNALS];
    struct event *drain_timer; /* NULL until draining */
    int64_t drain_until_ms;    /* monotonic */
} gateway_t;

extern const pia_option_t gateway_options[];

/* The instance's name: the setting, or gateway-PID. */
void gateway_name(const pia_config_t *config, char ret_name[GATEWAY_NAME_SIZE]);

/* Starts everything and listens. On failure there is nothing to destroy. */
pia_status_t
gateway_new(const pia_config_t *config, gateway_t **ret_gateway, pia_problem_t *problem);
void gateway_destroy(gateway_t **gateway_p);

/* Serves until SIGTERM or SIGINT (drain) or a second one (at once). */
void gateway_run(gateway_t *gateway);

/* Stops accepting, finishes what is in flight, ends streams; then run returns. */
void gateway_drain(gateway_t *gateway);

#endif
