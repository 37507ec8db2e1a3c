/* dedup_keep.c - runs are made, merged and removed, a piece in each transaction that appends. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

#include "dedup_private.h"

enum {
    PAGE_EVENTS = RUN_EVENTS >> RUN_PAGE_BITS,
    /* Merging a level and removing what it was made of takes a piece every 7,300 events. Usually
     * there is one every 6,144, so that the cost of an event hardly changes with where the work on
     * runs stands; when runs are becoming many, one every 2,048. */
    PIECE_COST = 6144, /* in credit: an event brings PACE, or PACE_BEHIND */
    PACE = 1,
    PACE_BEHIND = 3,
    BEHIND_RUNS = 2 * RUN_MERGE, /* so many of level 0 */
    PIECES_MAX = 4,              /* a transaction, and one more for so many events in it */
    CREDIT_MAX = PIECES_MAX * PIECE_COST,
    LATE_EVENTS = 2 * RUN_EVENTS, /* in no run: their keeper is dead */
    REMOVE_PAGES = 128,           /* in a piece */
};

static const char SQL_MAKE[] = "INSERT INTO journal_keeper (id, version, keeper)"
                               " VALUES (1, 0, '') ON CONFLICT DO NOTHING";
static const char SQL_GET[] = "SELECT version, keeper FROM journal_keeper WHERE id = 1";
static const char SQL_CHANGE[] = "UPDATE journal_keeper SET version = version + 1 WHERE id = 1";
static const char SQL_TAKE[] = "UPDATE journal_keeper SET keeper = $1 WHERE id = 1";

pia_status_t dedup_keep_look(dedup_t *self, pia_db_t *db, int64_t *ret_version)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_GET);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
    const char *keeper = pia_stmt_column_text(stmt, 1);
    *ret_version = pia_stmt_column_integer(stmt, 0);
    memset(self->keeper, 0, sizeof self->keeper);
    memcpy(self->keeper, keeper, strnlen(keeper, sizeof self->keeper - 1));
    pia_stmt_reset(stmt);
    return PIA_OK;
}

/* Pages without a run are what a crash, or another keeper, has left. */
static pia_status_t find_remains(const dedup_t *self, pia_db_t *db, work_t *work)
{
    int64_t id = 0;
    pia_status_t status = run_next_with_pages(db, id, &id);
    for (; status == PIA_OK; status = run_next_with_pages(db, id, &id)) {
        bool known = false;
        for (size_t i = 0; i < self->run_count; i++)
            known = known || run_id(&self->runs[i]) == id;
        if (!known && work->remain_count < REMAINS_MAX)
            work->remains[work->remain_count++] = id;
    }
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t dedup_keep_open(dedup_t *self, pia_db_t *db)
{
    uint8_t name[(KEEPER_SIZE - 1) / 2];
    randombytes_buf(name, sizeof name);
    sodium_bin2hex(self->name, sizeof self->name, name, sizeof name);
    pia_status_t status = pia_stmt_run(pia_db_prepare(db, SQL_MAKE), NULL);
    if (status == PIA_OK)
        status = dedup_keep_look(self, db, &self->version);
    return status;
}

void dedup_keep_forget(dedup_t *self)
{
    uint64_t credit = self->done.credit;
    self->done = (work_t){.credit = credit};
    self->staged = self->done;
}

static bool is_covering(const dedup_t *self)
{
    return dedup_runs_end(self) < self->cover;
}

/* Whether this instance may write runs: it is alone, or the one that does, or that one is dead,
 * since it has let the recent ones become too many. */
static pia_status_t check_keeper(dedup_t *self, pia_db_t *db, work_t *work)
{
    if (work->keeper && (!self->shared || strcmp(self->keeper, self->name) == 0))
        return PIA_OK;
    bool late = self->shared && (claims_count(self->recent) > LATE_EVENTS || is_covering(self));
    work->keeper = !self->shared || !self->keeper[0] || late;
    work->building = false;
    work->merge = MERGE_NONE;
    work->remain_count = 0;
    if (!work->keeper)
        return PIA_OK;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_TAKE);
    pia_stmt_text(stmt, 1, self->name);
    pia_status_t status = pia_stmt_run(stmt, NULL);
    return status == PIA_OK ? find_remains(self, db, work) : status;
}

static bool is_among_remains(const work_t *work, const run_t *run)
{
    for (size_t i = 0; i < work->remain_count; i++) {
        if (work->remains[i] == run_id(run))
            return true;
    }
    return false;
}

static pia_status_t write_page_of_sealed(dedup_t *self, pia_db_t *db, work_t *work)
{
    claim_t *claims = NULL;
    size_t count = claims_page(self->sealed, RUN_PAGE_BITS, work->page, &claims);
    pia_status_t status = PIA_OK;
    if (count)
        status = run_write_page(db, &self->sealed_run, work->page, claims, count);
    free(claims);
    work->page++;
    return status;
}

