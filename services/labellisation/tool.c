/* tool.c - the command line of backups. */
#include "tool.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backup.h"

enum { DONE = 0, REFUSED = 1, USAGE = 2, DAMAGED = 4 };

static const char SQLITE[] = "sqlite:";

typedef pia_status_t
tool_fn(const backup_place_t *place, const char *folder, size_t *ret_files, pia_problem_t *problem);

static pia_status_t
check(const backup_place_t *place, const char *folder, size_t *ret_files, pia_problem_t *problem)
{
    (void)place;
    return backup_check(folder, ret_files, problem);
}

static const struct {
    const char *name;
    tool_fn *run;
    const char *said;
} tools[] = {
    {"backup", backup_make, "holds the database and"},
    {"check", check, "is whole, with"},
    {"restore", backup_restore, "is restored, with"},
};

enum { TOOL_COUNT = sizeof tools / sizeof tools[0] };

/* TOOL_COUNT: there is none of this name. */
static size_t find(const char *name)
{
    size_t i = 0;
    while (i < TOOL_COUNT && strcmp(tools[i].name, name) != 0)
        i++;
    return i;
}

bool tool_is_meant(int argc, char **argv)
{
    return argc > 1 && find(argv[1]) < TOOL_COUNT;
}

/* The folder's path from wherever the process goes. */
static bool make_absolute(const char *folder, char ret_path[BACKUP_PATH_SIZE])
{
    char here[PATH_MAX];
    size_t size = strlen(folder);
    while (size > 1 && folder[size - 1] == '/')
        size--;
    if (folder[0] == '/')
        return snprintf(ret_path, BACKUP_PATH_SIZE, "%.*s", (int)size, folder) < BACKUP_PATH_SIZE;
    return getcwd(here, sizeof here) && snprintf(ret_path, BACKUP_PATH_SIZE, "%s/%.*s", here,
                                                 (int)size, folder) < BACKUP_PATH_SIZE;
}

static int run(size_t tool, const char *folder, const pia_config_t *config)
{
    const char *url = pia_config_text(config, "service", "database");
    pia_problem_t problem = {.status = PIA_OK};
    size_t files = 0;
    if (strncmp(url, SQLITE, sizeof SQLITE - 1) != 0) {
        (void)fprintf(stderr, "pia-labellisation: PostgreSQL holds the files too, and its own "
                              "tools copy and restore them\n");
        return USAGE;
    }
    const backup_place_t place = {
        .database = url + sizeof SQLITE - 1,
        .pieces = pia_config_text(config, "labellisation", "pieces"),
    };
    pia_status_t status = tools[tool].run(&place, folder, &files, &problem);
    if (status != PIA_OK) {
        (void)fprintf(stderr, "pia-labellisation: %s\n", problem.detail);
        return status == PIA_INTERNAL ? DAMAGED : REFUSED;
    }
    (void)printf("%s %s %zu files\n", folder, tools[tool].said, files);
    return DONE;
}

int tool_main(const pia_option_t *options, int argc, char **argv)
{
    char folder[BACKUP_PATH_SIZE];
    pia_problem_t problem = {.status = PIA_OK};
    pia_config_t *config = NULL;
    const pia_option_t *tables[] = {pia_service_options, options, NULL};
    if (argc < 3 || argv[2][0] == '-' || !make_absolute(argv[2], folder)) {
        (void)fprintf(stderr, "usage: pia-labellisation %s FOLDER [options]\n", argv[1]);
        return USAGE;
    }
    size_t tool = find(argv[1]);
    argv[2] = argv[0];
    if (sodium_init() < 0 || pia_config_load("pia-labellisation", tables, argc - 2, argv + 2,
                                             &config, &problem) != PIA_OK) {
        (void)fprintf(stderr, "pia-labellisation: %s\n", problem.detail);
        return USAGE;
    }
    int code = DONE;
    if (config && chdir(pia_config_text(config, "service", "data")) != 0) {
        (void)fprintf(stderr, "pia-labellisation: there is no such data directory\n");
        code = REFUSED;
    } else if (config) {
        code = run(tool, folder, config);
    }
    pia_config_destroy(&config);
    return code;
}
