/* journal_head.h - the rows that say what the journal is and where it ends. Store thread. */
#ifndef DIFFUSION_JOURNAL_HEAD_H
#define DIFFUSION_JOURNAL_HEAD_H

#include "pia/db.h"

#include "damage.h"
#include "fingerprint.h"
#include "journal.h"

typedef struct {
    char id[PIA_UUID_TEXT_SIZE];
    uint8_t key[FINGERPRINT_KEY_SIZE]; /* of the fingerprints */
} journal_meta_t;

/* Makes the rows if they are not there, and reads them. In a transaction. */
pia_status_t journal_head_open(pia_db_t *db, journal_meta_t *ret_meta, receipt_t *ret_head);

/* Reads the last event and what is known to be damaged, and locks both until the commit: who has
 * it, appends. The note is a column of the locked row, so that it is as it was at the last commit;
 * a row of its own would be seen as it was before the wait for the lock (PostgreSQL, READ
 * COMMITTED). */
pia_status_t journal_head_lock(pia_db_t *db, receipt_t *ret_head, damage_note_t *ret_note);
/* Reads the note alone, without the lock. */
pia_status_t journal_head_read_note(pia_db_t *db, damage_note_t *ret_note);
/* Notes damage for all instances, unless what is noted lies before it; a new epoch clears it. */
pia_status_t journal_head_note(pia_db_t *db, const damage_note_t *note);
pia_status_t journal_head_move(pia_db_t *db, const receipt_t *head);

/* journal_turn, as the database has it. */
pia_status_t journal_head_read_turn(pia_db_t *db, uint64_t *ret_turn);
pia_status_t journal_head_set_turn(pia_db_t *db, uint64_t turn);

#endif
