/* command_record.c - commands that record a file: its JSON is the body of one message. */
#include <stdlib.h>

#include "ask.h"
#include "commands.h"
#include "fields.h"
#include "pia/json.h"
#include "print.h"

enum { FILE_MAX = 1 << 20 };

const flag_t record_flags[] = {
    {"idempotency-key", "TEXT", "a repeat with the same key gets the first answer"},
    {NULL, NULL, NULL},
};

/* The file as the message's body; the caller owns it. */
static pia_status_t read_body(const cli_t *cli,
                              const command_t *command,
                              const arguments_t *arguments,
                              json_t **ret_body,
                              pia_problem_t *problem)
{
    const char *key = arguments_get(arguments, "idempotency-key");
    char *text = NULL;
    size_t size = 0;
    json_t *body = NULL;
    pia_status_t status =
        ask_read_file(cli, arguments->positionals[0], FILE_MAX, &text, &size, problem);
    if (status != PIA_OK)
        return status;
    status = pia_json_parse(text, size, &body, problem);
    free(text);
    if (status == PIA_OK && key)
        json_object_set_new(body, "idempotency_key", json_string(key));
    if (status == PIA_OK)
        status = fields_check(command->asks->request, body, problem);
    if (status == PIA_OK)
        *ret_body = body;
    else
        json_decref(body);
    return status;
}

int command_record(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    json_t *body = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = read_body(cli, command, arguments, &body, &problem);
    return status == PIA_OK ? command_send(cli, command->asks, body, print_object)
                            : ask_say(&problem);
}
