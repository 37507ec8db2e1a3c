/* journal.c - appending to the journal. */
#include "journal.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/memory.h"

#include "dedup.h"
#include "journal_read.h"
#include "problems.h"
#include "row_check.h"

/* The records of a row have at most about this much, so that a reader's page is bounded. */
enum { ROW_SIZE_MAX = 256 * 1024 };

typedef struct {
    size_t end;                /* of its record in the pending bytes */
    size_t attributes_end;     /* of its entry in the pending attributes */
    uint8_t chain[CHAIN_SIZE]; /* after it */
} pending_t;

struct journal {
    char id[PIA_UUID_TEXT_SIZE];
    uint8_t dedup_key[DEDUP_KEY_SIZE];
    receipt_t committed; /* the last durable event */

    buffer_t bytes;      /* records of this transaction */
    buffer_t attributes; /* one entry a record, each whole */
    pending_t *pending;  /* one a record */
    size_t count;
    size_t capacity;
    buffer_t packed; /* the attributes of a row being made */

    batch_t **ready; /* rows written, told of after the commit */
    size_t ready_count;
    size_t ready_capacity;

    journal_fn *on_batch;
    void *on_batch_arg;
};

static const char SQL_MAKE_META[] = "INSERT INTO journal_meta (id, journal, dedup_key)"
                                    " VALUES (1, $1, $2) ON CONFLICT DO NOTHING";
static const char SQL_MAKE_HEAD[] = "INSERT INTO journal_head (id, epoch, sequence, chain)"
                                    " VALUES (1, 1, 0, $1) ON CONFLICT DO NOTHING";
static const char SQL_MAKE_EPOCH[] =
    "INSERT INTO journal_epoch (epoch, first_sequence, chain_before, began_at)"
    " VALUES (1, 1, $1, $2) ON CONFLICT DO NOTHING";
static const char SQL_META[] = "SELECT journal, dedup_key FROM journal_meta WHERE id = 1";
static const char SQL_HEAD[] = "SELECT epoch, sequence, chain FROM journal_head WHERE id = 1";
static const char SQL_LOCK_HEAD[] = "UPDATE journal_head SET sequence = sequence WHERE id = 1"
                                    " RETURNING epoch, sequence, chain";
static const char SQL_MOVE_HEAD[] =
    "UPDATE journal_head SET sequence = $1, chain = $2 WHERE id = 1";
static const char SQL_ADD_BATCH[] =
    "INSERT INTO journal_batch (first_sequence, count, epoch, chain_before, attributes, bytes,"
    " row_check, bytes_check) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

static pia_status_t make_rows(pia_db_t *db)
{
    char id[PIA_UUID_TEXT_SIZE];
    uint8_t key[DEDUP_KEY_SIZE];
    const uint8_t chain[CHAIN_SIZE] = {0};
    pia_uuid7_text(id);
    randombytes_buf(key, sizeof key);
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_MAKE_META);
    pia_stmt_text(stmt, 1, id);
    pia_stmt_bytes(stmt, 2, key, sizeof key);
    pia_status_t status = pia_stmt_run(stmt, NULL);
    if (status != PIA_OK)
        return status;
    stmt = pia_db_prepare(db, SQL_MAKE_HEAD);
    pia_stmt_bytes(stmt, 1, chain, sizeof chain);
    status = pia_stmt_run(stmt, NULL);
    if (status != PIA_OK)
        return status;
    stmt = pia_db_prepare(db, SQL_MAKE_EPOCH);
    pia_stmt_bytes(stmt, 1, chain, sizeof chain);
    pia_stmt_integer(stmt, 2, pia_clock_wall());
    return pia_stmt_run(stmt, NULL);
}

