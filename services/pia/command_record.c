/* command_record.c - commands that record a file: its JSON is the body of one message. */
#include <stdlib.h>

#include "ask.h"
#include "commands.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "print.h"

enum { FILE_MAX = 1 << 20 };

const flag_t record_flags[] = {
    {"idempotency-key", "TEXT", "a repeat with the same key gets the first answer"},
    {NULL, NULL, NULL},
};

/* What the service would refuse, said before it is sent. */
static pia_status_t check(const pia_message_t *message, const json_t *body, pia_problem_t *problem)
{
    void *fields = pia_alloc(message->request->size);
    pia_status_t status =
        pia_schema_decode(message->request, body, PIA_UNKNOWN_REFUSED, fields, problem);
    free(fields);
    return status;
}

int command_record(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    const char *key = arguments_get(arguments, "idempotency-key");
    char *text = NULL;
    size_t size = 0;
    json_t *body = NULL, *answer = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        ask_read_file(cli, arguments->positionals[0], FILE_MAX, &text, &size, &problem);
    if (status == PIA_OK)
        status = pia_json_parse(text, size, &body, &problem);
    free(text);
    if (status == PIA_OK && key)
        json_object_set_new(body, "idempotency_key", json_string(key));
    if (status == PIA_OK)
        status = check(command->asks, body, &problem);
    if (status == PIA_OK)
        status = ask(cli, NULL, command->asks, body, &answer, &problem);
    if (status == PIA_OK && cli->as_json)
        print_json(answer);
    else if (status == PIA_OK)
        print_object(answer);
    json_decref(body);
    json_decref(answer);
    return status == PIA_OK ? EXIT_DONE : ask_say(&problem);
}
