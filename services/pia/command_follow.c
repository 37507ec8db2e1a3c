/* command_follow.c - pia follow: events as they come; it finds its place again by itself. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "ask.h"
#include "commands.h"
#include "events.h"
#include "pia/clock.h"
#include "pia/stream.h"

enum {
    CREDIT = 1000,
    POLL_MS = 200,
    AGAIN_MS = 500,
    STREAM = 1,
    REFUSALS_MAX = 5,
    RENEW_LOOK_MS = 4000
};

const flag_t follow_flags[] = {
    {"cursor", "CURSOR", "after this place; \"\" from the beginning (default: from now)"},
    {"count", "N", "end after so many events"},
    EVENT_FILTER_FLAGS,
    {NULL, NULL, NULL},
};

typedef struct {
    cli_t *cli;
    pia_stream_t *stream;
    json_t *filter;
    char cursor[PIA_CURSOR_SIZE]; /* up to here all was printed; resume from it */
    int64_t left;                 /* events to print; -1: no limit */
    uint32_t used;                /* credit to be given back */
    int refusals;                 /* one after the other */
    bool subscribed;
    int64_t again_ms; /* monotonic: when to subscribe again */
    int64_t renew_ms; /* monotonic: when to see whether there is another token */
    bool ended;
    pia_problem_t problem; /* why it ended, if not OK */
} follow_t;

static void print_event(const follow_t *follow, const pia_event_t *event)
{
    if (!follow->cli->as_json) {
        events_print_line(event);
        return;
    }
    json_t *json = events_json(event);
    (void)json_dumpf(json, stdout, JSON_COMPACT);
    (void)fputc('\n', stdout);
    json_decref(json);
}

static void keep_cursor(follow_t *follow, const char *cursor)
{
    (void)snprintf(follow->cursor, sizeof follow->cursor, "%s", cursor);
}

static void on_event(follow_t *follow, const pia_event_t *event)
{
    if (follow->ended)
        return;
    print_event(follow, event);
    follow->used++;
    keep_cursor(follow, event->cursor);
    if (follow->left > 0 && --follow->left == 0)
        follow->ended = true;
    if (fflush(stdout) != 0)
        follow->ended = true; /* nobody reads any more */
}

static void subscribe_later(follow_t *follow, int64_t pause_ms)
{
    follow->subscribed = false;
    follow->again_ms = pia_clock_monotonic() + pause_ms;
}

/* An old token is renewed; what asking again would not change ends it. */
static void on_error(follow_t *follow, const pia_stream_message_t *message)
{
    bool passing = message->status == PIA_UNAUTHENTICATED || message->status == PIA_UNAVAILABLE ||
                   message->status == PIA_TIMEOUT || message->status == PIA_RATE_LIMITED;
    ask_forget_token(follow->cli);
    if (passing && ++follow->refusals < REFUSALS_MAX) {
        subscribe_later(follow, AGAIN_MS);
        return;
    }
    follow->problem = *message->problem;
    follow->problem.status = message->status;
    follow->ended = true;
}

static void on_message(void *arg, const pia_stream_message_t *message)
{
    follow_t *follow = arg;
    switch (message->kind) {
    case PIA_STREAM_EVENT:
        on_event(follow, message->event);
        return;
    case PIA_STREAM_PROGRESS:
        follow->refusals = 0;
        if (!follow->ended)
            keep_cursor(follow, message->cursor);
        return;
    case PIA_STREAM_GAP:
        (void)fprintf(stderr, "pia: %s to %s is missing: %s\n", message->from, message->cursor,
                      message->problem->detail);
        keep_cursor(follow, message->cursor);
        return;
    case PIA_STREAM_EPOCH:
        (void)fprintf(stderr, "pia: the journal was restored: going on after %s\n",
                      message->cursor);
        keep_cursor(follow, message->cursor);
        subscribe_later(follow, 0);
        return;
    case PIA_STREAM_ERROR:
        on_error(follow, message);
        return;
    case PIA_STREAM_LOST:
        (void)fprintf(stderr, "pia: the connection was lost: going on after %s\n", follow->cursor);
        subscribe_later(follow, 0);
        return;
    case PIA_STREAM_RECEIPT:
    case PIA_STREAM_RECORDS:
        return;
    }
}

