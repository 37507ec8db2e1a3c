/* relay_store.h - the relay's work on the table `outbox`. Store thread. */
#ifndef PIA_RELAY_STORE_H
#define PIA_RELAY_STORE_H

#include "pia/db.h"
#include "pia/event.h"
#include "stream_private.h"

enum { PIA_RELAY_BATCH_MAX = 200, PIA_RELAY_BYTES_MAX = 512 * 1024 };

/* Announcements on their way. */
typedef struct {
    size_t count;
    int64_t numbers[PIA_RELAY_BATCH_MAX];
    pia_batch_t batch;                 /* owned */
    char last_cursor[PIA_CURSOR_SIZE]; /* of the last one in the journal; "" if there is none */
} pia_parcel_t;

/* Fills an empty parcel with the next `limit` that wait and whose aggregate is not parked. */
pia_status_t pia_parcel_fill(pia_db_t *db, size_t limit, pia_parcel_t *parcel);
void pia_parcel_clear(pia_parcel_t *parcel);

/* Keeps the receipts: PIA_INVALID if they are not as many as the parcel has. */
pia_status_t pia_parcel_record(pia_db_t *db,
                               const pia_parcel_t *parcel,
                               const pia_stream_receipt_t *receipts,
                               size_t count);

/* Parks the parcel's only announcement. */
pia_status_t pia_parcel_park(pia_db_t *db, const pia_parcel_t *parcel, const char *problem);

/* Lets what was parked try again (a new version may have been installed). */
pia_status_t pia_outbox_unpark(pia_db_t *db);

/* Lets what lies after `cursor`, the last common position, wait again. */
pia_status_t pia_outbox_resend(pia_db_t *db, const char *cursor, int64_t *ret_count);

enum { PIA_OUTBOX_PURGE_MAX = 1000 }; /* rows in one transaction of the store thread */

/* Removes the first announcements, at most PIA_OUTBOX_PURGE_MAX, that stand in the journal up to
 * `cursor`, and notes how far; not the last one that the journal took: its receipt is what a new
 * epoch is noticed by. *ret_count: so many; fewer than the most: there are no more. */
pia_status_t pia_outbox_purge(pia_db_t *db, const char *cursor, int64_t *ret_count);

/* Whether announcements after `cursor` have been removed: they cannot be sent again. */
pia_status_t pia_outbox_lacks(pia_db_t *db, const char *cursor, bool *ret_lacks);

/* How many wait and are parked. */
pia_status_t pia_outbox_count(pia_db_t *db, int64_t *ret_waiting, int64_t *ret_parked);

#endif
