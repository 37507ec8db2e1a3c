/* process.c - one ROUTER, one loop: start, run, drain. */
#include "process.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker.h"
#include "pia/clock.h"
#include "pia/config.h"
#include "pia/lock.h"
#include "pia/log.h"
#include "pia/loop.h"

enum {
    TICK_MS = 50,
    RECEIVE_BUDGET = 1000,
    LINGER_MS = 5000,
    IPC_PATH_MAX = 107, /* bytes of sockaddr_un */
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
};

static const pia_option_t SERVICE_OPTIONS[] = {
    {"service", "data", PIA_OPTION_TEXT, ".", 0, 0, "data directory; all paths are relative to it"},
    {"service", "instance", PIA_OPTION_TEXT, "", 0, 0, "name of this process (default broker-PID)"},
    {"service", "log_level", PIA_OPTION_LOG_LEVEL, "info", 0, 0, "error, warn, info or debug"},
    {"service", "log_format", PIA_OPTION_LOG_FORMAT, "text", 0, 0, "text or json"},
    {NULL, NULL, PIA_OPTION_TEXT, NULL, 0, 0, NULL},
};

static const pia_option_t BROKER_OPTIONS[] = {
    {"broker", "endpoint", PIA_OPTION_TEXT, "ipc://run/broker.sock", 0, 0,
     "where clients and workers connect (ipc:// or loopback tcp://)"},
    {"broker", "heartbeat_ms", PIA_OPTION_INTEGER, "1000", 10, 60000,
     "ms without another message after which a worker is sent HEARTBEAT"},
    {"broker", "liveness", PIA_OPTION_INTEGER, "5", 3, 100,
     "heartbeats for which a worker may be silent"},
    {"broker", "queue_max", PIA_OPTION_INTEGER, "10000", 1, 1000000,
     "requests that may wait for one service"},
    {"broker", "queue_bytes_max", PIA_OPTION_INTEGER, "67108864", 1024, 17179869184,
     "bytes of all requests held"},
    {"broker", "services_max", PIA_OPTION_INTEGER, "1000", 1, 100000,
     "names that may be asked for, with or without a worker"},
    {"broker", "workers_max", PIA_OPTION_INTEGER, "4096", 1, 100000, "workers at a time"},
    {"broker", "deliveries_max", PIA_OPTION_INTEGER, "3", 1, 100,
     "workers that one request may be given to, one after the other is lost"},
    {"broker", "plain_expiry_ms", PIA_OPTION_INTEGER, "10000", 1, 3600000,
     "ms that a plain MDP request waits for a service without workers"},
    {"broker", "plain_redelivered", PIA_OPTION_BOOLEAN, "true", 0, 0,
     "give a plain MDP request to another worker when its own is lost"},
    {"broker", "message_max", PIA_OPTION_INTEGER, "2097152", 1024, 67108864,
     "bytes of one frame; the connection of who sends more is closed"},
    {"broker", "drain_ms", PIA_OPTION_INTEGER, "5000", 0, 600000,
     "ms to finish what is in flight after SIGTERM"},
    {NULL, NULL, PIA_OPTION_TEXT, NULL, 0, 0, NULL},
};

static const pia_option_t *const OPTION_TABLES[] = {SERVICE_OPTIONS, BROKER_OPTIONS, NULL};

typedef struct {
    pia_config_t *config;
    char instance[64];
    pia_lock_t *lock;
    int signals; /* a signalfd */
    void *zmq;
    void *socket;
    pia_loop_t *loop;
    broker_t *broker;
    int64_t drained_by_ms; /* monotonic; 0: not draining */
    int exit_code;
} process_t;

static bool send_message(void *arg, pia_frames_t *message)
{
    process_t *process = arg;
    return pia_frames_send(message, process->socket) == PIA_OK;
}

static void end(process_t *process, int exit_code)
{
    process->exit_code = exit_code;
    pia_loop_stop(process->loop);
}

