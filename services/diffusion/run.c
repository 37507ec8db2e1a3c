/* run.c - runs in the database: 20 bytes an event, and a check of each page. */
#include "run.h"

#include <assert.h>
#include <stdlib.h>
#include <xxhash.h>

#include "pia/db_file.h"
#include "pia/memory.h"

#include "buffer.h"

enum {
    ENTRY_SIZE = FINGERPRINT_SIZE + 4, /* fingerprint, number after the run's first */
    CHECK_SIZE = 8,
    PLACE_BITS = RUN_PAGE_BITS + RUN_LEVEL_MAX * RUN_PAGE_BITS_STEP,
};

static const char SQL_RUNS[] =
    "SELECT first_sequence, last_sequence, level, run FROM journal_run ORDER BY last_sequence";
/* As is_run has it; the two numbers are its largest ones. */
static const char SQL_REMOVE_WRONG[] =
    "DELETE FROM journal_run WHERE level < 0 OR level > 3 OR first_sequence < 1"
    " OR first_sequence > last_sequence OR last_sequence - first_sequence > 4294967295"
    " OR last_sequence >= 1099511627775 OR run <> last_sequence * 4 + level";
static const char SQL_ADD[] = "INSERT INTO journal_run (run, first_sequence, last_sequence, level)"
                              " VALUES ($1, $2, $3, $4)";
static const char SQL_REMOVE[] = "DELETE FROM journal_run WHERE run = $1";
static const char SQL_NEXT_PLACE[] =
    "SELECT place FROM journal_run_page WHERE place >= $1 ORDER BY place LIMIT 1";
static const char SQL_REMOVE_PAGES[] =
    "DELETE FROM journal_run_page WHERE place IN (SELECT place FROM journal_run_page"
    " WHERE place >= $1 AND place < $2 ORDER BY place LIMIT $3)";
static const char SQL_WRITE[] = "INSERT INTO journal_run_page (place, bytes) VALUES ($1, $2)"
                                " ON CONFLICT (place) DO UPDATE SET bytes = excluded.bytes";
static const char SQL_READ[] = "SELECT bytes FROM journal_run_page WHERE place = $1";
static const char SQL_READ_ALL[] = "SELECT place, bytes FROM journal_run_page"
                                   " WHERE place >= $1 AND place < $2 ORDER BY place";

unsigned run_page_bits(const run_t *run)
{
    return RUN_PAGE_BITS + run->level * RUN_PAGE_BITS_STEP;
}

int64_t run_id(const run_t *run)
{
    return (int64_t)(run->last * (RUN_LEVEL_MAX + 1) + run->level);
}

/* Where its pages begin, in one row of numbers for all runs. */
static int64_t place_of(int64_t id, uint64_t page)
{
    return (id << PLACE_BITS) + (int64_t)page;
}

/* Whether the numbers can be those of a run: no place, and no number in a page, is beyond its bits.
 */
static bool is_run(int64_t first, int64_t last, int64_t level)
{
    return level >= 0 && level <= RUN_LEVEL_MAX && first > 0 && first <= last &&
           last - first <= UINT32_MAX && last < INT64_MAX >> PLACE_BITS >> 3;
}

pia_status_t run_load_rows(pia_db_t *db, run_t **ret_runs, size_t *ret_count)
{
    run_t *runs = NULL;
    size_t count = 0;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_RUNS);
    pia_status_t status = pia_stmt_step(stmt);
    for (; status == PIA_OK; status = pia_stmt_step(stmt)) {
        int64_t first = pia_stmt_column_integer(stmt, 0);
        int64_t last = pia_stmt_column_integer(stmt, 1);
        int64_t level = pia_stmt_column_integer(stmt, 2);
        run_t run = {.first = (uint64_t)first, .last = (uint64_t)last, .level = (unsigned)level};
        if (!is_run(first, last, level) || pia_stmt_column_integer(stmt, 3) != run_id(&run)) {
            pia_stmt_reset(stmt);
            status = PIA_INTERNAL;
            break;
        }
        runs = pia_realloc(runs, (count + 1) * sizeof *runs);
        runs[count++] = run;
    }
    if (status != PIA_NOT_FOUND) {
        free(runs);
        return status;
    }
    *ret_runs = runs;
    *ret_count = count;
    return PIA_OK;
}

