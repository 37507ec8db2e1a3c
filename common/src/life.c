/* life.c - standby, opening, active, draining. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "follower_store.h"
#include "host.h"
#include "own_token.h"
#include "pia/log.h"
#include "pia/memory.h"

enum {
    STANDBY_MS = 200, /* how often the lock is tried */
    RETRY_MS = 1000,  /* how often a database that is not there */
    DRAIN_TICK_MS = 20,
    DRAIN_MAX_MS = 10000,
    DRAIN_QUIET_MS = 1000, /* without a word from the broker that we have left */
    LINGER_MS = 5000,      /* for the last answers */
};

extern const char pia_common_schema_sql[];
static const pia_migration_t COMMON_MIGRATIONS[] = {{1, pia_common_schema_sql}, {0, NULL}};

static const char SQLITE[] = "sqlite:";
static const char META_EPOCH[] = "epoch";

static const char SQL_NAME_EPOCH[] =
    "INSERT INTO store_meta (name, value) VALUES ('epoch', $1) ON CONFLICT DO NOTHING";

static const char *text_of(const pia_host_t *host, const char *key)
{
    return pia_config_text(host->config, "service", key);
}

static void fail(pia_host_t *host, const char *what, const pia_problem_t *problem)
{
    pia_log(PIA_LOG_ERROR, "%s: %s", what, problem->detail);
    host->exit_code = 1;
    pia_loop_stop(host->loop);
}

static void on_fatal(const char *reason)
{
    pia_log(PIA_LOG_ERROR, "the disk failed, nothing more is acknowledged: %s", reason);
    _exit(3);
}

/* Gives a new store its random name, or reads the one it has. */
static pia_status_t name_epoch(pia_db_t *db, char ret_epoch[PIA_META_SIZE])
{
    char made[PIA_UUID_TEXT_SIZE];
    pia_uuid7_text(made);
    pia_status_t status = pia_db_begin(db);
    if (status != PIA_OK)
        return status;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_NAME_EPOCH);
    pia_stmt_text(stmt, 1, made);
    status = pia_stmt_run(stmt, NULL);
    if (status == PIA_OK)
        status = pia_meta_get(db, META_EPOCH, ret_epoch);
    if (status == PIA_OK)
        return pia_db_commit(db);
    pia_db_rollback(db);
    return status;
}

/* Opens, migrates and names the database; *ret_damaged says why it failed. */
static pia_status_t
open_whole(pia_host_t *host, pia_db_t **ret_db, bool *ret_damaged, pia_problem_t *problem)
{
    char epoch[PIA_META_SIZE];
    pia_db_t *db = NULL;
    pia_db_mode_t mode = host->service->is_journal ? PIA_DB_BLOB_WRITER : PIA_DB_WRITER;
    pia_status_t status = pia_db_open(text_of(host, "database"), mode, &db, problem);
    *ret_damaged = status == PIA_INTERNAL;
    if (status != PIA_OK)
        return status;
    status = pia_db_migrate(db, "common", COMMON_MIGRATIONS, problem);
    if (status == PIA_OK && host->service->migrations)
        status = pia_db_migrate(db, host->service->name, host->service->migrations, problem);
    if (status == PIA_OK) {
        status = name_epoch(db, epoch);
        if (status != PIA_OK)
            (void)pia_problem_set(problem, status, NULL, "%s", pia_db_error(db));
    }
    if (status != PIA_OK) {
        *ret_damaged = pia_db_is_damaged(db);
        pia_db_close(&db);
        return status;
    }
    (void)snprintf(host->epoch, sizeof host->epoch, "%.*s", PIA_UUID_TEXT_SIZE - 1, epoch);
    *ret_db = db;
    return PIA_OK;
}

/* Opens a damaged database to be read, and changes nothing in it. */
static pia_status_t open_damaged(pia_host_t *host, pia_db_t **ret_db, pia_problem_t *problem)
{
    char epoch[PIA_META_SIZE] = "";
    pia_db_t *db = NULL;
    pia_status_t status = pia_db_open(text_of(host, "database"), PIA_DB_READER, &db, problem);
    if (status != PIA_OK)
        return status;
    if (pia_meta_get(db, META_EPOCH, epoch) != PIA_OK)
        epoch[0] = '\0';
    (void)snprintf(host->epoch, sizeof host->epoch, "%.*s", PIA_UUID_TEXT_SIZE - 1, epoch);
    pia_log(PIA_LOG_ERROR, "the database is damaged, and only read from now on: %s",
            host->damage.detail);
    *ret_db = db;
    return PIA_OK;
}

