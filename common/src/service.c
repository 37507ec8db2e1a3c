/* service.c - pia_service_main: settings, signals, and the loop around a service's life. */
#include "pia/service.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "host.h"
#include "pia/log.h"
#include "pia/memory.h"

/* Blocks the signals before any thread exists: they are read from a descriptor. */
static void take_signals(pia_host_t *host)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    int rc = pthread_sigmask(SIG_BLOCK, &signals, NULL);
    assert(rc == 0);
    host->signal_descriptor = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    assert(host->signal_descriptor >= 0);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    rc = sigaction(SIGPIPE, &ignore, NULL); /* a lost Redis or PostgreSQL is an error code */
    assert(rc == 0);
}

/* The first signal drains; at the second the process ends: what is not durable was not answered. */
static void handle_signal(void *arg)
{
    pia_host_t *host = arg;
    struct signalfd_siginfo info;
    while (read(host->signal_descriptor, &info, sizeof info) == (ssize_t)sizeof info) {
        if (host->signals_seen++ > 0) {
            pia_log(PIA_LOG_WARN, "ends at once, at a second signal");
            _exit(1);
        }
        pia_host_drain(host);
    }
}

enum { CLOSE_MAX_S = 30 };

static void end_now(int signal_number)
{
    (void)signal_number;
    _exit(1);
}

/* From here on the loop reads no signals any more: the next one, or a store that does not come to
 * an end, ends the process all the same. */
static void end_at_next_signal(void)
{
    struct sigaction end = {.sa_handler = end_now};
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    int rc = sigaction(SIGTERM, &end, NULL);
    rc |= sigaction(SIGINT, &end, NULL);
    rc |= sigaction(SIGALRM, &end, NULL);
    rc |= pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    assert(rc == 0);
    (void)alarm(CLOSE_MAX_S);
}

static void print_problem(const char *program, const pia_problem_t *problem)
{
    (void)fprintf(stderr, "%s: %s\n", program, problem->detail);
}

static pia_status_t
load_config(const pia_service_t *service, int argc, char **argv, pia_host_t *host)
{
    const pia_option_t *tables[] = {pia_service_options, service->options, NULL};
    char *program = pia_alloc(strlen(service->name) + 5);
    (void)snprintf(program, strlen(service->name) + 5, "pia-%s", service->name);
    pia_problem_t problem = {0};
    pia_status_t status = pia_config_load(program, tables, argc, argv, &host->config, &problem);
    if (status != PIA_OK)
        print_problem(program, &problem);
    host->program = program;
    return status;
}

static pia_status_t name_instance(pia_host_t *host)
{
    const char *given = pia_config_text(host->config, "service", "instance");
    int size = given[0] ? snprintf(host->instance, sizeof host->instance, "%s", given)
                        : snprintf(host->instance, sizeof host->instance, "%s-%d",
                                   host->service->name, (int)getpid());
    bool good =
        size > 0 && size < 32 &&
        strspn(host->instance,
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == (size_t)size;
    if (!good)
        (void)fprintf(stderr, "%s: instance is 1 to 31 letters, digits, dots and hyphens\n",
                      host->program);
    return good ? PIA_OK : PIA_INVALID;
}

static void start_log(const pia_host_t *host)
{
    const char *format = pia_config_text(host->config, "service", "log_format");
    pia_log_init(host->service->name, host->instance, pia_config_log_level(host->config),
                 strcmp(format, "json") == 0);
}

/* PIA_INVALID: the settings are wrong; PIA_UNAVAILABLE: there is no such directory. */
static pia_status_t prepare(pia_host_t *host)
{
    pia_status_t status = name_instance(host);
    if (status == PIA_OK)
        start_log(host);
    const char *data = pia_config_text(host->config, "service", "data");
    if (status == PIA_OK && chdir(data) != 0) {
        pia_log(PIA_LOG_ERROR, "there is no data directory %s", data);
        status = PIA_UNAVAILABLE;
    }
    return status;
}

static void run(pia_host_t *host)
{
    take_signals(host);
    host->zmq = zmq_ctx_new();
    assert(host->zmq);
    host->loop = pia_loop_new();
    pia_loop_add_descriptor(host->loop, host->signal_descriptor, handle_signal, host);
    pia_host_start(host);
    if (host->exit_code == 0)
        pia_loop_run(host->loop);
    end_at_next_signal();
    pia_host_close(host);
    pia_loop_destroy(&host->loop);
    close(host->signal_descriptor);
    while (zmq_ctx_term(host->zmq) != 0 && errno == EINTR)
        ; /* waits for what lingers */
    pia_lock_destroy(&host->lock);
    pia_log(PIA_LOG_INFO, "ends");
}

int pia_service_main(const pia_service_t *service, int argc, char **argv)
{
    pia_host_t *host = pia_alloc(sizeof *host);
    host->service = service;
    pia_status_t status = load_config(service, argc, argv, host);
    if (status != PIA_OK)
        host->exit_code = 2;
    else if (host->config) {
        status = prepare(host);
        if (status == PIA_OK)
            run(host);
        else
            host->exit_code = status == PIA_INVALID ? 2 : 1;
    }
    int exit_code = host->exit_code;
    pia_config_destroy(&host->config);
    free(host->program);
    free(host);
    return exit_code;
}
