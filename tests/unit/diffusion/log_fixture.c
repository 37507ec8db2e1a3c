/* log_fixture.c - a journal in SQLite whose commits are logged. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log_fixture.h"

static void on_fatal(void *arg, const char *reason)
{
    (void)arg;
    fail_msg("%s", reason);
}

void log_fixture_paths(log_fixture_t *self)
{
    (void)snprintf(self->path, sizeof self->path, "%s/test.db.commits", self->f.database.directory);
    (void)snprintf(self->url, sizeof self->url, "sqlite:%s/test.db", self->f.database.directory);
    self->damaged = self->later = false;
    self->memory_max = 0;
}

pia_status_t log_fixture_start(log_fixture_t *self, pia_problem_t *problem)
{
    size_t memory_max = self->memory_max ? self->memory_max : 16 << 20;
    return journal_start_log(self->f.journal,
                             &(journal_log_options_t){.path = self->path,
                                                      .url = self->url,
                                                      .memory_max = memory_max,
                                                      .db = self->f.db,
                                                      .on_fatal = on_fatal},
                             problem);
}

void log_fixture_open(log_fixture_t *self)
{
    pia_problem_t problem = {0};
    fixture_open(&self->f);
    log_fixture_paths(self);
    assert_int_equal(log_fixture_start(self, &problem), PIA_OK);
}

/* fixture_reopen would open the journal before what was logged is there. */
static void replay_alone(log_fixture_t *self)
{
    char damage_path[160];
    pia_problem_t problem = {0};
    pia_db_t *db = NULL;
    (void)snprintf(damage_path, sizeof damage_path, "%s.damaged", self->path);
    damage_t *damage = damage_new(damage_path, false);
    assert_int_equal(pia_db_open(self->url, PIA_DB_WRITER, &db, &problem), PIA_OK);
    assert_int_equal(replay_commits(self->path, db, damage, &problem), PIA_OK);
    self->damaged = damage_is_known(damage, &problem);
    self->good = damage_good(damage);
    pia_db_close(&db);
    damage_destroy(&damage);
    (void)unlink(damage_path);
}

void log_fixture_crash(log_fixture_t *self)
{
    pia_problem_t problem = {0};
    journal_destroy(&self->f.journal);
    pia_db_close(&self->f.db);
    replay_alone(self);
    fixture_reopen(&self->f);
    if (!self->damaged)
        assert_int_equal(log_fixture_start(self, &problem), PIA_OK);
}

void log_fixture_close(log_fixture_t *self)
{
    journal_destroy(&self->f.journal);
    (void)unlink(self->path);
    fixture_close(&self->f);
}

uint64_t log_fixture_head(const log_fixture_t *self)
{
    return (uint64_t)test_database_integer(self->f.db, "SELECT sequence FROM journal_head");
}

/* The event's text, which the entry borrows; the caller frees it. */
static char *make(entry_t *ret_entry, unsigned number, size_t size)
{
    static const char head[] = "{\"specversion\":\"1.0\",\"source\":\"/services/test\",\"type\":"
                               "\"thing.happened\",\"visibility\":\"public\",\"id\":";
    char *text = malloc(sizeof head + size + 64);
    assert_non_null(text);
    int start = snprintf(text, sizeof head + 64, "%s\"e%u\",\"data\":\"", head, number);
    memset(text + start, 'a' + (int)(number % 26), size);
    memcpy(text + start + size, "\"}", 3);
    fixture_parse(ret_entry, text);
    return text;
}

pia_status_t
log_fixture_append(log_fixture_t *self, unsigned number, size_t size, receipt_t *ret_receipt)
{
    entry_t entry;
    pia_problem_t problem = {0};
    char *text = make(&entry, number, size);
    journal_job_begins(self->f.journal);
    pia_status_t status = journal_append(self->f.journal, NULL, &entry, 1, ret_receipt, &problem);
    if (status != PIA_OK)
        journal_job_undone(self->f.journal);
    entry_clear(&entry);
    free(text);
    return status;
}

static pia_status_t finish(log_fixture_t *self)
{
    const char *reason = NULL;
    bool later = self->later;
    self->later = !later; /* in turns */
    pia_status_t status = journal_log(self->f.journal, later, &reason);
    if (status == PIA_OK)
        status = journal_logged(self->f.journal, &self->wrote, &reason);
    assert_int_equal(status == PIA_UNAVAILABLE, reason != NULL);
    return status;
}

pia_status_t
log_fixture_try(log_fixture_t *self, unsigned number, size_t size, receipt_t *ret_receipt)
{
    assert_true(journal_may_log(self->f.journal, false));
    (void)log_fixture_append(self, number, size, ret_receipt);
    return finish(self);
}

receipt_t log_fixture_add(log_fixture_t *self, unsigned number, size_t size)
{
    receipt_t receipt;
    assert_int_equal(log_fixture_try(self, number, size, &receipt), PIA_OK);
    return receipt;
}

receipt_t log_fixture_add_somehow(log_fixture_t *self, unsigned number, size_t size)
{
    receipt_t receipt;
    pia_problem_t problem = {0};
    entry_t entry;
    if (log_fixture_try(self, number, size, &receipt) == PIA_OK)
        return receipt;
    journal_recall(self->f.journal);
    fixture_begin(&self->f);
    char *text = make(&entry, number, size);
    assert_int_equal(journal_append(self->f.journal, self->f.db, &entry, 1, &receipt, &problem),
                     PIA_OK);
    entry_clear(&entry);
    free(text);
    fixture_commit(&self->f);
    return receipt;
}

void log_fixture_add_many(log_fixture_t *self, unsigned number, unsigned count)
{
    assert_true(journal_may_log(self->f.journal, false));
    for (unsigned i = 0; i < count; i++) {
        receipt_t receipt;
        assert_int_equal(log_fixture_append(self, number + i, 10, &receipt), PIA_OK);
        assert_int_equal(receipt.sequence, number + i + 1);
    }
    pia_status_t status = finish(self);
    assert_int_equal(status, PIA_OK);
}
