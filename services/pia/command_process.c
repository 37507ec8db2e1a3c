/* command_process.c - pia process check, simulate: a definition before it is put into force. */
#include <stdio.h>
#include <stdlib.h>

#include "ask.h"
#include "commands.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "print.h"

enum { FILE_MAX = 256 * 1024, PAGES_MAX = 10000 };

const flag_t process_flags[] = {
    {"all", NULL, "the dossiers that would have ended the same, too"},
    {NULL, NULL, NULL},
};

/* {"content": the file's text}; the caller owns it. */
static pia_status_t
read_body(const cli_t *cli, const char *path, json_t **ret_body, pia_problem_t *problem)
{
    char *text = NULL;
    size_t size = 0;
    pia_status_t status = ask_read_file(cli, path, FILE_MAX, &text, &size, problem);
    json_t *content = status == PIA_OK ? json_stringn(text, size) : NULL;
    free(text);
    if (status == PIA_OK && !content)
        return pia_problem_set(problem, PIA_INVALID, NULL, "%s is not UTF-8 text", path);
    if (status == PIA_OK)
        *ret_body = json_pack("{s:o}", "content", content);
    return status;
}

static void print_report(const json_t *report, const char *path)
{
    if (!json_is_true(json_object_get(report, "valid"))) {
        (void)printf("%s:%lld: %s: %s\n", path, (long long)pia_json_integer(report, "line"),
                     pia_json_text(report, "pointer"), pia_json_text(report, "detail"));
        return;
    }
    (void)printf("%s: %s version %lld, %s\n", path, pia_json_text(report, "name"),
                 (long long)pia_json_integer(report, "version"), pia_json_text(report, "title"));
    print_table(json_object_get(report, "machines"), "name states transitions timers");
}

int command_process_check(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    const char *path = arguments->positionals[0];
    json_t *body = NULL, *report = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = read_body(cli, path, &body, &problem);
    if (status == PIA_OK)
        status = ask(cli, NULL, command->asks, body, &report, &problem);
    if (status == PIA_OK && cli->as_json)
        print_json(report);
    else if (status == PIA_OK)
        print_report(report, path);
    int code = json_is_true(json_object_get(report, "valid")) ? EXIT_DONE : EXIT_REFUSED;
    json_decref(body);
    json_decref(report);
    return status == PIA_OK ? code : ask_say(&problem);
}

/* All pages; those that differ, or all. */
static pia_status_t fetch(cli_t *cli,
                          const command_t *command,
                          json_t *body,
                          bool all,
                          json_t *outcomes,
                          pia_problem_t *problem)
{
    pia_status_t status = PIA_OK;
    size_t replayed = 0;
    json_t *items = json_object_get(outcomes, "items");
    for (int page = 0; status == PIA_OK && page < PAGES_MAX; page++) {
        json_t *answer = NULL;
        size_t i;
        json_t *item;
        status = ask(cli, NULL, command->asks, body, &answer, problem);
        json_array_foreach(json_object_get(answer, "items"), i, item)
        {
            replayed++;
            if (all || json_is_true(json_object_get(item, "differs")))
                json_array_append(items, item);
        }
        json_t *next = json_incref(json_object_get(answer, "next"));
        json_decref(answer);
        if (!next)
            break;
        json_object_set_new(body, "after", next);
    }
    json_object_set_new(outcomes, "replayed", json_integer((json_int_t)replayed));
    return status;
}

int command_process_simulate(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    bool all = arguments_get(arguments, "all") != NULL;
    json_t *body = NULL, *outcomes = json_pack("{s:[]}", "items");
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = read_body(cli, arguments->positionals[0], &body, &problem);
    if (status == PIA_OK)
        status = fetch(cli, command, body, all, outcomes, &problem);
    if (status == PIA_OK && cli->as_json) {
        print_json(outcomes);
    } else if (status == PIA_OK) {
        print_table(json_object_get(outcomes, "items"),
                    "dossier title recorded simulated number reason");
        (void)printf("%lld dossiers replayed\n", (long long)pia_json_integer(outcomes, "replayed"));
    }
    json_decref(body);
    json_decref(outcomes);
    return status == PIA_OK ? EXIT_DONE : ask_say(&problem);
}