static pia_status_t load_meta(journal_t *self, pia_db_t *db)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_META);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    size_t size = 0;
    const char *id = pia_stmt_column_text(stmt, 0);
    const void *key = pia_stmt_column_bytes(stmt, 1, &size);
    bool good = id && strlen(id) < sizeof self->id && size == sizeof self->dedup_key;
    if (good) {
        memcpy(self->id, id, strlen(id) + 1);
        memcpy(self->dedup_key, key, size);
    }
    pia_stmt_reset(stmt);
    return good ? PIA_OK : PIA_INTERNAL;
}

/* Reads the head row by a statement that returns it. */
static pia_status_t read_head(pia_db_t *db, const char *sql, receipt_t *ret_head)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
    size_t size = 0;
    const void *chain = pia_stmt_column_bytes(stmt, 2, &size);
    if (size == CHAIN_SIZE) {
        ret_head->epoch = (uint32_t)pia_stmt_column_integer(stmt, 0);
        ret_head->sequence = (uint64_t)pia_stmt_column_integer(stmt, 1);
        memcpy(ret_head->chain, chain, CHAIN_SIZE);
    }
    pia_stmt_reset(stmt);
    return size == CHAIN_SIZE ? PIA_OK : PIA_INTERNAL;
}

static pia_status_t load(journal_t *self, pia_db_t *db)
{
    pia_status_t status = pia_db_begin(db);
    if (status != PIA_OK)
        return status;
    status = make_rows(db);
    if (status == PIA_OK)
        status = load_meta(self, db);
    if (status == PIA_OK)
        status = read_head(db, SQL_HEAD, &self->committed);
    if (status == PIA_OK)
        return pia_db_commit(db);
    pia_db_rollback(db);
    return status;
}

pia_status_t journal_open(pia_db_t *db, journal_t **ret_journal, pia_problem_t *problem)
{
    if (sodium_init() < 0)
        return pia_problem_set(problem, PIA_INTERNAL, "", "The random source is missing.");
    journal_t *self = pia_alloc(sizeof *self);
    pia_status_t status = load(self, db);
    if (status != PIA_OK) {
        journal_destroy(&self);
        return pia_problem_set(problem, status, "", "Opening the journal: %s", pia_db_error(db));
    }
    *ret_journal = self;
    return PIA_OK;
}

static void drop_ready(journal_t *self)
{
    for (size_t i = 0; i < self->ready_count; i++)
        batch_release(&self->ready[i]);
    self->ready_count = 0;
}

void journal_destroy(journal_t **self_p)
{
    journal_t *self = *self_p;
    if (!self)
        return;
    drop_ready(self);
    free(self->ready);
    free(self->pending);
    buffer_free(&self->bytes);
    buffer_free(&self->attributes);
    buffer_free(&self->packed);
    free(self);
    *self_p = NULL;
}

void journal_on_batch(journal_t *self, journal_fn *on_batch, void *arg)
{
    self->on_batch = on_batch;
    self->on_batch_arg = arg;
}

const char *journal_id(const journal_t *self)
{
    return self->id;
}

void journal_committed_head(const journal_t *self, receipt_t *ret_head)
{
    *ret_head = self->committed;
}

void journal_head(const journal_t *self, receipt_t *ret_head)
{
    *ret_head = self->committed;
    ret_head->sequence += self->count;
    if (self->count)
        memcpy(ret_head->chain, self->pending[self->count - 1].chain, CHAIN_SIZE);
}

/* Where event `sequence` stands: pending, or in a row, whose chain is walked again. */
static pia_status_t
find_original(const journal_t *self, pia_db_t *db, uint64_t sequence, receipt_t *ret_receipt)
{
    if (sequence <= self->committed.sequence)
        return journal_read_receipt(db, sequence, ret_receipt);
    uint64_t index = sequence - self->committed.sequence - 1;
    if (index >= self->count)
        return PIA_INTERNAL;
    *ret_receipt = (receipt_t){.epoch = self->committed.epoch, .sequence = sequence};
    memcpy(ret_receipt->chain, self->pending[index].chain, CHAIN_SIZE);
    return PIA_OK;
}

