/* replay.c - from the commit file into the database. */
#include "replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/durable_file.h"
#include "pia/log.h"
#include "pia/memory.h"

#include "commit_file.h"
#include "journal_head.h"
#include "journal_private.h"
#include "opening.h"

enum { PATH_SIZE = 640 };

/* The whole commits of a file, by their first event. */
typedef struct {
    commit_entry_t *entries;
    size_t count, room;
    bool foreign;  /* there are some of another journal */
    uint64_t turn; /* the database's */
} found_t;

static int compare(const void *one, const void *other)
{
    const commit_entry_t *a = one;
    const commit_entry_t *b = other;
    if (a->epoch != b->epoch)
        return a->epoch < b->epoch ? -1 : 1;
    return a->first < b->first ? -1 : a->first > b->first;
}

/* Every block may begin one: a torn one does not hide what stands after it. */
static void find_all(const uint8_t *bytes, size_t size, const uint8_t *journal, found_t *found)
{
    for (size_t at = 0; at + COMMIT_HEAD_SIZE <= size;) {
        commit_entry_t entry;
        if (!commit_entry_read(bytes + at, size - at, &entry)) {
            at += COMMIT_BLOCK;
            continue;
        }
        at += entry.padded;
        if (memcmp(entry.journal, journal, PIA_UUID_SIZE) != 0) {
            found->foreign = true;
            continue;
        }
        if (found->count == found->room) {
            found->room = found->room ? 2 * found->room : 64;
            found->entries = pia_realloc(found->entries, found->room * sizeof *found->entries);
        }
        found->entries[found->count++] = entry;
    }
    if (found->count)
        qsort(found->entries, found->count, sizeof *found->entries, compare);
}

/* Whether each row holds what it says, and the last event has the chain that the entry ends with.
 */
static bool is_good(const commit_entry_t *entry)
{
    batch_row_t row;
    size_t offset = 0;
    bool good = true;
    while (good && commit_entry_row(entry, &offset, &row)) {
        record_t last = {.cursor = {.chain = 0}};
        batch_t *batch = batch_new(&row);
        good = batch->good == batch->count && batch_find(batch, batch_last(batch), &last);
        if (good && batch_last(batch) == entry->last)
            good = last.cursor.chain == bytes_get_u32(entry->chain);
        batch_release(&batch);
    }
    return good;
}

static bool follows(const commit_entry_t *entry, const receipt_t *head, uint64_t turn)
{
    return entry->epoch == head->epoch && entry->turn == turn &&
           entry->first == head->sequence + 1 &&
           memcmp(entry->chain_before, head->chain, CHAIN_SIZE) == 0 && is_good(entry);
}

static pia_status_t insert(pia_db_t *db, const commit_entry_t *entry)
{
    batch_row_t row;
    size_t offset = 0;
    pia_status_t status = PIA_OK;
    while (status == PIA_OK && commit_entry_row(entry, &offset, &row))
        status = journal_insert_row(db, &row);
    return status;
}

/* *head becomes the last event that was put in. */
static pia_status_t put_in(pia_db_t *db, const found_t *found, receipt_t *head)
{
    uint64_t before = head->sequence;
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < found->count; i++) {
        const commit_entry_t *entry = &found->entries[i];
        if (!follows(entry, head, found->turn))
            continue;
        status = insert(db, entry);
        head->sequence = entry->last;
        memcpy(head->chain, entry->chain, CHAIN_SIZE);
    }
    if (status == PIA_OK && head->sequence > before)
        status = journal_head_move(db, head);
    return status;
}

static pia_status_t transact(pia_db_t *db, const found_t *found, receipt_t *head)
{
    pia_status_t status = pia_db_begin(db);
    if (status != PIA_OK)
        return status;
    status = put_in(db, found, head);
    if (status == PIA_OK)
        return pia_db_commit(db);
    pia_db_rollback(db);
    return status;
}

/* What stands in the file beyond the end that was found. */
static void look_beyond(const found_t *found, const receipt_t *head, damage_t *damage)
{
    char detail[DAMAGE_DETAIL_SIZE];
    for (size_t i = 0; i < found->count; i++) {
        const commit_entry_t *entry = &found->entries[i];
        if (entry->epoch < head->epoch ||
            (entry->epoch == head->epoch && entry->last <= head->sequence &&
             entry->turn <= found->turn))
            continue;
        bool lacks = entry->epoch == head->epoch && entry->turn > found->turn;
        (void)snprintf(detail, sizeof detail,
                       "The commit file holds event %" PRIu64 " of epoch %" PRIu32 ", %s.",
                       entry->first, entry->epoch,
                       lacks ? "and the database lacks changes that came before it"
                             : "and not what stands before it");
        damage_found(damage, head->sequence, detail);
        return;
    }
}

