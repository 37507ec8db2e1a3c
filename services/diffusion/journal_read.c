/* journal_read.c - reading the journal back. */
#include "journal_read.h"

#include <string.h>

static const char SQL_BATCH[] =
    "SELECT first_sequence, count, epoch, chain_before, attributes, bytes FROM journal_batch"
    " WHERE first_sequence <= $1 ORDER BY first_sequence DESC LIMIT 1";
static const char SQL_HEAD[] = "SELECT epoch, sequence, chain FROM journal_head WHERE id = 1";
static const char SQL_NEXT_EPOCH[] = "SELECT epoch, first_sequence, chain_before FROM journal_epoch"
                                     " WHERE epoch > $1 ORDER BY epoch LIMIT 1";
static const char SQL_EPOCH[] = "SELECT first_sequence FROM journal_epoch WHERE epoch = $1";

/* The present row of SQL_BATCH; NULL if it is not one. */
static batch_t *take_row(pia_stmt_t *stmt)
{
    size_t chain_size = 0;
    int64_t count = pia_stmt_column_integer(stmt, 1);
    batch_row_t row = {.first = (uint64_t)pia_stmt_column_integer(stmt, 0),
                       .count = (uint32_t)count,
                       .epoch = (uint32_t)pia_stmt_column_integer(stmt, 2)};
    row.chain_before = pia_stmt_column_bytes(stmt, 3, &chain_size);
    row.attributes = pia_stmt_column_bytes(stmt, 4, &row.attributes_size);
    row.bytes = pia_stmt_column_bytes(stmt, 5, &row.size);
    if (chain_size != CHAIN_SIZE || count < 1 || count > UINT32_MAX)
        return NULL;
    return batch_new(&row);
}

pia_status_t journal_read_batch(pia_db_t *db, uint64_t sequence, batch_t **ret_batch)
{
    if (sequence > INT64_MAX)
        return PIA_NOT_FOUND;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_BATCH);
    pia_stmt_integer(stmt, 1, (int64_t)sequence);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    batch_t *batch = take_row(stmt);
    pia_stmt_reset(stmt);
    if (!batch)
        return PIA_INTERNAL;
    if (sequence > batch_last(batch)) {
        batch_release(&batch);
        return PIA_NOT_FOUND;
    }
    *ret_batch = batch;
    return PIA_OK;
}

/* Walks the chain of a row up to `sequence`. */
static bool walk_to(const batch_t *batch, uint64_t sequence, receipt_t *ret_receipt)
{
    size_t offset = 0;
    record_t record;
    memcpy(ret_receipt->chain, batch->chain_before, CHAIN_SIZE);
    while (record_read(batch->bytes, batch->size, &offset, &record)) {
        uint8_t hash[CHAIN_SIZE];
        record_hash(record.event, record.event_size, hash);
        record_chain(ret_receipt->chain, hash);
        if (record.cursor.sequence == sequence)
            return true;
    }
    return false;
}

pia_status_t journal_read_receipt(pia_db_t *db, uint64_t sequence, receipt_t *ret_receipt)
{
    batch_t *batch = NULL;
    pia_status_t status = journal_read_batch(db, sequence, &batch);
    if (status != PIA_OK)
        return status;
    receipt_t receipt = {.epoch = batch->epoch, .sequence = sequence};
    bool found = walk_to(batch, sequence, &receipt);
    batch_release(&batch);
    if (!found)
        return PIA_INTERNAL;
    *ret_receipt = receipt;
    return PIA_OK;
}

pia_status_t journal_read_head(pia_db_t *db, cursor_t *ret_head)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_HEAD);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
    size_t size = 0;
    const uint8_t *chain = pia_stmt_column_bytes(stmt, 2, &size);
    if (size == CHAIN_SIZE)
        *ret_head = (cursor_t){.epoch = (uint32_t)pia_stmt_column_integer(stmt, 0),
                               .sequence = (uint64_t)pia_stmt_column_integer(stmt, 1),
                               .chain = bytes_get_u32(chain)};
    pia_stmt_reset(stmt);
    return size == CHAIN_SIZE ? PIA_OK : PIA_INTERNAL;
}

