/* maildir.c - write to tmp/, fsync, rename into new/, fsync the directory. */
#include "maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 512 };

static bool make(const char *path, const char *folder)
{
    char full[PATH_SIZE];
    int length = snprintf(full, sizeof full, "%s%s", path, folder);
    if (length < 0 || length >= PATH_SIZE) {
        errno = ENAMETOOLONG;
        return false;
    }
    return mkdir(full, 0700) == 0 || errno == EEXIST;
}

bool maildir_make(const char *path)
{
    return make(path, "") && make(path, "/tmp") && make(path, "/new") && make(path, "/cur");
}

/* Whether a reader has taken the message: cur/ID:2,FLAGS. Only a repeat has to look. */
static bool was_read(const char *path, const char *id)
{
    char folder[PATH_SIZE];
    (void)snprintf(folder, sizeof folder, "%s/cur", path);
    DIR *cur = opendir(folder);
    if (!cur) {
        return false;
    }
    bool found = false;
    const struct dirent *entry = NULL;
    while (!found && (entry = readdir(cur))) { // NOLINT(concurrency-mt-unsafe): its own DIR
        found = strncmp(entry->d_name, id, strlen(id)) == 0;
    }
    (void)closedir(cur);
    return found;
}

static bool write_all(int file, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, bytes, size);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        if (written > 0) {
            bytes += written;
            size -= (size_t)written;
        }
    }
    return true;
}

/* Makes the file durable under its temporary name. */
static bool write_file(const char *path, const outgoing_t *outgoing)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) {
        return false;
    }
    bool written = write_all(file, outgoing->content, outgoing->size) && fsync(file) == 0;
    return close(file) == 0 && written;
}

static bool sync_folder(const char *path)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return false;
    }
    bool synced = fsync(folder) == 0;
    return close(folder) == 0 && synced;
}

void maildir_deliver(const char *path, outgoing_t *outgoing)
{
    char temporary[PATH_SIZE], final[PATH_SIZE], folder[PATH_SIZE];
    (void)snprintf(temporary, sizeof temporary, "%s/tmp/%s", path, outgoing->delivery);
    (void)snprintf(final, sizeof final, "%s/new/%s", path, outgoing->delivery);
    (void)snprintf(folder, sizeof folder, "%s/new", path);
    if (outgoing->attempt > 1 && was_read(path, outgoing->delivery)) {
        outgoing_end(outgoing, OUTGOING_SENT, "%s", "");
        return;
    }
    bool done =
        write_file(temporary, outgoing) && rename(temporary, final) == 0 && sync_folder(folder);
    if (done) {
        outgoing_end(outgoing, OUTGOING_SENT, "%s", "");
    } else {
        outgoing_end(outgoing, OUTGOING_FAILED, "Maildir: %s", strerrorname_np(errno));
    }
}
