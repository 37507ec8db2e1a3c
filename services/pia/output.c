/* output.c - a file that a command writes. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pia/memory.h"

static void fail(output_t *self)
{
    self->error = errno;
    if (self->file >= 0)
        (void)close(self->file);
    self->file = -1;
}

void output_open(output_t *self, const cli_t *cli, const char *path)
{
    size_t size = strlen(path) + sizeof ".part";
    *self = (output_t){.cli = cli, .path = path, .part = pia_alloc(size)};
    (void)snprintf(self->part, size, "%s.part", path);
    self->file = openat(cli->directory, self->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (self->file < 0)
        fail(self);
}

void output_add(output_t *self, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (self->file >= 0 && size > 0) {
        ssize_t written = write(self->file, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            fail(self);
            break;
        }
        at += written;
        size -= (size_t)written;
    }
}

int output_end(output_t *self, bool keep)
{
    int directory = self->cli->directory;
    if (self->file >= 0 && close(self->file) != 0)
        self->error = errno;
    if (keep && self->error == 0 && renameat(directory, self->part, directory, self->path) != 0)
        self->error = errno;
    if (!keep || self->error != 0)
        (void)unlinkat(directory, self->part, 0);
    errno = self->error;
    if (self->error != 0)
        (void)fprintf(stderr, "pia: %s: %m\n", self->path);
    free(self->part);
    return self->error == 0 ? EXIT_DONE : EXIT_REFUSED;
}
