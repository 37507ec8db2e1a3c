/* dedup_rebuild.c - runs from the journal's rows. */
#include "dedup_rebuild.h"

#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

#include "entry.h"
#include "journal_read.h"
#include "run.h"

/* So many events' pages are made at a time: 25 MB of memory. */
enum { WINDOW_EVENTS = 1 << 20 };

static const char SQL_CHANGE[] = "UPDATE journal_keeper SET version = version + 1 WHERE id = 1";

typedef struct {
    pia_db_t *db;
    const uint8_t *key;
    uint64_t head;
    uint64_t lost;
} rebuild_t;

/* Consecutive pages of a run that are made together. */
typedef struct {
    const run_t *run;
    uint64_t last; /* of the run's events, the last one that the journal still has */
    uint64_t first_page;
    size_t page_count;
    bool *bad; /* one a page: it has to be made */
    size_t bad_count;
    bool all;        /* none is there */
    claim_t *claims; /* what belongs into bad pages */
    size_t count, room;
} window_t;

/* A page that is as it was written says how many of the events it knows; else it is bad. */
static pia_status_t look_at_page(pia_db_t *db, window_t *window, size_t index, uint64_t *known)
{
    if (window->all) {
        window->bad[index] = true;
        window->bad_count++;
        return PIA_OK;
    }
    claim_t *claims = NULL;
    size_t count = 0;
    pia_status_t status =
        run_read_page(db, window->run, window->first_page + index, &claims, &count);
    for (size_t i = 0; status == PIA_OK && i < count; i++)
        *known += claims[i].sequence <= window->last;
    free(claims);
    if (status != PIA_INTERNAL)
        return status;
    window->bad[index] = true;
    window->bad_count++;
    return PIA_OK;
}

static void add_claim(window_t *window, fingerprint_t fingerprint, uint64_t sequence)
{
    uint64_t page = fingerprint.high >> (64 - run_page_bits(window->run));
    if (page - window->first_page >= window->page_count || !window->bad[page - window->first_page])
        return;
    if (window->count == window->room) {
        window->room = window->room ? 2 * window->room : 1024;
        window->claims = pia_realloc(window->claims, window->room * sizeof *window->claims);
    }
    window->claims[window->count++] = (claim_t){.fingerprint = fingerprint, .sequence = sequence};
}

/* What the journal says of the run's events. */
static pia_status_t collect(const rebuild_t *self, window_t *window)
{
    uint64_t next = window->run->first;
    while (next <= window->last) {
        batch_t *batch = NULL;
        record_t record;
        pia_status_t status = journal_read_batch(self->db, next, &batch);
        if (status != PIA_OK)
            return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
        for (; next <= window->last && batch_find(batch, next, &record); next++) {
            fingerprint_t fingerprint;
            if (record.event &&
                entry_fingerprint(record.event, record.event_size, self->key, &fingerprint))
                add_claim(window, fingerprint, next);
        }
        batch_release(&batch);
    }
    return PIA_OK;
}

static int compare_claims(const void *a, const void *b)
{
    const claim_t *left = a;
    const claim_t *right = b;
    return fingerprint_compare(left->fingerprint, right->fingerprint);
}

static pia_status_t write_bad_pages(pia_db_t *db, window_t *window)
{
    pia_status_t status = PIA_OK;
    const claim_t *claims = window->claims;
    size_t left = window->count;
    unsigned bits = run_page_bits(window->run);
    if (left)
        qsort(window->claims, left, sizeof *window->claims, compare_claims);
    for (size_t i = 0; status == PIA_OK && i < window->page_count; i++) {
        size_t count = 0;
        while (count < left &&
               claims[count].fingerprint.high >> (64 - bits) == window->first_page + i)
            count++;
        if (window->bad[i] && (count || !window->all)) /* what is damaged must go */
            status = run_write_page(db, window->run, window->first_page + i, claims, count);
        claims += count;
        left -= count;
    }
    return status;
}

