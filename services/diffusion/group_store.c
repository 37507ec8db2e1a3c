/* group_store.c - the rows of groups. */
#include "group_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/lease.h"
#include "pia/memory.h"

#include "epoch.h"
#include "journal_read.h"

static const char SQL_FIND[] = "SELECT " GROUP_COLUMNS " FROM worker_group WHERE name = $1";
static const char SQL_NEXT[] = "SELECT COALESCE(MAX(id), 0) + 1, COUNT(*), (SELECT COUNT(*) FROM "
                               "worker_group WHERE owner = $1)"
                               " FROM worker_group";
static const char SQL_MAKE[] =
    "INSERT INTO worker_group (id, name, filter, owner, person, structure, rights, pole, roles,"
    " attempts, created_at, endpoint, journal_epoch, low_epoch, low_sequence, low_chain, upto,"
    " holes, change) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', $12, $13, $14, $15,"
    " $14, $16, 0)";
static const char SQL_REMOVE[] = "DELETE FROM worker_group WHERE id = $1";
static const char SQL_REMOVE_KEYS[] = "DELETE FROM worker_group_key WHERE worker_group = $1";
static const char SQL_ENDPOINT[] = "UPDATE worker_group SET endpoint = $2 WHERE id = $1";
static const char SQL_LOAD[] =
    "SELECT journal_epoch, low_epoch, low_sequence, low_chain, upto, holes, change"
    " FROM worker_group WHERE id = $1";
static const char SQL_LOAD_KEYS[] =
    "SELECT key, state, settled, sequence, attempts, error, since, change FROM worker_group_key"
    " WHERE worker_group = $1 ORDER BY key";
static const char SQL_KEY[] =
    "SELECT key, state, settled, sequence, attempts, error, since, change FROM worker_group_key"
    " WHERE worker_group = $1 AND key = $2";
static const char SQL_DECIDED[] =
    "SELECT key, state, settled, sequence, attempts, error, since, change FROM worker_group_key"
    " WHERE worker_group = $1 AND change > $2 ORDER BY change";
static const char SQL_LOST[] = "SELECT MIN(first_sequence) FROM journal_epoch WHERE epoch > $1";
static const char SQL_SAVE[] =
    "UPDATE worker_group SET journal_epoch = $2, low_epoch = $3, low_sequence = $4, low_chain = $5,"
    " upto = $6, holes = $7 WHERE id = $1";
static const char SQL_SAVE_KEY[] =
    "INSERT INTO worker_group_key (worker_group, key, state, settled, sequence, attempts, error,"
    " since, change) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0) ON CONFLICT (worker_group, key)"
    " DO UPDATE SET state = $3, settled = $4, sequence = $5, attempts = $6, error = $7, since = $8";
static const char SQL_DROP_KEY[] =
    "DELETE FROM worker_group_key WHERE worker_group = $1 AND key = $2";
static const char SQL_CHANGE[] =
    "UPDATE worker_group SET change = change + 1 WHERE id = $1 RETURNING change";
static const char SQL_UNPARK[] =
    "UPDATE worker_group_key SET state = 'aside', settled = $3, sequence = 0, attempts = 0,"
    " error = '', since = $4, change = $5 WHERE worker_group = $1 AND key = $2";

void group_lease_name(const char *name, char ret_name[GROUP_LEASE_SIZE])
{
    (void)snprintf(ret_name, GROUP_LEASE_SIZE, "group.%s", name);
}

static void copy_text(char *to, size_t size, const char *text)
{
    (void)snprintf(to, size, "%s", text ? text : "");
}

void group_store_row(pia_stmt_t *stmt, group_t *ret_group)
{
    group_t group = {.id = pia_stmt_column_integer(stmt, 0),
                     .filter = pia_strdup(pia_stmt_column_text(stmt, 2)),
                     .roles = (uint32_t)pia_stmt_column_integer(stmt, 8),
                     .attempts = (uint32_t)pia_stmt_column_integer(stmt, 9),
                     .created_ms = pia_stmt_column_integer(stmt, 10)};
    copy_text(group.name, sizeof group.name, pia_stmt_column_text(stmt, 1));
    copy_text(group.owner.subject, sizeof group.owner.subject, pia_stmt_column_text(stmt, 3));
    copy_text(group.owner.person, sizeof group.owner.person, pia_stmt_column_text(stmt, 4));
    copy_text(group.owner.structure, sizeof group.owner.structure, pia_stmt_column_text(stmt, 5));
    group.owner.roles = (uint32_t)pia_stmt_column_integer(stmt, 6);
    copy_text(group.pole, sizeof group.pole, pia_stmt_column_text(stmt, 7));
    copy_text(group.endpoint, sizeof group.endpoint, pia_stmt_column_text(stmt, 11));
    *ret_group = group;
}

