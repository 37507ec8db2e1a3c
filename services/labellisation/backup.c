/* backup.c - copies of the database and of the files that it names. */
#include "backup.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blob.h"
#include "pia/db_file.h"
#include "pia/durable_file.h"
#include "pia/lock.h"
#include "pia/memory.h"

enum { PATH_SIZE = BACKUP_PATH_SIZE + 96, PART = 1 << 20 };

static const char DATABASE[] = "labellisation.db", PIECES[] = "pieces";
static const char NAMED[] = "SELECT DISTINCT hash FROM attachment ORDER BY hash";

static pia_status_t failed(pia_problem_t *problem, const char *path)
{
    return pia_problem_set(problem, PIA_UNAVAILABLE, NULL, "%s: %m", path);
}

static pia_status_t sync_folder(const char *path, pia_problem_t *problem)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = folder < 0 ? -1 : fsync(folder);
    if (folder >= 0)
        (void)close(folder);
    return rc == 0 ? PIA_OK : failed(problem, path);
}

static pia_status_t make_folder(const char *path, pia_problem_t *problem)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST ? PIA_OK : failed(problem, path);
}

static bool write_all(int to, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(to, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

/* Reads to the end, writing (unless `to` is -1) and hashing. */
static bool pump(int from, int to, char ret_hash[BLOB_HASH_SIZE])
{
    crypto_hash_sha256_state state;
    unsigned char hash[crypto_hash_sha256_BYTES];
    char *part = pia_alloc(PART);
    ssize_t got = 0;
    bool good = true;
    (void)crypto_hash_sha256_init(&state);
    while (good && (got = read(from, part, PART)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        good = got > 0 && (to < 0 || write_all(to, part, (size_t)got));
        if (good)
            (void)crypto_hash_sha256_update(&state, (const unsigned char *)part,
                                            (unsigned long long)got);
    }
    free(part);
    (void)crypto_hash_sha256_final(&state, hash);
    (void)sodium_bin2hex(ret_hash, BLOB_HASH_SIZE, hash, sizeof hash);
    return good && (to < 0 || fsync(to) == 0);
}

/* Copies a file (`to` NULL: only reads it); what it holds must have this SHA-256 (NULL: any). */
static pia_status_t
copy_file(const char *from, const char *to, const char *wanted, pia_problem_t *problem)
{
    char hash[BLOB_HASH_SIZE] = "";
    int source = open(from, O_RDONLY | O_CLOEXEC);
    if (source < 0)
        return pia_problem_set(problem, errno == ENOENT ? PIA_INTERNAL : PIA_UNAVAILABLE, NULL,
                               "%s: %m", from);
    int target = to ? open(to, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600) : -1;
    pia_status_t status = PIA_OK;
    if ((to && target < 0) || !pump(source, target, hash))
        status = failed(problem, to ? to : from);
    else if (wanted && strcmp(hash, wanted) != 0)
        status = pia_problem_set(problem, PIA_INTERNAL, NULL, "%s is damaged: it has SHA-256 %s",
                                 from, hash);
    if (target >= 0)
        (void)close(target);
    (void)close(source);
    return status;
}

/* One of the files that the database names. */
typedef pia_status_t each_fn(const void *arg, const char *hash, pia_problem_t *problem);

static pia_status_t each_file(
    const char *database, each_fn *each, const void *arg, size_t *ret_files, pia_problem_t *problem)
{
    char url[PATH_SIZE];
    pia_db_t *db = NULL;
    (void)snprintf(url, sizeof url, "sqlite:%s", database);
    pia_status_t status = pia_db_open(url, PIA_DB_BACKUP, &db, problem);
    if (status != PIA_OK)
        return status;
    pia_stmt_t *stmt = pia_db_prepare(db, NAMED);
    *ret_files = 0;
    while (status == PIA_OK && (status = pia_stmt_step(stmt)) == PIA_OK) {
        status = each(arg, pia_stmt_column_text(stmt, 0), problem);
        ++*ret_files;
    }
    if (status == PIA_NOT_FOUND)
        status = PIA_OK;
    else if (problem->status != status)
        (void)pia_problem_set(problem, status, NULL, "%s: %s", database, pia_db_error(db));
    pia_stmt_reset(stmt);
    pia_db_close(&db);
    return status;
}

/* From one folder of files to another (NULL: nowhere). */
typedef struct {
    const char *from, *to;
} way_t;

static void path_of(const char *folder, const char *hash, char ret_path[PATH_SIZE])
{
    (void)snprintf(ret_path, PATH_SIZE, "%s/%.2s/%s", folder, hash, hash);
}

static pia_status_t copy_one(const void *arg, const char *hash, pia_problem_t *problem)
{
    const way_t *way = arg;
    char from[PATH_SIZE], to[PATH_SIZE], copy[PATH_SIZE + 8], folder[PATH_SIZE];
    pia_problem_t other = {.status = PIA_OK};
    path_of(way->from, hash, from);
    path_of(way->to, hash, to);
    if (access(to, F_OK) == 0 && copy_file(to, NULL, hash, &other) == PIA_OK)
        return PIA_OK;
    (void)snprintf(folder, sizeof folder, "%s/%.2s", way->to, hash);
    (void)snprintf(copy, sizeof copy, "%s.copy", to);
    pia_status_t status = make_folder(folder, problem);
    if (status == PIA_OK)
        status = copy_file(from, copy, hash, problem);
    if (status == PIA_OK)
        status = pia_file_rename(copy, to, problem);
    return status == PIA_OK ? sync_folder(way->to, problem) : status;
}

static pia_status_t check_one(const void *arg, const char *hash, pia_problem_t *problem)
{
    const way_t *way = arg;
    char from[PATH_SIZE];
    path_of(way->from, hash, from);
    return copy_file(from, NULL, hash, problem);
}

static pia_status_t copy_database(const char *from, const char *to, pia_problem_t *problem)
{
    char url[PATH_SIZE];
    pia_db_t *db = NULL;
    (void)snprintf(url, sizeof url, "sqlite:%s", from);
    pia_status_t status = pia_db_open(url, PIA_DB_READER, &db, problem);
    if (status == PIA_OK)
        status = pia_db_copy(db, to, problem);
    pia_db_close(&db);
    return status;
}

/* The database first: what it names is kept for a day, also if it is removed now (blob.h). */
static pia_status_t
fill(const backup_place_t *place, const char *partial, size_t *ret_files, pia_problem_t *problem)
{
    char database[PATH_SIZE], pieces[PATH_SIZE];
    (void)snprintf(database, sizeof database, "%s/%s", partial, DATABASE);
    (void)snprintf(pieces, sizeof pieces, "%s/%s", partial, PIECES);
    const way_t way = {place->pieces, pieces};
    pia_status_t status = copy_database(place->database, database, problem);
    if (status == PIA_OK)
        status = make_folder(pieces, problem);
    if (status == PIA_OK)
        status = each_file(database, copy_one, &way, ret_files, problem);
    return status == PIA_OK ? sync_folder(partial, problem) : status;
}

pia_status_t backup_make(const backup_place_t *place,
                         const char *folder,
                         size_t *ret_files,
                         pia_problem_t *problem)
{
    char partial[PATH_SIZE];
    (void)snprintf(partial, sizeof partial, "%s.partial", folder);
    if (access(folder, F_OK) == 0)
        return pia_problem_set(problem, PIA_CONFLICT, NULL, "there is a folder %s", folder);
    if (mkdir(partial, 0700) != 0)
        return failed(problem, partial);
    pia_status_t status = fill(place, partial, ret_files, problem);
    return status == PIA_OK ? pia_file_rename(partial, folder, problem) : status;
}

pia_status_t backup_check(const char *folder, size_t *ret_files, pia_problem_t *problem)
{
    char database[PATH_SIZE], pieces[PATH_SIZE];
    (void)snprintf(database, sizeof database, "%s/%s", folder, DATABASE);
    (void)snprintf(pieces, sizeof pieces, "%s/%s", folder, PIECES);
    const way_t way = {pieces, NULL};
    return each_file(database, check_one, &way, ret_files, problem);
}

/* What was there stays beside, and at no moment there is no database at all. */
static pia_status_t put_in_place(const char *copy, const char *path, pia_problem_t *problem)
{
    char aside[PATH_SIZE], log[PATH_SIZE], index[PATH_SIZE], log_aside[PATH_SIZE + 8];
    (void)snprintf(aside, sizeof aside, "%s.before", path);
    (void)snprintf(log, sizeof log, "%s-wal", path);
    (void)snprintf(index, sizeof index, "%s-shm", path);
    (void)snprintf(log_aside, sizeof log_aside, "%s-wal", aside);
    if (access(aside, F_OK) == 0)
        return pia_problem_set(problem, PIA_CONFLICT, NULL,
                               "%s is there from an earlier restore: move it away", aside);
    if (link(path, aside) != 0 && errno != ENOENT)
        return failed(problem, aside);
    pia_status_t status =
        access(log, F_OK) == 0 ? pia_file_rename(log, log_aside, problem) : PIA_OK;
    if (status == PIA_OK && unlink(index) != 0 && errno != ENOENT)
        status = failed(problem, index);
    return status == PIA_OK ? pia_file_rename(copy, path, problem) : status;
}

static pia_status_t
restore(const backup_place_t *place, const char *folder, size_t *ret_files, pia_problem_t *problem)
{
    char database[PATH_SIZE], pieces[PATH_SIZE], copy[PATH_SIZE];
    (void)snprintf(database, sizeof database, "%s/%s", folder, DATABASE);
    (void)snprintf(pieces, sizeof pieces, "%s/%s", folder, PIECES);
    (void)snprintf(copy, sizeof copy, "%s.restored", place->database);
    const way_t way = {pieces, place->pieces};
    pia_status_t status = make_folder(place->pieces, problem);
    if (status == PIA_OK)
        status = each_file(database, copy_one, &way, ret_files, problem);
    if (status == PIA_OK)
        status = copy_file(database, copy, NULL, problem);
    return status == PIA_OK ? put_in_place(copy, place->database, problem) : status;
}

pia_status_t backup_restore(const backup_place_t *place,
                            const char *folder,
                            size_t *ret_files,
                            pia_problem_t *problem)
{
    char name[PATH_SIZE];
    pia_lock_t *lock = NULL;
    pia_status_t status = backup_check(folder, ret_files, problem);
    if (status != PIA_OK)
        return status;
    (void)snprintf(name, sizeof name, "%s.lock", place->database);
    status = pia_lock_take(name, &lock, problem);
    if (status == PIA_CONFLICT)
        (void)pia_problem_set(problem, status, NULL, "a pia-labellisation has %s: end it first",
                              place->database);
    if (status == PIA_OK)
        status = restore(place, folder, ret_files, problem);
    pia_lock_destroy(&lock);
    return status;
}