static pia_status_t rebuild_window(rebuild_t *self, window_t *window, uint64_t *known)
{
    pia_status_t status = PIA_OK;
    window->bad = pia_alloc(window->page_count * sizeof *window->bad);
    for (size_t i = 0; status == PIA_OK && i < window->page_count; i++)
        status = look_at_page(self->db, window, i, known);
    if (status == PIA_OK && window->bad_count) {
        status = collect(self, window);
        if (status == PIA_OK)
            status = write_bad_pages(self->db, window);
        *known += window->count;
    }
    free(window->bad);
    free(window->claims);
    return status;
}

/* Nothing is lost where nothing is bad, however little a run knows since it was rebuilt. */
static pia_status_t rebuild_run(rebuild_t *self, const run_t *run, bool all)
{
    pia_status_t status = PIA_OK;
    uint64_t known = 0;
    uint64_t pages = (uint64_t)1 << run_page_bits(run);
    uint64_t events = run->last - run->first + 1;
    uint64_t step = events > WINDOW_EVENTS ? pages * WINDOW_EVENTS / events : pages;
    size_t bad = 0;
    step = step ? step : 1;
    uint64_t last = run->last < self->head ? run->last : self->head;
    for (uint64_t page = 0; status == PIA_OK && page < pages; page += step) {
        window_t window = {.run = run,
                           .last = last,
                           .first_page = page,
                           .page_count = page + step < pages ? step : pages - page,
                           .all = all};
        status = rebuild_window(self, &window, &known);
        bad += window.bad_count;
    }
    if (status == PIA_OK && bad && last >= run->first)
        self->lost += last - run->first + 1 - known;
    return status;
}

/* Runs of a stretch that none covers. */
static pia_status_t fill_gap(rebuild_t *self, uint64_t first, uint64_t last)
{
    pia_status_t status = PIA_OK;
    while (status == PIA_OK && first <= last) {
        uint64_t end = last - first < RUN_EVENTS ? last : first + RUN_EVENTS - 1;
        run_t run = {.first = first, .last = end, .level = 0};
        bool left = false;
        status = run_remove_pages(self->db, run_id(&run), INT64_MAX, &left);
        if (status == PIA_OK)
            status = run_add(self->db, &run);
        if (status == PIA_OK)
            status = rebuild_run(self, &run, true);
        first = end + 1;
    }
    return status;
}

/* A run begins where the one before it ends; one that does not has another first number than it was
 * written with, and so other numbers for all its events. */
static pia_status_t rebuild_next(rebuild_t *self, const run_t *run, uint64_t covered)
{
    if (run->first == covered + 1)
        return rebuild_run(self, run, false);
    pia_status_t status = run_remove(self->db, run);
    if (status != PIA_OK)
        return status;
    return fill_gap(self, covered + 1, run->last < self->head ? run->last : self->head);
}

/* Runs of a tail that was cut are left: they are gone at the next opening. */
static pia_status_t rebuild_all(rebuild_t *self, const run_t *runs, size_t count, bool any_removed)
{
    uint64_t covered = 0;
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < count && runs[i].first <= self->head; i++) {
        status = rebuild_next(self, &runs[i], covered);
        covered = runs[i].last;
    }
    if (status == PIA_OK && any_removed && covered < self->head)
        status = fill_gap(self, covered + 1, self->head);
    return status;
}

pia_status_t dedup_rebuild(pia_db_t *db, const uint8_t *key, uint64_t head, uint64_t *ret_lost)
{
    rebuild_t self = {.db = db, .key = key, .head = head};
    run_t *runs = NULL;
    size_t count = 0;
    bool removed = false;
    pia_status_t status = run_remove_wrong(db, &removed);
    if (status == PIA_OK)
        status = run_load_rows(db, &runs, &count);
    if (status == PIA_OK)
        status = rebuild_all(&self, runs, count, removed);
    if (status == PIA_OK)
        status = pia_stmt_run(pia_db_prepare(db, SQL_CHANGE), NULL);
    free(runs);
    *ret_lost = self.lost;
    return status;
}
