/* relay_store.c - SQL of the relay. */
#include "relay_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SQL_NEXT[] =
    "SELECT number, event FROM outbox o WHERE state = 0 AND NOT EXISTS "
    "(SELECT 1 FROM outbox p WHERE p.state = 2 AND p.aggregate = o.aggregate) "
    "ORDER BY number LIMIT $1";
static const char SQL_LAST[] = "SELECT epoch, sequence, chain FROM outbox WHERE state = 1 "
                               "ORDER BY epoch DESC, sequence DESC LIMIT 1";
static const char SQL_RECORD[] = "UPDATE outbox SET state = 1, epoch = $2, sequence = $3, "
                                 "chain = $4, problem = NULL WHERE number = $1";
static const char SQL_PARK[] = "UPDATE outbox SET state = 2, problem = $2 WHERE number = $1";
static const char SQL_UNPARK[] = "UPDATE outbox SET state = 0 WHERE state = 2";
static const char SQL_RESEND[] = "UPDATE outbox SET state = 0 WHERE state = 1 "
                                 "AND (epoch > $1 OR (epoch = $1 AND sequence > $2))";
static const char SQL_PURGE[] =
    "DELETE FROM outbox WHERE number IN (SELECT number FROM outbox WHERE state = 1"
    " AND (epoch, sequence) <= ($1, $2) AND (epoch, sequence) < (SELECT epoch, sequence"
    " FROM outbox WHERE state = 1 ORDER BY epoch DESC, sequence DESC LIMIT 1)"
    " ORDER BY epoch, sequence LIMIT $3) RETURNING epoch, sequence";
static const char SQL_PURGED[] = "SELECT epoch, sequence FROM outbox_purged WHERE id = 1";
static const char SQL_NOTE_PURGED[] =
    "UPDATE outbox_purged SET epoch = $1, sequence = $2 WHERE id = 1";
static const char SQL_COUNT[] = "SELECT COUNT(*) FROM outbox WHERE state = 0";
static const char SQL_COUNT_PARKED[] = "SELECT COUNT(*) FROM outbox WHERE state = 2";

static pia_status_t read_last(pia_db_t *db, pia_parcel_t *parcel)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_LAST);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_NOT_FOUND)
        return PIA_OK;
    if (status != PIA_OK)
        return status;
    (void)snprintf(parcel->last_cursor, sizeof parcel->last_cursor, "%" PRId64 ".%" PRId64 ".%.8s",
                   pia_stmt_column_integer(stmt, 0), pia_stmt_column_integer(stmt, 1),
                   pia_stmt_column_text(stmt, 2));
    pia_stmt_reset(stmt);
    return PIA_OK;
}

pia_status_t pia_parcel_fill(pia_db_t *db, size_t limit, pia_parcel_t *parcel)
{
    pia_status_t status = read_last(db, parcel);
    if (status != PIA_OK)
        return status;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_NEXT);
    pia_stmt_integer(stmt, 1, (int64_t)limit);
    while (parcel->batch.size < PIA_RELAY_BYTES_MAX && parcel->count < PIA_RELAY_BATCH_MAX) {
        status = pia_stmt_step(stmt);
        if (status != PIA_OK)
            break;
        const char *event = pia_stmt_column_text(stmt, 1);
        parcel->numbers[parcel->count++] = pia_stmt_column_integer(stmt, 0);
        pia_batch_add(&parcel->batch, event, strlen(event));
    }
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

void pia_parcel_clear(pia_parcel_t *parcel)
{
    pia_batch_clear(&parcel->batch);
    parcel->count = 0;
    parcel->last_cursor[0] = '\0';
}

