/* journal_log.c - logging commits, and letting SQLite follow. */
#include "journal_log.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "pia/db_file.h"
#include "pia/log.h"
#include "pia/memory.h"

#include "commit_file.h"
#include "helper.h"
#include "journal_private.h"

/* SQLite follows when so much waits (measured, 4 publishers with 1024 in flight: larger ones are
 * not cheaper), or when it is told to. */
enum {
    FOLLOW_SIZE = 1 << 20,
    FOLLOW_NICE = 5, /* measured: publish to callback, p99, 658 us without, 492 us with it */
    FILE_SIZE_MAX = COMMIT_FILE_SIZE_MAX / 4 * 3, /* more waits for SQLite */
};

/* One commit that SQLite does not have yet. */
typedef struct logged {
    struct logged *next;
    receipt_t end;
    size_t memory;
    size_t count;
    batch_t *rows[]; /* references */
} logged_t;

struct journal_log {
    journal_t *journal; /* not owned */
    journal_log_options_t options;
    uint8_t id[PIA_UUID_SIZE];
    commit_file_t *file;
    helper_t *helper; /* follows */
    helper_t *disk;   /* writes commits while the store thread goes on */
    const char *reason;
    receipt_t end; /* of what is being logged */
    pia_db_t *reader;
    row_writer_t writer;
    logged_t *first, *last;
    size_t count;
    size_t memory;
    size_t following;   /* the oldest so many are in the present transaction */
    atomic_bool behind; /* count > 0 */
    bool due;
    bool failed; /* the last transaction; the next one is tried when the database is needed */
};

static void pop(journal_log_t *self)
{
    logged_t *logged = self->first;
    self->first = logged->next;
    if (!self->first)
        self->last = NULL;
    self->count--;
    self->memory -= logged->memory;
    for (size_t i = 0; i < logged->count; i++)
        batch_release(&logged->rows[i]);
    free(logged);
}

static size_t memory_of(batch_t *const *rows, size_t count)
{
    size_t memory = 0;
    for (size_t i = 0; i < count; i++)
        memory += rows[i]->memory;
    return memory;
}

static void push(journal_log_t *self, batch_t *const *rows, size_t count, const receipt_t *end)
{
    logged_t *logged = pia_alloc(sizeof *logged + count * sizeof(batch_t *));
    logged->end = *end;
    logged->count = count;
    logged->memory = memory_of(rows, count);
    for (size_t i = 0; i < count; i++)
        logged->rows[i] = batch_retain(rows[i]);
    if (self->last)
        self->last->next = logged;
    else
        self->first = logged;
    self->last = logged;
    self->count++;
    self->memory += logged->memory;
    atomic_store(&self->behind, true);
}

/* In the transaction: the rows of the first `following` commits, the head, and a piece of a run. */
static pia_status_t put_in(journal_log_t *self)
{
    pia_db_t *db = self->options.db;
    uint64_t events = 0;
    const logged_t *logged = self->first;
    pia_status_t status = PIA_OK;
    for (size_t i = 1; status == PIA_OK; i++, logged = logged->next) {
        for (size_t j = 0; status == PIA_OK && j < logged->count; j++) {
            events += logged->rows[j]->count;
            status = row_writer_add(&self->writer, db, logged->rows[j]);
        }
        if (i == self->following) /* what follows it is the store thread's */
            break;
    }
    if (status == PIA_OK)
        status = row_writer_finish(&self->writer, db);
    if (status == PIA_OK)
        status = journal_head_move(db, &logged->end);
    return status == PIA_OK ? dedup_committing(self->journal->dedup, db, events) : status;
}

/* In either thread. */
static pia_status_t follow(void *arg)
{
    journal_log_t *self = arg;
    pia_db_t *db = self->options.db;
    row_writer_reset(&self->writer);
    pia_status_t status = pia_db_begin(db);
    if (status == PIA_OK) {
        status = put_in(self);
        if (status == PIA_OK)
            status = pia_db_commit(db);
        else
            pia_db_rollback(db);
    }
    if (status == PIA_OK)
        pia_db_trim(db);
    if (pia_db_is_fatal(db))
        self->options.on_fatal(self->options.arg, pia_db_error(db));
    return status;
}

/* The transaction has ended: store thread, nothing is pending. What is committed is what the claims
 * of dedup hold, followed or not. */
static void end_follow(journal_log_t *self, pia_status_t status)
{
    journal_t *journal = self->journal;
    self->failed = status != PIA_OK;
    if (status == PIA_OK) {
        for (size_t i = 0; i < self->following; i++)
            pop(self);
        commit_file_release(self->file, self->following);
        dedup_committed(journal->dedup, journal->committed.sequence);
    } else {
        dedup_rolled_back(journal->dedup);
        journal->torn = journal->torn || status == PIA_INTERNAL;
    }
    self->following = 0;
    atomic_store(&self->behind, self->count > 0);
}

static void take_end(journal_log_t *self, bool wait)
{
    pia_status_t status = PIA_OK;
    if (helper_take(self->helper, wait, &status))
        end_follow(self, status);
}

