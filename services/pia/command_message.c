/* command_message.c - commands that are one message: its fields are their arguments. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "commands.h"
#include "fields.h"
#include "pia/memory.h"
#include "print.h"

enum { PAGES_MAX = 10000 };

/* The field's name with dashes, as an option. */
static pia_status_t set_positionals(const command_t *command,
                                    const arguments_t *arguments,
                                    json_t *body,
                                    pia_problem_t *problem)
{
    char *names = pia_strdup(command->fields);
    char *rest = names;
    size_t index = 0;
    pia_status_t status = PIA_OK;
    for (char *name = strsep(&rest, " "); name && status == PIA_OK; name = strsep(&rest, " "))
        if (*name)
            status = fields_set(command->message->request, body, name,
                                arguments->positionals[index++], problem);
    free(names);
    return status;
}

static pia_status_t set_options(const command_t *command,
                                const arguments_t *arguments,
                                json_t *body,
                                pia_problem_t *problem)
{
    pia_status_t status = PIA_OK;
    for (size_t i = arguments->before_count; i < arguments->option_count && status == PIA_OK; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(arguments->options[i].name, "="),
                       arguments->options[i].name);
        if (fields_known(command->message->request, name) == 0)
            continue; /* one of everybody's */
        const char *value = arguments->options[i].value;
        status = fields_set(command->message->request, body, name, value ? value : "", problem);
    }
    return status;
}

json_t *command_body(const command_t *command, const arguments_t *arguments)
{
    json_t *body = json_object();
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = set_positionals(command, arguments, body, &problem);
    if (status == PIA_OK)
        status = set_options(command, arguments, body, &problem);
    if (status == PIA_OK)
        status = fields_check(command->message->request, body, &problem);
    if (status == PIA_OK)
        return body;
    (void)ask_say(&problem);
    json_decref(body);
    return NULL;
}

int command_send(cli_t *cli, const pia_message_t *message, json_t *body, command_print_fn *print)
{
    json_t *answer = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = ask(cli, NULL, message, body, &answer, &problem);
    json_decref(body);
    if (status != PIA_OK)
        return ask_say(&problem);
    if (cli->as_json)
        print_json(answer);
    else
        print(answer);
    json_decref(answer);
    return EXIT_DONE;
}

int command_ask(cli_t *cli,
                const command_t *command,
                const arguments_t *arguments,
                command_print_fn *print)
{
    json_t *body = command_body(command, arguments);
    return body ? command_send(cli, command->message, body, print) : EXIT_USAGE;
}

int command_message(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    return command_ask(cli, command, arguments, print_object);
}

/* Adds pages to `items` until there is no next one, or the asker's limit is reached. */
static pia_status_t fetch_pages(
    cli_t *cli, const pia_message_t *message, json_t *body, json_t *items, pia_problem_t *problem)
{
    bool limited = json_object_get(body, "limit") != NULL;
    for (int page = 0; page < PAGES_MAX; page++) {
        json_t *answer = NULL;
        pia_status_t status = ask(cli, NULL, message, body, &answer, problem);
        if (status != PIA_OK)
            return status;
        json_array_extend(items, json_object_get(answer, "items"));
        json_t *next = json_object_get(answer, "next");
        bool more = json_is_string(next) && !limited;
        if (more)
            json_object_set(body, "after", next);
        json_decref(answer);
        if (!more)
            break;
    }
    return PIA_OK;
}

int command_list(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    json_t *body = command_body(command, arguments);
    if (!body)
        return EXIT_USAGE;
    json_t *answer = json_pack("{s:[]}", "items");
    json_t *items = json_object_get(answer, "items");
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = fetch_pages(cli, command->message, body, items, &problem);
    json_decref(body);
    if (status == PIA_OK && cli->as_json)
        print_json(answer);
    else if (status == PIA_OK)
        print_table(items, command->columns);
    json_decref(answer);
    return status == PIA_OK ? EXIT_DONE : ask_say(&problem);
}