static pia_status_t open_database(pia_host_t *host, pia_db_t **ret_db, pia_problem_t *problem)
{
    const pia_service_t *service = host->service;
    bool damaged = false;
    pia_status_t status = PIA_OK;
    if (service->look)
        status = service->look(service->self, host->config, problem);
    if (status == PIA_OK)
        status = open_whole(host, ret_db, &damaged, problem);
    else
        damaged = status == PIA_INTERNAL;
    if (!damaged || !service->look)
        return status;
    host->damage = *problem;
    return open_damaged(host, ret_db, problem);
}

static pia_status_t run_open(pia_job_t *job, pia_db_t *db)
{
    (void)db;
    pia_host_t *host = (pia_host_t *)(void *)((char *)job - offsetof(pia_host_t, open_job));
    if (!host->service->open)
        return PIA_OK;
    return host->service->open(host->service->self, &host->context, &host->open_problem);
}

static void start_own_token(pia_host_t *host)
{
    pia_own_token_options_t options = {.loop = host->loop,
                                       .zmq = host->zmq,
                                       .broker = text_of(host, "broker"),
                                       .key_file = text_of(host, "key_file"),
                                       .service = host->service};
    host->own_token = pia_own_token_new(&options);
    host->context.own_token = host->own_token;
}

static pia_session_t *start_session(pia_host_t *host, const char *name)
{
    pia_session_options_t options = {.loop = host->loop,
                                     .zmq = host->zmq,
                                     .endpoint = text_of(host, "broker"),
                                     .name = name,
                                     .window =
                                         (int)pia_config_integer(host->config, "service", "window"),
                                     .on_request = pia_dispatch_receive,
                                     .arg = host->dispatch};
    return pia_session_new(&options);
}

/* The service has loaded: it takes requests from now on. */
static void open_done(pia_job_t *job, pia_status_t status)
{
    pia_host_t *host = (pia_host_t *)(void *)((char *)job - offsetof(pia_host_t, open_job));
    if (host->state != PIA_HOST_OPENING)
        return; /* a signal came first */
    if (status != PIA_OK) {
        fail(host, "the service cannot be opened", &host->open_problem);
        return;
    }
    start_own_token(host);
    pia_problem_t problem = {0};
    if (host->service->attach && host->service->attach(host->service->self, &problem) != PIA_OK) {
        fail(host, "the service's sockets cannot be opened", &problem);
        return;
    }
    host->state = PIA_HOST_ACTIVE;
    pia_dispatch_use(host->dispatch, host->executor);
    host->work = start_session(host, host->service->name);
    pia_background_start(host);
    pia_log(PIA_LOG_INFO, "active, store %s", host->epoch);
}

static void become_opening(pia_host_t *host, pia_db_t *db)
{
    host->state = PIA_HOST_OPENING;
    host->cache = pia_cache_new(text_of(host, "redis"), host->epoch, host->service->name);
    host->context =
        (pia_context_t){.service = host->service->name,
                        .instance = host->instance,
                        .epoch = host->epoch,
                        .config = host->config,
                        .db = db,
                        .cache = host->cache,
                        .loop = host->loop,
                        .verifier = host->verifier,
                        .zmq = host->zmq,
                        .damage = host->damage.status == PIA_OK ? NULL : host->damage.detail};
    pia_executor_hooks_t hooks = {0};
    if (host->service->hooks)
        hooks = *host->service->hooks;
    if (!hooks.self)
        hooks.self = host->service->self;
    host->executor = pia_executor_new(host->loop, &db, &hooks, on_fatal);
    host->context.executor = host->executor;
    host->open_job = (pia_job_t){.run = run_open, .done = open_done, .bare = true};
    pia_status_t status = pia_executor_post(host->executor, &host->open_job);
    assert(status == PIA_OK); /* the queue is empty */
}

/* The lock on "<database file>.lock"; nothing to lock on a shared database. */
static pia_status_t take_lock(pia_host_t *host, pia_problem_t *problem)
{
    const char *url = text_of(host, "database");
    if (strncmp(url, SQLITE, sizeof SQLITE - 1) != 0 || host->lock)
        return PIA_OK;
    char path[512];
    int size = snprintf(path, sizeof path, "%s.lock", url + sizeof SQLITE - 1);
    if (size < 0 || (size_t)size >= sizeof path)
        return pia_problem_set(problem, PIA_INVALID, NULL, "the database's path is too long");
    return pia_lock_take(path, &host->lock, problem);
}