pia_status_t run_load(pia_db_t *db, run_t **ret_runs, size_t *ret_count)
{
    run_t *runs = NULL;
    size_t count = 0;
    uint64_t covered = 0;
    bool whole = true;
    pia_status_t status = run_load_rows(db, &runs, &count);
    if (status != PIA_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        whole = whole && runs[i].first == covered + 1;
        covered = runs[i].last;
    }
    if (!whole) {
        free(runs);
        return PIA_INTERNAL;
    }
    *ret_runs = runs;
    *ret_count = count;
    return PIA_OK;
}

pia_status_t run_remove_wrong(pia_db_t *db, bool *ret_any)
{
    int64_t changes = 0;
    pia_status_t status = pia_stmt_run(pia_db_prepare(db, SQL_REMOVE_WRONG), &changes);
    *ret_any = changes > 0;
    return status;
}

pia_status_t run_add(pia_db_t *db, const run_t *run)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_ADD);
    pia_stmt_integer(stmt, 1, run_id(run));
    pia_stmt_integer(stmt, 2, (int64_t)run->first);
    pia_stmt_integer(stmt, 3, (int64_t)run->last);
    pia_stmt_integer(stmt, 4, run->level);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t run_remove(pia_db_t *db, const run_t *run)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_REMOVE);
    pia_stmt_integer(stmt, 1, run_id(run));
    return pia_stmt_run(stmt, NULL);
}

pia_status_t run_next_with_pages(pia_db_t *db, int64_t after, int64_t *ret_id)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_NEXT_PLACE);
    pia_stmt_integer(stmt, 1, place_of(after + 1, 0));
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    *ret_id = pia_stmt_column_integer(stmt, 0) >> PLACE_BITS;
    pia_stmt_reset(stmt);
    return PIA_OK;
}

pia_status_t run_remove_pages(pia_db_t *db, int64_t id, int64_t limit, bool *ret_left)
{
    int64_t changes = 0;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_REMOVE_PAGES);
    pia_stmt_integer(stmt, 1, place_of(id, 0));
    pia_stmt_integer(stmt, 2, place_of(id + 1, 0));
    pia_stmt_integer(stmt, 3, limit);
    pia_status_t status = pia_db_wipe(db, false); /* fingerprints say nothing */
    if (status == PIA_OK)
        status = pia_stmt_run(stmt, &changes);
    *ret_left = changes == limit;
    pia_status_t again = pia_db_wipe(db, true);
    return status == PIA_OK ? again : status;
}

/* Of what a page holds, and of where it stands. */
static uint64_t page_check(const uint8_t *bytes, size_t size, int64_t place)
{
    return XXH3_64bits_withSeed(bytes, size, (uint64_t)place);
}

pia_status_t
run_write_page(pia_db_t *db, const run_t *run, uint64_t page, const claim_t *claims, size_t count)
{
    size_t size = count * ENTRY_SIZE;
    int64_t place = place_of(run_id(run), page);
    uint8_t *bytes = pia_alloc(size + CHECK_SIZE);
    for (size_t i = 0; i < count; i++) {
        uint8_t *at = bytes + i * ENTRY_SIZE;
        assert(claims[i].sequence >= run->first && claims[i].sequence <= run->last);
        fingerprint_write(claims[i].fingerprint, at);
        bytes_put_u32(at + FINGERPRINT_SIZE, (uint32_t)(claims[i].sequence - run->first));
    }
    bytes_put_u64(bytes + size, page_check(bytes, size, place));
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_WRITE);
    pia_stmt_integer(stmt, 1, place);
    pia_stmt_bytes(stmt, 2, bytes, size + CHECK_SIZE);
    pia_status_t status = pia_stmt_run(stmt, NULL);
    free(bytes);
    return status;
}

/* The entries of the page at `place`, from this column on; they live as long as the step. NULL:
 * they are not those that were written. */
static const uint8_t *read_entries(pia_stmt_t *stmt, int column, int64_t place, size_t *ret_count)
{
    size_t size = 0;
    const uint8_t *bytes = pia_stmt_column_bytes(stmt, column, &size);
    if (size < CHECK_SIZE || (size - CHECK_SIZE) % ENTRY_SIZE != 0)
        return NULL;
    size -= CHECK_SIZE;
    *ret_count = size / ENTRY_SIZE;
    return bytes_get_u64(bytes + size) == page_check(bytes, size, place) ? bytes : NULL;
}

static claim_t read_entry(const run_t *run, const uint8_t *at)
{
    return (claim_t){.fingerprint = fingerprint_read(at),
                     .sequence = run->first + bytes_get_u32(at + FINGERPRINT_SIZE)};
}

