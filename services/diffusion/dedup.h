/* dedup.h - which events are there already: exact, for the life of the journal, whatever the ids.
 *
 * No row an event: that costs 5 us with random ids. Recent events are claims in a table in memory,
 * whose durable form is the journal itself: at start they are read from the rows after the last
 * run. Older ones are in sorted runs (run.h), which outlive the events themselves. A filter over
 * all says at once that an event is new, but for 1 in 4,000.
 *
 * A run is written a few pages a transaction, beside the events, and counts from when its row is
 * there; sixteen of one size become one of the next in the same way, so there are at most about 50.
 * A run that is damaged is made again from the journal (dedup_rebuild.h).
 * Where several instances write (PostgreSQL), all of this happens under the lock of the journal's
 * head, and one of them keeps the runs. Store thread. */
#ifndef DIFFUSION_DEDUP_H
#define DIFFUSION_DEDUP_H

#include "pia/db.h"

#include "fingerprint.h"

typedef struct dedup dedup_t;

/* Reads what is there up to `head`, the journal's last event. In a transaction. */
pia_status_t dedup_open(pia_db_t *db, const uint8_t *key, uint64_t head, dedup_t **ret_dedup);
void dedup_destroy(dedup_t **self_p);

/* A transaction of several instances' has begun, and the journal ends at `head`: takes in what
 * others have stored since. */
pia_status_t dedup_began(dedup_t *self, pia_db_t *db, uint64_t head);

/* Asks for the memory that dedup_find and dedup_claim will look at. */
void dedup_prefetch(const dedup_t *self, fingerprint_t fingerprint);

/* PIA_NOT_FOUND: the event is new. PIA_OK: it is event *ret_sequence. Else the store's trouble. */
pia_status_t
dedup_find(const dedup_t *self, pia_db_t *db, fingerprint_t fingerprint, uint64_t *ret_sequence);

/* Claims a new one for `sequence`; release undoes that, with its job or its transaction. */
void dedup_claim(dedup_t *self, fingerprint_t fingerprint, uint64_t sequence);
void dedup_release(dedup_t *self, fingerprint_t fingerprint);

/* The transaction that appended `events` events is about to be committed: writes a piece of a run.
 * Then one of the others; `head` is the journal's last event. Between committing and these another
 * thread may have the connection and call committing, while the store thread finds, over another
 * connection, claims and releases (journal_log.h). */
pia_status_t dedup_committing(dedup_t *self, pia_db_t *db, uint64_t events);
void dedup_committed(dedup_t *self, uint64_t head);
void dedup_rolled_back(dedup_t *self);

/* The next transactions put all that is committed now into runs. Only events up to dedup_covered
 * may be removed (retention): the others' identities are read from them at the next start. */
void dedup_cover(dedup_t *self);
uint64_t dedup_covered(const dedup_t *self);

#endif