/* Whether the cursor is exactly a place of this journal. */
static pia_status_t check_place(pia_db_t *db, const cursor_t *cursor)
{
    batch_t *batch = NULL;
    pia_status_t status = journal_read_batch(db, cursor->sequence, &batch);
    if (status != PIA_OK)
        return status;
    record_t record;
    bool found = batch_find(batch, cursor->sequence, &record);
    status = !found ? PIA_INTERNAL : cursor_equal(&record.cursor, cursor) ? PIA_OK : PIA_NOT_FOUND;
    batch_release(&batch);
    return status;
}

/* The place before the first event of the epoch after `epoch`; PIA_NOT_FOUND if it is the last. */
static pia_status_t end_of_epoch(pia_db_t *db, uint32_t epoch, uint64_t *ret_sequence)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_NEXT_EPOCH);
    pia_stmt_integer(stmt, 1, epoch);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    *ret_sequence = (uint64_t)pia_stmt_column_integer(stmt, 1) - 1;
    pia_stmt_reset(stmt);
    return PIA_OK;
}

static pia_status_t has_epoch(pia_db_t *db, uint32_t epoch)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_EPOCH);
    pia_stmt_integer(stmt, 1, epoch);
    pia_status_t status = pia_stmt_step(stmt);
    pia_stmt_reset(stmt);
    return status;
}

/* An epoch of ours that lost its tail: what the cursor saw beyond its end is gone, all before is
 * common. Anything else (another journal, an unknown epoch, another chain at a place that we have)
 * shares nothing for sure but the beginning. */
static pia_status_t find_common(pia_db_t *db, const cursor_t *cursor, cursor_t *ret_common)
{
    *ret_common = (cursor_t){.epoch = 1};
    uint64_t end = 0;
    pia_status_t status = has_epoch(db, cursor->epoch);
    if (status == PIA_OK)
        status = end_of_epoch(db, cursor->epoch, &end);
    if (status != PIA_OK || cursor->sequence <= end || end == 0)
        return status == PIA_OK || status == PIA_NOT_FOUND ? PIA_GONE : status;
    receipt_t receipt;
    status = journal_read_receipt(db, end, &receipt);
    if (status != PIA_OK)
        return status;
    receipt_cursor(&receipt, ret_common);
    return PIA_GONE;
}

pia_status_t journal_locate(pia_db_t *db, const cursor_t *cursor, cursor_t *ret_common)
{
    if (cursor->sequence == 0 && cursor->chain == 0)
        return PIA_OK;
    pia_status_t status = cursor->sequence ? check_place(db, cursor) : PIA_NOT_FOUND;
    return status == PIA_NOT_FOUND ? find_common(db, cursor, ret_common) : status;
}

/* Walks one row whose chain should begin with `chain`, from its first event. */
static const char *verify_records(const batch_t *batch, uint8_t chain[CHAIN_SIZE], uint64_t *good)
{
    if (memcmp(batch->chain_before, chain, CHAIN_SIZE) != 0)
        return "The chain before this event is not that after the one before it.";
    size_t offset = 0;
    record_t record;
    for (uint64_t sequence = batch->first; sequence <= batch_last(batch); sequence++) {
        if (!record_read(batch->bytes, batch->size, &offset, &record))
            return "The stored record cannot be read.";
        uint8_t hash[CHAIN_SIZE];
        record_hash(record.event, record.event_size, hash);
        record_chain(chain, hash);
        if (record.cursor.sequence != sequence || record.cursor.epoch != batch->epoch)
            return "The stored record has another number.";
        if (record.cursor.chain != bytes_get_u32(chain))
            return "The event's bytes are not those that were appended.";
        *good = sequence;
    }
    return offset == batch->size ? NULL : "Bytes follow the last record of the row.";
}

