/* retention.c - one piece of removing. */
#include "retention.h"

#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/db_file.h"
#include "pia/memory.h"

#include "entry.h"
#include "journal_log.h"
#include "journal_read.h"
#include "row_check.h"

enum {
    ROWS_MAX = 256, /* looked at in a piece: publishing waits meanwhile */
    BYTES_MAX = 8 << 20,
};

static const char SQL_REWRITE[] = "UPDATE journal_batch SET attributes = $2, bytes = $3,"
                                  " row_check = $4, bytes_check = $5 WHERE first_sequence = $1";

/* A piece in the making. */
typedef struct {
    pia_db_t *db;
    const retention_t *rule;
    retention_result_t *result;
    marker_t *marker;
    uint64_t number; /* the marker's, if there is one */
    bool full;       /* the marker is */
} piece_t;

/* Markers are of no kind: they stay. */
static bool is_of_kind(const attributes_t *values, const char *kind)
{
    const char *own = values->value[ATTRIBUTE_KIND];
    return !marker_is(values) && strcmp(kind, own && *own ? own : "-") == 0;
}

static bool is_meant(const retention_t *rule, const record_t *record, const attributes_t *values)
{
    return record->event && record->cursor.sequence >= rule->from &&
           record->cursor.sequence < rule->before && record->recorded_ms < rule->before_ms &&
           is_of_kind(values, rule->kind);
}

/* False if the marker has no room for another range. */
static bool add_to_marker(marker_t *marker, const record_t *record)
{
    marker_range_t *last = marker->range_count ? &marker->ranges[marker->range_count - 1] : NULL;
    if (last && last->last + 1 == record->cursor.sequence)
        last->last++;
    else if (marker->range_count < MARKER_RANGES_MAX)
        marker->ranges[marker->range_count++] =
            (marker_range_t){.first = record->cursor.sequence, .last = record->cursor.sequence};
    else
        return false;
    marker->count++;
    marker->bytes += record->event_size;
    return true;
}

/* The row as it will be. */
typedef struct {
    buffer_t bytes, entries;
    bool changed;
    uint8_t chain[CHAIN_SIZE];
} rewriting_t;

static void
rewrite_one(piece_t *piece, rewriting_t *row, const record_t *record, const attributes_t *values)
{
    record_t kept = *record;
    uint8_t hash[CHAIN_SIZE];
    record_event_hash(record, hash);
    record_chain(row->chain, hash);
    piece->full = piece->full ||
                  (is_meant(piece->rule, record, values) && !add_to_marker(piece->marker, record));
    if (!piece->full) {
        piece->result->next = record->cursor.sequence + 1;
        if (is_meant(piece->rule, record, values)) {
            kept.hash = hash;
            kept.marker = piece->number;
            row->changed = true;
            memcpy(piece->marker->chain, row->chain, CHAIN_SIZE);
        }
    }
    record_write(&row->bytes, &kept);
    record_write_attributes(&row->entries, kept.hash ? &record_removed_attributes : values);
}

static pia_status_t store_row(pia_db_t *db, const batch_t *batch, const rewriting_t *row)
{
    buffer_t packed = {0};
    record_pack_attributes(&packed, row->entries.bytes, row->entries.size);
    batch_row_t now = {.first = batch->first,
                       .count = batch->count,
                       .epoch = batch->epoch,
                       .chain_before = batch->chain_before,
                       .bytes = row->bytes.bytes,
                       .size = row->bytes.size,
                       .attributes = packed.bytes,
                       .attributes_size = packed.size};
    row_check_t check = row_check(&now);
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_REWRITE);
    pia_stmt_integer(stmt, 1, (int64_t)now.first);
    pia_stmt_bytes(stmt, 2, now.attributes, now.attributes_size);
    pia_stmt_bytes(stmt, 3, now.bytes, now.size);
    pia_stmt_integer(stmt, 4, (int64_t)check.row);
    pia_stmt_integer(stmt, 5, (int64_t)check.bytes);
    pia_status_t status = pia_stmt_run(stmt, NULL);
    buffer_free(&packed);
    return status;
}

static pia_status_t do_row(piece_t *piece, const batch_t *batch)
{
    rewriting_t row = {.changed = false};
    record_t record;
    memcpy(row.chain, batch->chain_before, CHAIN_SIZE);
    for (uint64_t sequence = batch->first; batch_find(batch, sequence, &record); sequence++) {
        attributes_t values;
        batch_attributes(batch, sequence, &values);
        rewrite_one(piece, &row, &record, &values);
    }
    pia_status_t status = PIA_OK;
    if (row.changed && !piece->rule->dry)
        status = store_row(piece->db, batch, &row);
    buffer_free(&row.bytes);
    buffer_free(&row.entries);
    return status;
}

