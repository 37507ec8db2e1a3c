/* db_copy.c - a database as one file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db_internal.h"
#include "pia/db_file.h"
#include "pia/durable_file.h"
#include "pia/memory.h"

/* An empty file beside `path`, for its owner alone; nobody else's. */
static pia_status_t make_empty(const char *path, pia_problem_t *problem)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0)
        return pia_problem_set(problem, PIA_UNAVAILABLE, NULL, "%s: %m", path);
    (void)close(descriptor);
    return PIA_OK;
}

pia_status_t pia_db_copy(pia_db_t *db, const char *path, pia_problem_t *problem)
{
    if (!db->ops->copy)
        return pia_problem_set(problem, PIA_INVALID, NULL,
                               "PostgreSQL is copied by its own tools: pg_dump, pg_basebackup");
    if (access(path, F_OK) == 0)
        return pia_problem_set(problem, PIA_CONFLICT, NULL, "%s is there already", path);
    size_t size = strlen(path) + 6;
    char *part = pia_alloc(size);
    (void)snprintf(part, size, "%s.part", path);
    pia_status_t status = make_empty(part, problem);
    if (status == PIA_OK) {
        status = db->ops->copy(db, part);
        if (status != PIA_OK)
            (void)pia_problem_set(problem, status, NULL, "%s: %s", path, pia_db_error(db));
    }
    if (status == PIA_OK)
        status = pia_file_rename(part, path, problem);
    if (status != PIA_OK)
        (void)unlink(part);
    free(part);
    return status;
}

pia_status_t pia_db_settle(pia_db_t *db)
{
    return db->ops->settle ? db->ops->settle(db) : PIA_OK;
}
