/* dedup.c - looking for an event among the recent ones and in the runs. */
#include "dedup.h"

#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

#include "dedup_private.h"
#include "entry.h"
#include "journal_read.h"

static void see(void *arg, const claim_t *claim)
{
    seen_add(arg, claim->fingerprint);
}

/* Measured: the whole start with 10 million events takes 0.6 s. */
static pia_status_t see_runs(dedup_t *self, pia_db_t *db)
{
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < self->run_count; i++)
        status = run_each(db, &self->runs[i], see, self->seen);
    return status;
}

/* The identity of each event of a row, from `after` + 1 on. A removed one is in a run, which was
 * made by another instance if the event is new to this one. */
static void absorb_batch(dedup_t *self, const batch_t *batch, uint64_t after)
{
    record_t record;
    uint64_t from = after >= batch->first ? after + 1 : batch->first;
    for (uint64_t sequence = from; batch_find(batch, sequence, &record); sequence++) {
        fingerprint_t fingerprint;
        self->blind = self->blind || !record.event;
        if (record.event &&
            entry_fingerprint(record.event, record.event_size, self->key, &fingerprint) &&
            !claims_find(self->recent, fingerprint))
            dedup_claim(self, fingerprint, sequence);
    }
}

/* Takes in the events after `after`, up to `head`. */
static pia_status_t absorb(dedup_t *self, pia_db_t *db, uint64_t after, uint64_t head)
{
    while (after < head) {
        batch_t *batch = NULL;
        pia_status_t status = journal_read_batch(db, after + 1, &batch);
        if (status != PIA_OK)
            return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
        absorb_batch(self, batch, after);
        after = batch_last(batch);
        batch_release(&batch);
    }
    self->absorbed = head;
    return PIA_OK;
}

uint64_t dedup_runs_end(const dedup_t *self)
{
    return self->run_count ? self->runs[self->run_count - 1].last : 0;
}

static pia_status_t load(dedup_t *self, pia_db_t *db, uint64_t head)
{
    pia_status_t status = run_remove_after(db, head);
    if (status == PIA_OK)
        status = dedup_keep_open(self, db);
    if (status == PIA_OK)
        status = run_load(db, &self->runs, &self->run_count);
    if (status != PIA_OK)
        return status;
    self->seen = seen_new(dedup_runs_end(self) + RUN_EVENTS);
    status = see_runs(self, db);
    return status == PIA_OK ? absorb(self, db, dedup_runs_end(self), head) : status;
}

pia_status_t dedup_open(pia_db_t *db, const uint8_t *key, uint64_t head, dedup_t **ret_dedup)
{
    dedup_t *self = pia_alloc(sizeof *self);
    memcpy(self->key, key, sizeof self->key);
    self->recent = claims_new(RUN_EVENTS);
    self->shared = pia_db_is_shared(db);
    pia_status_t status = load(self, db, head);
    self->blind = self->shared;
    if (status != PIA_OK) {
        dedup_destroy(&self);
        return status;
    }
    *ret_dedup = self;
    return PIA_OK;
}

void dedup_destroy(dedup_t **self_p)
{
    dedup_t *self = *self_p;
    if (!self)
        return;
    claims_destroy(&self->recent);
    claims_destroy(&self->sealed);
    seen_destroy(&self->seen);
    free(self->runs);
    free(self);
    *self_p = NULL;
}

/* Claims on their way into another table. */
typedef struct {
    claims_t *table;
    uint64_t after; /* what runs cover is left behind */
} move_t;

static void move_one(void *arg, const claim_t *claim)
{
    const move_t *move = arg;
    if (claim->sequence > move->after)
        claims_add(move->table, claim->fingerprint, claim->sequence);
}

/* Another instance has made or merged runs. */
static pia_status_t load_again(dedup_t *self, pia_db_t *db, int64_t version)
{
    run_t *runs = NULL;
    size_t count = 0;
    pia_status_t status = run_load(db, &runs, &count);
    if (status != PIA_OK)
        return status;
    free(self->runs);
    self->runs = runs;
    self->run_count = count;
    move_t move = {.table = claims_new(RUN_EVENTS), .after = dedup_runs_end(self)};
    claims_each(self->recent, move_one, &move);
    if (self->sealed)
        claims_each(self->sealed, move_one, &move);
    claims_destroy(&self->recent);
    claims_destroy(&self->sealed);
    self->recent = move.table;
    dedup_keep_forget(self);
    if (self->blind)
        status = see_runs(self, db);
    if (status != PIA_OK)
        return status;
    self->blind = false;
    self->version = version;
    return PIA_OK;
}

pia_status_t dedup_began(dedup_t *self, pia_db_t *db, uint64_t head)
{
    int64_t version = 0;
    pia_status_t status = dedup_keep_look(self, db, &version);
    if (status == PIA_OK && head > self->absorbed)
        status = absorb(self, db, self->absorbed, head);
    if (status == PIA_OK && version != self->version)
        status = load_again(self, db, version);
    return status;
}

void dedup_prefetch(const dedup_t *self, fingerprint_t fingerprint)
{
    seen_prefetch(self->seen, fingerprint);
    claims_prefetch(self->recent, fingerprint);
}

static pia_status_t
find_in_runs(const dedup_t *self, pia_db_t *db, fingerprint_t fingerprint, uint64_t *ret_sequence)
{
    pia_status_t status = PIA_NOT_FOUND;
    for (size_t i = self->run_count; status == PIA_NOT_FOUND && i-- > 0;)
        status = run_find(db, &self->runs[i], fingerprint, ret_sequence);
    return status;
}

pia_status_t
dedup_find(const dedup_t *self, pia_db_t *db, fingerprint_t fingerprint, uint64_t *ret_sequence)
{
    if (!seen_maybe(self->seen, fingerprint))
        return PIA_NOT_FOUND;
    uint64_t sequence = claims_find(self->recent, fingerprint);
    if (!sequence && self->sealed)
        sequence = claims_find(self->sealed, fingerprint);
    if (!sequence)
        return find_in_runs(self, db, fingerprint, ret_sequence);
    *ret_sequence = sequence;
    return PIA_OK;
}

void dedup_claim(dedup_t *self, fingerprint_t fingerprint, uint64_t sequence)
{
    seen_add(self->seen, fingerprint);
    claims_add(self->recent, fingerprint, sequence);
}

/* The filter keeps saying maybe, which is no more than slow. */
void dedup_release(dedup_t *self, fingerprint_t fingerprint)
{
    claims_remove(self->recent, fingerprint);
}

void dedup_cover(dedup_t *self)
{
    self->cover = self->absorbed;
}

uint64_t dedup_covered(const dedup_t *self)
{
    return dedup_runs_end(self);
}