/* Rows until there is enough. PIA_NOT_FOUND: no row is left that the rule is about. */
static pia_status_t do_rows(piece_t *piece)
{
    size_t bytes = 0;
    pia_status_t status = PIA_OK;
    for (int rows = 0; status == PIA_OK && rows < ROWS_MAX && bytes < BYTES_MAX && !piece->full;
         rows++) {
        batch_t *batch = NULL;
        record_t first;
        uint64_t next = piece->result->next;
        status = next < piece->rule->before ? journal_read_batch(piece->db, next, &batch)
                                            : PIA_NOT_FOUND;
        if (status != PIA_OK)
            break;
        if (batch->damage || !batch_find(batch, next, &first))
            status = PIA_INTERNAL; /* what is damaged is not written */
        else if (first.recorded_ms >= piece->rule->before_ms)
            status = PIA_NOT_FOUND; /* times ascend */
        else
            status = do_row(piece, batch);
        bytes += batch->size;
        batch_release(&batch);
    }
    return status;
}

static pia_status_t
append_marker(journal_t *journal, pia_db_t *db, const marker_t *marker, pia_problem_t *problem)
{
    entry_t entry;
    receipt_t receipt;
    json_t *event = marker_event(marker);
    pia_status_t status = entry_from_json(event, &entry, problem);
    json_decref(event);
    if (status != PIA_OK)
        return status;
    status = journal_append(journal, db, &entry, 1, &receipt, problem);
    entry_clear(&entry);
    return status;
}

static pia_status_t
finish(piece_t *piece, journal_t *journal, const signer_t *signer, pia_problem_t *problem)
{
    marker_t *marker = piece->marker;
    piece->result->count = marker->count;
    piece->result->bytes = marker->bytes;
    if (!marker->count || piece->rule->dry)
        return PIA_OK;
    memcpy(marker->journal, journal_id(journal), PIA_UUID_TEXT_SIZE);
    memcpy(marker->kind, piece->rule->kind, strlen(piece->rule->kind) + 1);
    marker->rule = piece->rule->rule;
    marker->limit = piece->rule->limit;
    marker->at_ms = pia_clock_now();
    marker_sign(marker, signer);
    return append_marker(journal, piece->db, marker, problem);
}

/* What is removed is to be gone from the disk: from SQLite's pages and log, and from the commit
 * file. */
static pia_status_t wipe_logs(piece_t *piece, journal_t *journal)
{
    if (piece->rule->dry)
        return PIA_OK;
    pia_db_empty_log(piece->db);
    return journal_wipe_log(journal);
}

pia_status_t retention_run(pia_db_t *db,
                           journal_t *journal,
                           const signer_t *signer,
                           const retention_t *rule,
                           retention_result_t *ret_result,
                           pia_problem_t *problem)
{
    receipt_t head;
    journal_committed_head(journal, &head);
    retention_t bounded = *rule;
    if (bounded.before > head.sequence + 1)
        bounded.before = head.sequence + 1;
    *ret_result = (retention_result_t){.next = rule->from};
    if (strlen(rule->kind) >= MARKER_KIND_SIZE)
        return pia_problem_set(problem, PIA_INVALID, "/kind", "There is no such kind.");
    uint64_t covered = journal_covered(journal);
    bool part = !rule->dry && covered + 1 < bounded.before;
    if (part && rule->from > covered) {
        journal_cover(journal);
        ret_result->waiting = true;
        return PIA_OK;
    }
    if (part)
        bounded.before = covered + 1; /* the rest after it is covered, too */
    piece_t piece = {.db = db,
                     .rule = &bounded,
                     .result = ret_result,
                     .marker = pia_alloc(sizeof *piece.marker),
                     .number = journal_next(journal)};
    pia_status_t status = wipe_logs(&piece, journal);
    if (status == PIA_OK)
        status = do_rows(&piece);
    bool over = status == PIA_NOT_FOUND;
    if (status == PIA_OK || over)
        status = finish(&piece, journal, signer, problem);
    else
        (void)pia_problem_set(problem, status, "", "The journal cannot be read or written now.");
    if (over && !(part && ret_result->next > covered))
        ret_result->next = 0;
    free(piece.marker);
    return status;
}

/* Goes back over the row; false if it is enough. */
static bool
count_row(const batch_t *batch, const char *kind, uint64_t keep, retention_usage_t *usage)
{
    record_t record;
    while (usage->next > batch->first && batch_find(batch, usage->next - 1, &record)) {
        attributes_t values;
        batch_attributes(batch, record.cursor.sequence, &values);
        if (record.event && is_of_kind(&values, kind)) {
            usage->full = record.event_size > keep - usage->bytes;
            if (usage->full)
                return false;
            usage->count++;
            usage->bytes += record.event_size;
        }
        usage->next--;
    }
    return true;
}

pia_status_t retention_usage(
    pia_db_t *db, const char *kind, uint64_t before, uint64_t keep, retention_usage_t *ret_usage)
{
    retention_usage_t usage = {.next = before};
    size_t bytes = 0;
    bool more = true;
    for (int rows = 0; more && usage.next > 1 && rows < ROWS_MAX && bytes < BYTES_MAX; rows++) {
        batch_t *batch = NULL;
        pia_status_t status = journal_read_batch(db, usage.next - 1, &batch);
        if (status != PIA_OK)
            return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
        more = count_row(batch, kind, keep, &usage);
        bytes += batch->size;
        batch_release(&batch);
    }
    if (usage.next <= 1)
        usage.next = 0;
    *ret_usage = usage;
    return PIA_OK;
}
