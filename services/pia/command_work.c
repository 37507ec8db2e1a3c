/* command_work.c - pia work: a worker of a group. Each event is a line, or a command's input. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "ask.h"
#include "commands.h"
#include "events.h"
#include "print.h"
#include "work_task.h"

enum { POLL_MS = 100, JOBS_MAX = 1000, LINES_CREDIT = 1000, DELAY_DEFAULT_MS = 1000 };

const flag_t work_flags[] = {
    {"exec", "COMMAND",
     "run by the shell for each event: the event is its standard input, PIA_GROUP, PIA_SEQUENCE, "
     "PIA_FENCE, PIA_ATTEMPT and PIA_CURSOR say which; done if it ends with 0, else it comes "
     "again"},
    {"jobs", "N", "so many commands at a time, of different keys (default 1)"},
    {"count", "N", "leave after so many events"},
    {"delay", "MS", "before an event that failed comes again (default 1000)"},
    {"lease", "MS", "its keys move after so long without a sign of life (default 10000)"},
    {"from", "CURSOR", "where a new group begins; \"\" the beginning (default: head, from now)"},
    {"attempts", "N", "of a new group: how often an event may fail (default 5)"},
    EVENT_FILTER_FLAGS,
    {NULL, NULL, NULL},
};

typedef struct {
    cli_t *cli;
    pia_member_t *member;
    const char *group;
    const char *command; /* NULL: lines */
    json_t *filter;
    uint32_t jobs, delay_ms;
    int64_t left;       /* events to take; -1: no limit */
    work_task_t *tasks; /* in hand */
    size_t running;
    bool ended;
    pia_problem_t problem; /* why, if it is not OK */
} work_t;

/* Counts one that is settled; the last one asked for lets it leave. */
static void count(work_t *work)
{
    if (work->left > 0 && --work->left == 0)
        pia_member_leave(work->member);
}

static void print_task(const work_t *work, const pia_task_t *task)
{
    if (!work->cli->as_json) {
        events_print_line(task->event);
        return;
    }
    json_t *json = events_json(task->event);
    json_object_set_new(json, "fence", json_integer((json_int_t)task->fence));
    json_object_set_new(json, "attempt", json_integer((json_int_t)task->attempt));
    (void)json_dumpf(json, stdout, JSON_COMPACT);
    (void)fputc('\n', stdout);
    json_decref(json);
}

/* Whoever reads the lines has them: what is in a pipe that breaks comes again. */
static void give_line(work_t *work, const pia_task_t *task)
{
    if (work->ended || work->left == 0)
        return;
    print_task(work, task);
    if (fflush(stdout) != 0) {
        work->ended = true;
        return;
    }
    pia_member_ack(work->member, task->sequence, task->fence);
    count(work);
}

static void add_task(work_t *work, const pia_task_t *task)
{
    work_task_t **at = &work->tasks;
    while (*at)
        at = &(*at)->next;
    *at = work_task_new(task);
}

static void remove_task(work_t *work, work_task_t *task)
{
    work_task_t **at = &work->tasks;
    while (*at != task)
        at = &(*at)->next;
    *at = task->next;
    work_task_destroy(&task);
}

/* What has not begun is another's now; what runs is left to end, and is fenced then. */
static void lose_tasks(work_t *work, const pia_problem_t *problem)
{
    (void)fprintf(stderr, "pia: out of the group, joining again: %s\n",
                  problem ? problem->detail : "");
    for (work_task_t *task = work->tasks, *next = NULL; task; task = next) {
        next = task->next;
        if (!task->pid)
            remove_task(work, task);
    }
}

static void on_settled(const pia_member_message_t *message)
{
    if (message->outcome == PIA_TASK_PARKED)
        (void)fprintf(stderr, "pia: event %" PRIu64 " has failed too often: its key is parked\n",
                      message->sequence);
    else if (message->outcome == PIA_TASK_FENCED)
        (void)fprintf(stderr, "pia: event %" PRIu64 " was given to another meanwhile\n",
                      message->sequence);
}

static void on_message(void *arg, const pia_member_message_t *message)
{
    work_t *work = arg;
    switch (message->kind) {
    case PIA_MEMBER_JOINED:
        return;
    case PIA_MEMBER_TASK:
        if (work->command)
            add_task(work, message->task);
        else
            give_line(work, message->task);
        return;
    case PIA_MEMBER_SETTLED:
        on_settled(message);
        return;
    case PIA_MEMBER_LOST:
        ask_forget_token(work->cli);
        lose_tasks(work, message->problem);
        return;
    case PIA_MEMBER_REFUSED:
        work->problem = *message->problem;
        work->ended = true;
        return;
    case PIA_MEMBER_LEFT:
        work->ended = true;
        return;
    }
}

/* Asked for at each join. What asking again would not change ends it. */
static size_t token(void *arg, uint8_t ret_token[PIA_TOKEN_MAX])
{
    work_t *work = arg;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = ask_token(work->cli, &problem);
    if (status == PIA_UNAVAILABLE || status == PIA_TIMEOUT) {
        (void)fprintf(stderr, "pia: waiting: %s\n", problem.detail);
        return 0;
    }
    if (status == PIA_OK && !work->cli->token_size)
        status = pia_problem_set(&problem, PIA_UNAUTHENTICATED, NULL, "A group needs a key.");
    if (status != PIA_OK) {
        work->problem = problem;
        work->ended = true;
        return 0;
    }
    memcpy(ret_token, work->cli->token, work->cli->token_size);
    return work->cli->token_size;
}