static pia_status_t change_runs(pia_db_t *db, const run_t *added)
{
    pia_status_t status = run_add(db, added);
    return status == PIA_OK ? pia_stmt_run(pia_db_prepare(db, SQL_CHANGE), NULL) : status;
}

/* Twice as fast as events come, so that it is there before the next one begins. */
static pia_status_t build(dedup_t *self, pia_db_t *db, work_t *work, uint64_t events)
{
    if (!self->sealed || work->built || is_among_remains(work, &self->sealed_run))
        return PIA_OK;
    if (!work->building) {
        work->building = true;
        work->page = 0;
    }
    pia_status_t status = PIA_OK;
    uint64_t pages = is_covering(self) ? 1U << RUN_PAGE_BITS : 2 * events / PAGE_EVENTS + 1;
    for (; status == PIA_OK && pages && work->page < 1U << RUN_PAGE_BITS; pages--)
        status = write_page_of_sealed(self, db, work);
    if (status == PIA_OK && work->page == 1U << RUN_PAGE_BITS) {
        status = change_runs(db, &self->sealed_run);
        work->built = true;
    }
    return status;
}

/* The oldest runs of one level that are enough to be merged. */
static bool find_merge(const dedup_t *self, size_t *ret_from)
{
    size_t same = 0;
    for (size_t i = 0; i < self->run_count; i++) {
        same = i && self->runs[i].level == self->runs[i - 1].level ? same + 1 : 1;
        if (same == RUN_MERGE && self->runs[i].level < RUN_LEVEL_MAX) {
            *ret_from = i + 1 - RUN_MERGE;
            return true;
        }
    }
    return false;
}

static run_t merged_run(const dedup_t *self, const work_t *work)
{
    const run_t *inputs = &self->runs[work->merge_from];
    return (run_t){
        .first = inputs[0].first, .last = inputs[RUN_MERGE - 1].last, .level = inputs[0].level + 1};
}

/* Without a branch that depends on the order, which would be guessed wrong every other time. */
static void
merge_two(const claim_t *left, const claim_t *middle, const claim_t *end, claim_t *ret_claims)
{
    const claim_t *right = middle;
    while (left < middle && right < end) {
        bool takes_left = left->fingerprint.high == right->fingerprint.high
                              ? left->fingerprint.low <= right->fingerprint.low
                              : left->fingerprint.high < right->fingerprint.high;
        *ret_claims++ = *(takes_left ? left : right);
        left += takes_left;
        right += !takes_left;
    }
    memcpy(ret_claims, left, (size_t)(middle - left) * sizeof *left);
    memcpy(ret_claims + (middle - left), right, (size_t)(end - right) * sizeof *right);
}

/* Sorts RUN_MERGE sorted stretches, of which each ends before ends[i], by merging neighbours. Of
 * 8,192 claims this takes 0.28 ms, qsort 1.2 (measured). */
static void merge_stretches(claim_t **claims, const size_t *ends)
{
    claim_t *from = *claims;
    claim_t *to = pia_alloc((ends[RUN_MERGE - 1] + 1) * sizeof *to);
    for (size_t width = 1; width < RUN_MERGE; width *= 2) {
        for (size_t i = 0; i < RUN_MERGE; i += 2 * width) {
            size_t start = i ? ends[i - 1] : 0;
            merge_two(from + start, from + ends[i + width - 1], from + ends[i + 2 * width - 1],
                      to + start);
        }
        claim_t *merged = to;
        to = from;
        from = merged;
    }
    free(to);
    *claims = from;
}

/* The claims of one page of each input are those of RUN_MERGE pages of the output. */
static pia_status_t
write_merged(pia_db_t *db, const run_t *run, uint64_t page, const claim_t *claims, size_t count)
{
    pia_status_t status = PIA_OK;
    unsigned bits = run_page_bits(run);
    for (uint64_t to = page * RUN_MERGE; status == PIA_OK && to < (page + 1) * RUN_MERGE; to++) {
        size_t size = 0;
        while (size < count && claims[size].fingerprint.high >> (64 - bits) == to)
            size++;
        if (size)
            status = run_write_page(db, run, to, claims, size);
        claims += size;
        count -= size;
    }
    return status;
}

/* A page costs what it held, so that many tiny runs are merged as soon as there is anything to pay
 * with. */
static pia_status_t merge_page(dedup_t *self, pia_db_t *db, const run_t *run, work_t *work)
{
    claim_t *claims = NULL;
    size_t count = 0;
    size_t ends[RUN_MERGE];
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < RUN_MERGE; i++) {
        status =
            run_read_page(db, &self->runs[work->merge_from + i], work->merge_page, &claims, &count);
        ends[i] = count;
    }
    if (status == PIA_OK && count) {
        merge_stretches(&claims, ends);
        status = write_merged(db, run, work->merge_page, claims, count);
    }
    free(claims);
    work->merge_page++;
    work->credit += count < PIECE_COST ? PIECE_COST - count : 0;
    return status;
}

