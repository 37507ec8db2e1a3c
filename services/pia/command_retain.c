/* command_retain.c - pia journal retain: removing events of a kind by age or size, piece by piece.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "commands.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "print.h"
#include "proto/journal.h"

enum { PROGRESS_MS = 2000, AGAIN_MS = 50 };

const flag_t retain_flags[] = {
    {"kind", "KIND", "which events; - for those that have none"},
    {"older-than", "AGE", "remove those older than 30s, 10m, 12h or 400d"},
    {"keep-bytes", "N", "remove all but the last N bytes of them"},
    {"dry-run", NULL, "only say how much it would be"},
    {NULL, NULL, NULL},
};

/* "400d" in seconds; -1 if it is no such text. */
static int64_t read_age(const char *text)
{
    static const struct {
        const char *unit;
        int64_t seconds;
    } units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    char *end = NULL;
    long long value = strtoll(text, &end, 10);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (end != text && value >= 0 && value <= 100000000 && strcmp(end, units[i].unit) == 0)
            return value * units[i].seconds;
    }
    return -1;
}

/* The rule as fields of the message; NULL after having said what is wrong. */
static json_t *read_rule(const arguments_t *arguments)
{
    const char *kind = arguments_get(arguments, "kind");
    const char *age = arguments_get(arguments, "older-than");
    const char *keep = arguments_get(arguments, "keep-bytes");
    char *end = NULL;
    long long bytes = keep ? strtoll(keep, &end, 10) : 0;
    int64_t seconds = age ? read_age(age) : 0;
    if (!kind || !age == !keep || seconds < 0 || bytes < 0 || (keep && (end == keep || *end))) {
        (void)fprintf(stderr, "pia: it takes --kind, and --older-than (30s, 10m, 12h, 400d) or "
                              "--keep-bytes N\n");
        return NULL;
    }
    json_t *rule = json_pack("{s:s}", "kind", kind);
    json_object_set_new(rule, age ? "older_than_s" : "keep_bytes",
                        json_integer(age ? seconds : bytes));
    if (arguments_get(arguments, "dry-run"))
        json_object_set_new(rule, "dry_run", json_true());
    return rule;
}

/* Where `keep_bytes` are reached from the end: sets the rule's `before`. */
static pia_status_t find_before(cli_t *cli, json_t *rule, pia_problem_t *problem)
{
    int64_t left = pia_json_integer(rule, "keep_bytes");
    int64_t before = 0;
    bool full = false;
    do {
        json_t *answer = NULL;
        json_t *body = json_pack("{s:O, s:I}", "kind", json_object_get(rule, "kind"), "keep_bytes",
                                 (json_int_t)left);
        if (before)
            json_object_set_new(body, "before", json_integer(before));
        pia_status_t status =
            ask(cli, NULL, &pia_msg_diffusion_journal_usage, body, &answer, problem);
        json_decref(body);
        if (status != PIA_OK)
            return status;
        before = pia_json_integer(answer, "next");
        left -= pia_json_integer(answer, "bytes");
        full = json_is_true(json_object_get(answer, "full"));
        json_decref(answer);
    } while (before > 0 && !full);
    json_object_set_new(rule, "before", json_integer(before > 0 ? before : 1));
    return PIA_OK;
}

/* By age, what is there now is enough: else it would follow who publishes for ever. */
static pia_status_t find_end(cli_t *cli, json_t *rule, pia_problem_t *problem)
{
    json_t *answer = NULL;
    json_t *body = json_object();
    pia_status_t status = ask(cli, NULL, &pia_msg_diffusion_journal_head, body, &answer, problem);
    json_decref(body);
    if (status != PIA_OK)
        return status;
    json_object_set_new(rule, "before", json_integer(pia_json_integer(answer, "sequence") + 1));
    json_decref(answer);
    return PIA_OK;
}

/* What was done so far. */
typedef struct {
    int64_t count, bytes, next, said_ms;
} done_t;

static pia_status_t remove_piece(cli_t *cli, json_t *rule, done_t *done, pia_problem_t *problem)
{
    json_t *answer = NULL;
    json_object_set_new(rule, "from", json_integer(done->next));
    pia_status_t status = ask(cli, NULL, &pia_msg_diffusion_journal_retain, rule, &answer, problem);
    if (status != PIA_OK)
        return status;
    done->count += pia_json_integer(answer, "count");
    done->bytes += pia_json_integer(answer, "bytes");
    done->next = pia_json_integer(answer, "next");
    if (json_is_true(json_object_get(answer, "waiting")))
        (void)poll(NULL, 0, AGAIN_MS);
    json_decref(answer);
    if (done->next && pia_clock_monotonic() - done->said_ms >= PROGRESS_MS) {
        done->said_ms = pia_clock_monotonic();
        (void)fprintf(stderr, "pia: %" PRId64 " events up to %" PRId64 " …\n", done->count,
                      done->next - 1);
    }
    return PIA_OK;
}

static void tell(const cli_t *cli, const done_t *done, bool dry)
{
    json_t *answer = json_pack("{s:b, s:I, s:I}", "dry_run", dry, "count", (json_int_t)done->count,
                               "bytes", (json_int_t)done->bytes);
    if (cli->as_json)
        print_json(answer);
    else
        (void)printf("%s %" PRId64 " events, %" PRId64 " bytes\n", dry ? "would remove" : "removed",
                     done->count, done->bytes);
    json_decref(answer);
}

int command_retain(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    pia_problem_t problem = {.status = PIA_OK};
    done_t done = {.next = 1, .said_ms = pia_clock_monotonic()};
    json_t *rule = read_rule(arguments);
    if (!rule)
        return EXIT_USAGE;
    pia_status_t status = json_object_get(rule, "keep_bytes") ? find_before(cli, rule, &problem)
                                                              : find_end(cli, rule, &problem);
    while (status == PIA_OK && done.next)
        status = remove_piece(cli, rule, &done, &problem);
    if (status == PIA_OK)
        tell(cli, &done, json_is_true(json_object_get(rule, "dry_run")));
    else if (done.count)
        (void)fprintf(stderr, "pia: %" PRId64 " events before it stopped\n", done.count);
    json_decref(rule);
    return status == PIA_OK ? EXIT_DONE : ask_say(&problem);
}
