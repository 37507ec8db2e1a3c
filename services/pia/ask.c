/* ask.c - one request after another. */
#include "ask.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pia/clock.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "proto/key.h"

enum { KEY_SIZE_MAX = 512, RENEW_MS = 10000, READ_STEP = 65536 };

static const char ADMIN_KEY[] = "admin.key";

int ask_exit_code(pia_status_t status)
{
    if (status == PIA_OK)
        return EXIT_DONE;
    return status == PIA_UNAVAILABLE || status == PIA_TIMEOUT ? EXIT_UNAVAILABLE : EXIT_REFUSED;
}

int ask_say(const pia_problem_t *problem)
{
    (void)fprintf(stderr, "pia: %s: %s", pia_status_text(problem->status), problem->detail);
    if (problem->pointer[0])
        (void)fprintf(stderr, " (at %s)", problem->pointer);
    (void)fputc('\n', stderr);
    return ask_exit_code(problem->status);
}

static pia_status_t read_all(int file, size_t size_max, char **ret_text, size_t *ret_size)
{
    size_t size = 0, room = READ_STEP;
    char *text = pia_alloc(room + 1);
    ssize_t got = 0;
    while ((got = read(file, text + size, room - size)) > 0) {
        size += (size_t)got;
        if (size > size_max)
            break;
        if (size == room) {
            room *= 2;
            text = pia_realloc(text, room + 1);
        }
    }
    if (got < 0 || size > size_max) {
        free(text); /* which keeps errno */
        return got < 0 ? PIA_INVALID : PIA_TOO_LARGE;
    }
    text[size] = '\0';
    *ret_text = text;
    *ret_size = size;
    return PIA_OK;
}

pia_status_t ask_read_file(const cli_t *cli,
                           const char *path,
                           size_t size_max,
                           char **ret_text,
                           size_t *ret_size,
                           pia_problem_t *problem)
{
    bool standard = strcmp(path, "-") == 0;
    int file = standard ? STDIN_FILENO : openat(cli->directory, path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return pia_problem_set(problem, PIA_INVALID, NULL, "%s: %m", path);
    pia_status_t status = read_all(file, size_max, ret_text, ret_size);
    if (status == PIA_TOO_LARGE)
        (void)pia_problem_set(problem, status, NULL, "%s is larger than %zu bytes", path, size_max);
    else if (status != PIA_OK)
        (void)pia_problem_set(problem, status, NULL, "%s: %m", path);
    if (!standard)
        (void)close(file);
    return status;
}

pia_status_t ask_key(const cli_t *cli, char **ret_key, pia_problem_t *problem)
{
    size_t size = 0;
    pia_status_t status = PIA_OK;
    if (cli->key_file) {
        status = ask_read_file(cli, cli->key_file, KEY_SIZE_MAX, ret_key, &size, problem);
    } else {
        int file = open(ADMIN_KEY, O_RDONLY | O_CLOEXEC);
        if (file < 0)
            return pia_problem_set(problem, PIA_NOT_FOUND, NULL, "%s: %m", ADMIN_KEY);
        status = read_all(file, KEY_SIZE_MAX, ret_key, &size);
        (void)close(file);
    }
    if (status == PIA_OK && *ret_key)
        (*ret_key)[strcspn(*ret_key, "\r\n")] = '\0';
    return status;
}

static pia_status_t keep_token(cli_t *cli, const json_t *answer, pia_problem_t *problem)
{
    const char *text = pia_json_text(answer, "token");
    int64_t life_ms = pia_json_integer(answer, "expires_in_ms");
    if (!text || sodium_base642bin(cli->token, sizeof cli->token, text, strlen(text), NULL,
                                   &cli->token_size, NULL, sodium_base64_VARIANT_ORIGINAL) != 0) {
        cli->token_size = 0;
        return pia_problem_set(problem, PIA_INTERNAL, NULL, "the registry's token is no base64");
    }
    cli->token_until_ms = pia_clock_monotonic() + life_ms - RENEW_MS;
    return PIA_OK;
}

void ask_forget_token(cli_t *cli)
{
    cli->token_until_ms = 0;
    cli->token_size = 0;
}

/* A call whose silence is said with a name. */
static pia_status_t call_named(cli_t *cli,
                               const pia_call_t *call,
                               const json_t *body,
                               json_t **ret_body,
                               pia_problem_t *problem)
{
    pia_status_t status = pia_client_call(cli->client, call, body, ret_body, problem);
    const char *name = call->service ? call->service : call->message->name;
    int size = (int)(call->service ? strlen(name) : strcspn(name, "."));
    if (strncmp(name, "mmi", 3) == 0) {
        name = "the broker";
        size = (int)strlen(name);
    }
    if (status == PIA_TIMEOUT)
        (void)pia_problem_set(problem, status, NULL, "no answer from %.*s in time", size, name);
    return status;
}

pia_status_t ask_token(cli_t *cli, pia_problem_t *problem)
{
    if (cli->token_until_ms > pia_clock_monotonic())
        return PIA_OK;
    ask_forget_token(cli);
    char *key = NULL;
    pia_status_t status = ask_key(cli, &key, problem);
    if (status == PIA_NOT_FOUND)
        return PIA_OK;
    if (status != PIA_OK)
        return status;
    json_t *body = json_pack("{s:s}", "key", key);
    free(key);
    if (!body)
        return pia_problem_set(problem, PIA_INVALID, NULL, "the key file is not a key");
    pia_call_t call = {.message = &pia_msg_registry_authenticate, .timeout_ms = cli->timeout_ms};
    json_t *answer = NULL;
    status = call_named(cli, &call, body, &answer, problem);
    json_decref(body);
    if (status == PIA_OK)
        status = keep_token(cli, answer, problem);
    json_decref(answer);
    return status;
}

pia_status_t ask(cli_t *cli,
                 const char *service,
                 const pia_message_t *message,
                 const json_t *body,
                 json_t **ret_body,
                 pia_problem_t *problem)
{
    pia_status_t status = ask_token(cli, problem);
    if (status != PIA_OK)
        return status;
    pia_call_t call = {
        .service = service,
        .message = message,
        .token = cli->token,
        .token_size = cli->token_size,
        .timeout_ms = cli->timeout_ms,
    };
    return call_named(cli, &call, body, ret_body, problem);
}

pia_status_t ask_broker(cli_t *cli, const char *question, json_t **ret_body, pia_problem_t *problem)
{
    static const pia_field_t no_fields[] = {{.name = NULL}};
    static const pia_schema_t schema = {.name = "mmi", .size = 1, .fields = no_fields};
    static const pia_message_t message = {.name = "mmi", .request = &schema};
    pia_call_t call = {.service = question, .message = &message, .timeout_ms = cli->timeout_ms};
    json_t *body = json_object();
    pia_status_t status = call_named(cli, &call, body, ret_body, problem);
    json_decref(body);
    return status;
}
