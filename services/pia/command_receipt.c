/* command_receipt.c - pia receipt show: a receipt as its reader gets it. */
#include <stdio.h>

#include "ask.h"
#include "commands.h"
#include "print.h"

int command_receipt(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    json_t *body = command_body(command, arguments);
    if (!body)
        return EXIT_USAGE;
    json_t *answer = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = ask(cli, NULL, command->message, body, &answer, &problem);
    json_decref(body);
    const char *text = json_string_value(json_object_get(answer, "text"));
    if (status == PIA_OK && cli->as_json)
        print_json(answer);
    else if (status == PIA_OK)
        (void)fputs(text ? text : "", stdout);
    json_decref(answer);
    return status == PIA_OK ? EXIT_DONE : ask_say(&problem);
}
