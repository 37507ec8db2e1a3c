/* journal_read.h - reading the journal back: rows, receipts, the end. Over any connection, its
 * thread.
 */
#ifndef DIFFUSION_JOURNAL_READ_H
#define DIFFUSION_JOURNAL_READ_H

#include "pia/db.h"

#include "batch.h"
#include "cursor.h"
#include "journal.h"

/* The row that holds event `sequence`, cut to what is good of it (row_check.h); the caller releases
 * it. PIA_NOT_FOUND: no row holds it (it is beyond the end, or 0); PIA_INTERNAL: the event, or one
 * before it in its row, is damaged. */
pia_status_t journal_read_batch(pia_db_t *db, uint64_t sequence, batch_t **ret_batch);

/* The last row that begins at or before `sequence`, whatever it holds. PIA_NOT_FOUND: there is
 * none; PIA_INTERNAL: it is no row at all. */
pia_status_t journal_read_row(pia_db_t *db, uint64_t sequence, batch_t **ret_batch);

/* The receipt of event `sequence`, its chain computed from the row; not marked as duplicate. */
pia_status_t journal_read_receipt(pia_db_t *db, uint64_t sequence, receipt_t *ret_receipt);

/* The last event, by the head row. */
pia_status_t journal_read_end(pia_db_t *db, receipt_t *ret_end);
pia_status_t journal_read_head(pia_db_t *db, cursor_t *ret_head);

#endif
