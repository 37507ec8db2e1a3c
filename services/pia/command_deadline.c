/* command_deadline.c - pia deadline: a legal period and each step of its count. */
#include <stdio.h>

#include "ask.h"
#include "commands.h"
#include "print.h"

static const char COLUMNS[] = "from to effect text article";

static void print_result(const json_t *result)
{
    print_table(json_object_get(result, "segments"), COLUMNS);
    const char *day = json_string_value(json_object_get(result, "last_day"));
    const char *ends_at = json_string_value(json_object_get(result, "ends_at"));
    if (day)
        (void)printf("last day: %s (until %s)\n", day, ends_at);
    else
        (void)puts("last day: none, the period does not run");
}

static void print_deadline(const json_t *answer)
{
    const char *silence = json_string_value(json_object_get(answer, "silence"));
    const json_t *what_if = json_object_get(answer, "what_if");
    (void)printf("%s (%s)\n\n", json_string_value(json_object_get(answer, "label")),
                 json_string_value(json_object_get(answer, "article")));
    print_result(answer);
    if (silence)
        (void)printf("silence then is: %s\n", silence);
    if (!what_if)
        return;
    (void)puts("\nif the pieces come then:\n");
    print_result(what_if);
}

int command_deadline(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    json_t *body = command_body(command, arguments);
    if (!body)
        return EXIT_USAGE;
    json_t *answer = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = ask(cli, NULL, command->message, body, &answer, &problem);
    json_decref(body);
    if (status == PIA_OK && cli->as_json)
        print_json(answer);
    else if (status == PIA_OK)
        print_deadline(answer);
    json_decref(answer);
    return status == PIA_OK ? EXIT_DONE : ask_say(&problem);
}
