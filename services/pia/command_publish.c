/* command_publish.c - pia publish: a publication, or CloudEvents, from a file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "commands.h"
#include "fields.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "print.h"
#include "proto/event.h"
#include "proto/publication.h"

enum { FILE_MAX = 1 << 20 };

const flag_t publish_flags[] = {
    {"draft", NULL, "keep the publication as a draft"},
    {"idempotency-key", "TEXT", "a repeat with the same key gets the first answer"},
    {NULL, NULL, NULL},
};

/* pia_json_parse reads objects; a batch of CloudEvents is an array, which is read as a member. */
static pia_status_t parse(const char *text, size_t size, json_t **ret_json, pia_problem_t *problem)
{
    const char *first = text + strspn(text, " \t\r\n");
    if (*first != '[')
        return pia_json_parse(text, size, ret_json, problem);
    static const char before[] = "{\"events\":", after[] = "}";
    size_t wrapped_size = size + sizeof before + sizeof after - 2;
    char *wrapped = pia_alloc(wrapped_size + 1);
    memcpy(wrapped, before, sizeof before - 1);
    memcpy(wrapped + sizeof before - 1, text, size);
    memcpy(wrapped + sizeof before - 1 + size, after, sizeof after);
    pia_status_t status = pia_json_parse(wrapped, wrapped_size, ret_json, problem);
    free(wrapped);
    return status;
}

/* Reads the file and makes the message's body of it; *ret_message says which one. */
static pia_status_t read_body(const cli_t *cli,
                              const arguments_t *arguments,
                              const pia_message_t **ret_message,
                              json_t **ret_body,
                              pia_problem_t *problem)
{
    char *text = NULL;
    size_t size = 0;
    json_t *json = NULL;
    pia_status_t status =
        ask_read_file(cli, arguments->positionals[0], FILE_MAX, &text, &size, problem);
    if (status == PIA_OK)
        status = parse(text, size, &json, problem);
    free(text);
    if (status != PIA_OK)
        return status;
    *ret_message = &pia_msg_diffusion_event_append;
    if (json_object_get(json, "specversion")) {
        *ret_body = json_pack("{s:[o]}", "events", json);
        return PIA_OK;
    }
    *ret_body = json;
    if (json_is_array(json_object_get(json, "events")))
        return PIA_OK;
    *ret_message = &pia_msg_diffusion_publication_create;
    if (!json_object_get(json, "publish"))
        json_object_set_new(json, "publish", json_boolean(!arguments_get(arguments, "draft")));
    const char *key = arguments_get(arguments, "idempotency-key");
    if (key)
        json_object_set_new(json, "idempotency_key", json_string(key));
    return PIA_OK;
}

static void print_answer(const json_t *answer)
{
    const json_t *receipts = json_object_get(answer, "receipts");
    if (receipts)
        print_table(receipts, "sequence cursor duplicate");
    else
        print_object(answer);
}

int command_publish(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    pia_problem_t problem = {.status = PIA_OK};
    const pia_message_t *message = NULL;
    json_t *body = NULL;
    pia_status_t status = read_body(cli, arguments, &message, &body, &problem);
    if (status == PIA_OK)
        status = fields_check(message->request, body, &problem);
    if (status == PIA_OK)
        return command_send(cli, message, body, print_answer);
    json_decref(body);
    return ask_say(&problem);
}
