/* command_receipt.c - pia receipt show: a receipt as its reader gets it. */
#include <stdio.h>

#include "commands.h"
#include "pia/json.h"

static void print_receipt(const json_t *answer)
{
    (void)fputs(pia_json_text_or(answer, "text", ""), stdout);
}

int command_receipt(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    return command_ask(cli, command, arguments, print_receipt);
}
