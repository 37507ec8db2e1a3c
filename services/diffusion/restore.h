/* restore.h - putting a backup in the place of the journal's database. */
#ifndef DIFFUSION_RESTORE_H
#define DIFFUSION_RESTORE_H

#include "pia/problem.h"

#include "journal.h"

typedef struct {
    receipt_t begun;  /* the new epoch, and the last event before it */
    uint64_t covered; /* up to this event two backups had the journal; 0: none, or nobody knows. If
                         it is later, what services announced in between may be missing. */
} restored_t;

/* Restores `backup` as the SQLite file `path`, which nobody has open: verifies a copy of it, begins
 * a new epoch in that, whose number is larger than any that the replaced database, its mark or
 * `above` knows, and gives it the name. What was there stays beside it as PATH.replaced.TIME.
 * PIA_INTERNAL: the backup is damaged;
 * PIA_UNAVAILABLE. */
pia_status_t restore_run(const char *backup,
                         const char *path,
                         uint32_t above,
                         restored_t *ret_restored,
                         pia_problem_t *problem);

/* Walks the chain of an open database; PIA_INTERNAL: it is damaged, the problem says where. */
pia_status_t restore_verify(pia_db_t *db, uint64_t *ret_last, pia_problem_t *problem);

#endif