static void on_socket(void *arg)
{
    process_t *process = arg;
    pia_frames_t message;
    pia_frames_init(&message);
    int64_t now = pia_clock_monotonic();
    for (int i = 0; i < RECEIVE_BUDGET; i++) {
        pia_status_t status = pia_frames_recv(&message, process->socket);
        if (status == PIA_OK)
            broker_receive(process->broker, &message, now);
        else if (status == PIA_TOO_LARGE)
            broker_receive_cut(process->broker, &message, now);
        else
            break;
    }
    pia_frames_clear(&message);
}

static void on_tick(void *arg)
{
    process_t *process = arg;
    int64_t now = pia_clock_monotonic();
    broker_tick(process->broker, now);
    if (process->drained_by_ms == 0)
        return;
    if (broker_is_idle(process->broker) || now >= process->drained_by_ms)
        end(process, 0);
}

static void on_signal(void *arg)
{
    process_t *process = arg;
    struct signalfd_siginfo info;
    if (read(process->signals, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    if (process->drained_by_ms != 0) {
        pia_log(PIA_LOG_WARN, "second signal: ending at once");
        end(process, EXIT_FAILED);
        return;
    }
    pia_log(PIA_LOG_INFO, "draining");
    broker_drain(process->broker);
    process->drained_by_ms =
        pia_clock_monotonic() + pia_config_integer(process->config, "broker", "drain_ms") + 1;
}

static void configure_log(process_t *process)
{
    const pia_config_t *config = process->config;
    const char *format = pia_config_text(config, "service", "log_format");
    const char *instance = pia_config_text(config, "service", "instance");
    if (*instance)
        (void)snprintf(process->instance, sizeof process->instance, "%s", instance);
    else
        (void)snprintf(process->instance, sizeof process->instance, "broker-%d", (int)getpid());
    pia_log_init("broker", process->instance, pia_config_log_level(config),
                 strcmp(format, "json") == 0);
}

/* Both signals come through a descriptor, in every thread that starts from here on. */
static pia_status_t catch_signals(process_t *process, pia_problem_t *problem)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return pia_problem_set(problem, PIA_INTERNAL, NULL, "signals cannot be blocked");
    process->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (process->signals < 0)
        return pia_problem_set(problem, PIA_INTERNAL, NULL, "signals cannot be read");
    return PIA_OK;
}

/* The socket's directory is made if it is missing; only its owner may enter. */
static void make_directory(const char *path)
{
    char directory[IPC_PATH_MAX + 1];
    (void)snprintf(directory, sizeof directory, "%s", path);
    char *slash = strrchr(directory, '/');
    if (!slash || slash == directory)
        return;
    *slash = '\0';
    (void)mkdir(directory, S_IRWXU);
}

/* Binding a path that another process has bound succeeds and steals it: so the lock comes first. */
static pia_status_t lock_path(process_t *process, const char *path, pia_problem_t *problem)
{
    if (strlen(path) > IPC_PATH_MAX)
        return pia_problem_set(problem, PIA_INVALID, NULL,
                               "the socket's path is longer than %d bytes", IPC_PATH_MAX);
    char lock[IPC_PATH_MAX + sizeof ".lock"];
    (void)snprintf(lock, sizeof lock, "%s.lock", path);
    make_directory(path);
    return pia_lock_take(lock, &process->lock, problem);
}

static pia_status_t claim_endpoint(process_t *process, const char *endpoint, pia_problem_t *problem)
{
    static const char ipc[] = "ipc://";
    static const char *const loopback[] = {"tcp://127.0.0.1:", "tcp://[::1]:"};
    if (strncmp(endpoint, ipc, sizeof ipc - 1) == 0)
        return lock_path(process, endpoint + sizeof ipc - 1, problem);
    for (size_t i = 0; i < sizeof loopback / sizeof loopback[0]; i++)
        if (strncmp(endpoint, loopback[i], strlen(loopback[i])) == 0)
            return PIA_OK;
    return pia_problem_set(problem, PIA_INVALID, NULL,
                           "the endpoint is neither ipc:// nor tcp:// on loopback");
}

static pia_status_t open_socket(process_t *process, pia_problem_t *problem)
{
    const char *endpoint = pia_config_text(process->config, "broker", "endpoint");
    pia_status_t status = claim_endpoint(process, endpoint, problem);
    if (status != PIA_OK)
        return status;
    process->zmq = zmq_ctx_new();
    process->socket = process->zmq ? zmq_socket(process->zmq, ZMQ_ROUTER) : NULL;
    if (!process->socket)
        return pia_problem_set(problem, PIA_INTERNAL, NULL, "no socket: %s", zmq_strerror(errno));
    pia_socket_prepare(process->socket,
                       pia_config_integer(process->config, "broker", "message_max"));
    if (zmq_bind(process->socket, endpoint) != 0)
        return pia_problem_set(problem, PIA_UNAVAILABLE, NULL, "cannot bind %s: %s", endpoint,
                               zmq_strerror(errno));
    pia_log(PIA_LOG_INFO, "listening on %s", endpoint);
    return PIA_OK;
}

static broker_options_t broker_options(const process_t *process)
{
    const pia_config_t *config = process->config;
    return (broker_options_t){
        .instance = process->instance,
        .heartbeat_ms = pia_config_integer(config, "broker", "heartbeat_ms"),
        .liveness = pia_config_integer(config, "broker", "liveness"),
        .queue_max = pia_config_integer(config, "broker", "queue_max"),
        .queue_bytes_max = pia_config_integer(config, "broker", "queue_bytes_max"),
        .services_max = pia_config_integer(config, "broker", "services_max"),
        .workers_max = pia_config_integer(config, "broker", "workers_max"),
        .deliveries_max = pia_config_integer(config, "broker", "deliveries_max"),
        .plain_expiry_ms = pia_config_integer(config, "broker", "plain_expiry_ms"),
        .plain_redelivered = pia_config_boolean(config, "broker", "plain_redelivered"),
    };
}

static void serve(process_t *process)
{
    broker_options_t options = broker_options(process);
    process->broker = broker_new(&options, send_message, process, pia_clock_monotonic());
    process->loop = pia_loop_new();
    pia_loop_add_socket(process->loop, process->socket, on_socket, process);
    pia_loop_add_descriptor(process->loop, process->signals, on_signal, process);
    pia_loop_add_timer(process->loop, TICK_MS, on_tick, process);
    pia_loop_run(process->loop);
    on_socket(process); /* what has arrived meanwhile is refused, not lost */
    broker_leave(process->broker, pia_clock_monotonic());
}

/* After a clean end the last answers are given time to leave; a signal now is the second one and
 * ends the process at once. */
static void close_all(process_t *process)
{
    broker_destroy(&process->broker);
    pia_loop_destroy(&process->loop);
    if (process->signals >= 0) {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
        (void)close(process->signals);
    }
    pia_socket_close(&process->socket, process->exit_code == 0 ? LINGER_MS : 0);
    if (process->zmq)
        (void)zmq_ctx_term(process->zmq);
    pia_lock_destroy(&process->lock);
    pia_config_destroy(&process->config);
}

static pia_status_t start(process_t *process, pia_problem_t *problem)
{
    configure_log(process);
    const char *data = pia_config_text(process->config, "service", "data");
    if (chdir(data) != 0)
        return pia_problem_set(problem, PIA_INVALID, NULL, "data directory %s: %m", data);
    (void)umask(S_IRWXG | S_IRWXO);
    pia_status_t status = catch_signals(process, problem);
    return status == PIA_OK ? open_socket(process, problem) : status;
}

int process_run(int argc, char **argv)
{
    process_t process = {.signals = -1};
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        pia_config_load("pia-broker", OPTION_TABLES, argc, argv, &process.config, &problem);
    if (status == PIA_OK && !process.config)
        return 0; /* --help and the like */
    if (status == PIA_OK)
        status = start(&process, &problem);
    if (status == PIA_OK) {
        serve(&process);
        pia_log(PIA_LOG_INFO, "ended");
    } else {
        (void)fprintf(stderr, "pia-broker: %s\n", problem.detail);
        process.exit_code = status == PIA_INVALID ? EXIT_USAGE : EXIT_FAILED;
    }
    close_all(&process);
    return process.exit_code;
}
