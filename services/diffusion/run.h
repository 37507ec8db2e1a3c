/* run.h - a run: the fingerprints of a stretch of the journal, sorted, immutable, in pages in the
 * database. A fingerprint's top bits are its page, so a look reads one page and nothing has to be
 * searched for. A run exists when its row does; pages without one are remains. Over any connection,
 * its thread. */
#ifndef DIFFUSION_RUN_H
#define DIFFUSION_RUN_H

#include "pia/db.h"

#include "claims.h"

enum {
    RUN_LEVEL_MAX = 3,
    RUN_MERGE = 16,         /* so many of one level become one of the next */
    RUN_EVENTS = 1 << 17,   /* in one of level 0 */
    RUN_PAGE_BITS = 8,      /* of level 0: 512 events a page, 10 KiB */
    RUN_PAGE_BITS_STEP = 4, /* a level more, RUN_MERGE times the pages */
};

typedef struct {
    uint64_t first, last; /* the events whose fingerprints it has, all of them */
    unsigned level;
} run_t;

unsigned run_page_bits(const run_t *run);

/* Its number; another stretch or level has another one. */
int64_t run_id(const run_t *run);

/* All runs, by what they cover, oldest first; the caller frees *ret_runs. PIA_INTERNAL: a row is
 * not that of a run; so it is below, too, when a page is not as it was written. */
pia_status_t run_load_rows(pia_db_t *db, run_t **ret_runs, size_t *ret_count);
/* The same, and they cover all from the first event on: each begins where the one before it ends.
 */
pia_status_t run_load(pia_db_t *db, run_t **ret_runs, size_t *ret_count);
/* Removes rows that are not those of runs. */
pia_status_t run_remove_wrong(pia_db_t *db, bool *ret_any);

pia_status_t run_add(pia_db_t *db, const run_t *run);
/* Its row alone. */
pia_status_t run_remove(pia_db_t *db, const run_t *run);
/* Runs forget the events after `sequence`, which a lost tail has left behind. */
pia_status_t run_remove_after(pia_db_t *db, uint64_t sequence);

/* The number of the first run after `after` that has pages, with a row or not; PIA_NOT_FOUND. */
pia_status_t run_next_with_pages(pia_db_t *db, int64_t after, int64_t *ret_id);
/* Removes up to `limit` pages; *ret_left is false when none is left. */
pia_status_t run_remove_pages(pia_db_t *db, int64_t id, int64_t limit, bool *ret_left);

/* Writes a page of sorted claims. */
pia_status_t
run_write_page(pia_db_t *db, const run_t *run, uint64_t page, const claim_t *claims, size_t count);

/* Appends the claims of a page to an array with room for *count + as many as it has. */
pia_status_t
run_read_page(pia_db_t *db, const run_t *run, uint64_t page, claim_t **claims, size_t *count);

/* Calls `visit` for each of its claims, in order. */
pia_status_t
run_each(pia_db_t *db, const run_t *run, void (*visit)(void *arg, const claim_t *claim), void *arg);

/* The event's number; PIA_NOT_FOUND: the run does not have it. */
pia_status_t
run_find(pia_db_t *db, const run_t *run, fingerprint_t fingerprint, uint64_t *ret_sequence);

#endif