pia_status_t group_store_find(pia_db_t *db, const char *name, group_t *ret_group)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_FIND);
    pia_stmt_text(stmt, 1, name);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    group_store_row(stmt, ret_group);
    pia_stmt_reset(stmt);
    return PIA_OK;
}

static pia_status_t
check_counts(const group_t *group, int64_t all, int64_t owned, pia_problem_t *problem)
{
    bool for_others = group->owner.roles & (PIA_ROLE_OPERATOR | PIA_ROLE_SERVICE);
    if (all >= GROUP_STORED_MAX)
        return pia_problem_set(problem, PIA_RATE_LIMITED, "", "There are %d groups already.",
                               GROUP_STORED_MAX);
    if (owned >= GROUP_OWNED_MAX && !for_others)
        return pia_problem_set(problem, PIA_RATE_LIMITED, "", "You have %d groups already.",
                               GROUP_OWNED_MAX);
    return PIA_OK;
}

/* Every transaction of a shared journal holds its head row: nobody takes the same number. */
static pia_status_t set_id(pia_db_t *db, group_t *group, pia_problem_t *problem)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_NEXT);
    pia_stmt_text(stmt, 1, group->owner.subject);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return pia_problem_set(problem, status == PIA_NOT_FOUND ? PIA_INTERNAL : status, "",
                               "The groups are out of reach now.");
    int64_t now_ms = pia_clock_wall();
    int64_t next = pia_stmt_column_integer(stmt, 0);
    group->id = next < now_ms ? now_ms : next; /* never one that a removed group had */
    int64_t all = pia_stmt_column_integer(stmt, 1);
    int64_t owned = pia_stmt_column_integer(stmt, 2);
    pia_stmt_reset(stmt);
    return check_counts(group, all, owned, problem);
}

static pia_status_t insert(pia_db_t *db, const group_t *group, const cursor_t *from, uint32_t epoch)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_MAKE);
    pia_stmt_integer(stmt, 1, group->id);
    pia_stmt_text(stmt, 2, group->name);
    pia_stmt_text(stmt, 3, group->filter);
    pia_stmt_text(stmt, 4, group->owner.subject);
    pia_stmt_text(stmt, 5, group->owner.person);
    pia_stmt_text(stmt, 6, group->owner.structure);
    pia_stmt_integer(stmt, 7, group->owner.roles);
    pia_stmt_text(stmt, 8, group->pole);
    pia_stmt_integer(stmt, 9, group->roles);
    pia_stmt_integer(stmt, 10, group->attempts);
    pia_stmt_integer(stmt, 11, group->created_ms);
    pia_stmt_integer(stmt, 12, epoch);
    pia_stmt_integer(stmt, 13, from->epoch);
    pia_stmt_integer(stmt, 14, (int64_t)from->sequence);
    pia_stmt_integer(stmt, 15, from->chain);
    pia_stmt_bytes(stmt, 16, "", 0);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t group_store_make(
    pia_db_t *db, group_t *group, const cursor_t *from, uint32_t epoch, pia_problem_t *problem)
{
    char lease[GROUP_LEASE_SIZE];
    pia_status_t status = set_id(db, group, problem);
    if (status != PIA_OK)
        return status;
    status = insert(db, group, from, epoch);
    group_lease_name(group->name, lease);
    if (status == PIA_OK)
        status = pia_lease_make(db, lease);
    return status == PIA_OK
               ? status
               : pia_problem_set(problem, status, "", "The group cannot be stored now.");
}

pia_status_t group_store_read_from(pia_db_t *db,
                                   const receipt_t *head,
                                   const char *text,
                                   cursor_t *ret_from,
                                   pia_problem_t *problem)
{
    cursor_t common;
    *ret_from = (cursor_t){.epoch = 1};
    if (!text || !*text)
        return PIA_OK;
    if (strcmp(text, "head") == 0) {
        receipt_cursor(head, ret_from);
        return PIA_OK;
    }
    if (!cursor_parse(text, strlen(text), ret_from))
        return pia_problem_set(problem, PIA_INVALID, "/from", "It is \"\", \"head\" or a cursor.");
    pia_status_t status = journal_locate(db, ret_from, &common);
    if (status == PIA_GONE)
        (void)pia_problem_set(problem, status, "/from", "The cursor is of another history.");
    return status;
}

static pia_status_t run_with_id(pia_db_t *db, const char *sql, int64_t id)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql);
    pia_stmt_integer(stmt, 1, id);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t group_store_remove(pia_db_t *db, int64_t id)
{
    pia_status_t status = run_with_id(db, SQL_REMOVE_KEYS, id);
    return status == PIA_OK ? run_with_id(db, SQL_REMOVE, id) : status;
}