static void log_waiting(pia_host_t *host, const char *why)
{
    if (!host->waiting_logged)
        pia_log(PIA_LOG_INFO, "standby: %s", why);
    host->waiting_logged = true;
}

/* On standby: tries to get the database. */
static void try_database(void *arg)
{
    pia_host_t *host = arg;
    if (host->state != PIA_HOST_STANDBY || pia_clock_monotonic() < host->try_ms)
        return;
    pia_problem_t problem = {0};
    pia_db_t *db = NULL;
    pia_status_t status = take_lock(host, &problem);
    if (status == PIA_CONFLICT) {
        log_waiting(host, "another instance holds the database");
        return;
    }
    if (status == PIA_OK)
        status = open_database(host, &db, &problem);
    if (status == PIA_OK) {
        become_opening(host, db);
    } else if (status == PIA_UNAVAILABLE && !host->lock) {
        log_waiting(host, problem.detail);
        host->try_ms = pia_clock_monotonic() + RETRY_MS;
    } else {
        fail(host, "the database cannot be opened", &problem);
    }
}

void pia_host_start(pia_host_t *host)
{
    const char *url = text_of(host, "database");
    (void)snprintf(host->store, sizeof host->store, "%.*s", (int)strcspn(url, ":"), url);
    pia_time_format(pia_clock_wall(), host->started_at);
    host->verifier = pia_verifier_new(text_of(host, "token_key"));
    pia_dispatch_options_t options = {.service = host->service,
                                      .verifier = host->verifier,
                                      .control = pia_control_routes,
                                      .host = host,
                                      .changed = pia_background_changed};
    host->dispatch = pia_dispatch_new(&options);
    char name[2 * PIA_INSTANCE_SIZE];
    (void)snprintf(name, sizeof name, "%s#%s", host->service->name, host->instance);
    host->control = start_session(host, name);
    host->state = PIA_HOST_STANDBY;
    (void)pia_loop_add_timer(host->loop, STANDBY_MS, try_database, host);
    try_database(host);
}

static void check_drained(void *arg)
{
    pia_host_t *host = arg;
    int64_t now = pia_clock_monotonic();
    bool idle = pia_dispatch_in_flight(host->dispatch) == 0;
    bool gone = pia_session_has_left(host->work) || now >= host->drain_quiet_ms;
    if ((idle && gone) || now >= host->drain_until_ms)
        pia_loop_stop(host->loop);
}

void pia_host_drain(pia_host_t *host)
{
    if (host->state == PIA_HOST_DRAINING)
        return;
    bool active = host->state == PIA_HOST_ACTIVE;
    host->state = PIA_HOST_DRAINING;
    if (!active) {
        pia_loop_stop(host->loop);
        return;
    }
    pia_log(PIA_LOG_INFO, "drains");
    if (host->service->detach)
        host->service->detach(host->service->self);
    pia_session_leave(host->work);
    pia_background_stop(host);
    host->drain_until_ms = pia_clock_monotonic() + DRAIN_MAX_MS;
    host->drain_quiet_ms = pia_clock_monotonic() + DRAIN_QUIET_MS;
    (void)pia_loop_add_timer(host->loop, DRAIN_TICK_MS, check_drained, host);
}

/* The store first, then at once the lock, so that a standby need not wait for the last answers. A
 * service with sockets of its own keeps it until they are really closed: closing a bound one
 * removes its file, which a standby might have bound anew meanwhile. */
void pia_host_close(pia_host_t *host)
{
    pia_background_stop(host);
    pia_executor_destroy(&host->executor);
    if (host->service->close)
        host->service->close(host->service->self);
    if (!host->service->attach)
        pia_lock_destroy(&host->lock);
    pia_background_destroy(host);
    pia_own_token_destroy(&host->own_token);
    if (host->control)
        pia_session_leave(host->control);
    pia_session_destroy(&host->work, LINGER_MS);
    pia_session_destroy(&host->control, LINGER_MS);
    pia_cache_destroy(&host->cache);
    pia_dispatch_destroy(&host->dispatch);
    pia_verifier_destroy(&host->verifier);
}
