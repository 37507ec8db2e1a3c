/* keyfile.c - writing secrets so that a kill at any instruction leaves the old file or the new one.
 */
#include "keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 256 };

static pia_status_t failed(pia_problem_t *problem, const char *what, const char *path)
{
    return pia_problem_set(problem, PIA_UNAVAILABLE, NULL, "%s %s: %m", what, path);
}

pia_status_t keyfile_read(const char *path, char ret_text[APIKEY_TEXT_SIZE], pia_problem_t *problem)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return errno == ENOENT ? PIA_NOT_FOUND : failed(problem, "open", path);
    }
    char text[APIKEY_TEXT_SIZE + 1];
    ssize_t size = read(descriptor, text, sizeof text - 1);
    pia_status_t status = size < 0 ? failed(problem, "read", path) : PIA_OK;
    (void)close(descriptor);
    if (status != PIA_OK) {
        return status;
    }
    text[size] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    if (!apikey_is_wellformed(text)) {
        return PIA_NOT_FOUND;
    }
    text_set(ret_text, APIKEY_TEXT_SIZE, text);
    return PIA_OK;
}

/* Makes what is in the directory of `path` durable. */
static pia_status_t sync_directory(const char *path, pia_problem_t *problem)
{
    char directory[PATH_SIZE];
    TEXT_SET(directory, path);
    char *slash = strrchr(directory, '/');
    if (slash == NULL) {
        TEXT_SET(directory, ".");
    } else {
        slash[slash == directory] = '\0'; /* the root is its own name */
    }
    int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return failed(problem, "open", directory);
    }
    pia_status_t status = fsync(descriptor) == 0 ? PIA_OK : failed(problem, "fsync", directory);
    (void)close(descriptor);
    return status;
}

/* Writes a line and makes it durable; takes the descriptor. */
static pia_status_t
write_line(int descriptor, const char *path, const char *text, pia_problem_t *problem)
{
    char line[APIKEY_TEXT_SIZE + 2];
    int length = snprintf(line, sizeof line, "%s\n", text);
    pia_status_t status = PIA_OK;
    if (write(descriptor, line, (size_t)length) != length || fsync(descriptor) != 0) {
        status = failed(problem, "write", path);
    }
    if (close(descriptor) != 0 && status == PIA_OK) {
        status = failed(problem, "close", path);
    }
    return status;
}

pia_status_t keyfile_write(const char *path, const char *text, pia_problem_t *problem)
{
    char other[PATH_SIZE];
    int length = snprintf(other, sizeof other, "%s.new", path);
    if (length < 0 || length >= PATH_SIZE) {
        return pia_problem_set(problem, PIA_INVALID, NULL, "too long a name: %s", path);
    }
    (void)unlink(other);
    int descriptor = open(other, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        return failed(problem, "create", other);
    }
    pia_status_t status = write_line(descriptor, other, text, problem);
    if (status == PIA_OK && rename(other, path) != 0) {
        status = failed(problem, "rename", path);
    }
    if (status != PIA_OK) {
        (void)unlink(other);
        return status;
    }
    return sync_directory(path, problem);
}

pia_status_t keyfile_make_directory(const char *path, pia_problem_t *problem)
{
    if (mkdir(path, 0700) == 0) {
        return sync_directory(path, problem);
    }
    return errno == EEXIST ? PIA_OK : failed(problem, "mkdir", path);
}
