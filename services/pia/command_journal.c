/* command_journal.c - pia journal verify: all of it, piece by piece. */
#include <inttypes.h>
#include <stdio.h>

#include "ask.h"
#include "commands.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "print.h"
#include "proto/journal.h"

enum { PROGRESS_MS = 2000 };

/* One piece from `from`; *ret_next is where the next one starts, 0 after the last. */
static pia_status_t verify_piece(
    cli_t *cli, int64_t from, json_t **ret_answer, int64_t *ret_next, pia_problem_t *problem)
{
    json_t *body = from > 0 ? json_pack("{s:I}", "from", (json_int_t)from) : json_object();
    pia_status_t status =
        ask(cli, NULL, &pia_msg_diffusion_journal_verify, body, ret_answer, problem);
    json_decref(body);
    if (status == PIA_OK)
        *ret_next = pia_json_integer(*ret_answer, "next");
    return status;
}

static int tell(const cli_t *cli, json_t *answer)
{
    bool good = json_is_true(json_object_get(answer, "ok"));
    json_object_set_new(answer, "from", json_integer(1)); /* all the pieces together */
    if (cli->as_json)
        print_json(answer);
    else if (good)
        (void)printf("verified up to %" PRId64 "\n", pia_json_integer(answer, "to"));
    else
        (void)printf("damaged at %" PRId64 ": %s\n", pia_json_integer(answer, "bad_sequence"),
                     pia_json_text(answer, "detail"));
    return good ? EXIT_DONE : EXIT_DAMAGED;
}

int command_verify(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    (void)arguments;
    pia_problem_t problem = {.status = PIA_OK};
    int64_t from = 0, next = 0, said_ms = pia_clock_monotonic();
    for (;;) {
        json_t *answer = NULL;
        if (verify_piece(cli, from, &answer, &next, &problem) != PIA_OK)
            return ask_say(&problem);
        bool last = next <= from || !json_is_true(json_object_get(answer, "ok"));
        int code = last ? tell(cli, answer) : EXIT_DONE;
        json_decref(answer);
        if (last)
            return code;
        from = next;
        if (pia_clock_monotonic() - said_ms < PROGRESS_MS)
            continue;
        said_ms = pia_clock_monotonic();
        (void)fprintf(stderr, "pia: verified up to %" PRId64 " …\n", from - 1);
    }
}