static void truncate_to(journal_t *self, size_t count)
{
    self->count = count;
    self->bytes.size = count ? self->pending[count - 1].end : 0;
    self->attributes.size = count ? self->pending[count - 1].attributes_end : 0;
}

static void add_pending(journal_t *self, const receipt_t *receipt, const entry_t *entry)
{
    record_t record = {
        .recorded_ms = pia_clock_now(), .event = entry->bytes, .event_size = entry->size};
    receipt_cursor(receipt, &record.cursor);
    record_write(&self->bytes, &record);
    record_write_attributes(&self->attributes, &entry->attributes);
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 64;
        self->pending = pia_realloc(self->pending, self->capacity * sizeof *self->pending);
    }
    pending_t *pending = &self->pending[self->count++];
    pending->end = self->bytes.size;
    pending->attributes_end = self->attributes.size;
    memcpy(pending->chain, receipt->chain, CHAIN_SIZE);
}

static pia_status_t add_one(journal_t *self,
                            pia_db_t *db,
                            const entry_t *entry,
                            receipt_t *ret_receipt,
                            pia_problem_t *problem)
{
    journal_head(self, ret_receipt);
    ret_receipt->sequence++;
    uint8_t fingerprint[16];
    uint64_t original = 0;
    dedup_fingerprint(self->dedup_key, entry_source(entry), entry_id(entry), fingerprint);
    pia_status_t status =
        dedup_claim(db, fingerprint, entry->hash, ret_receipt->sequence, &original);
    if (status == PIA_OK) {
        record_chain(ret_receipt->chain, entry->hash);
        add_pending(self, ret_receipt, entry);
    } else if (status == PIA_GONE) {
        status = find_original(self, db, original, ret_receipt);
        ret_receipt->duplicate = true;
    } else if (status == PIA_CONFLICT)
        (void)pia_problem_set(problem, status, "/id", "Another event has this source and id.");
    if (status != PIA_OK && status != PIA_CONFLICT)
        (void)pia_problem_set(problem, status, "", "The journal cannot be written now.");
    return status;
}

/* Drops what undone jobs left pending. */
static pia_status_t settle(journal_t *self, pia_db_t *db)
{
    receipt_t head = {0};
    if (!self->count)
        return PIA_OK;
    pia_status_t status = read_head(db, SQL_HEAD, &head);
    if (status != PIA_OK)
        return status;
    uint64_t kept = head.sequence - self->committed.sequence;
    assert(head.sequence >= self->committed.sequence && kept <= self->count);
    truncate_to(self, (size_t)kept);
    return PIA_OK;
}

pia_status_t journal_next(journal_t *self, pia_db_t *db, uint64_t *ret_sequence)
{
    pia_status_t status = settle(self, db);
    *ret_sequence = self->committed.sequence + self->count + 1;
    return status;
}

/* Ties what is pending to the present savepoint. */
static pia_status_t move_head(const journal_t *self, pia_db_t *db)
{
    receipt_t head;
    journal_head(self, &head);
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_MOVE_HEAD);
    pia_stmt_integer(stmt, 1, (int64_t)head.sequence);
    pia_stmt_bytes(stmt, 2, head.chain, CHAIN_SIZE);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t journal_append(journal_t *self,
                            pia_db_t *db,
                            const entry_t *entries,
                            size_t count,
                            receipt_t *receipts,
                            pia_problem_t *problem)
{
    pia_status_t status = settle(self, db);
    size_t before = self->count;
    for (size_t i = 0; status == PIA_OK && i < count; i++) {
        status = add_one(self, db, &entries[i], &receipts[i], problem);
        if (status != PIA_OK)
            problem_under(problem, i);
    }
    if (status == PIA_OK && self->count > before)
        status = move_head(self, db);
    if (status != PIA_OK)
        truncate_to(self, before);
    return status;
}

pia_status_t journal_began(journal_t *self, pia_db_t *db)
{
    truncate_to(self, 0);
    if (!pia_db_is_shared(db))
        return PIA_OK;
    return read_head(db, SQL_LOCK_HEAD, &self->committed);
}

