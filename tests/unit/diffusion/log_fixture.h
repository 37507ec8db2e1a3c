/* log_fixture.h - a journal in SQLite whose commits are logged. */
#ifndef LOG_FIXTURE_H
#define LOG_FIXTURE_H

#include "diffusion_fixture.h"
#include "journal_log.h"
#include "replay.h"

typedef struct {
    fixture_t f;
    char path[128];    /* of the commit file */
    char url[128];     /* of the database */
    size_t memory_max; /* of what waits; 0: 16 MiB */
    bool later;        /* how the next commit is logged */
    bool wrote;        /* the last commit */
    bool damaged;      /* found at the last opening … */
    uint64_t good;     /* … after this event */
} log_fixture_t;

void log_fixture_open(log_fixture_t *self);
void log_fixture_paths(log_fixture_t *self);
pia_status_t log_fixture_start(log_fixture_t *self, pia_problem_t *problem);
void log_fixture_close(log_fixture_t *self);

/* Ends as a killed process does, with whatever SQLite has, and opens it again: commits are
 * replayed, and if that finds no damage, new ones are logged. */
void log_fixture_crash(log_fixture_t *self);
/* The last event in the database, from there. */
uint64_t log_fixture_head(const log_fixture_t *self);

/* Appends event `number`, its text of `size` bytes, to the present batch. */
pia_status_t
log_fixture_append(log_fixture_t *self, unsigned number, size_t size, receipt_t *ret_receipt);
/* The same as a logged commit of its own. */
pia_status_t
log_fixture_try(log_fixture_t *self, unsigned number, size_t size, receipt_t *ret_receipt);
receipt_t log_fixture_add(log_fixture_t *self, unsigned number, size_t size);
/* Logged, or if it cannot be, in a transaction. */
receipt_t log_fixture_add_somehow(log_fixture_t *self, unsigned number, size_t size);
/* Events number … number + count - 1 in one logged commit. */
void log_fixture_add_many(log_fixture_t *self, unsigned number, unsigned count);

#endif
