/* journal_read.h - reading the journal back: rows, cursors, the walk over the chain. Over any
 * connection, its thread. */
#ifndef DIFFUSION_JOURNAL_READ_H
#define DIFFUSION_JOURNAL_READ_H

#include "pia/db.h"

#include "batch.h"
#include "cursor.h"
#include "journal.h"

/* The row that holds event `sequence`; the caller releases it. PIA_NOT_FOUND: beyond the end (or
 * 0); PIA_INTERNAL: the row is damaged. */
pia_status_t journal_read_batch(pia_db_t *db, uint64_t sequence, batch_t **ret_batch);

/* The receipt of event `sequence`, its chain computed from the row; not marked as duplicate. */
pia_status_t journal_read_receipt(pia_db_t *db, uint64_t sequence, receipt_t *ret_receipt);

/* The last committed event. */
pia_status_t journal_read_head(pia_db_t *db, cursor_t *ret_head);

/* PIA_OK: the cursor is a place in this history. PIA_GONE: it is of another one; *ret_common is the
 * last position that is surely common. */
pia_status_t journal_locate(pia_db_t *db, const cursor_t *cursor, cursor_t *ret_common);

typedef struct {
    uint64_t from;      /* first event looked at */
    uint64_t good;      /* last event found as it was written */
    uint64_t next;      /* go on from here; 0: the end was reached */
    uint64_t bad;       /* the first bad event; 0: none */
    const char *detail; /* what is wrong with it; static; NULL */
} verification_t;

/* Walks the chain over about `limit` events from `from` (1..). */
pia_status_t
journal_verify(pia_db_t *db, uint64_t from, uint64_t limit, verification_t *ret_verification);

#endif
