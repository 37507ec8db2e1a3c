/* command_tool.c - what a service does with its database instead of serving: backup, restore,
 * check. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

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

static int
run_tool(const cli_t *cli, const char *name, const char *tool, const arguments_t *arguments)
{
    char program[PATH_MAX];
    const char *epoch = arguments_get(arguments, "epoch-after");
    const char *argv[8] = {program, tool, arguments->positionals[0], "--data", cli->data};
    if (epoch) {
        argv[5] = "--restore.epoch-after";
        argv[6] = epoch;
    }
    if (!find_program(name, program) || fchdir(cli->directory) != 0) {
        (void)fprintf(stderr, "pia: %s is not beside this program\n", name);
        return EXIT_UNAVAILABLE;
    }
    (void)execv(program, (char *const *)argv);
    (void)fprintf(stderr, "pia: %s: %m\n", program);
    return EXIT_UNAVAILABLE;
}

int command_backup(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    return run_tool(cli, "pia-diffusion", "backup", arguments);
}

int command_restore(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    return run_tool(cli, "pia-diffusion", "restore", arguments);
}

int command_check(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    return run_tool(cli, "pia-diffusion", "verify", arguments);
}

int command_dossier_tool(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    const char *tool = strrchr(command->name, ' ') + 1;
    return run_tool(cli, "pia-labellisation", tool, arguments);
}