/* The row of pending records `from` to `to`; borrows from `self`. */
static void
make_row(journal_t *self, const receipt_t *before, size_t from, size_t to, batch_row_t *ret_row)
{
    size_t start = from ? self->pending[from - 1].end : 0;
    size_t attributes_start = from ? self->pending[from - 1].attributes_end : 0;
    buffer_reset(&self->packed);
    record_pack_attributes(&self->packed, self->attributes.bytes + attributes_start,
                           self->pending[to - 1].attributes_end - attributes_start);
    *ret_row = (batch_row_t){.first = before->sequence + 1,
                             .count = (uint32_t)(to - from),
                             .epoch = before->epoch,
                             .chain_before = before->chain,
                             .bytes = self->bytes.bytes + start,
                             .size = self->pending[to - 1].end - start,
                             .attributes = self->packed.bytes,
                             .attributes_size = self->packed.size};
}

static void add_ready(journal_t *self, batch_t *batch)
{
    if (self->ready_count == self->ready_capacity) {
        self->ready_capacity = self->ready_capacity ? self->ready_capacity * 2 : 8;
        self->ready = pia_realloc(self->ready, self->ready_capacity * sizeof(batch_t *));
    }
    self->ready[self->ready_count++] = batch;
}

static pia_status_t
add_row(journal_t *self, pia_db_t *db, const receipt_t *before, size_t from, size_t to)
{
    batch_row_t row;
    make_row(self, before, from, to, &row);
    row_check_t check = row_check(&row);
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_ADD_BATCH);
    pia_stmt_integer(stmt, 1, (int64_t)row.first);
    pia_stmt_integer(stmt, 2, row.count);
    pia_stmt_integer(stmt, 3, row.epoch);
    pia_stmt_bytes(stmt, 4, row.chain_before, CHAIN_SIZE);
    pia_stmt_bytes(stmt, 5, row.attributes, row.attributes_size);
    pia_stmt_bytes(stmt, 6, row.bytes, row.size);
    pia_stmt_integer(stmt, 7, (int64_t)check.row);
    pia_stmt_integer(stmt, 8, (int64_t)check.bytes);
    pia_status_t status = pia_stmt_run(stmt, NULL);
    if (status == PIA_OK)
        add_ready(self, batch_new(&row));
    return status;
}

/* The end of the row that begins with pending record `from`. */
static size_t row_end(const journal_t *self, size_t from)
{
    size_t start = from ? self->pending[from - 1].end : 0;
    size_t to = from + 1;
    while (to < self->count && self->pending[to].end - start <= ROW_SIZE_MAX)
        to++;
    return to;
}

pia_status_t journal_committing(journal_t *self, pia_db_t *db)
{
    drop_ready(self);
    pia_status_t status = settle(self, db);
    receipt_t before = self->committed;
    for (size_t from = 0; status == PIA_OK && from < self->count;) {
        size_t to = row_end(self, from);
        status = add_row(self, db, &before, from, to);
        before.sequence += to - from;
        memcpy(before.chain, self->pending[to - 1].chain, CHAIN_SIZE);
        from = to;
    }
    return status;
}

void journal_committed(journal_t *self)
{
    journal_head(self, &self->committed);
    truncate_to(self, 0);
    for (size_t i = 0; i < self->ready_count; i++) {
        if (self->on_batch)
            self->on_batch(self->on_batch_arg, self->ready[i]);
    }
    drop_ready(self);
}

void journal_rolled_back(journal_t *self)
{
    drop_ready(self);
    truncate_to(self, 0);
}

void receipt_cursor(const receipt_t *receipt, cursor_t *ret_cursor)
{
    *ret_cursor = (cursor_t){.epoch = receipt->epoch,
                             .sequence = receipt->sequence,
                             .chain = bytes_get_u32(receipt->chain)};
}
