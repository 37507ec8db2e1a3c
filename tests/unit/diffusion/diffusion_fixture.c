/* diffusion_fixture.c - a migrated journal in a fresh database. */
#include "pia_test.h"

#include <stdio.h>
#include <string.h>

#include "diffusion_fixture.h"

extern const char pia_common_schema_sql[];
extern const char diffusion_001_journal[];
extern const char diffusion_002_publication[];
extern const char diffusion_003_subscription[];
extern const char diffusion_004_revocation[];
extern const char diffusion_005_group[];

static void told(void *arg, batch_t *batch)
{
    fixture_t *self = arg;
    assert_int_equal(batch->first, self->told + 1);
    self->told = batch_last(batch);
    self->rows++;
}

static void open_journal(fixture_t *self)
{
    static const pia_migration_t migrations[] = {
        {1, diffusion_001_journal},      {2, diffusion_002_publication},
        {3, diffusion_003_subscription}, {4, diffusion_004_revocation},
        {5, diffusion_005_group},        {0, NULL}};
    static const pia_migration_t common[] = {{1, pia_common_schema_sql}, {0, NULL}};
    pia_problem_t problem = {0};
    receipt_t head;
    self->db = test_database_open(&self->database, PIA_DB_WRITER);
    assert_int_equal(pia_db_migrate(self->db, "common", common, &problem), PIA_OK);
    assert_int_equal(pia_db_migrate(self->db, "diffusion", migrations, &problem), PIA_OK);
    assert_int_equal(journal_open(self->db, &self->journal, &problem), PIA_OK);
    journal_committed_head(self->journal, &head);
    self->told = head.sequence;
    journal_on_batch(self->journal, told, self);
}

void fixture_open(fixture_t *self)
{
    *self = (fixture_t){0};
    test_database_init(&self->database);
    open_journal(self);
}

static void close_journal(fixture_t *self)
{
    journal_destroy(&self->journal);
    pia_db_close(&self->db);
}

void fixture_reopen(fixture_t *self)
{
    close_journal(self);
    open_journal(self);
}

void fixture_close(fixture_t *self)
{
    close_journal(self);
    test_database_clear(&self->database);
}

void fixture_parse(entry_t *ret_entry, const char *json)
{
    pia_problem_t problem = {0};
    pia_status_t status = entry_parse(json, strlen(json), NULL, NULL, ret_entry, &problem);
    if (status != PIA_OK)
        fail_msg("%s %s", problem.pointer, problem.detail);
}

void fixture_entry(entry_t *ret_entry, const char *name, const char *id, const char *payload)
{
    pia_problem_t problem = {0};
    json_t *event = json_pack("{s:s, s:s, s:s+, s:s, s:s, s:s}", "specversion", "1.0", "id", id,
                              "source", "/services/", name, "type", "thing.happened", "visibility",
                              "public", "data", payload);
    assert_int_equal(entry_from_json(event, ret_entry, &problem), PIA_OK);
    json_decref(event);
}

void fixture_begin(fixture_t *self)
{
    assert_int_equal(pia_db_begin(self->db), PIA_OK);
    assert_int_equal(journal_began(self->journal, self->db), PIA_OK);
}

static pia_status_t append(fixture_t *self, const char *id, const char *payload, receipt_t *receipt)
{
    pia_problem_t problem = {0};
    entry_t entry;
    fixture_entry(&entry, "test", id, payload);
    pia_status_t status = journal_append(self->journal, self->db, &entry, 1, receipt, &problem);
    entry_clear(&entry);
    return status;
}

pia_status_t
fixture_append(fixture_t *self, const char *id, const char *payload, receipt_t *receipt)
{
    assert_int_equal(pia_db_savepoint(self->db), PIA_OK);
    journal_job_begins(self->journal);
    pia_status_t status = append(self, id, payload, receipt);
    if (status == PIA_OK)
        assert_int_equal(pia_db_release(self->db), PIA_OK);
    else {
        pia_db_rollback_to(self->db);
        journal_job_undone(self->journal);
    }
    return status;
}

void fixture_append_undone(fixture_t *self, const char *id)
{
    receipt_t receipt;
    assert_int_equal(pia_db_savepoint(self->db), PIA_OK);
    journal_job_begins(self->journal);
    assert_int_equal(append(self, id, "undone", &receipt), PIA_OK);
    pia_db_rollback_to(self->db);
    journal_job_undone(self->journal);
}

void fixture_commit(fixture_t *self)
{
    assert_int_equal(journal_committing(self->journal, self->db), PIA_OK);
    assert_int_equal(pia_db_commit(self->db), PIA_OK);
    journal_committed(self->journal);
}

void fixture_rollback(fixture_t *self)
{
    pia_db_rollback(self->db);
    journal_rolled_back(self->journal);
}

receipt_t fixture_add(fixture_t *self, const char *id, const char *payload)
{
    receipt_t receipt;
    fixture_begin(self);
    assert_int_equal(fixture_append(self, id, payload, &receipt), PIA_OK);
    fixture_commit(self);
    return receipt;
}
