/* broker.h - the broker without its sockets: messages go in, messages come out through a callback,
 * time is told. 18/MDP with all its rules, the dialect PIAW01, MMI, bounded queues, deadlines.
 * One thread. */
#ifndef BROKER_H
#define BROKER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "pia/frames.h"

typedef struct broker broker_t;

/* Sends a message whose frame 0 is the peer's identity; takes the frames. False if the peer is
 * gone or its queue is full: nothing was sent. Must not call the broker. */
typedef bool broker_send_fn(void *arg, pia_frames_t *message);

typedef struct {
    const char *instance;    /* "broker-4711"; not owned, outlives the broker */
    int64_t heartbeat_ms;    /* sent to a worker that was sent nothing else for so long */
    int64_t liveness;        /* a worker silent for so many heartbeats is lost */
    int64_t queue_max;       /* requests waiting per service */
    int64_t queue_bytes_max; /* bytes of all requests held, waiting or kept for redelivery */
    int64_t services_max;    /* names, beyond which only served ones are asked for */
    int64_t workers_max;
    int64_t deliveries_max;  /* workers that may be lost over one request */
    int64_t plain_expiry_ms; /* a plain MDP request waits so long for a service without workers */
    bool plain_redelivered;  /* a plain MDP request goes to another worker when its own is lost */
} broker_options_t;

broker_t *
broker_new(const broker_options_t *options, broker_send_fn *send, void *arg, int64_t now_ms);

/* Forgets everything, sends nothing. */
void broker_destroy(broker_t **broker_p);

/* One message as a ROUTER received it (frame 0: the peer's identity). Empties the frames. */
void broker_receive(broker_t *broker, pia_frames_t *message, int64_t now_ms);

/* A message with more than PIA_FRAMES_MAX frames, of which these are the first. Empties them. */
void broker_receive_cut(broker_t *broker, pia_frames_t *message, int64_t now_ms);

/* Heartbeats, lost workers, deadlines. Call at least every 100 ms. `now_ms` never goes back. */
void broker_tick(broker_t *broker, int64_t now_ms);

/* From now on new requests are refused and workers not admitted; what is held goes on. */
void broker_drain(broker_t *broker);

/* Whether no request is waiting or at a worker. */
bool broker_is_idle(const broker_t *broker);

/* Ends it: what is still held is answered `unavailable`, every worker is told DISCONNECT. */
void broker_leave(broker_t *broker, int64_t now_ms);

/* The answers of mmi.services and mmi.stats; the caller owns them. */
json_t *broker_services_json(const broker_t *broker);
json_t *broker_stats_json(const broker_t *broker);

#endif
