/* tool.c - pia-diffusion backup FILE, restore FILE, verify FILE. */
#include "tool.h"

#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pia/db_file.h"
#include "pia/lock.h"
#include "pia/service.h"

#include "journal_read.h"
#include "restore.h"

enum { DONE = 0, REFUSED = 1, USAGE = 2, DAMAGED = 4, PATH_SIZE = PATH_MAX + 16 };

static const char SQLITE[] = "sqlite:";

/* What a tool is given: the file's absolute path, and the process in the data directory. */
typedef struct {
    const char *file;
    const char *url;
    uint32_t above;
} tool_t;

static const pia_option_t tool_options[] = {
    {"restore", "epoch_after", PIA_OPTION_INTEGER, "0", 0, UINT32_MAX,
     "the new epoch's number is larger than this"},
    {NULL, NULL, PIA_OPTION_TEXT, NULL, 0, 0, NULL},
};

static int say(const pia_problem_t *problem)
{
    (void)fprintf(stderr, "pia-diffusion: %s\n", problem->detail);
    return problem->status == PIA_INTERNAL ? DAMAGED : REFUSED;
}

static int backup(const tool_t *tool)
{
    pia_problem_t problem = {0};
    pia_db_t *db = NULL;
    receipt_t end;
    pia_status_t status = pia_db_open(tool->url, PIA_DB_READER, &db, &problem);
    if (status != PIA_OK)
        return say(&problem);
    status = journal_read_end(db, &end);
    if (status != PIA_OK)
        (void)pia_problem_set(&problem, status, "", "%s: %s", tool->url, pia_db_error(db));
    else
        status = pia_db_copy(db, tool->file, &problem);
    pia_db_close(&db);
    if (status != PIA_OK)
        return say(&problem);
    (void)printf("%s holds the journal up to event %" PRIu64 " of epoch %" PRIu32 " at least\n",
                 tool->file, end.sequence, end.epoch);
    return DONE;
}

/* The file as a database of its own; one that is in use has a log beside it, a backup has none. */
static int verify(const tool_t *tool)
{
    pia_problem_t problem = {0};
    pia_db_t *db = NULL;
    char url[PATH_SIZE];
    uint64_t last = 0;
    (void)snprintf(url, sizeof url, "sqlite:%s", tool->file);
    pia_status_t status = pia_db_open(url, PIA_DB_BACKUP, &db, &problem);
    if (status == PIA_OK)
        status = restore_verify(db, &last, &problem);
    pia_db_close(&db);
    if (status != PIA_OK)
        return say(&problem);
    (void)printf("verified up to %" PRIu64 "\n", last);
    return DONE;
}

static void warn_of_later(const restored_t *restored)
{
    if (restored->covered > restored->begun.sequence)
        (void)fprintf(stderr,
                      "pia-diffusion: this backup is older than the last but one, which holds the "
                      "journal up to event %" PRIu64 ": services keep what they announced only "
                      "after that, so what they announced after event %" PRIu64 " may be missing. "
                      "Restore one of the last two to have it.\n",
                      restored->covered, restored->begun.sequence);
}

static int restore(const tool_t *tool)
{
    pia_problem_t problem = {0};
    pia_lock_t *lock = NULL;
    char lock_name[PATH_SIZE];
    restored_t restored = {.covered = 0};
    if (strncmp(tool->url, SQLITE, sizeof SQLITE - 1) != 0) {
        (void)fprintf(stderr, "pia-diffusion: PostgreSQL is restored by its own tools; then pia "
                              "journal begin-epoch\n");
        return USAGE;
    }
    const char *path = tool->url + sizeof SQLITE - 1;
    (void)snprintf(lock_name, sizeof lock_name, "%s.lock", path);
    pia_status_t status = pia_lock_take(lock_name, &lock, &problem);
    if (status == PIA_CONFLICT)
        (void)pia_problem_set(&problem, status, "", "a pia-diffusion has %s: end it first", path);
    if (status == PIA_OK)
        status = restore_run(tool->file, path, tool->above, &restored, &problem);
    pia_lock_destroy(&lock);
    if (status != PIA_OK)
        return say(&problem);
    (void)printf("restored up to event %" PRIu64 "; epoch %" PRIu32 " begins after it\n",
                 restored.begun.sequence, restored.begun.epoch);
    warn_of_later(&restored);
    return DONE;
}

static const struct {
    const char *name;
    int (*run)(const tool_t *tool);
} tools[] = {{"backup", backup}, {"restore", restore}, {"verify", verify}};

enum { TOOL_COUNT = sizeof tools / sizeof tools[0] };

bool tool_is_meant(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < TOOL_COUNT; i++) {
        if (strcmp(argv[1], tools[i].name) == 0)
            return true;
    }
    return false;
}

/* The file's path from wherever the process goes. */
static bool make_absolute(const char *file, char ret_path[PATH_SIZE])
{
    char folder[PATH_MAX];
    if (file[0] == '/')
        return snprintf(ret_path, PATH_SIZE, "%s", file) < PATH_MAX;
    return getcwd(folder, sizeof folder) &&
           snprintf(ret_path, PATH_SIZE, "%s/%s", folder, file) < PATH_MAX;
}

static int run_in_data(const char *name, tool_t *tool, const pia_config_t *config)
{
    const char *data = pia_config_text(config, "service", "data");
    tool->url = pia_config_text(config, "service", "database");
    tool->above = (uint32_t)pia_config_integer(config, "restore", "epoch_after");
    if (chdir(data) != 0) {
        (void)fprintf(stderr, "pia-diffusion: there is no data directory %s\n", data);
        return REFUSED;
    }
    for (size_t i = 0; i < TOOL_COUNT; i++) {
        if (strcmp(name, tools[i].name) == 0)
            return tools[i].run(tool);
    }
    return USAGE;
}

int tool_main(const pia_option_t *options, int argc, char **argv)
{
    char path[PATH_SIZE];
    pia_problem_t problem = {0};
    pia_config_t *config = NULL;
    const pia_option_t *tables[] = {pia_service_options, options, tool_options, NULL};
    if (argc < 3 || argv[2][0] == '-' || !make_absolute(argv[2], path)) {
        (void)fprintf(stderr, "usage: pia-diffusion %s FILE [options]\n", argv[1]);
        return USAGE;
    }
    const char *name = argv[1];
    argv[2] = argv[0];
    if (sodium_init() < 0 ||
        pia_config_load("pia-diffusion", tables, argc - 2, argv + 2, &config, &problem) != PIA_OK) {
        (void)fprintf(stderr, "pia-diffusion: %s\n", problem.detail);
        return USAGE;
    }
    tool_t tool = {.file = path};
    int code = config ? run_in_data(name, &tool, config) : DONE;
    pia_config_destroy(&config);
    return code;
}
