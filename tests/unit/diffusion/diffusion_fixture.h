/* diffusion_fixture.h - a migrated journal in a fresh database, and events to put into it. */
#ifndef DIFFUSION_FIXTURE_H
#define DIFFUSION_FIXTURE_H

#include "journal.h"
#include "test_database.h"

typedef struct {
    test_database_t database;
    pia_db_t *db;
    journal_t *journal;
    uint64_t told; /* last sequence that on_batch saw; asserts that there is no hole */
    size_t rows;   /* batches seen */
} fixture_t;

void fixture_open(fixture_t *self);
/* Closes and opens again what is on disk. */
void fixture_reopen(fixture_t *self);
void fixture_close(fixture_t *self);

/* An event of service `name`, id `id`; `payload` is its data. Cleared by the caller. */
void fixture_entry(entry_t *ret_entry, const char *name, const char *id, const char *payload);

/* Any event from text, which must be good. */
void fixture_parse(entry_t *ret_entry, const char *json);

/* begin and its hooks; append of one event in a savepoint, undone if `undo` or if it fails. */
void fixture_begin(fixture_t *self);
pia_status_t
fixture_append(fixture_t *self, const char *id, const char *payload, receipt_t *receipt);
void fixture_append_undone(fixture_t *self, const char *id);
void fixture_commit(fixture_t *self);
void fixture_rollback(fixture_t *self);

/* One event in its own transaction; its receipt. */
receipt_t fixture_add(fixture_t *self, const char *id, const char *payload);

#endif