pia_status_t group_store_set_endpoint(pia_db_t *db, int64_t id, const char *endpoint)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_ENDPOINT);
    pia_stmt_integer(stmt, 1, id);
    pia_stmt_text(stmt, 2, endpoint);
    return pia_stmt_run(stmt, NULL);
}

bool group_store_read_key(pia_stmt_t *stmt, group_key_row_t *ret_row)
{
    *ret_row = (group_key_row_t){.settled = (uint64_t)pia_stmt_column_integer(stmt, 2),
                                 .sequence = (uint64_t)pia_stmt_column_integer(stmt, 3),
                                 .attempts = (uint32_t)pia_stmt_column_integer(stmt, 4),
                                 .since_ms = pia_stmt_column_integer(stmt, 6)};
    copy_text(ret_row->key, sizeof ret_row->key, pia_stmt_column_text(stmt, 0));
    copy_text(ret_row->error, sizeof ret_row->error, pia_stmt_column_text(stmt, 5));
    return group_key_state_parse(pia_stmt_column_text(stmt, 1), &ret_row->state);
}

/* Collects the rows of a statement that was given its parameters. */
static pia_status_t
read_keys(pia_stmt_t *stmt, group_key_row_t **ret_rows, size_t *ret_count, int64_t *change)
{
    group_key_row_t *rows = NULL;
    size_t count = 0;
    pia_status_t status = pia_stmt_step(stmt);
    for (; status == PIA_OK; status = pia_stmt_step(stmt)) {
        if ((count & (count - 1)) == 0)
            rows = pia_realloc(rows, (count ? 2 * count : 1) * sizeof *rows);
        *change = pia_stmt_column_integer(stmt, 7);
        if (!group_store_read_key(stmt, &rows[count++])) {
            pia_stmt_reset(stmt);
            free(rows);
            return PIA_INTERNAL;
        }
    }
    if (status != PIA_NOT_FOUND) {
        free(rows);
        return status;
    }
    *ret_rows = rows;
    *ret_count = count;
    return PIA_OK;
}

static pia_status_t load_place(pia_db_t *db, int64_t id, group_progress_t *progress)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_LOAD);
    pia_stmt_integer(stmt, 1, id);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    size_t size = 0;
    const void *holes = pia_stmt_column_bytes(stmt, 5, &size);
    progress->epoch = (uint32_t)pia_stmt_column_integer(stmt, 0);
    progress->place = (group_place_t){
        .low = {.epoch = (uint32_t)pia_stmt_column_integer(stmt, 1),
                .sequence = (uint64_t)pia_stmt_column_integer(stmt, 2),
                .chain = (uint32_t)pia_stmt_column_integer(stmt, 3)},
        .upto = (uint64_t)pia_stmt_column_integer(stmt, 4),
    };
    progress->change = pia_stmt_column_integer(stmt, 6);
    bool good = group_holes_read(holes, size, &progress->place);
    pia_stmt_reset(stmt);
    return good ? PIA_OK : PIA_INTERNAL;
}

/* The last event of the epoch in which the progress was written that the journal still has;
 * UINT64_MAX: that epoch goes on. */
static pia_status_t find_kept(pia_db_t *db, uint32_t epoch, uint64_t *ret_kept)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_LOST);
    pia_stmt_integer(stmt, 1, epoch);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
    *ret_kept = pia_stmt_column_is_null(stmt, 0) ? UINT64_MAX
                                                 : (uint64_t)pia_stmt_column_integer(stmt, 0) - 1;
    pia_stmt_reset(stmt);
    return PIA_OK;
}

/* Numbers above `kept` are other events now. */
static void forget_lost(group_progress_t *progress, uint64_t kept)
{
    group_place_t *place = &progress->place;
    if (place->upto > kept)
        place->upto = kept;
    while (place->hole_count && place->holes[place->hole_count - 1] > kept)
        place->hole_count--;
    for (size_t i = 0; i < progress->row_count; i++) {
        group_key_row_t *row = &progress->rows[i];
        if (row->settled > kept)
            row->settled = kept;
        if (row->sequence <= kept)
            continue;
        row->sequence = row->attempts = 0;
        row->error[0] = '\0';
        if (row->state == GROUP_KEY_PARKED)
            row->state = GROUP_KEY_ASIDE;
    }
}

static pia_status_t follow_epoch(pia_db_t *db, group_progress_t *progress, bool *ret_reset)
{
    uint64_t kept = 0;
    cursor_t common;
    pia_status_t status = find_kept(db, progress->epoch, &kept);
    if (status != PIA_OK)
        return status;
    forget_lost(progress, kept);
    status = journal_locate(db, &progress->place.low, &common);
    if (status != PIA_GONE)
        return status;
    group_place_clear(&progress->place);
    progress->place = (group_place_t){.low = common, .upto = common.sequence};
    *ret_reset = true;
    return PIA_OK;
}

