/* restore.c - copy, verify, begin an epoch, change names. */
#include "restore.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pia/clock.h"
#include "pia/db_file.h"
#include "pia/durable_file.h"
#include "pia/memory.h"

#include "backups.h"
#include "epoch.h"
#include "journal_read.h"
#include "mark.h"
#include "verify.h"

enum { PATH_SIZE = 640, URL_SIZE = PATH_SIZE + 8, PIECE = 1 << 20, WALK_EVENTS = 100000 };

static const char SQL_META[] = "SELECT journal FROM journal_meta WHERE id = 1";
static const char SQL_LOST[] =
    "SELECT epoch, first_sequence - 1 FROM journal_epoch WHERE epoch > $1 UNION ALL"
    " SELECT epoch, common_sequence FROM journal_lost_epoch";

static pia_status_t failed(pia_problem_t *problem, const char *path)
{
    return pia_problem_set(problem, PIA_UNAVAILABLE, "", "%s: %m", path);
}

static bool write_all(int to, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(to, bytes, size);
        if (written <= 0)
            return false;
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

static bool copy_bytes(int from, int to)
{
    char *piece = pia_alloc(PIECE);
    ssize_t got = 0;
    bool written = true;
    do {
        got = read(from, piece, PIECE);
        if (got > 0)
            written = write_all(to, piece, (size_t)got);
    } while (got > 0 && written);
    free(piece);
    return got == 0 && written && fsync(to) == 0;
}

/* What a restore that was killed has left: a log beside the copy would be taken for the new one's.
 */
static pia_status_t remove_remains(const char *copy, pia_problem_t *problem)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    char name[PATH_SIZE];
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        (void)snprintf(name, sizeof name, "%s%s", copy, endings[i]);
        if (unlink(name) != 0 && errno != ENOENT)
            return failed(problem, name);
    }
    return PIA_OK;
}

static pia_status_t copy_file(const char *from, const char *to, pia_problem_t *problem)
{
    int source = open(from, O_RDONLY | O_CLOEXEC);
    if (source < 0)
        return failed(problem, from);
    int target = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    pia_status_t status = target >= 0 && copy_bytes(source, target) ? PIA_OK : failed(problem, to);
    if (target >= 0)
        (void)close(target);
    (void)close(source);
    return status;
}

pia_status_t restore_verify(pia_db_t *db, uint64_t *ret_last, pia_problem_t *problem)
{
    verification_t found = {.next = 1, .detail = NULL};
    while (found.next) {
        pia_status_t status = journal_verify(db, found.next, WALK_EVENTS, &found);
        if (status != PIA_OK)
            return pia_problem_set(problem, status, "", "it cannot be read: %s", pia_db_error(db));
        if (found.next)
            (void)fprintf(stderr, "verified up to %" PRIu64 " …\n", found.good);
    }
    *ret_last = found.good;
    return found.bad
               ? pia_problem_set(problem, PIA_INTERNAL, "",
                                 "it is damaged at event %" PRIu64 ": %s", found.bad, found.detail)
               : PIA_OK;
}

static bool is_same_journal(pia_db_t *db, pia_db_t *other)
{
    pia_stmt_t *one = pia_db_prepare(db, SQL_META);
    pia_stmt_t *two = pia_db_prepare(other, SQL_META);
    bool same = pia_stmt_step(one) == PIA_OK && pia_stmt_step(two) == PIA_OK &&
                strcmp(pia_stmt_column_text(one, 0), pia_stmt_column_text(two, 0)) == 0;
    pia_stmt_reset(one);
    pia_stmt_reset(two);
    return same;
}

/* What the replaced database knows of epochs after the backup's is noted, for cursors of them. */
static pia_status_t
note_lost(pia_db_t *db, pia_db_t *replaced, const receipt_t *end, uint32_t *above)
{
    pia_status_t status = PIA_OK;
    pia_stmt_t *stmt = pia_db_prepare(replaced, SQL_LOST);
    pia_stmt_integer(stmt, 1, end->epoch);
    while (status == PIA_OK && pia_stmt_step(stmt) == PIA_OK) {
        uint32_t epoch = (uint32_t)pia_stmt_column_integer(stmt, 0);
        uint64_t common = (uint64_t)pia_stmt_column_integer(stmt, 1);
        *above = epoch > *above ? epoch : *above;
        status = epoch_note_lost(db, epoch, common < end->sequence ? common : end->sequence);
    }
    pia_stmt_reset(stmt);
    return status;
}

/* What is known of backups, and whether two of them held more than what is restored. */
static pia_status_t compare_backups(pia_db_t *db, pia_db_t *replaced, uint64_t *ret_covered)
{
    cursor_t covered;
    *ret_covered = backups_covered(replaced, &covered) == PIA_OK ? covered.sequence : 0;
    return backups_take_over(db, replaced);
}

