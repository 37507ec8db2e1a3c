/* command_status.c - pia status: the broker's list of control sessions, and each one's own word. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "ask.h"
#include "commands.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "print.h"
#include "proto/service.h"

enum {
    INSTANCE_TIMEOUT_MS = 3000,
    AGAIN_MS = 200,
    TRY_MS = 1000,
    WAIT_MAX_S = 86400,
    UPTIME_SIZE = 24
};

const flag_t status_flags[] = {
    {"wait", "SECONDS", "wait so long at most until every service is ready"},
    {NULL, NULL, NULL},
};

static const char *const REQUIRED[] = {
    "broker", "registry", "labellisation", "diffusion", "notifications", "gateway",
};
enum { REQUIRED_COUNT = sizeof REQUIRED / sizeof REQUIRED[0] };

/* One instance that was asked. */
typedef struct {
    json_t *row; /* borrowed from the list of rows */
    size_t *waiting;
} asked_t;

/* "registry#registry-4711" → its row, "silent" until it answers. */
static json_t *new_row(const char *session)
{
    const char *sharp = strchr(session, '#');
    int size = sharp ? (int)(sharp - session) : (int)strlen(session);
    return json_pack("{s:s%, s:s, s:s}", "service", session, (size_t)size, "instance",
                     sharp ? sharp + 1 : session, "state", "silent");
}

static void on_info(void *arg, const pia_answer_t *answer)
{
    asked_t *asked = arg;
    (*asked->waiting)--;
    if (answer->status == PIA_OK) {
        json_t *copy = json_deep_copy(answer->body);
        json_object_update(asked->row, copy);
        json_decref(copy);
    } else {
        json_object_set_new(asked->row, "detail", json_string(answer->problem.detail));
    }
    free(asked);
}

static void ask_instance(cli_t *cli, const char *session, json_t *row, size_t *waiting)
{
    asked_t *asked = pia_alloc(sizeof *asked);
    *asked = (asked_t){row, waiting};
    (*waiting)++;
    pia_call_t call = {
        .service = session,
        .message = &pia_msg_service_info,
        .timeout_ms = cli->timeout_ms < INSTANCE_TIMEOUT_MS ? cli->timeout_ms : INSTANCE_TIMEOUT_MS,
    };
    json_t *body = json_object();
    pia_client_send(cli->client, &call, body, on_info, asked);
    json_decref(body);
}

static void wait_for_all(cli_t *cli, const size_t *waiting)
{
    while (*waiting > 0) {
        zmq_pollitem_t item = {.socket = pia_client_socket(cli->client), .events = ZMQ_POLLIN};
        int64_t left = pia_client_expire(cli->client);
        (void)zmq_poll(&item, 1, left < 0 || left > AGAIN_MS ? AGAIN_MS : (long)left);
        pia_client_process(cli->client);
    }
}

static void add_uptime(json_t *row)
{
    int64_t started = 0;
    const char *text = pia_json_text(row, "started_at");
    if (!text || !pia_time_parse(text, &started))
        return;
    int64_t up = pia_clock_wall() - started;
    json_object_set_new(row, "uptime_ms", json_integer(up > 0 ? up : 0));
}

/* What waits at the broker for the row's service, and what is at its workers. */
static void add_queue(json_t *row, const json_t *services)
{
    size_t i = 0;
    const json_t *service = NULL;
    const char *name = pia_json_text(row, "service");
    json_array_foreach(services, i, service)
    {
        if (strcmp(pia_json_text(service, "service"), name) != 0)
            continue;
        json_object_set(row, "queued", json_object_get(service, "queued"));
        json_object_set(row, "in_flight", json_object_get(service, "in_flight"));
    }
}

static json_t *broker_row(const json_t *stats)
{
    json_t *row = json_pack("{s:s}", "service", "broker");
    static const char *const members[] = {"instance",  "state",  "version",
                                          "uptime_ms", "queued", "in_flight"};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        json_object_set(row, members[i], json_object_get(stats, members[i]));
    return row;
}

