/* state.h - what the broker's files share: requests, workers, services and their lists. */
#ifndef BROKER_STATE_H
#define BROKER_STATE_H

#include "broker.h"
#include "mdp.h"
#include "pia/header.h"
#include "stats.h"
#include "table.h"

typedef struct request request_t;
typedef struct worker worker_t;
typedef struct service service_t;

typedef struct {
    request_t *first, *last;
    size_t count;
} request_list_t;

/* A request that waits in its service's queue or is at a worker: in exactly one list. */
struct request {
    request_t *next, *previous;
    service_t *service;
    pia_frames_t frames; /* 0: the client's identity; then the body, gone once it is delivered
                            and may not be delivered again */
    size_t bytes;        /* of the body, while it is held */
    bool ours;           /* the body begins with our header, which is: */
    pia_header_t header;
    int64_t deadline_ms; /* monotonic; INT64_MAX: none */
    int64_t arrived_ms;
    int64_t deliveries;   /* workers it was given to */
    bool partly_answered; /* its client has seen a PARTIAL */
    bool abandoned;       /* its client was told `timeout`; the worker's answer will be dropped */
};

typedef enum {
    WORKER_READY,
    WORKER_LEAVING, /* said DISCONNECT in our dialect: answers what it has, gets nothing more */
    WORKER_GONE,    /* was told DISCONNECT: nothing more goes to it, what it says is dropped */
} worker_state_t;

struct worker {
    table_node_t node;                     /* in broker->workers, by identity */
    worker_t *next, *previous;             /* in broker->all_workers */
    worker_t *ready_next, *ready_previous; /* in service->ready while it has room */
    bool in_ready;
    uint8_t identity[MDP_IDENTITY_MAX];
    mdp_dialect_t dialect;
    worker_state_t state;
    service_t *service; /* NULL when gone */
    uint32_t window;
    char version[MDP_VERSION_MAX + 1];
    request_list_t requests;  /* at this worker, oldest first */
    int64_t next_deadline_ms; /* no request of its list has an earlier one */
    int64_t heard_ms, sent_ms;
};

struct service {
    table_node_t node; /* in broker->services, by name */
    service_t *next, *previous;
    char name[MDP_NAME_MAX + 1];
    request_list_t queue;
    int64_t next_deadline_ms;           /* no waiting request has an earlier one */
    worker_t *ready_first, *ready_last; /* with room; the first has waited longest for a request */
    size_t workers;                     /* all that serve it, leaving ones too */
    size_t in_flight;
    int64_t alone_ms; /* since when it has no worker, if it has none */
};

struct broker {
    broker_options_t options;
    broker_send_fn *send;
    void *send_arg;
    table_t workers, services;
    worker_t *all_workers;
    service_t *all_services;
    request_t *spare; /* freed requests, for reuse */
    size_t spare_count;
    size_t workers_ready; /* not gone */
    size_t workers_gone;
    size_t held; /* requests waiting or at a worker */
    size_t held_bytes;
    bool draining;
    int64_t started_ms, now_ms;
    stats_t stats;
};

#endif