static void subscribe(follow_t *follow)
{
    if (follow->subscribed || pia_clock_monotonic() < follow->again_ms)
        return;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = ask_token(follow->cli, &problem);
    if (status == PIA_UNAVAILABLE || status == PIA_TIMEOUT) {
        (void)fprintf(stderr, "pia: waiting: %s\n", problem.detail);
        subscribe_later(follow, AGAIN_MS);
        return;
    }
    if (status != PIA_OK) {
        follow->problem = problem;
        follow->ended = true;
        return;
    }
    pia_subscribe_t options = {
        .token = follow->cli->token,
        .token_size = follow->cli->token_size,
        .cursor = follow->cursor,
        .filter = follow->filter,
        .credit = CREDIT,
    };
    pia_stream_subscribe(follow->stream, STREAM, &options);
    follow->subscribed = true;
    follow->used = 0;
}

/* A stream ends with its token: another one is shown in time. */
static void renew(follow_t *follow)
{
    pia_problem_t problem = {.status = PIA_OK};
    if (!follow->subscribed || pia_clock_monotonic() < follow->renew_ms)
        return;
    follow->renew_ms = pia_clock_monotonic() + RENEW_LOOK_MS;
    if (ask_token(follow->cli, &problem) == PIA_OK)
        pia_stream_renew(follow->stream, STREAM, follow->cli->token, follow->cli->token_size);
}

/* Until it is ended, by a signal too. */
static void pump(follow_t *follow, int signals)
{
    struct pollfd items[] = {
        {.fd = pia_stream_descriptor(follow->stream), .events = POLLIN},
        {.fd = signals, .events = POLLIN},
    };
    while (!follow->ended) {
        subscribe(follow);
        if (poll(items, 2, POLL_MS) < 0 && errno != EINTR)
            return;
        if (items[1].revents)
            return;
        pia_stream_process(follow->stream);
        pia_stream_tick(follow->stream);
        renew(follow);
        if (follow->subscribed && follow->used >= CREDIT / 2) {
            pia_stream_credit(follow->stream, STREAM, follow->used);
            follow->used = 0;
        }
    }
}

static int catch_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool read_start(follow_t *follow, const arguments_t *arguments)
{
    const char *cursor = arguments_get(arguments, "cursor");
    const char *count = arguments_get(arguments, "count");
    follow->left = -1;
    if (count) {
        char *end = NULL;
        follow->left = strtoll(count, &end, 10);
        if (!*count || *end || follow->left < 1) {
            (void)fprintf(stderr, "pia: --count is not a number from 1\n");
            return false;
        }
    }
    if (cursor && strlen(cursor) >= sizeof follow->cursor) {
        (void)fprintf(stderr, "pia: --cursor is no cursor\n");
        return false;
    }
    keep_cursor(follow, cursor ? cursor : "head");
    return true;
}

int command_follow(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    follow_t follow = {.cli = cli, .filter = json_object()};
    pia_problem_t problem = {.status = PIA_OK};
    int code = EXIT_USAGE;
    if (!read_start(&follow, arguments)) {
        code = EXIT_USAGE;
    } else if (events_filter(arguments, follow_flags, follow.filter, &problem) != PIA_OK) {
        (void)ask_say(&problem);
    } else {
        int signals = catch_signals();
        follow.stream = pia_stream_new(cli->diffusion, on_message, &follow);
        pump(&follow, signals);
        pia_stream_destroy(&follow.stream);
        (void)close(signals);
        code = follow.problem.status == PIA_OK ? EXIT_DONE : ask_say(&follow.problem);
    }
    json_decref(follow.filter);
    return code;
}
