/* command_control.c - pia drain and pia level: one instance, by its control session. */
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "commands.h"
#include "print.h"
#include "proto/service.h"

static int control(cli_t *cli, const char *session, const pia_message_t *message, json_t *body)
{
    pia_problem_t problem = {.status = PIA_OK};
    json_t *answer = NULL;
    int code = EXIT_USAGE;
    if (!strchr(session, '#')) {
        (void)fprintf(
            stderr, "pia: '%s' is not SERVICE#INSTANCE (see pia status): registry#registry-4711\n",
            session);
    } else if (ask(cli, session, message, body, &answer, &problem) != PIA_OK) {
        code = ask_say(&problem);
    } else {
        if (cli->as_json)
            print_json(answer);
        else
            print_object(answer);
        code = EXIT_DONE;
    }
    json_decref(body);
    json_decref(answer);
    return code;
}

int command_drain(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    return control(cli, arguments->positionals[0], &pia_msg_service_drain, json_object());
}

int command_level(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    json_t *body = json_pack("{s:s}", "level", arguments->positionals[1]);
    return control(cli, arguments->positionals[0], &pia_msg_service_level, body);
}