/* Attributes are not under the chain: they are what was read from the events. */
static const char *verify_attributes(const batch_t *batch)
{
    size_t offset = 0;
    record_run_t run = {0};
    attributes_t values;
    for (uint32_t i = 0; i < batch->count; i++) {
        if (!record_read_run(batch->attributes, batch->attributes_size, &offset, &run) ||
            !record_read_attributes(run, &values))
            return "The attributes of the row cannot be read.";
    }
    return offset == batch->attributes_size ? NULL : "Attributes follow the last ones of the row.";
}

static const char *verify_row(const batch_t *batch, uint8_t chain[CHAIN_SIZE], uint64_t *good)
{
    const char *detail = verify_records(batch, chain, good);
    if (!detail && (detail = verify_attributes(batch)))
        *good = batch->first + batch->good - 1;
    return detail;
}

/* Whether the journal ends where its head says. */
static const char *verify_end(pia_db_t *db, uint64_t last, const uint8_t *chain)
{
    cursor_t head;
    if (journal_read_head(db, &head) != PIA_OK)
        return "The head cannot be read.";
    if (head.sequence != last)
        return "The journal's head has another number: events are missing.";
    return head.chain == bytes_get_u32(chain) ? NULL : "The journal's head has another chain.";
}

static pia_status_t start_chain(pia_db_t *db, uint64_t from, uint8_t chain[CHAIN_SIZE])
{
    memset(chain, 0, CHAIN_SIZE);
    if (from == 1)
        return PIA_OK;
    receipt_t receipt;
    pia_status_t status = journal_read_receipt(db, from - 1, &receipt);
    if (status == PIA_OK)
        memcpy(chain, receipt.chain, CHAIN_SIZE);
    return status;
}

/* The first event of the row that holds `from`: the walk goes over whole rows. */
static pia_status_t row_start(pia_db_t *db, uint64_t from, uint64_t *ret_start)
{
    batch_t *batch = NULL;
    *ret_start = from;
    pia_status_t status = from > 1 ? journal_read_batch(db, from, &batch) : PIA_NOT_FOUND;
    if (status == PIA_OK)
        *ret_start = batch->first;
    batch_release(&batch);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* Verifies the row at `sequence`; NULL detail and no progress: the end. */
static pia_status_t verify_next(pia_db_t *db, uint8_t *chain, verification_t *result)
{
    uint64_t sequence = result->good + 1;
    batch_t *batch = NULL;
    pia_status_t status = journal_read_batch(db, sequence, &batch);
    if (status == PIA_NOT_FOUND)
        result->detail = verify_end(db, result->good, chain);
    else if (status == PIA_INTERNAL)
        result->detail = "The stored row cannot be read.";
    else if (status != PIA_OK)
        return status;
    else
        result->detail = batch->first == sequence ? verify_row(batch, chain, &result->good)
                                                  : "The row begins with another number.";
    batch_release(&batch);
    if (result->detail)
        result->bad = result->good + 1;
    return status == PIA_INTERNAL ? PIA_OK : status;
}

pia_status_t
journal_verify(pia_db_t *db, uint64_t from, uint64_t limit, verification_t *ret_verification)
{
    verification_t result = {.from = from};
    uint8_t chain[CHAIN_SIZE];
    pia_status_t status = row_start(db, from, &result.from);
    if (status == PIA_OK)
        status = start_chain(db, result.from, chain);
    result.good = result.from - 1;
    while (status == PIA_OK && !result.bad && result.good + 1 < from + limit)
        status = verify_next(db, chain, &result);
    if (status == PIA_OK && !result.bad)
        result.next = result.good + 1;
    if (status == PIA_OK || status == PIA_NOT_FOUND) {
        *ret_verification = result;
        return PIA_OK;
    }
    return status;
}