pia_status_t
run_read_page(pia_db_t *db, const run_t *run, uint64_t page, claim_t **claims, size_t *count)
{
    size_t more = 0;
    int64_t place = place_of(run_id(run), page);
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_READ);
    pia_stmt_integer(stmt, 1, place);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_OK : status; /* an empty page has no row */
    const uint8_t *bytes = read_entries(stmt, 0, place, &more);
    if (bytes) {
        *claims = pia_realloc(*claims, (*count + more + 1) * sizeof **claims);
        for (size_t i = 0; i < more; i++)
            (*claims)[(*count)++] = read_entry(run, bytes + i * ENTRY_SIZE);
    }
    pia_stmt_reset(stmt);
    return bytes ? PIA_OK : PIA_INTERNAL;
}

/* A page of `run` without what comes after the end of `cut`, which has as many pages. */
static pia_status_t cut_page(pia_db_t *db, const run_t *run, const run_t *cut, uint64_t page)
{
    claim_t *claims = NULL;
    size_t count = 0;
    size_t kept = 0;
    pia_status_t status = run_read_page(db, run, page, &claims, &count);
    for (size_t i = 0; status == PIA_OK && i < count; i++) {
        if (claims[i].sequence <= cut->last)
            claims[kept++] = claims[i];
    }
    if (status == PIA_OK && kept)
        status = run_write_page(db, cut, page, claims, kept);
    free(claims);
    return status;
}

/* Puts one that ends with event `last` in its place; the old pages are remains then. */
static pia_status_t cut_run(pia_db_t *db, const run_t *run, uint64_t last)
{
    bool left = false;
    const run_t cut = {.first = run->first, .last = last, .level = run->level};
    pia_status_t status = run_remove_pages(db, run_id(&cut), INT64_MAX, &left);
    for (uint64_t page = 0; status == PIA_OK && page >> run_page_bits(run) == 0; page++)
        status = cut_page(db, run, &cut, page);
    return status == PIA_OK ? run_add(db, &cut) : status;
}

pia_status_t run_remove_after(pia_db_t *db, uint64_t sequence)
{
    run_t *runs = NULL;
    size_t count = 0;
    pia_status_t status = run_load(db, &runs, &count);
    for (size_t i = 0; status == PIA_OK && i < count; i++) {
        if (runs[i].last <= sequence)
            continue;
        if (runs[i].first <= sequence)
            status = cut_run(db, &runs[i], sequence);
        if (status == PIA_OK)
            status = run_remove(db, &runs[i]);
    }
    free(runs);
    return status;
}

pia_status_t
run_each(pia_db_t *db, const run_t *run, void (*visit)(void *arg, const claim_t *claim), void *arg)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_READ_ALL);
    pia_stmt_integer(stmt, 1, place_of(run_id(run), 0));
    pia_stmt_integer(stmt, 2, place_of(run_id(run) + 1, 0));
    pia_status_t status = pia_stmt_step(stmt);
    for (; status == PIA_OK; status = pia_stmt_step(stmt)) {
        size_t count = 0;
        const uint8_t *bytes = read_entries(stmt, 1, pia_stmt_column_integer(stmt, 0), &count);
        if (!bytes) {
            pia_stmt_reset(stmt);
            return PIA_INTERNAL;
        }
        for (size_t i = 0; i < count; i++) {
            claim_t claim = read_entry(run, bytes + i * ENTRY_SIZE);
            visit(arg, &claim);
        }
    }
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* Binary search; the run's first number is never 0, so 0 says that it is not there. */
static uint64_t
search(const run_t *run, const uint8_t *bytes, size_t count, fingerprint_t fingerprint)
{
    size_t from = 0;
    size_t to = count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        claim_t claim = read_entry(run, bytes + middle * ENTRY_SIZE);
        int order = fingerprint_compare(claim.fingerprint, fingerprint);
        if (order == 0)
            return claim.sequence;
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return 0;
}

pia_status_t
run_find(pia_db_t *db, const run_t *run, fingerprint_t fingerprint, uint64_t *ret_sequence)
{
    size_t count = 0;
    int64_t place = place_of(run_id(run), fingerprint.high >> (64 - run_page_bits(run)));
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_READ);
    pia_stmt_integer(stmt, 1, place);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    const uint8_t *bytes = read_entries(stmt, 0, place, &count);
    uint64_t sequence = bytes ? search(run, bytes, count, fingerprint) : 0;
    pia_stmt_reset(stmt);
    if (!bytes)
        return PIA_INTERNAL;
    if (!sequence)
        return PIA_NOT_FOUND;
    *ret_sequence = sequence;
    return PIA_OK;
}
