/* command_tool.c - what pia-diffusion does with its database: backup, restore, verify a file. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

const flag_t restore_flags[] = {
    {"epoch-after", "N", "the new epoch's number is larger than this"},
    {NULL, NULL, NULL},
};

/* The program beside this one. */
static bool find_program(char ret_path[PATH_MAX])
{
    static const char name[] = "pia-diffusion";
    ssize_t size = readlink("/proc/self/exe", ret_path, PATH_MAX - sizeof name - 1);
    if (size <= 0)
        return false;
    ret_path[size] = '\0';
    char *slash = strrchr(ret_path, '/');
    if (!slash)
        return false;
    memcpy(slash + 1, name, sizeof name);
    return true;
}

static int run_tool(const cli_t *cli, const char *tool, const arguments_t *arguments)
{
    char program[PATH_MAX];
    const char *epoch = arguments_get(arguments, "epoch-after");
    const char *argv[8] = {program, tool, arguments->positionals[0], "--data", cli->data};
    if (epoch) {
        argv[5] = "--restore.epoch-after";
        argv[6] = epoch;
    }
    if (!find_program(program) || fchdir(cli->directory) != 0) {
        (void)fprintf(stderr, "pia: pia-diffusion is not beside this program\n");
        return EXIT_UNAVAILABLE;
    }
    (void)execv(program, (char *const *)argv);
    (void)fprintf(stderr, "pia: %s: %m\n", program);
    return EXIT_UNAVAILABLE;
}

int command_backup(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    return run_tool(cli, "backup", arguments);
}

int command_restore(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    return run_tool(cli, "restore", arguments);
}

int command_check(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    return run_tool(cli, "verify", arguments);
}