static pia_status_t record_one(pia_db_t *db, int64_t number, const pia_stream_receipt_t *receipt)
{
    const uint8_t *chain = receipt->chain;
    char start[9]; /* as in a cursor */
    (void)snprintf(start, sizeof start, "%02x%02x%02x%02x", chain[0], chain[1], chain[2], chain[3]);
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_RECORD);
    pia_stmt_integer(stmt, 1, number);
    pia_stmt_integer(stmt, 2, receipt->epoch);
    pia_stmt_integer(stmt, 3, (int64_t)receipt->sequence);
    pia_stmt_text(stmt, 4, start);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t pia_parcel_record(pia_db_t *db,
                               const pia_parcel_t *parcel,
                               const pia_stream_receipt_t *receipts,
                               size_t count)
{
    if (count != parcel->count)
        return PIA_INVALID;
    pia_status_t status = PIA_OK;
    for (size_t i = 0; i < parcel->count && status == PIA_OK; i++)
        status = record_one(db, parcel->numbers[i], &receipts[i]);
    return status;
}

pia_status_t pia_parcel_park(pia_db_t *db, const pia_parcel_t *parcel, const char *problem)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_PARK);
    pia_stmt_integer(stmt, 1, parcel->numbers[0]);
    pia_stmt_text(stmt, 2, problem);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t pia_outbox_unpark(pia_db_t *db)
{
    return pia_stmt_run(pia_db_prepare(db, SQL_UNPARK), NULL);
}

/* A place in the journal, by which announcements are ordered. */
typedef struct {
    int64_t epoch, sequence;
} position_t;

static position_t read_position(const char *cursor)
{
    char *end = NULL;
    position_t position = {.epoch = strtoll(cursor, &end, 10)};
    position.sequence = *end == '.' ? strtoll(end + 1, NULL, 10) : 0;
    return position;
}

static bool is_after(position_t a, position_t b)
{
    return a.epoch > b.epoch || (a.epoch == b.epoch && a.sequence > b.sequence);
}

static position_t position_column(pia_stmt_t *stmt)
{
    return (position_t){.epoch = pia_stmt_column_integer(stmt, 0),
                        .sequence = pia_stmt_column_integer(stmt, 1)};
}

static pia_stmt_t *prepare_with(pia_db_t *db, const char *sql, position_t position)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql);
    pia_stmt_integer(stmt, 1, position.epoch);
    pia_stmt_integer(stmt, 2, position.sequence);
    return stmt;
}

pia_status_t pia_outbox_resend(pia_db_t *db, const char *cursor, int64_t *ret_count)
{
    return pia_stmt_run(prepare_with(db, SQL_RESEND, read_position(cursor)), ret_count);
}

static pia_status_t read_purged(pia_db_t *db, position_t *ret_position)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_PURGED);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
    *ret_position = position_column(stmt);
    pia_stmt_reset(stmt);
    return PIA_OK;
}

pia_status_t pia_outbox_purge(pia_db_t *db, const char *cursor, int64_t *ret_count)
{
    position_t last;
    *ret_count = 0;
    pia_status_t status = read_purged(db, &last);
    if (status != PIA_OK)
        return status;
    pia_stmt_t *stmt = prepare_with(db, SQL_PURGE, read_position(cursor));
    pia_stmt_integer(stmt, 3, PIA_OUTBOX_PURGE_MAX);
    while ((status = pia_stmt_step(stmt)) == PIA_OK) {
        position_t gone = position_column(stmt);
        last = is_after(gone, last) ? gone : last;
        ++*ret_count;
    }
    pia_stmt_reset(stmt);
    if (status != PIA_NOT_FOUND)
        return status;
    return *ret_count ? pia_stmt_run(prepare_with(db, SQL_NOTE_PURGED, last), NULL) : PIA_OK;
}

pia_status_t pia_outbox_lacks(pia_db_t *db, const char *cursor, bool *ret_lacks)
{
    position_t purged;
    pia_status_t status = read_purged(db, &purged);
    if (status == PIA_OK)
        *ret_lacks = is_after(purged, read_position(cursor));
    return status;
}

static pia_status_t count(pia_db_t *db, const char *sql, int64_t *ret_count)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK) {
        *ret_count = pia_stmt_column_integer(stmt, 0);
        pia_stmt_reset(stmt);
    }
    return status;
}

pia_status_t pia_outbox_count(pia_db_t *db, int64_t *ret_waiting, int64_t *ret_parked)
{
    pia_status_t status = count(db, SQL_COUNT, ret_waiting);
    return status == PIA_OK ? count(db, SQL_COUNT_PARKED, ret_parked) : status;
}
