/* journal.c - appending to the journal. */
#include "journal.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/db_file.h"
#include "pia/log.h"
#include "pia/memory.h"

#include "blake2b.h"
#include "dedup_rebuild.h"
#include "journal_log.h"
#include "journal_private.h"
#include "problems.h"

/* In its own transaction. */
static pia_status_t repair(journal_t *self, pia_db_t *db)
{
    damage_note_t note;
    pia_status_t status = pia_db_begin(db);
    if (status != PIA_OK)
        return status;
    status = journal_head_lock(db, &self->committed, &note);
    if (status == PIA_OK)
        status = journal_rebuild(self, db, self->committed.sequence, &self->forgotten);
    if (status == PIA_OK && self->forgotten == 0)
        status = dedup_open(db, self->meta.key, self->committed.sequence, &self->dedup);
    if (status == PIA_OK && self->dedup)
        status = pia_db_commit(db);
    else
        pia_db_rollback(db);
    if (status == PIA_OK && self->dedup)
        pia_log(PIA_LOG_WARN, "runs of fingerprints were damaged, and are made anew: nothing is "
                              "lost");
    return status == PIA_INTERNAL ? PIA_OK : status;
}

static pia_status_t load(journal_t *self, pia_db_t *db)
{
    pia_status_t status = pia_db_begin(db);
    if (status != PIA_OK)
        return status;
    status = journal_head_open(db, &self->meta, &self->committed);
    self->epoch = self->committed.epoch;
    if (status == PIA_OK)
        status = journal_head_read_turn(db, &self->turn);
    if (status == PIA_OK)
        status = dedup_open(db, self->meta.key, self->committed.sequence, &self->dedup);
    if (status == PIA_INTERNAL && self->meta.id[0]) { /* damaged: it can still be read */
        pia_db_rollback(db);
        return repair(self, db);
    }
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

void journal_destroy(journal_t **self_p)
{
    journal_t *self = *self_p;
    if (!self)
        return;
    journal_stop_log(self);
    journal_drop_rows(self);
    free(self->ready);
    free(self->pending);
    buffer_free(&self->bytes);
    buffer_free(&self->attributes);
    buffer_free(&self->packed);
    originals_clear(&self->originals);
    dedup_destroy(&self->dedup);
    free(self);
    *self_p = NULL;
}

void journal_on_batch(journal_t *self, journal_fn *on_batch, void *arg)
{
    self->on_batch = on_batch;
    self->on_batch_arg = arg;
}

void journal_learn_damage(journal_t *self, damage_t *damage)
{
    self->damage = damage;
}

uint32_t journal_epoch(const journal_t *self)
{
    return self->epoch;
}

const char *journal_id(const journal_t *self)
{
    return self->meta.id;
}

uint64_t journal_turn(const journal_t *self)
{
    return self->turn;
}

void journal_excuse(journal_t *self)
{
    self->excused = true;
}

/* What is changed from here on is another job's. */
static void end_changes(journal_t *self)
{
    if (!self->db)
        return; /* it is lent, perhaps, and nothing is changed */
    int64_t changes = pia_db_changes(self->db);
    if (self->excused)
        self->changes += changes - self->job_changes;
    self->job_changes = changes;
    self->excused = false;
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

uint64_t journal_next(const journal_t *self)
{
    return self->committed.sequence + self->count + 1;
}

/* Where event `sequence` stands, and the hash of its bytes: pending, or in a row, whose chain is
 * walked again. */
static pia_status_t
find_original(journal_t *self, pia_db_t *db, uint64_t sequence, original_t *ret_original)
{
    if (sequence <= self->committed.sequence)
        return originals_find(&self->originals, db, sequence, ret_original);
    uint64_t index = sequence - self->committed.sequence - 1;
    if (index >= self->count)
        return PIA_INTERNAL;
    ret_original->epoch = self->committed.epoch;
    memcpy(ret_original->chain, self->pending[index].chain, CHAIN_SIZE);
    memcpy(ret_original->hash, self->pending[index].hash, CHAIN_SIZE);
    return PIA_OK;
}

/* Forgets the last ones until `count` are left. */
static void undo_to(journal_t *self, size_t count)
{
    while (self->count > count)
        dedup_release(self->dedup, self->pending[--self->count].fingerprint);
    self->bytes.size = count ? self->pending[count - 1].end : 0;
    self->attributes.size = count ? self->pending[count - 1].attributes_end : 0;
}

/* The entry before is copied where it says the same: texts do not have to be measured again. */
static void write_attributes(journal_t *self, const entry_t *entry)
{
    if (!entry->like_before || !self->added_before) {
        record_write_attributes(&self->attributes, &entry->attributes);
        return;
    }
    size_t start = self->count > 1 ? self->pending[self->count - 2].attributes_end : 0;
    size_t size = self->attributes.size - start;
    uint8_t *copy = buffer_reserve(&self->attributes, size);
    memcpy(copy, self->attributes.bytes + start, size);
}

static void add_pending(journal_t *self, const receipt_t *receipt, const entry_t *entry)
{
    record_t record = {
        .recorded_ms = self->now_ms, .event = entry->bytes, .event_size = entry->size};
    receipt_cursor(receipt, &record.cursor);
    record_write(&self->bytes, &record);
    write_attributes(self, entry);
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 64;
        self->pending = pia_realloc(self->pending, self->capacity * sizeof *self->pending);
    }
    pending_t *pending = &self->pending[self->count++];
    pending->end = self->bytes.size;
    pending->attributes_end = self->attributes.size;
    pending->fingerprint = entry->fingerprint;
    memcpy(pending->chain, receipt->chain, CHAIN_SIZE);
    memcpy(pending->hash, entry->hash, CHAIN_SIZE);
    dedup_claim(self->dedup, entry->fingerprint, receipt->sequence);
    self->added_before = true;
}

/* The event is there as `sequence`: with the same content this is its receipt. */
static pia_status_t take_original(
    journal_t *self, pia_db_t *db, const entry_t *entry, uint64_t sequence, receipt_t *ret_receipt)
{
    original_t original;
    pia_status_t status = find_original(self, db, sequence, &original);
    if (status != PIA_OK)
        return status;
    if (memcmp(original.hash, entry->hash, CHAIN_SIZE) != 0)
        return PIA_CONFLICT;
    *ret_receipt = (receipt_t){.epoch = original.epoch, .sequence = sequence, .duplicate = true};
    memcpy(ret_receipt->chain, original.chain, CHAIN_SIZE);
    return PIA_OK;
}

static pia_status_t add_one(journal_t *self,
                            pia_db_t *db,
                            const entry_t *entry,
                            receipt_t *ret_receipt,
                            pia_problem_t *problem)
{
    uint64_t original = 0;
    pia_db_t *store = db ? db : journal_log_reader(self);
    pia_status_t status = dedup_find(self->dedup, store, entry->fingerprint, &original);
    self->torn = self->torn || (db && status == PIA_INTERNAL);
    if (status == PIA_NOT_FOUND) {
        journal_head(self, ret_receipt);
        ret_receipt->sequence++;
        record_chain(ret_receipt->chain, entry->hash);
        add_pending(self, ret_receipt, entry);
        return PIA_OK;
    }
    self->added_before = false;
    if (status == PIA_OK)
        status = take_original(self, store, entry, original, ret_receipt);
    if (!db && status != PIA_OK && status != PIA_CONFLICT)
        journal_need_store(self); /* the reader does not have it yet, or cannot read it */
    if (status == PIA_CONFLICT)
        (void)pia_problem_set(problem, status, "/id", "Another event has this source and id.");
    else if (status != PIA_OK)
        (void)pia_problem_set(problem, status, "", "The journal cannot be written now.");
    return status;
}

/* Several at once: blake2b.h. */
static void identify_some(const journal_t *self, entry_t *const *entries, size_t count)
{
    identity_t identities[FINGERPRINTS_MAX];
    fingerprint_t fingerprints[FINGERPRINTS_MAX];
    blake2b_message_t messages[FINGERPRINTS_MAX] = {{.size = 0}};
    for (size_t i = 0; i < count; i++) {
        entry_t *entry = entries[i];
        identities[i] = (identity_t){.source = entry_source(entry), .id = entry_id(entry)};
        messages[i] =
            (blake2b_message_t){.bytes = entry->bytes, .size = entry->size, .hash = entry->hash};
    }
    blake2b_hash(messages, count, CHAIN_SIZE);
    fingerprints_of(self->meta.key, identities, count, fingerprints);
    for (size_t i = 0; i < count; i++) {
        entries[i]->fingerprint = fingerprints[i];
        entries[i]->identified = true;
    }
}

void journal_identify(const journal_t *self, entry_t *entries, size_t count)
{
    entry_t *some[FINGERPRINTS_MAX];
    size_t have = 0;
    for (size_t i = 0; i < count; i++) {
        if (entries[i].identified)
            continue;
        some[have++] = &entries[i];
        if (have == FINGERPRINTS_MAX) {
            identify_some(self, some, have);
            have = 0;
        }
    }
    if (have)
        identify_some(self, some, have);
}

pia_status_t journal_append(journal_t *self,
                            pia_db_t *db,
                            entry_t *entries,
                            size_t count,
                            receipt_t *receipts,
                            pia_problem_t *problem)
{
    pia_status_t status = PIA_OK;
    size_t before = self->count;
    self->added_before = false;
    self->now_ms = pia_clock_now();
    journal_identify(self, entries, count);
    for (size_t i = 0; i < count; i++)
        dedup_prefetch(self->dedup, entries[i].fingerprint);
    for (size_t i = 0; status == PIA_OK && i < count; i++) {
        status = add_one(self, db, &entries[i], &receipts[i], problem);
        if (status != PIA_OK)
            problem_under(problem, i);
    }
    if (status != PIA_OK)
        undo_to(self, before);
    return status;
}

void journal_undo(journal_t *self)
{
    journal_drop_rows(self);
    undo_to(self, 0);
}

void journal_job_begins(journal_t *self)
{
    self->job_start = self->count;
    end_changes(self);
}

void journal_job_undone(journal_t *self)
{
    undo_to(self, self->job_start);
}

/* Whoever has found it: from here on this instance appends nothing either. */
static void learn(journal_t *self, const damage_note_t *note)
{
    if (!note->known)
        return;
    if (self->damage)
        damage_found(self->damage, note->good, note->detail);
    self->ended = true;
}

pia_status_t journal_began(journal_t *self, pia_db_t *db)
{
    assert(self->count == 0);
    self->job_start = 0;
    self->needs_store = false;
    self->db = db;
    self->turns = self->excused = false;
    self->changes = self->job_changes = pia_db_changes(db);
    if (journal_is_behind(self))
        return PIA_UNAVAILABLE; /* what is committed could not be put into the database */
    if (!pia_db_is_shared(db))
        return PIA_OK;
    receipt_t head = {0};
    damage_note_t note = {.known = false};
    pia_status_t status = journal_head_lock(db, &head, &note);
    if (status == PIA_INTERNAL && self->ended)
        return PIA_OK; /* the head row itself is damaged, which a new epoch mends */
    if (status != PIA_OK)
        return status;
    self->moved =
        head.epoch != self->epoch || (!self->ended && head.sequence < self->committed.sequence);
    if (self->moved)
        return PIA_UNAVAILABLE;
    learn(self, &note);
    if (self->ended)
        return PIA_OK;
    self->committed = head;
    status = dedup_began(self->dedup, db, head.sequence);
    self->torn = self->torn || status == PIA_INTERNAL;
    return status;
}

bool journal_has_moved(const journal_t *self)
{
    return self->moved;
}

bool journal_is_whole(const journal_t *self)
{
    return self->dedup != NULL;
}

uint64_t journal_forgotten(const journal_t *self)
{
    return self->forgotten;
}

pia_status_t
journal_rebuild(const journal_t *self, pia_db_t *db, uint64_t head, uint64_t *ret_forgotten)
{
    return dedup_rebuild(db, self->meta.key, head, ret_forgotten);
}

bool journal_is_torn(const journal_t *self)
{
    return self->torn;
}

void journal_end_at(journal_t *self, const receipt_t *end)
{
    self->committed = *end;
    self->ended = true;
}

/* What only looks stays a look, which costs no sync. */
static pia_status_t count_turn(journal_t *self, pia_db_t *db)
{
    self->turns = pia_db_changes(db) > self->changes;
    return self->turns ? journal_head_set_turn(db, self->turn + 1) : PIA_OK;
}

pia_status_t journal_committing(journal_t *self, pia_db_t *db)
{
    if (self->ended)
        return PIA_OK;
    journal_drop_rows(self);
    end_changes(self);
    pia_status_t status = journal_add_rows(self, db);
    if (status == PIA_OK)
        status = count_turn(self, db);
    if (status != PIA_OK)
        return status;
    status = dedup_committing(self->dedup, db, self->count);
    self->torn = self->torn || status == PIA_INTERNAL;
    return status;
}

void journal_advance(journal_t *self)
{
    journal_head(self, &self->committed);
    self->count = 0;
    buffer_reset(&self->bytes);
    buffer_reset(&self->attributes);
}

void journal_tell(journal_t *self)
{
    for (size_t i = 0; i < self->ready_count; i++) {
        if (self->on_batch)
            self->on_batch(self->on_batch_arg, self->ready[i]);
    }
    journal_drop_rows(self);
}

void journal_committed(journal_t *self)
{
    self->db = NULL;
    if (self->ended)
        return;
    journal_advance(self);
    self->turn += self->turns;
    dedup_committed(self->dedup, self->committed.sequence);
    journal_tell(self);
}

void journal_rolled_back(journal_t *self)
{
    self->db = NULL;
    if (self->ended)
        return;
    journal_undo(self);
    dedup_rolled_back(self->dedup);
}

void journal_cover(journal_t *self)
{
    dedup_cover(self->dedup);
}

uint64_t journal_covered(const journal_t *self)
{
    return dedup_covered(self->dedup);
}

void receipt_cursor(const receipt_t *receipt, cursor_t *ret_cursor)
{
    *ret_cursor = (cursor_t){.epoch = receipt->epoch,
                             .sequence = receipt->sequence,
                             .chain = bytes_get_u32(receipt->chain)};
}
