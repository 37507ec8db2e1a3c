/* markers.c - removed events and their markers. */
#include "markers.h"

#include "batch.h"
#include "journal_read.h"

static const char SQL_ASIDE[] = "SELECT before_epoch FROM journal_aside WHERE first_sequence <= $1"
                                " AND first_sequence + count > $1 LIMIT 1";

/* Its row was lost with the tail that it stood in, or another event has its number since. */
static bool is_aside(pia_db_t *db, uint64_t number)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_ASIDE);
    pia_stmt_integer(stmt, 1, (int64_t)number);
    bool aside = pia_stmt_step(stmt) == PIA_OK;
    pia_stmt_reset(stmt);
    return aside;
}

static const char *check_event(markers_t *self, pia_db_t *db, const record_t *record)
{
    if (!record->event || !marker_read(record->event, record->event_size, &self->marker))
        return "The event was removed, and the event it names is no marker.";
    if (!marker_is_signed(&self->marker))
        return "The event was removed, and its marker is not signed by its key.";
    if (!signer_is_known(db, self->marker.key))
        return "The event was removed, and its marker's key is not one of the journal's.";
    return NULL;
}

static const char *load(markers_t *self, pia_db_t *db, uint64_t number)
{
    batch_t *batch = NULL;
    record_t record;
    const char *wrong = "The event was removed, and its marker is not there.";
    if (journal_read_batch(db, number, &batch) == PIA_OK && batch_find(batch, number, &record))
        wrong = check_event(self, db, &record);
    batch_release(&batch);
    return wrong;
}

const char *markers_check(markers_t *self, pia_db_t *db, const record_t *record)
{
    if (record->marker <= record->cursor.sequence)
        return "The event was removed without a marker.";
    if (self->number != record->marker) {
        self->wrong = load(self, db, record->marker);
        self->aside = is_aside(db, record->marker);
        self->number = record->marker;
    }
    if (self->aside)
        return NULL;
    if (self->wrong)
        return self->wrong;
    return marker_has(&self->marker, record->cursor.sequence)
               ? NULL
               : "The event was removed, and its marker does not name it.";
}
