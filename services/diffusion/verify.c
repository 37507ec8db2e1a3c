/* verify.c - the walk over the chain. */
#include "verify.h"

#include <stdlib.h>
#include <string.h>

#include "journal_read.h"
#include "markers.h"
#include "pia/memory.h"

static const char SQL_EPOCH[] =
    "SELECT first_sequence, chain_before FROM journal_epoch WHERE epoch = $1";

/* Where the walk stands: after event `good`. */
typedef struct {
    pia_db_t *db;
    uint32_t epoch; /* of the row before; 0: there is none, or it is not known */
    uint8_t chain[CHAIN_SIZE];
    uint64_t good;
    uint32_t good_epoch; /* of that event */
    markers_t *markers;  /* NULL: they are not looked at */
    bool chained;        /* what is wrong is a marker */
} walk_t;

/* Whether an epoch begins here by its own row, too. */
static const char *verify_epoch(walk_t *walk, const batch_t *batch)
{
    if (batch->epoch == walk->epoch)
        return NULL;
    bool known = walk->epoch != 0 || walk->good == 0;
    walk->epoch = batch->epoch;
    size_t size = 0;
    pia_stmt_t *stmt = pia_db_prepare(walk->db, SQL_EPOCH);
    pia_stmt_integer(stmt, 1, batch->epoch);
    if (pia_stmt_step(stmt) != PIA_OK)
        return "The event's epoch is not one of the journal's.";
    const void *chain = pia_stmt_column_bytes(stmt, 1, &size);
    bool begins = (uint64_t)pia_stmt_column_integer(stmt, 0) == batch->first;
    bool chained = size == CHAIN_SIZE && memcmp(chain, walk->chain, CHAIN_SIZE) == 0;
    pia_stmt_reset(stmt);
    /* In the middle of an epoch there is nothing to compare. */
    if ((known && !begins) || (begins && !chained))
        return "The event's epoch begins elsewhere.";
    return NULL;
}

/* Walks one row from its first event. */
static const char *verify_row(walk_t *walk, const batch_t *batch)
{
    if (memcmp(batch->chain_before, walk->chain, CHAIN_SIZE) != 0)
        return "The chain before this event is not that after the one before it.";
    const char *detail = verify_epoch(walk, batch);
    if (detail)
        return detail;
    size_t end = 0;
    for (uint32_t i = 0; i < batch->good; i++) {
        uint8_t hash[CHAIN_SIZE];
        record_t record;
        if (!batch_find(batch, batch->first + i, &record))
            return "The stored record cannot be read.";
        record_event_hash(&record, hash);
        record_chain(walk->chain, hash);
        if (record.cursor.chain != bytes_get_u32(walk->chain))
            return "The event's bytes are not those that were appended.";
        if (walk->markers && record.hash)
            detail = markers_check(walk->markers, walk->db, &record);
        walk->chained = detail != NULL;
        if (detail)
            return detail;
        end = (size_t)(record.wire + record.wire_size - batch->bytes);
        walk->good++;
        walk->good_epoch = batch->epoch;
    }
    if (batch->damage)
        return batch->damage;
    return end == batch->size ? NULL : "Bytes follow the last record of the row.";
}

/* Whether the journal ends where its head says. */
static const char *verify_end(const walk_t *walk)
{
    receipt_t end;
    if (journal_read_end(walk->db, &end) != PIA_OK)
        return "The head cannot be read.";
    if (end.sequence != walk->good)
        return "The journal's head has another number: events are missing.";
    if (walk->epoch > end.epoch)
        return "The journal's head has an older epoch than its last event.";
    return memcmp(end.chain, walk->chain, CHAIN_SIZE) == 0
               ? NULL
               : "The journal's head has another chain.";
}

/* Takes the row after `good`; sets *ret_detail if something is wrong there, *ret_more to false at
 * the end. */
static pia_status_t verify_next(walk_t *walk, const char **ret_detail, bool *ret_more)
{
    uint64_t sequence = walk->good + 1;
    batch_t *batch = NULL;
    pia_status_t status = journal_read_row(walk->db, sequence, &batch);
    if (status == PIA_INTERNAL)
        *ret_detail = "The stored row cannot be read.";
    else if (status != PIA_OK && status != PIA_NOT_FOUND)
        return status;
    else if (!batch || (batch->first < sequence && batch_last(batch) < sequence))
        *ret_more = false;
    else
        *ret_detail = batch->first == sequence ? verify_row(walk, batch)
                                               : "The row begins with another number.";
    batch_release(&batch);
    if (!*ret_more)
        *ret_detail = verify_end(walk);
    return PIA_OK;
}

/* The walk goes over whole rows: it begins with the one that holds `from`, or at the beginning. */
static pia_status_t start(walk_t *walk, uint64_t from)
{
    batch_t *batch = NULL;
    receipt_t before;
    pia_status_t status = from > 1 ? journal_read_row(walk->db, from, &batch) : PIA_NOT_FOUND;
    if (status == PIA_OK) {
        walk->good = batch->first - 1;
        batch_release(&batch);
    }
    if (walk->good == 0 || status == PIA_NOT_FOUND || status == PIA_INTERNAL)
        return status == PIA_NOT_FOUND ? PIA_OK : status;
    status = journal_read_receipt(walk->db, walk->good, &before);
    if (status == PIA_OK) {
        memcpy(walk->chain, before.chain, CHAIN_SIZE);
        walk->epoch = walk->good_epoch = before.epoch;
    }
    return status;
}

static pia_status_t walk_over(pia_db_t *db,
                              uint64_t from,
                              uint64_t limit,
                              markers_t *markers,
                              verification_t *ret_verification)
{
    walk_t walk = {.db = db, .markers = markers};
    bool more = true;
    pia_status_t status = start(&walk, from);
    verification_t result = {.from = walk.good + 1, .detail = NULL};
    if (status == PIA_INTERNAL) { /* what stands before it cannot be read */
        result.bad = walk.good ? walk.good : from;
        result.detail = "The stored row cannot be read.";
        status = PIA_OK;
    }
    while (status == PIA_OK && more && !result.detail && walk.good + 1 < from + limit)
        status = verify_next(&walk, &result.detail, &more);
    if (status != PIA_OK)
        return status;
    result.chained = walk.chained;
    result.good = walk.good;
    if (!result.bad && walk.good) {
        result.end = (receipt_t){.epoch = walk.good_epoch, .sequence = walk.good};
        memcpy(result.end.chain, walk.chain, CHAIN_SIZE);
    }
    if (result.detail && !result.bad)
        result.bad = walk.good + 1;
    if (!result.bad && more)
        result.next = walk.good + 1;
    *ret_verification = result;
    return PIA_OK;
}

pia_status_t
journal_walk(pia_db_t *db, uint64_t from, uint64_t limit, verification_t *ret_verification)
{
    return walk_over(db, from, limit, NULL, ret_verification);
}

pia_status_t
journal_verify(pia_db_t *db, uint64_t from, uint64_t limit, verification_t *ret_verification)
{
    markers_t *markers = pia_alloc(sizeof *markers);
    pia_status_t status = walk_over(db, from, limit, markers, ret_verification);
    free(markers);
    return status;
}
