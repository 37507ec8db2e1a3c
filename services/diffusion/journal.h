/* journal.h - the journal: numbers, deduplicates and chains events, and makes one row of all that
 * one transaction appends. Store thread only, except journal_id.
 *
 * What a transaction appends is pending in memory until just before the commit; when a job's writes
 * are undone, so is what it appended. So (epoch, sequence) is consecutive, and durable before
 * anyone is told. */
#ifndef DIFFUSION_JOURNAL_H
#define DIFFUSION_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "pia/db.h"
#include "pia/problem.h"
#include "pia/uuid.h"

#include "batch.h"
#include "damage.h"
#include "entry.h"

typedef struct journal journal_t;

/* Where an event stands: the proof that is given for it. */
typedef struct {
    uint64_t sequence;
    uint32_t epoch;
    bool duplicate;            /* it was there before */
    uint8_t chain[CHAIN_SIZE]; /* after the event */
} receipt_t;

/* Told of each committed batch in order, in the store thread; it keeps the batch by reference. */
typedef void journal_fn(void *arg, batch_t *batch);

/* Opens the journal in its database, making it if it is new; in its own transaction. */
pia_status_t journal_open(pia_db_t *db, journal_t **ret_journal, pia_problem_t *problem);
void journal_destroy(journal_t **self_p);

void journal_on_batch(journal_t *self, journal_fn *on_batch, void *arg);

/* What another instance has noted as damaged is told to `damage`, which is not owned, at the
 * beginning of each transaction; nothing is appended then. */
void journal_learn_damage(journal_t *self, damage_t *damage);

const char *journal_id(const journal_t *self);

/* How many transactions have changed anything in the database, where SQLite keeps it (else 0);
 * those that only follow the commit file (journal_log.h) do not count. The mark and each logged
 * commit name it: a database that has a smaller one lacks what was acknowledged, events or not. */
uint64_t journal_turn(const journal_t *self);
/* What the present job changes does not count: it may be lost without a word. */
void journal_excuse(journal_t *self);

/* The last event, pending ones included. */
void journal_head(const journal_t *self, receipt_t *ret_head);
/* The number of the next event: what holds from it on does not miss the event which gets it. */
uint64_t journal_next(const journal_t *self);
/* The last committed one. */
void journal_committed_head(const journal_t *self, receipt_t *ret_head);

/* Whether all was found that appending needs; if not, it is damaged, and can only be read. Runs of
 * fingerprints (dedup.h) that were damaged have been made anew, if nothing was lost by that. */
bool journal_is_whole(const journal_t *self);
/* How many removed events only damaged runs knew, so that they could be published again. */
uint64_t journal_forgotten(const journal_t *self);
/* Makes the runs anew all the same, up to event `head`; in a transaction that holds the head's
 * lock. *ret_forgotten as above. */
pia_status_t
journal_rebuild(const journal_t *self, pia_db_t *db, uint64_t head, uint64_t *ret_forgotten);

/* Whether a run was found damaged since it was opened: the process must open it anew. */
bool journal_is_torn(const journal_t *self);

/* It is damaged: from now on it ends after this event, and nothing is appended. */
void journal_end_at(journal_t *self, const receipt_t *end);

/* The epoch in which it was opened; 0: its head could not be read. */
uint32_t journal_epoch(const journal_t *self);

/* Whether a transaction could not begin because the journal ends elsewhere than it did: another
 * epoch has begun, or a tail is gone. The process must open it anew. */
bool journal_has_moved(const journal_t *self);

/* Fills in the hashes and fingerprints of entries; any thread. */
void journal_identify(const journal_t *self, entry_t *entries, size_t count);

/* Appends the events in order, all or none, to the present transaction, or without one if `db` is
 * NULL (journal_log.h), writing nothing to the database yet; `receipts` has a place for each.
 * PIA_CONFLICT: one is there with other content (the problem points at "/INDEX/id"). After any
 * failure it is as before. */
pia_status_t journal_append(journal_t *self,
                            pia_db_t *db,
                            entry_t *entries,
                            size_t count,
                            receipt_t *receipts,
                            pia_problem_t *problem);

/* The hooks around a transaction and its jobs (pia/executor.h). */
pia_status_t journal_began(journal_t *self, pia_db_t *db);
pia_status_t journal_committing(journal_t *self, pia_db_t *db);
void journal_committed(journal_t *self);
void journal_rolled_back(journal_t *self);
void journal_job_begins(journal_t *self);
void journal_job_undone(journal_t *self);

/* The next transactions make all that is committed now independent of its rows, so that it stays
 * known when they lose their events; only events up to journal_covered may be removed. */
void journal_cover(journal_t *self);
uint64_t journal_covered(const journal_t *self);

/* The cursor that resumes after a receipt's event. */
void receipt_cursor(const receipt_t *receipt, cursor_t *ret_cursor);

#endif
