/* epoch.h - epochs: where a tail may have been lost, and what a cursor from before has in common
 * with what is here now. (epoch, sequence) is never given twice. Over any connection, its thread.
 */
#ifndef DIFFUSION_EPOCH_H
#define DIFFUSION_EPOCH_H

#include "pia/db.h"

#include "journal.h"

/* PIA_OK: the cursor is a place in this history. PIA_GONE: it is of another one; *ret_common is the
 * last position that is surely common. */
pia_status_t journal_locate(pia_db_t *db, const cursor_t *cursor, cursor_t *ret_common);

typedef struct {
    receipt_t end;  /* the last event that stays */
    uint32_t above; /* the new epoch's number is larger than this, and than all that are known */
    const char *reason; /* in words */
} epoch_begin_t;

/* Begins a new epoch after `end`; what stands behind it is set aside in journal_aside, not lost.
 * Rows, head and epoch only, in the present transaction: the process that has the journal in
 * memory must open it anew. Writer. */
pia_status_t epoch_begin(pia_db_t *db, const epoch_begin_t *begin, uint32_t *ret_epoch);

/* Notes that `epoch` was undone by a restore; `common` is the last event that it surely has in
 * common with this history. */
pia_status_t epoch_note_lost(pia_db_t *db, uint32_t epoch, uint64_t common);

#endif