pia_status_t
group_store_load(pia_db_t *db, int64_t id, group_progress_t *ret_progress, bool *ret_reset)
{
    group_progress_t progress = {0};
    int64_t change = 0;
    *ret_reset = false;
    pia_status_t status = load_place(db, id, &progress);
    if (status == PIA_OK) {
        pia_stmt_t *stmt = pia_db_prepare(db, SQL_LOAD_KEYS);
        pia_stmt_integer(stmt, 1, id);
        status = read_keys(stmt, &progress.rows, &progress.row_count, &change);
    }
    if (status == PIA_OK)
        status = follow_epoch(db, &progress, ret_reset);
    if (status == PIA_OK)
        *ret_progress = progress;
    else
        group_progress_clear(&progress);
    return status;
}

void group_progress_clear(group_progress_t *progress)
{
    group_place_clear(&progress->place);
    free(progress->rows);
    progress->rows = NULL;
    progress->row_count = 0;
}

static pia_status_t save_place(pia_db_t *db, int64_t id, uint32_t epoch, const group_place_t *place)
{
    buffer_t holes = {0};
    int64_t changes = 0;
    group_holes_write(place, &holes);
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_SAVE);
    pia_stmt_integer(stmt, 1, id);
    pia_stmt_integer(stmt, 2, epoch);
    pia_stmt_integer(stmt, 3, place->low.epoch);
    pia_stmt_integer(stmt, 4, (int64_t)place->low.sequence);
    pia_stmt_integer(stmt, 5, place->low.chain);
    pia_stmt_integer(stmt, 6, (int64_t)place->upto);
    pia_stmt_bytes(stmt, 7, holes.size ? (const void *)holes.bytes : "", holes.size);
    buffer_free(&holes);
    pia_status_t status = pia_stmt_run(stmt, &changes);
    return status == PIA_OK && changes == 0 ? PIA_NOT_FOUND : status;
}

static pia_status_t save_key(pia_db_t *db, int64_t id, const group_key_row_t *row)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_SAVE_KEY);
    pia_stmt_integer(stmt, 1, id);
    pia_stmt_text(stmt, 2, row->key);
    pia_stmt_text(stmt, 3, group_key_state_text(row->state));
    pia_stmt_integer(stmt, 4, (int64_t)row->settled);
    pia_stmt_integer(stmt, 5, (int64_t)row->sequence);
    pia_stmt_integer(stmt, 6, row->attempts);
    pia_stmt_text(stmt, 7, row->error);
    pia_stmt_integer(stmt, 8, row->since_ms);
    return pia_stmt_run(stmt, NULL);
}

static pia_status_t drop_key(pia_db_t *db, int64_t id, const char *key)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_DROP_KEY);
    pia_stmt_integer(stmt, 1, id);
    pia_stmt_text(stmt, 2, key);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t
group_store_save(pia_db_t *db, int64_t id, uint32_t epoch, const group_changes_t *changes)
{
    pia_status_t status = save_place(db, id, epoch, changes->place);
    for (size_t i = 0; status == PIA_OK && i < changes->gone_count; i++)
        status = drop_key(db, id, changes->gone[i]);
    for (size_t i = 0; status == PIA_OK && i < changes->row_count; i++)
        status = save_key(db, id, &changes->rows[i]);
    return status;
}

pia_status_t group_store_decided(
    pia_db_t *db, int64_t id, int64_t *change, group_key_row_t **ret_rows, size_t *ret_count)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_DECIDED);
    pia_stmt_integer(stmt, 1, id);
    pia_stmt_integer(stmt, 2, *change);
    return read_keys(stmt, ret_rows, ret_count, change);
}

pia_status_t group_store_key(pia_db_t *db, int64_t id, const char *key, group_key_row_t *ret_row)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_KEY);
    pia_stmt_integer(stmt, 1, id);
    pia_stmt_text(stmt, 2, key);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    bool good = group_store_read_key(stmt, ret_row);
    pia_stmt_reset(stmt);
    return good ? PIA_OK : PIA_INTERNAL;
}

static pia_status_t next_change(pia_db_t *db, int64_t id, int64_t *ret_change)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_CHANGE);
    pia_stmt_integer(stmt, 1, id);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    *ret_change = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return PIA_OK;
}

pia_status_t group_store_unpark(pia_db_t *db, int64_t id, const group_key_row_t *row, bool skip)
{
    int64_t change = 0;
    pia_status_t status = next_change(db, id, &change);
    if (status != PIA_OK)
        return status;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_UNPARK);
    pia_stmt_integer(stmt, 1, id);
    pia_stmt_text(stmt, 2, row->key);
    pia_stmt_integer(stmt, 3, (int64_t)(skip ? row->sequence : row->settled));
    pia_stmt_integer(stmt, 4, pia_clock_wall());
    pia_stmt_integer(stmt, 5, change);
    return pia_stmt_run(stmt, NULL);
}
