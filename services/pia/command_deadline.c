/* command_deadline.c - pia deadline: a legal period and each step of its count. */
#include <stdio.h>

#include "commands.h"
#include "pia/json.h"
#include "print.h"

static const char COLUMNS[] = "from to effect text article";

static void print_result(const json_t *result)
{
    print_table(json_object_get(result, "segments"), COLUMNS);
    const char *day = pia_json_text(result, "last_day");
    const char *ends_at = pia_json_text(result, "ends_at");
    if (day)
        (void)printf("last day: %s (until %s)\n", day, ends_at);
    else
        (void)puts("last day: none, the period does not run");
}

static void print_deadline(const json_t *answer)
{
    const char *silence = pia_json_text(answer, "silence");
    const json_t *what_if = json_object_get(answer, "what_if");
    (void)printf("%s (%s)\n\n", pia_json_text(answer, "label"), pia_json_text(answer, "article"));
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
    return command_ask(cli, command, arguments, print_deadline);
}