static void start(journal_log_t *self)
{
    self->following = self->count;
    self->due = false;
    helper_start(self->helper);
}

static bool is_full(const journal_log_t *self)
{
    return self->memory > self->options.memory_max / 4 * 3 ||
           commit_file_used(self->file) > FILE_SIZE_MAX;
}

bool journal_may_log(journal_t *self, bool here)
{
    journal_log_t *log = self->log;
    assert(self->count == 0);
    if (!log || self->ended || self->torn)
        return false;
    take_end(log, !here && is_full(log));
    if (here && is_full(log))
        return false;
    while (!log->failed && is_full(log)) {
        start(log);
        take_end(log, true);
    }
    self->job_start = 0;
    self->needs_store = false;
    return !log->failed;
}

void journal_need_store(journal_t *self)
{
    self->needs_store = true;
}

bool journal_needs_store(const journal_t *self)
{
    return self->needs_store;
}

static pia_status_t write_commit(void *arg)
{
    journal_log_t *self = arg;
    return commit_file_write(self->file, &self->reason);
}

/* False: there is no room for it, in the file or in memory. */
static bool make_commit(journal_t *self)
{
    journal_log_t *log = self->log;
    journal_make_rows(self);
    if (log->memory + memory_of(self->ready, self->ready_count) > log->options.memory_max)
        return false;
    uint8_t *bytes =
        commit_file_begin(log->file, commit_entry_size(self->ready, self->ready_count));
    if (!bytes)
        return false;
    journal_head(self, &log->end);
    commit_entry_write(bytes, log->id, self->ready, self->ready_count, &log->end, self->turn);
    return true;
}

pia_status_t journal_log(journal_t *self, bool later, const char **ret_reason)
{
    journal_log_t *log = self->log;
    pia_status_t status = PIA_OK;
    if (self->needs_store || (self->count && !make_commit(self))) {
        journal_undo(self);
        *ret_reason = commit_file_broken(log->file);
        return *ret_reason ? PIA_UNAVAILABLE : PIA_CONFLICT;
    }
    if (!self->count)
        return PIA_OK;
    if (later) {
        helper_start(log->disk);
    } else {
        status = write_commit(log);
        *ret_reason = log->reason;
    }
    journal_advance(self);
    return status;
}

pia_status_t journal_logged(journal_t *self, bool *ret_wrote, const char **ret_reason)
{
    journal_log_t *log = self->log;
    pia_status_t status = PIA_OK;
    (void)helper_take(log->disk, true, &status);
    *ret_reason = log->reason;
    if (status != PIA_OK)
        return status;
    *ret_wrote = self->ready_count > 0;
    if (*ret_wrote) {
        commit_file_keep(log->file);
        push(log, self->ready, self->ready_count, &log->end);
    }
    journal_tell(self);
    if (log->count && !helper_is_busy(log->helper) && (log->due || log->memory >= FOLLOW_SIZE))
        start(log);
    return PIA_OK;
}

void journal_recall(journal_t *self)
{
    journal_log_t *log = self->log;
    if (!log)
        return;
    take_end(log, true);
    if (!log->count)
        return;
    log->following = log->count;
    end_follow(log, follow(log));
}

pia_status_t journal_wipe_log(journal_t *self)
{
    journal_log_t *log = self->log;
    if (!log || commit_file_wipe(log->file) == PIA_OK)
        return PIA_OK;
    log->options.on_fatal(log->options.arg, commit_file_broken(log->file));
    return PIA_UNAVAILABLE;
}

void journal_follow(journal_t *self)
{
    if (self->log)
        self->log->due = true;
}

bool journal_is_behind(const journal_t *self)
{
    return self->log && atomic_load(&self->log->behind);
}

pia_db_t *journal_log_reader(const journal_t *self)
{
    return self->log ? self->log->reader : NULL;
}

pia_status_t
journal_start_log(journal_t *self, const journal_log_options_t *options, pia_problem_t *problem)
{
    journal_log_t *log = pia_alloc(sizeof *log);
    bool good = pia_uuid_parse(self->meta.id, log->id);
    assert(good && !self->log && self->dedup);
    log->journal = self;
    log->options = *options;
    pia_status_t status = pia_db_open(options->url, PIA_DB_READER, &log->reader, problem);
    if (status == PIA_OK)
        status = commit_file_open(options->path, &log->file, problem);
    if (status != PIA_OK) {
        pia_db_close(&log->reader);
        free(log);
        return status;
    }
    log->helper = helper_new(follow, FOLLOW_NICE, log);
    log->disk = helper_new(write_commit, 0, log);
    self->log = log;
    return PIA_OK;
}

/* What SQLite does not have is in the file. */
void journal_stop_log(journal_t *self)
{
    journal_log_t *log = self->log;
    if (!log)
        return;
    helper_destroy(&log->helper);
    helper_destroy(&log->disk);
    while (log->count)
        pop(log);
    row_writer_free(&log->writer);
    commit_file_close(&log->file);
    pia_db_close(&log->reader);
    free(log);
    self->log = NULL;
}
