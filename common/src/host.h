/* host.h - a running service: what pia_service_main puts together, and its life: standby, opening,
 * active, draining. Loop thread. */
#ifndef PIA_HOST_H
#define PIA_HOST_H

#include "dispatch.h"
#include "follower.h"
#include "pia/clock.h"
#include "pia/lease.h"
#include "pia/lock.h"
#include "pia/service.h"
#include "pia/uuid.h"
#include "relay.h"
#include "session.h"

typedef struct pia_host pia_host_t;

typedef enum {
    PIA_HOST_STANDBY, /* waits for the lock or the database; control session only */
    PIA_HOST_OPENING, /* holds the database; the service loads */
    PIA_HOST_ACTIVE,
    PIA_HOST_DRAINING, /* takes nothing new, finishes what it has */
} pia_host_state_t;

enum { PIA_INSTANCE_SIZE = 64 };

struct pia_host {
    const pia_service_t *service;
    char *program; /* "pia-registry"; owned, as all pointers below that have no note */
    pia_config_t *config;
    void *zmq;
    pia_loop_t *loop;
    int signal_descriptor;
    int signals_seen;
    int exit_code;

    char instance[PIA_INSTANCE_SIZE];
    char started_at[PIA_TIME_TEXT_SIZE];
    char epoch[PIA_UUID_TEXT_SIZE]; /* of the store; "" while standby */
    char store[16];                 /* the engine */
    pia_host_state_t state;

    pia_verifier_t *verifier;
    pia_dispatch_t *dispatch;
    pia_session_t *control; /* "<service>#<instance>" */
    pia_session_t *work;    /* "<service>", when active */

    pia_lock_t *lock; /* NULL on a shared database */
    pia_executor_t *executor;
    pia_cache_t *cache;
    pia_own_token_t *own_token;
    pia_lease_t lease; /* store thread */
    pia_relay_t *relay;
    pia_follower_t *follower;
    pia_context_t context;

    pia_job_t open_job, tick_job, lease_job, purge_job, checkpoint_job;
    bool ticking, leasing, purging, checkpointing; /* the job is in the store thread */
    bool more_to_purge;                            /* the purge job's result */
    pia_problem_t open_problem;                    /* the open job's */
    pia_problem_t damage;          /* why the database is only read; status PIA_OK: it is not */
    bool leads;                    /* the lease job's result */
    uint64_t checkpointed_batches; /* batches when last checkpointed */
    uint64_t logged_batches;       /* logged when a checkpoint was last thought of */
    int64_t drain_until_ms, drain_quiet_ms; /* monotonic */
    int64_t try_ms;                         /* monotonic: when to try the database again */
    bool waiting_logged;
};

/* Life cycle (life.c). */
void pia_host_start(pia_host_t *host); /* begins as standby */
void pia_host_drain(pia_host_t *host);
void pia_host_close(pia_host_t *host); /* frees all that start and later steps have made */

/* Begins and ends the work beside requests (background.c). */
void pia_background_start(pia_host_t *host);
void pia_background_stop(pia_host_t *host);
void pia_background_destroy(pia_host_t *host);

/* Something was committed that may have announced something; `arg` is the host. */
void pia_background_changed(void *arg);

/* The control messages (control.c); self is the host. */
extern const pia_route_t pia_control_routes[];

#endif
