/* guard.h - what looks after the journal from its opening to its end: what is known to be damaged,
 * the mark of what was acknowledged, and what an operator decides. Its files stand beside the
 * database: NAME.mark, NAME.damaged, NAME.key. */
#ifndef DIFFUSION_GUARD_H
#define DIFFUSION_GUARD_H

#include "pia/config.h"

#include "damage.h"
#include "journal.h"
#include "signer.h"

typedef struct guard guard_t;

/* For the database of the configuration. */
guard_t *guard_new(const pia_config_t *config);
void guard_destroy(guard_t **self_p);

/* Before the database is opened (pia/service.h, look): a file that is gone or empty although events
 * were acknowledged is not made anew. */
pia_status_t guard_look(guard_t *self, pia_problem_t *problem);

/* The journal is open: sees whether it ends where it should, and lets it end where it can be read.
 * `reason` (NULL if all is well): why the database is only read. Store thread. */
pia_status_t guard_open(
    guard_t *self, pia_db_t *db, journal_t *journal, const char *reason, pia_problem_t *problem);

/* Notes in a store that is shared what was found damaged, for all instances; in the present
 * transaction. Store thread. */
pia_status_t guard_note(guard_t *self, pia_db_t *db);

/* After each commit, store thread. */
void guard_committed(guard_t *self, const journal_t *journal);

typedef struct {
    receipt_t end;      /* the last event that stays, and the new epoch's number */
    uint64_t forgotten; /* removed events that can be published again, since only runs of
                           fingerprints that were damaged knew them */
} guard_begun_t;

/* An operator's decision: what stands behind the last good event is set aside, and a new epoch
 * begins. In the present transaction; after its commit the process has to begin anew. */
pia_status_t guard_begin_epoch(guard_t *self,
                               pia_db_t *db,
                               journal_t *journal,
                               const char *reason,
                               guard_begun_t *ret_begun,
                               pia_problem_t *problem);

/* The journal's key. Store thread, once open. */
const signer_t *guard_signer(const guard_t *self);

/* Any thread. */
damage_t *guard_damage(guard_t *self);

#endif
