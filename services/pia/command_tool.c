/* command_tool.c - what a service does with its database instead of serving: backup, restore,
 * check. */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ask.h"
#include "commands.h"
#include "pia/json.h"
#include "pia/uuid.h"
#include "proto/journal.h"

const flag_t restore_flags[] = {
    {"epoch-after", "N", "the new epoch's number is larger than this"},
    {NULL, NULL, NULL},
};

enum { NAME_SIZE = 32 };

/* The program of this name, beside this one. */
static bool find_program(const char *name, char ret_path[PATH_MAX])
{
    ssize_t size = readlink("/proc/self/exe", ret_path, PATH_MAX - NAME_SIZE - 1);
    if (size <= 0)
        return false;
    ret_path[size] = '\0';
    char *slash = strrchr(ret_path, '/');
    if (!slash)
        return false;
    (void)snprintf(slash + 1, NAME_SIZE, "%s", name);
    return true;
}

static const char DIFFUSION[] = "pia-diffusion";

/* The tool's program and arguments. */
typedef struct {
    char program[PATH_MAX];
    const char *argv[8];
} tool_t;

/* `name`: of the service's program. */
static bool prepare(const cli_t *cli,
                    const char *name,
                    const char *tool,
                    const arguments_t *arguments,
                    tool_t *ret_tool)
{
    const char *epoch = arguments_get(arguments, "epoch-after");
    *ret_tool =
        (tool_t){.argv = {ret_tool->program, tool, arguments->positionals[0], "--data", cli->data}};
    if (epoch) {
        ret_tool->argv[5] = "--restore.epoch-after";
        ret_tool->argv[6] = epoch;
    }
    if (find_program(name, ret_tool->program) && fchdir(cli->directory) == 0)
        return true;
    (void)fprintf(stderr, "pia: %s is not beside this program\n", name);
    return false;
}

/* In the place of this process. */
static int
become_tool(const cli_t *cli, const char *name, const char *what, const arguments_t *arguments)
{
    tool_t tool;
    if (!prepare(cli, name, what, arguments, &tool))
        return EXIT_UNAVAILABLE;
    (void)execv(tool.program, (char *const *)tool.argv);
    (void)fprintf(stderr, "pia: %s: %m\n", tool.program);
    return EXIT_UNAVAILABLE;
}

/* Beside this process; its exit code. */
static int
run_tool(const cli_t *cli, const char *name, const char *what, const arguments_t *arguments)
{
    tool_t tool;
    pid_t pid = 0;
    int ended = 0;
    if (!prepare(cli, name, what, arguments, &tool))
        return EXIT_UNAVAILABLE;
    errno = posix_spawn(&pid, tool.program, NULL, NULL, (char *const *)tool.argv, environ);
    if (errno != 0) {
        (void)fprintf(stderr, "pia: %s: %m\n", tool.program);
        return EXIT_UNAVAILABLE;
    }
    while (waitpid(pid, &ended, 0) < 0)
        assert(errno == EINTR);
    return WIFEXITED(ended) ? WEXITSTATUS(ended) : EXIT_UNAVAILABLE;
}

static pia_status_t note_backup(cli_t *cli, const char *cursor, pia_problem_t *problem)
{
    char key[PIA_UUID_TEXT_SIZE];
    json_t *answer = NULL;
    pia_uuid7_text(key);
    json_t *body = json_pack("{s:s, s:s}", "cursor", cursor, "idempotency_key", key);
    pia_status_t status =
        ask(cli, NULL, &pia_msg_diffusion_journal_backed_up, body, &answer, problem);
    json_decref(answer);
    json_decref(body);
    return status;
}

/* Where the journal ends is asked before the copy, which holds at least that. A backup that cannot
 * be noted (nobody runs, or the key is not an operator's) is a good one all the same. */
int command_backup(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    pia_problem_t problem = {.status = PIA_OK};
    json_t *head = NULL;
    json_t *body = json_object();
    pia_status_t status = ask(cli, NULL, &pia_msg_diffusion_journal_head, body, &head, &problem);
    json_decref(body);
    int code = run_tool(cli, DIFFUSION, "backup", arguments);
    if (code == EXIT_DONE && status == PIA_OK)
        status = note_backup(cli, pia_json_text(head, "cursor"), &problem);
    json_decref(head);
    if (code == EXIT_DONE && status != PIA_OK)
        (void)fprintf(stderr,
                      "pia: the backup is not noted, and services keep what they announced: %s\n",
                      problem.detail);
    return code;
}

int command_restore(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    return become_tool(cli, DIFFUSION, "restore", arguments);
}

int command_check(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    return become_tool(cli, DIFFUSION, "verify", arguments);
}

int command_dossier_tool(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    const char *tool = strrchr(command->name, ' ') + 1;
    return become_tool(cli, "pia-labellisation", tool, arguments);
}
