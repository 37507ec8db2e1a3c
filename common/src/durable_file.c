/* durable_file.c - temporary file, fsync, link or rename, fsync of the folder. */
#include "pia/durable_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pia/uuid.h"

static pia_status_t fail(pia_problem_t *problem, const char *what, const char *path)
{
    pia_status_t status = errno == EEXIST   ? PIA_CONFLICT
                          : errno == ENOENT ? PIA_NOT_FOUND
                                            : PIA_UNAVAILABLE;
    char reason[128];
    const char *text = strerror_r(errno, reason, sizeof reason);
    return pia_problem_set(problem, status, NULL, "cannot %s %s: %s", what, path, text);
}

static bool write_all(int descriptor, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(descriptor, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        size -= (size_t)written;
    }
    return fsync(descriptor) == 0;
}

static bool sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t size = slash ? (size_t)(slash - path) : 0;
    if (size >= sizeof folder)
        return false;
    memcpy(folder, path, size);
    folder[size] = '\0';
    const char *name = slash ? (size > 0 ? folder : "/") : ".";
    int descriptor = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    bool synced = fsync(descriptor) == 0;
    close(descriptor);
    return synced;
}

/* Gives the complete file its name. */
static bool publish(const char *temporary, const char *path, bool create)
{
    if (!create)
        return rename(temporary, path) == 0 && sync_folder_of(path);
    return link(temporary, path) == 0 && sync_folder_of(path);
}

pia_status_t pia_file_write(const char *path,
                            const void *bytes,
                            size_t size,
                            mode_t mode,
                            bool create,
                            pia_problem_t *problem)
{
    char uuid[PIA_UUID_TEXT_SIZE];
    char temporary[PATH_MAX];
    pia_uuid7_text(uuid);
    int length = snprintf(temporary, sizeof temporary, "%s.%s.tmp", path, uuid);
    if (length < 0 || (size_t)length >= sizeof temporary)
        return pia_problem_set(problem, PIA_INVALID, NULL, "the path is too long");
    int descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (descriptor < 0)
        return fail(problem, "make", temporary);
    bool written = fchmod(descriptor, mode) == 0 && write_all(descriptor, bytes, size);
    written = close(descriptor) == 0 && written;
    pia_status_t status = PIA_OK;
    if (!written)
        status = fail(problem, "write", temporary);
    else if (!publish(temporary, path, create))
        status = fail(problem, "make", path);
    unlink(temporary); /* gone already after a rename */
    return status;
}

pia_status_t
pia_file_read(const char *path, char *ret_text, size_t size_max, pia_problem_t *problem)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return fail(problem, "open", path);
    size_t size = 0;
    ssize_t got = 1;
    while (got > 0 && size < size_max) {
        got = read(descriptor, ret_text + size, size_max - size);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            size += (size_t)got;
    }
    pia_status_t status = got < 0 ? fail(problem, "read", path) : PIA_OK;
    close(descriptor);
    if (status == PIA_OK && size >= size_max)
        return pia_problem_set(problem, PIA_TOO_LARGE, NULL, "%s is too large", path);
    if (status == PIA_OK)
        ret_text[size] = '\0';
    return status;
}

pia_status_t pia_file_rename(const char *from, const char *to, pia_problem_t *problem)
{
    return publish(from, to, false) ? PIA_OK : fail(problem, "rename to", to);
}