static pia_status_t
begin_epoch(pia_db_t *db, const char *path, uint32_t above, restored_t *ret_restored)
{
    char url[URL_SIZE];
    pia_db_t *replaced = NULL;
    ret_restored->covered = 0;
    epoch_begin_t begin = {.above = above, .reason = "a backup was restored"};
    pia_status_t status = journal_read_end(db, &begin.end);
    (void)snprintf(url, sizeof url, "sqlite:%s", path);
    if (status == PIA_OK && access(path, F_OK) == 0 &&
        pia_db_open(url, PIA_DB_READER, &replaced, NULL) == PIA_OK) {
        if (is_same_journal(db, replaced)) {
            status = note_lost(db, replaced, &begin.end, &begin.above);
            if (status == PIA_OK)
                status = compare_backups(db, replaced, &ret_restored->covered);
        }
        pia_db_close(&replaced);
    }
    ret_restored->begun = begin.end;
    return status == PIA_OK ? epoch_begin(db, &begin, &ret_restored->begun.epoch) : status;
}

/* Without a new epoch nothing is restored: cursors of the lost tail would seem to go on. */
static pia_status_t
commit_epoch(pia_db_t *db, const char *path, uint32_t above, restored_t *ret_restored)
{
    pia_status_t status = pia_db_begin(db);
    if (status != PIA_OK)
        return status;
    status = begin_epoch(db, path, above, ret_restored);
    if (status == PIA_OK)
        status = pia_db_commit(db);
    return status == PIA_OK ? pia_db_settle(db) : status;
}

/* Verifies the copy and begins its epoch; it is one file afterwards. */
static pia_status_t prepare(const char *copy,
                            const char *path,
                            uint32_t above,
                            restored_t *ret_restored,
                            pia_problem_t *problem)
{
    char url[URL_SIZE];
    pia_db_t *db = NULL;
    uint64_t last = 0;
    (void)snprintf(url, sizeof url, "sqlite:%s", copy);
    pia_status_t status = pia_db_open(url, PIA_DB_WRITER, &db, problem);
    if (status != PIA_OK)
        return status;
    status = restore_verify(db, &last, problem);
    if (status == PIA_OK) {
        status = commit_epoch(db, path, above, ret_restored);
        if (status != PIA_OK)
            (void)pia_problem_set(problem, status, "", "%s: %s", copy, pia_db_error(db));
    }
    pia_db_close(&db);
    return status;
}

/* `ending`: of the database's own name, "" for the file itself. What is not there is no matter. */
static pia_status_t
put_aside(const char *path, const char *ending, const char *aside, pia_problem_t *problem)
{
    char from[PATH_SIZE];
    char to[PATH_SIZE];
    (void)snprintf(from, sizeof from, "%s%s", path, ending);
    (void)snprintf(to, sizeof to, "%s%s", aside, ending);
    return access(from, F_OK) == 0 ? pia_file_rename(from, to, problem) : PIA_OK;
}

/* If it is killed in between there is no database, which the service notices by the mark, and
 * another restore puts one there: so the mark goes last. Beside the restored database it says
 * nothing, being of an older epoch. */
static pia_status_t change_names(const char *copy, const char *path, pia_problem_t *problem)
{
    static const char *const endings[] = {"", "-wal", "-shm", ".commits", ".damaged"};
    char aside[PATH_SIZE];
    char log[PATH_SIZE];
    pia_status_t status = PIA_OK;
    (void)snprintf(aside, sizeof aside, "%s.replaced.%" PRId64, path, pia_clock_wall());
    for (size_t i = 0; status == PIA_OK && i < sizeof endings / sizeof endings[0]; i++)
        status = put_aside(path, endings[i], aside, problem);
    if (status == PIA_OK)
        status = pia_file_rename(copy, path, problem);
    if (status == PIA_OK)
        status = put_aside(path, ".mark", aside, problem);
    (void)snprintf(log, sizeof log, "%s-wal", copy); /* empty */
    (void)unlink(log);
    (void)snprintf(log, sizeof log, "%s-shm", copy);
    (void)unlink(log);
    return status;
}

pia_status_t restore_run(const char *backup,
                         const char *path,
                         uint32_t above,
                         restored_t *ret_restored,
                         pia_problem_t *problem)
{
    char copy[PATH_SIZE];
    char mark_name[PATH_SIZE];
    mark_t mark;
    if (strlen(path) > PATH_SIZE - 64)
        return pia_problem_set(problem, PIA_INVALID, "", "the path is too long");
    (void)snprintf(copy, sizeof copy, "%s.restoring", path);
    (void)snprintf(mark_name, sizeof mark_name, "%s.mark", path);
    if (mark_read(mark_name, &mark) == PIA_OK && mark.head.epoch > above)
        above = mark.head.epoch;
    pia_status_t status = remove_remains(copy, problem);
    if (status == PIA_OK)
        status = copy_file(backup, copy, problem);
    if (status == PIA_OK)
        status = prepare(copy, path, above, ret_restored, problem);
    if (status == PIA_OK)
        status = change_names(copy, path, problem);
    return status;
}
