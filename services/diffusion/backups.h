/* backups.h - which backups of the journal there are, and how far two of them hold it: what is
 * announced up to there needs to be kept nowhere else, even if one of them is of no use. Over any
 * connection, its thread; what changes something, in the present transaction. */
#ifndef DIFFUSION_BACKUPS_H
#define DIFFUSION_BACKUPS_H

#include "pia/db.h"

#include "cursor.h"

/* Notes that a backup is complete and durable that holds the journal up to `end`, a place of this
 * history. */
pia_status_t backups_note(pia_db_t *db, const cursor_t *end);

/* The end of the last backup but one, which the last one holds too. PIA_NOT_FOUND: there are not
 * two. */
pia_status_t backups_covered(pia_db_t *db, cursor_t *ret_end);

/* Forgets those that end after event `sequence`: what stands behind it is not of this history. */
pia_status_t backups_forget_after(pia_db_t *db, uint64_t sequence);

/* Notes what `other`, the same journal before a restore, knows of backups that end in this history;
 * what it cannot read, because it is damaged, it does not know. */
pia_status_t backups_take_over(pia_db_t *db, pia_db_t *other);

#endif