static void fail(work_t *work, const work_task_t *task, const char *reason)
{
    (void)fprintf(stderr, "pia: event %" PRIu64 ", attempt %" PRIu32 ": %s\n", task->sequence,
                  task->attempt, reason);
    pia_member_nack(work->member, task->sequence, task->fence, work->delay_ms, reason);
}

/* Events that came beyond what was asked for go back when it leaves. */
static void start_tasks(work_t *work)
{
    for (work_task_t *task = work->tasks, *next = NULL; task; task = next) {
        next = task->next;
        bool enough = work->left >= 0 && (int64_t)work->running >= work->left;
        if (task->pid || work->running >= work->jobs || enough)
            continue;
        if (work_task_start(task, work->command, work->group, work->cli->directory)) {
            work->running++;
            continue;
        }
        fail(work, task, "the command cannot be started");
        remove_task(work, task);
    }
}

static void end_task(work_t *work, work_task_t *task, int status)
{
    char reason[64];
    work_task_reason(status, reason, sizeof reason);
    work->running--;
    if (reason[0])
        fail(work, task, reason);
    else
        pia_member_ack(work->member, task->sequence, task->fence);
    remove_task(work, task);
    if (!reason[0])
        count(work);
}

static void end_tasks(work_t *work)
{
    int status = 0;
    for (work_task_t *task = work->tasks, *next = NULL; task; task = next) {
        next = task->next;
        if (task->pid && waitpid(task->pid, &status, WNOHANG) == task->pid)
            end_task(work, task, status);
    }
}

/* The first signal lets it finish what it has begun, the second does not. */
static void take_signals(work_t *work, int signals, bool *leaving)
{
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            continue;
        work->ended = *leaving || !work->running;
        work->left = 0;
        *leaving = true;
        if (!work->ended)
            pia_member_leave(work->member);
    }
}

/* A member that leaves has nothing but what runs; the rest goes back. */
static bool is_over(const work_t *work, bool leaving)
{
    return work->ended || (leaving && !work->running) ||
           (work->left == 0 && !work->running && !pia_member_unsettled(work->member));
}

static void pump(work_t *work, int signals)
{
    bool leaving = false;
    zmq_pollitem_t items[] = {
        {.socket = pia_member_socket(work->member), .events = ZMQ_POLLIN},
        {.fd = signals, .events = ZMQ_POLLIN},
    };
    while (!is_over(work, leaving)) {
        if (zmq_poll(items, 2, POLL_MS) < 0 && errno != EINTR)
            return;
        take_signals(work, signals, &leaving);
        pia_member_process(work->member);
        end_tasks(work);
        start_tasks(work);
        pia_member_flush(work->member);
        pia_member_tick(work->member);
    }
}

static int catch_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGCHLD);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* False after having said what is wrong. */
static bool read_number(
    const arguments_t *arguments, const char *name, int64_t min, int64_t max, int64_t *value)
{
    const char *text = arguments_get(arguments, name);
    char *end = NULL;
    if (!text)
        return true;
    *value = strtoll(text, &end, 10);
    if (*text && !*end && *value >= min && *value <= max)
        return true;
    (void)fprintf(stderr, "pia: --%s is not a number from %" PRId64 " to %" PRId64 "\n", name, min,
                  max);
    return false;
}

static bool read_options(work_t *work, const arguments_t *arguments, pia_member_options_t *options)
{
    int64_t jobs = 1, delay = DELAY_DEFAULT_MS, lease = 0, attempts = 0;
    const char *from = arguments_get(arguments, "from");
    work->command = arguments_get(arguments, "exec");
    work->left = -1;
    if (!read_number(arguments, "jobs", 1, JOBS_MAX, &jobs) ||
        !read_number(arguments, "count", 1, INT64_MAX, &work->left) ||
        !read_number(arguments, "delay", 0, 3600000, &delay) ||
        !read_number(arguments, "lease", 1000, 10000, &lease) ||
        !read_number(arguments, "attempts", 1, 100, &attempts))
        return false;
    work->jobs = (uint32_t)jobs;
    work->delay_ms = (uint32_t)delay;
    options->credit = work->command ? work->jobs : LINES_CREDIT;
    options->lease_ms = (uint32_t)lease;
    options->attempts = (uint32_t)attempts;
    options->from = from ? from : "head";
    options->filter = json_object_size(work->filter) ? work->filter : NULL;
    return true;
}

static int run(work_t *work, const pia_member_options_t *options)
{
    int signals = catch_signals();
    work->member = pia_member_new(options);
    pump(work, signals);
    pia_member_destroy(&work->member);
    while (work->tasks)
        remove_task(work, work->tasks);
    (void)close(signals);
    return work->problem.status == PIA_OK ? EXIT_DONE : ask_say(&work->problem);
}

int command_work(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    work_t work = {.cli = cli, .group = arguments->positionals[0], .filter = json_object()};
    pia_member_options_t options = {.zmq = cli->zmq,
                                    .endpoint = cli->diffusion,
                                    .group = work.group,
                                    .token = token,
                                    .on_message = on_message,
                                    .arg = &work};
    pia_problem_t problem = {.status = PIA_OK};
    int code = EXIT_USAGE;
    if (events_filter(arguments, work_flags, work.filter, &problem) != PIA_OK)
        (void)ask_say(&problem);
    else if (read_options(&work, arguments, &options))
        code = run(&work, &options);
    json_decref(work.filter);
    return code;
}
