/* blob_files.c - bytes as files: FOLDER/uploads/ID while they come, then linked to FOLDER/ab/HASH.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blob_internal.h"
#include "pia/log.h"

enum { FOLDERS = 257 /* uploads, and one for each first byte of a hash */ };

static const char UPLOADS[] = "uploads";
static const char FIND_UPLOAD[] = "SELECT 1 FROM upload WHERE id = $1";
static const char FIND_BLOB[] = "SELECT 1 FROM blob WHERE hash = $1";

/* A hash lies in the folder of its first two digits; an upload's id is shorter. */
static void path_of(const blob_store_t *store, const char *name, char ret_path[PATH_MAX])
{
    if (strlen(name) == BLOB_HASH_SIZE - 1)
        (void)snprintf(ret_path, PATH_MAX, "%s/%.2s/%s", store->folder, name, name);
    else
        (void)snprintf(ret_path, PATH_MAX, "%s/%s/%s", store->folder, UPLOADS, name);
}

static pia_status_t failed(const char *what, const char *path)
{
    pia_log(PIA_LOG_ERROR, "%s %s: %m", what, path);
    return PIA_UNAVAILABLE;
}

/* Makes the names in a folder durable. */
static pia_status_t sync_folder(const char *path)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return failed("cannot open", path);
    int rc = fsync(folder);
    (void)close(folder);
    return rc == 0 ? PIA_OK : failed("cannot sync", path);
}

static pia_status_t make_folder(const char *parent, const char *name)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", parent, name);
    if (mkdir(path, 0700) == 0)
        return sync_folder(parent);
    return errno == EEXIST ? PIA_OK : failed("cannot make", path);
}

pia_status_t blob_files_prepare(blob_store_t *store, pia_problem_t *problem)
{
    pia_status_t status = PIA_OK;
    if (mkdir(store->folder, 0700) != 0 && errno != EEXIST)
        status = PIA_UNAVAILABLE;
    if (status == PIA_OK)
        status = make_folder(store->folder, UPLOADS);
    if (status != PIA_OK)
        return pia_problem_set(problem, status, NULL, "folder %s: %m", store->folder);
    return PIA_OK;
}

static pia_status_t write_all(int file, const char *bytes, size_t size, int64_t start)
{
    while (size > 0) {
        ssize_t written = pwrite(file, bytes, size, start);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return PIA_UNAVAILABLE;
        bytes += written;
        size -= (size_t)written;
        start += written;
    }
    return PIA_OK;
}

/* A failed sync may have lost bytes that a later one would call written, also for want of space
 * (the kernel allocates late): the file goes, so that the next part finds that they are gone. A
 * failed write has only not added to what was synced before. */
static pia_status_t
write_durably(int file, const char *path, const void *bytes, size_t size, int64_t start)
{
    pia_status_t status = write_all(file, bytes, size, start);
    if (status != PIA_OK)
        return failed("cannot write", path);
    if (fdatasync(file) == 0)
        return PIA_OK;
    status = failed("cannot sync", path);
    (void)unlink(path);
    return status;
}

static pia_status_t
write_file(blob_store_t *store, const char *upload, int64_t start, const void *bytes, size_t size)
{
    char path[PATH_MAX], folder[PATH_MAX];
    struct stat info;
    path_of(store, upload, path);
    int file = open(path, O_WRONLY | O_CLOEXEC | (start == 0 ? O_CREAT : 0), 0600);
    if (file < 0)
        return errno == ENOENT ? PIA_GONE : failed("cannot open", path);
    if (fstat(file, &info) != 0 || info.st_size < start) {
        (void)close(file);
        return PIA_GONE;
    }
    pia_status_t status = write_durably(file, path, bytes, size, start);
    (void)close(file);
    if (status != PIA_OK || start > 0)
        return status;
    (void)snprintf(folder, sizeof folder, "%s/%s", store->folder, UPLOADS);
    return sync_folder(folder);
}

static pia_status_t read_file(blob_store_t *store,
                              const char *name,
                              int64_t start,
                              void *ret_bytes,
                              size_t size,
                              size_t *ret_size)
{
    char path[PATH_MAX];
    size_t got = 0;
    ssize_t step = 1;
    path_of(store, name, path);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT ? PIA_INTERNAL : failed("cannot open", path);
    while (got < size && step != 0) {
        step = pread(file, (char *)ret_bytes + got, size - got, start + (int64_t)got);
        if (step < 0 && errno != EINTR)
            break;
        got += step > 0 ? (size_t)step : 0;
    }
    (void)close(file);
    *ret_size = got;
    return step < 0 ? failed("cannot read", path) : PIA_OK;
}

/* Whether what the path names is a file of this size. */
static bool has_size(const char *path, int64_t size)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_size == size;
}

static pia_status_t
keep_file(blob_store_t *store, const char *upload, const char *hash, int64_t size, bool fresh)
{
    (void)fresh; /* an orphan of the same hash may be there also then */
    char from[PATH_MAX], to[PATH_MAX], folder[PATH_MAX], name[3];
    (void)snprintf(name, sizeof name, "%.2s", hash);
    (void)snprintf(folder, sizeof folder, "%s/%s", store->folder, name);
    path_of(store, upload, from);
    path_of(store, hash, to);
    if (!has_size(from, size))
        return PIA_GONE;
    pia_status_t status = make_folder(store->folder, name);
    if (status != PIA_OK)
        return status;
    if (link(from, to) != 0 && errno != EEXIST)
        return failed("cannot link", to);
    if (!has_size(to, size)) {
        pia_log(PIA_LOG_ERROR, "%s is not as long as it was", to);
        return PIA_INTERNAL;
    }
    return sync_folder(folder);
}

/* The sweep takes it, once the transaction that removes its row is committed. */
static pia_status_t leave_file(blob_store_t *store, const char *name)
{
    (void)store;
    (void)name;
    return PIA_OK;
}

/* Whether a row names it; also if that cannot be told. */
static bool is_named(blob_store_t *store, const char *sql, const char *name)
{
    pia_stmt_t *stmt = pia_db_prepare(store->db, sql);
    pia_stmt_text(stmt, 1, name);
    pia_status_t status = pia_stmt_step(stmt);
    pia_stmt_reset(stmt);
    return status != PIA_NOT_FOUND;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void sweep_folder(blob_store_t *store, const char *path, const char *sql)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_visible, NULL); /* -1: no blob begins like this */
    for (int i = 0; i < count; i++) {
        char file[PATH_MAX];
        (void)snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        if (!is_named(store, sql, entries[i]->d_name) && unlink(file) != 0)
            (void)failed("cannot remove", file);
        free(entries[i]);
    }
    free(entries);
}

static void sweep_files(blob_store_t *store)
{
    char path[PATH_MAX];
    unsigned at = store->swept++ % FOLDERS;
    if (at == 0)
        (void)snprintf(path, sizeof path, "%s/%s", store->folder, UPLOADS);
    else
        (void)snprintf(path, sizeof path, "%s/%02x", store->folder, at - 1);
    sweep_folder(store, path, at == 0 ? FIND_UPLOAD : FIND_BLOB);
}

const blob_ops_t blob_files = {write_file, read_file, keep_file, leave_file, sweep_files};
