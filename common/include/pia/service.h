/* service.h - what every service is: a table of messages, a database, and what it follows.
 * The common loop does the rest: configuration, log, lock or standby, broker sessions, tokens,
 * roles, idempotency, group commit, outbox relay, following the journal, drain, watchdog;
 * and answers service.ping, .info, .stats, .level and .drain for everyone. */
#ifndef PIA_SERVICE_H
#define PIA_SERVICE_H

#include "pia/cache.h"
#include "pia/config.h"
#include "pia/db.h"
#include "pia/event.h"
#include "pia/executor.h"
#include "pia/loop.h"
#include "pia/request.h"
#include "pia/token.h"

/* Handles one request in the store thread, inside the batch's transaction, and answers it. */
typedef void pia_handler_fn(void *self, pia_request_t **request_p);

typedef struct {
    const pia_message_t *message; /* from proto/ */
    uint32_t roles;               /* any of these may ask; PIA_ROLE_PUBLIC: anyone */
    pia_handler_fn *handle;
} pia_route_t;

typedef struct pia_own_token pia_own_token_t;

/* What a service is given when it becomes active; lives until close. */
typedef struct {
    const char *service;  /* "registry" */
    const char *instance; /* "registry-4711": unique among running processes */
    const char *epoch;    /* the store's random name, made with the database */
    const pia_config_t *config;
    pia_db_t *db;               /* store thread only */
    pia_cache_t *cache;         /* store thread only */
    pia_loop_t *loop;           /* loop thread only */
    pia_executor_t *executor;   /* post from the loop thread */
    pia_verifier_t *verifier;   /* loop thread only */
    void *zmq;                  /* the process's one ZeroMQ context */
    const char *damage;         /* why the database could be opened only to be read; NULL */
    pia_own_token_t *own_token; /* loop thread only: see pia_context_token */
} pia_context_t;

/* The service's own present token, for what it asks of others (pia_call_t). Returns its size; 0
 * while there is none yet (the registry has not answered): try again later. Loop thread. */
size_t pia_context_token(const pia_context_t *context, uint8_t ret_token[PIA_TOKEN_MAX]);

typedef struct {
    const char *name;            /* "registry" */
    const pia_option_t *options; /* its own settings, beside pia_service_options; or NULL */
    const pia_migration_t
        *migrations;           /* its tables; common's own tables are migrated beside them */
    const pia_route_t *routes; /* ends with a NULL message */
    void *self;                /* passed to everything below; not owned */

    /* Store thread, once, before the first request, outside any transaction (it begins its own if
     * it writes): load what it keeps in memory. Keeps a pointer to the context. Not OK: the process
     * ends with the problem. */
    pia_status_t (*open)(void *self, const pia_context_t *context, pia_problem_t *problem);
    /* Store thread, in a transaction, about every 200 ms: timers, retention. NULL if none. */
    pia_status_t (*tick)(void *self, int64_t now_ms);
    /* Loop thread, when active: add own sockets and timers. NULL if none. */
    pia_status_t (*attach)(void *self, pia_problem_t *problem);
    /* Loop thread, when draining begins: stop intake on own sockets. NULL if none. */
    void (*detach)(void *self);
    /* Loop thread, at the end: the store thread has ended and every job is done; the loop and the
     * ZeroMQ context still live, perhaps nothing was ever opened. Close own sockets. NULL if none.
     */
    void (*close)(void *self);
    /* Adds numbers to the counters in the answer of service.stats; store thread. NULL if none. */
    void (*stats)(void *self, json_t *stats);

    /* Following the journal: the filter (a JSON text), and what to do with each event, in the
     * transaction that stores the cursor. PIA_OK also for an event that does not concern it; any
     * other status stops following and tries again later. NULL if it follows nothing. */
    const char *follow;
    pia_status_t (*on_event)(void *self, const pia_event_t *event);

    /* Around each batch's transaction, in the store thread; NULL if none. `self` is the above. */
    const pia_executor_hooks_t *hooks;

    /* How the service gets its own tokens: NULL asks the registry with its key file; the registry
     * itself signs (fills a token, returns its size). Loop thread. */
    size_t (*own_token)(void *self, uint8_t ret_token[PIA_TOKEN_MAX]);
    /* Where its own socket is bound, for service.info; NULL if it is not. Loop thread. NULL if
     * none. */
    const char *(*endpoint)(void *self);
    bool is_journal; /* diffusion: no relay, no following */

    /* Loop thread, before the database is opened, perhaps several times. PIA_INTERNAL: it is known
     * to be damaged, any other failure: it must not be opened; the problem says why. A service that
     * has this is given a database that is damaged, known or not, read-only (context's `damage`);
     * without it such a database ends the process. NULL if none. */
    pia_status_t (*look)(void *self, const pia_config_t *config, pia_problem_t *problem);
    /* Loop thread: whether this message, which would change something, may be asked now (NULL:
     * any); else the problem says why not, and service.info, too. NULL if always. */
    pia_status_t (*may_change)(void *self, const pia_message_t *message, pia_problem_t *problem);
} pia_service_t;

/* Runs the service until SIGTERM (drain) or a second signal (at once). The result is main's:
 * 0, 1 after a failure, 2 for bad usage or configuration, 3 when the disk failed. */
int pia_service_main(const pia_service_t *service, int argc, char **argv);

#endif