/* What an epoch that has begun since has not taken over, or is another journal's, is kept under
 * another name: the file is going to be written over. */
static pia_status_t
keep_lost(const char *path, const found_t *found, const receipt_t *head, pia_problem_t *problem)
{
    char aside[PATH_SIZE];
    bool lost = found->foreign;
    for (size_t i = 0; i < found->count; i++)
        lost = lost ||
               (found->entries[i].epoch < head->epoch && found->entries[i].last > head->sequence);
    if (!lost)
        return PIA_OK;
    (void)snprintf(aside, sizeof aside, "%s.%" PRId64, path, pia_clock_wall());
    pia_status_t status = pia_file_rename(path, aside, problem);
    if (status == PIA_OK)
        pia_log(PIA_LOG_WARN, "commits that are not of this journal and epoch are kept in %s",
                aside);
    return status;
}

static pia_status_t replay(pia_db_t *db, const found_t *found, receipt_t *head, damage_t *damage)
{
    uint64_t before = head->sequence;
    pia_status_t status = transact(db, found, head);
    if (status != PIA_OK)
        return status;
    if (head->sequence > before)
        pia_log(PIA_LOG_INFO, "%" PRIu64 " events of the commit file are put into the database",
                head->sequence - before);
    look_beyond(found, head, damage);
    return PIA_OK;
}

/* The journal's number. PIA_NOT_FOUND: it has none yet; PIA_INTERNAL: it makes no sense. */
static pia_status_t read_journal(pia_db_t *db, uint8_t ret_journal[PIA_UUID_SIZE])
{
    static const char sql[] = "SELECT journal FROM journal_meta WHERE id = 1";
    pia_stmt_t *stmt = pia_db_prepare(db, sql);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    const char *id = pia_stmt_column_text(stmt, 0);
    bool good = id && pia_uuid_parse(id, ret_journal);
    pia_stmt_reset(stmt);
    return good ? PIA_OK : PIA_INTERNAL;
}

/* Where what the file holds belongs. */
typedef struct {
    pia_db_t *db;
    damage_t *damage;
} replay_t;

/* What the bytes of the file hold for this journal. */
static pia_status_t take_bytes(
    const char *path, const uint8_t *bytes, size_t size, const replay_t *to, pia_problem_t *problem)
{
    uint8_t journal[PIA_UUID_SIZE];
    receipt_t head;
    found_t found = {.count = 0};
    pia_status_t status = read_journal(to->db, journal);
    if (status == PIA_OK)
        status = opening_check_end(to->db, &head);
    if (status == PIA_OK)
        status = journal_head_read_turn(to->db, &found.turn);
    if (status == PIA_NOT_FOUND || status == PIA_INTERNAL)
        return PIA_OK; /* it is new, or its opening finds the damage */
    if (status != PIA_OK)
        return status;
    find_all(bytes, size, journal, &found);
    status = replay(to->db, &found, &head, to->damage);
    if (status == PIA_OK)
        status = keep_lost(path, &found, &head, problem);
    free(found.entries);
    return status;
}

pia_status_t
replay_commits(const char *path, pia_db_t *db, damage_t *damage, pia_problem_t *problem)
{
    uint8_t *bytes = NULL;
    size_t size = 0, bad = 0;
    const replay_t to = {.db = db, .damage = damage};
    if (damage_is_known(damage, NULL))
        return PIA_OK;
    pia_status_t status = commit_file_read(path, &bytes, &size, &bad);
    if (status != PIA_OK)
        return pia_problem_set(problem, status, "", "%s cannot be read", path);
    if (bad)
        pia_log(PIA_LOG_ERROR, "%zu blocks of %s cannot be read", bad, path);
    if (size)
        status = take_bytes(path, bytes, size, &to, problem);
    free(bytes);
    if (status != PIA_OK && problem->status == PIA_OK)
        (void)pia_problem_set(problem, status, "", "%s cannot be put into the database: %s", path,
                              pia_db_error(db));
    return status;
}