static pia_status_t finish_merge(dedup_t *self, pia_db_t *db, const run_t *run, work_t *work)
{
    pia_status_t status = change_runs(db, run);
    for (size_t i = 0; status == PIA_OK && i < RUN_MERGE; i++) {
        const run_t *input = &self->runs[work->merge_from + i];
        status = run_remove(db, input);
        work->remains[work->remain_count++] = run_id(input);
    }
    work->merge = MERGE_WRITTEN;
    return status;
}

static pia_status_t merge(dedup_t *self, pia_db_t *db, work_t *work)
{
    run_t run = merged_run(self, work);
    unsigned bits = run_page_bits(&run) - RUN_PAGE_BITS_STEP;
    pia_status_t status = merge_page(self, db, &run, work);
    if (status == PIA_OK && work->merge_page == (uint64_t)1 << bits)
        status = finish_merge(self, db, &run, work);
    return status;
}

static pia_status_t remove_piece(pia_db_t *db, work_t *work)
{
    bool left = false;
    int64_t id = work->remains[work->remain_count - 1];
    pia_status_t status = run_remove_pages(db, id, REMOVE_PAGES, &left);
    if (status == PIA_OK && !left)
        work->remain_count--;
    return status;
}

/* Removes what is left over, then merges; remains of the run to be are out of the way before. */
static pia_status_t work_a_piece(dedup_t *self, pia_db_t *db, work_t *work)
{
    if (work->remain_count)
        return remove_piece(db, work);
    if (work->merge == MERGE_NONE && !work->built && find_merge(self, &work->merge_from)) {
        work->merge = MERGE_RUNNING;
        work->merge_page = 0;
    }
    return work->merge == MERGE_RUNNING ? merge(self, db, work) : PIA_OK;
}

static uint64_t pace(const dedup_t *self)
{
    size_t small = 0;
    while (small < self->run_count && self->runs[self->run_count - 1 - small].level == 0)
        small++;
    return small >= BEHIND_RUNS ? PACE_BEHIND : PACE;
}

pia_status_t dedup_committing(dedup_t *self, pia_db_t *db, uint64_t events)
{
    work_t *work = &self->staged;
    *work = self->done;
    work->credit += events * pace(self);
    bool due = self->sealed || work->credit >= PIECE_COST || is_covering(self);
    pia_status_t status = due ? check_keeper(self, db, work) : PIA_OK;
    if (!due || status != PIA_OK || !work->keeper)
        return status;
    status = build(self, db, work, events);
    uint64_t pieces = PIECES_MAX + events * pace(self) / PIECE_COST;
    for (; status == PIA_OK && pieces && work->credit >= PIECE_COST; pieces--) {
        if (work->merge == MERGE_WRITTEN)
            break; /* its inputs are looked into until dedup_committed */
        work->credit -= PIECE_COST;
        status = work_a_piece(self, db, work);
    }
    if (work->credit > CREDIT_MAX)
        work->credit = CREDIT_MAX;
    return status;
}

/* The run of what was sealed is there. */
static void take_built(dedup_t *self)
{
    self->runs = pia_realloc(self->runs, (self->run_count + 1) * sizeof *self->runs);
    self->runs[self->run_count++] = self->sealed_run;
    claims_destroy(&self->sealed);
    self->done.built = self->done.building = false;
    self->version++;
}

static void take_merged(dedup_t *self)
{
    run_t *inputs = &self->runs[self->done.merge_from];
    size_t after = self->run_count - self->done.merge_from - RUN_MERGE;
    inputs[0] = merged_run(self, &self->done);
    memmove(inputs + 1, inputs + RUN_MERGE, after * sizeof *inputs);
    self->run_count -= RUN_MERGE - 1;
    self->done.merge = MERGE_NONE;
    self->version++;
}

static void seal(dedup_t *self)
{
    self->sealed = self->recent;
    self->recent = claims_new(RUN_EVENTS);
    self->sealed_run = (run_t){.first = dedup_runs_end(self) + 1, .last = self->absorbed};
}

void dedup_committed(dedup_t *self, uint64_t head)
{
    self->done = self->staged;
    self->absorbed = head;
    if (self->done.merge == MERGE_WRITTEN)
        take_merged(self);
    if (self->done.built)
        take_built(self);
    size_t enough = is_covering(self) ? 1 : RUN_EVENTS;
    if (!self->sealed && claims_count(self->recent) >= enough)
        seal(self);
}

void dedup_rolled_back(dedup_t *self)
{
    self->staged = self->done;
}
