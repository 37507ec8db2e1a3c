/* journal_head.h - the rows that say what the journal is and where it ends. Store thread. */
#ifndef DIFFUSION_JOURNAL_HEAD_H
#define DIFFUSION_JOURNAL_HEAD_H

#include "pia/db.h"

#include "fingerprint.h"
#include "journal.h"

typedef struct {
    char id[PIA_UUID_TEXT_SIZE];
    uint8_t key[FINGERPRINT_KEY_SIZE]; /* of the fingerprints */
} journal_meta_t;

/* Makes the rows if they are not there, and reads them. In a transaction. */
pia_status_t journal_head_open(pia_db_t *db, journal_meta_t *ret_meta, receipt_t *ret_head);

/* Reads the last event, and locks it until the commit: who has it, appends. */
pia_status_t journal_head_lock(pia_db_t *db, receipt_t *ret_head);
pia_status_t journal_head_move(pia_db_t *db, const receipt_t *head);

#endif
