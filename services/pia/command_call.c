/* command_call.c - pia call: any message by its name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "commands.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "print.h"
#include "proto/messages.h"

enum { BODY_MAX = 1 << 20 };

const flag_t call_flags[] = {
    {"service", "NAME", "whom to ask (default: the message's service), also SERVICE#INSTANCE"},
    {"anonymous", NULL, "without a token"},
    {NULL, NULL, NULL},
};

static const pia_message_t *find_message(const char *name)
{
    for (const pia_message_t *const *message = pia_messages; *message; message++)
        if (strcmp((*message)->name, name) == 0)
            return *message;
    return NULL;
}

/* The body: as given, "-" for standard input, "@FILE" for a file; {} if absent. */
static pia_status_t
read_body(const cli_t *cli, const char *word, json_t **ret_body, pia_problem_t *problem)
{
    char *text = NULL;
    size_t size = 0;
    pia_status_t status = PIA_OK;
    if (strcmp(word, "-") == 0 || word[0] == '@') {
        const char *path = word[0] == '@' ? word + 1 : word;
        status = ask_read_file(cli, path, BODY_MAX, &text, &size, problem);
    } else {
        text = pia_strdup(word);
        size = strlen(word);
    }
    if (status == PIA_OK)
        status = pia_json_parse(text, size, ret_body, problem);
    free(text);
    return status;
}

static pia_status_t call(cli_t *cli,
                         const arguments_t *arguments,
                         const pia_message_t *message,
                         const json_t *body,
                         json_t **ret_answer,
                         pia_problem_t *problem)
{
    const char *service = arguments_get(arguments, "service");
    if (!arguments_get(arguments, "anonymous"))
        return ask(cli, service, message, body, ret_answer, problem);
    pia_call_t options = {.service = service, .message = message, .timeout_ms = cli->timeout_ms};
    return pia_client_call(cli->client, &options, body, ret_answer, problem);
}

int command_call(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    const char *name = arguments->positionals[0];
    const pia_message_t *message = find_message(name);
    if (!message) {
        (void)fprintf(stderr, "pia: '%s' is no message of proto/\n", name);
        return EXIT_USAGE;
    }
    pia_problem_t problem = {.status = PIA_OK};
    json_t *body = NULL, *answer = NULL;
    const char *word = arguments->positional_count > 1 ? arguments->positionals[1] : "{}";
    int code = EXIT_USAGE;
    if (read_body(cli, word, &body, &problem) != PIA_OK) {
        (void)ask_say(&problem);
    } else if (call(cli, arguments, message, body, &answer, &problem) != PIA_OK) {
        code = ask_say(&problem);
    } else {
        print_json(answer);
        code = EXIT_DONE;
    }
    json_decref(body);
    json_decref(answer);
    return code;
}