static int compare(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The sessions' names, in order; borrowed from `control`. */
static const char **sorted(const json_t *control, size_t *ret_count)
{
    size_t count = json_array_size(control), i = 0;
    const char **names = pia_alloc((count + 1) * sizeof *names);
    const json_t *name = NULL;
    json_array_foreach(control, i, name) names[i] = json_string_value(name);
    qsort(names, count, sizeof *names, compare);
    *ret_count = count;
    return names;
}

static void add_instances(cli_t *cli, const json_t *services, json_t *rows)
{
    size_t count = 0, waiting = 0;
    const char **names = sorted(json_object_get(services, "control"), &count);
    for (size_t i = 0; i < count; i++) {
        json_t *row = new_row(names[i]);
        json_array_append_new(rows, row);
        ask_instance(cli, names[i], row, &waiting);
    }
    wait_for_all(cli, &waiting);
    free(names);
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach(rows, i, row)
    {
        add_uptime(row);
        add_queue(row, json_object_get(services, "services"));
    }
}

/* Every instance there is, the broker first; the caller owns *ret_rows. */
static pia_status_t fetch(cli_t *cli, json_t **ret_rows, pia_problem_t *problem)
{
    json_t *services = NULL, *stats = NULL;
    pia_status_t status = ask_broker(cli, "mmi.stats", &stats, problem);
    if (status == PIA_OK)
        status = ask_broker(cli, "mmi.services", &services, problem);
    if (status == PIA_OK) {
        json_t *rows = json_array();
        json_array_append_new(rows, broker_row(stats));
        add_instances(cli, services, rows);
        *ret_rows = rows;
    }
    json_decref(stats);
    json_decref(services);
    return status;
}

/* The first required service without an active instance; NULL if all have one. */
static const char *missing(const json_t *rows)
{
    for (size_t r = 0; r < REQUIRED_COUNT; r++) {
        bool active = false;
        size_t i = 0;
        const json_t *row = NULL;
        json_array_foreach(rows, i, row)
        {
            const char *service = pia_json_text(row, "service");
            const char *state = pia_json_text(row, "state");
            active |= strcmp(service, REQUIRED[r]) == 0 && state && strcmp(state, "active") == 0;
        }
        if (!active)
            return REQUIRED[r];
    }
    return NULL;
}

/* Says what instances say about themselves; false if any does. */
static bool say_problems(const json_t *rows)
{
    bool well = true;
    size_t i = 0;
    const json_t *row = NULL;
    json_array_foreach(rows, i, row)
    {
        const char *problem = pia_json_text(row, "problem");
        if (!problem)
            continue;
        well = false;
        (void)fprintf(stderr, "pia: %s#%s: %s\n", pia_json_text(row, "service"),
                      pia_json_text(row, "instance"), problem);
    }
    return well;
}

static void format_uptime(int64_t ms, char ret_text[UPTIME_SIZE])
{
    int64_t s = ms / 1000;
    if (s < 60)
        (void)snprintf(ret_text, UPTIME_SIZE, "%" PRId64 " s", s);
    else if (s < 3600)
        (void)snprintf(ret_text, UPTIME_SIZE, "%" PRId64 " min", s / 60);
    else if (s < 86400)
        (void)snprintf(ret_text, UPTIME_SIZE, "%" PRId64 " h %" PRId64 " min", s / 3600,
                       s / 60 % 60);
    else
        (void)snprintf(ret_text, UPTIME_SIZE, "%" PRId64 " d %" PRId64 " h", s / 86400,
                       s / 3600 % 24);
}

static void print_rows(const cli_t *cli, json_t *rows)
{
    if (cli->as_json) {
        json_t *object = json_pack("{s:O}", "items", rows);
        print_json(object);
        json_decref(object);
        return;
    }
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach(rows, i, row)
    {
        char text[UPTIME_SIZE];
        format_uptime(pia_json_integer(row, "uptime_ms"), text);
        json_object_set_new(row, "uptime", json_string(text));
    }
    print_table(rows, "service instance state version uptime store queued in_flight");
}

/* The rows when all is ready or `until_ms` (monotonic) has come. */
static pia_status_t
fetch_until(cli_t *cli, int64_t until_ms, json_t **ret_rows, pia_problem_t *problem)
{
    for (;;) {
        json_t *rows = NULL;
        pia_status_t status = fetch(cli, &rows, problem);
        bool ready = status == PIA_OK && !missing(rows);
        if (ready || pia_clock_monotonic() >= until_ms) {
            *ret_rows = rows;
            return status;
        }
        json_decref(rows);
        (void)poll(NULL, 0, AGAIN_MS);
    }
}

int command_status(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    int64_t until_ms = 0;
    const char *wait = arguments_get(arguments, "wait");
    if (wait) {
        char *end = NULL;
        long seconds = strtol(wait, &end, 10);
        if (!*wait || *end || seconds < 0 || seconds > WAIT_MAX_S) {
            (void)fprintf(stderr, "pia: --wait is not 0 to %d seconds\n", WAIT_MAX_S);
            return EXIT_USAGE;
        }
        until_ms = pia_clock_monotonic() + seconds * 1000;
        if (cli->timeout_ms > TRY_MS)
            cli->timeout_ms = TRY_MS;
    }
    pia_problem_t problem = {.status = PIA_OK};
    json_t *rows = NULL;
    if (fetch_until(cli, until_ms, &rows, &problem) != PIA_OK) {
        int code = ask_say(&problem);
        if (code == EXIT_UNAVAILABLE)
            (void)fprintf(stderr, "pia: is the network of %s running? deploy/up starts it\n",
                          cli->data);
        return code;
    }
    print_rows(cli, rows);
    bool well = say_problems(rows);
    const char *absent = missing(rows);
    if (absent)
        (void)fprintf(stderr, "pia: no active instance of %s\n", absent);
    json_decref(rows);
    return absent || !well ? EXIT_REFUSED : EXIT_DONE;
}
