/* group_store.h - the rows of groups. Store thread, in a transaction. */
#ifndef DIFFUSION_GROUP_STORE_H
#define DIFFUSION_GROUP_STORE_H

#include "pia/db.h"

#include "group.h"
#include "journal.h"

/* An owner has one for each of its programs, so 100 are many; operators and services, who work for
 * others, are bounded by what there may be of all. */
enum {
    GROUP_LEASE_SIZE = GROUP_NAME_SIZE + 8,
    GROUP_STORED_MAX = 10000,
    GROUP_OWNED_MAX = 100,
};

/* Of the table worker_group, in the order that group_store_row expects; 12 of them. */
#define GROUP_COLUMNS                                                                              \
    "id, name, filter, owner, person, structure, rights, pole, roles, attempts, created_at, "      \
    "endpoint"
enum { GROUP_COLUMN_COUNT = 12 };

/* How far a group has come, as it was stored. */
typedef struct {
    uint32_t epoch; /* of the journal, when it was written */
    group_place_t place;
    group_key_row_t *rows; /* owned */
    size_t row_count;
    int64_t change; /* the last decision on a parked key */
} group_progress_t;

/* The name of a group's lease, which outlives it: the tokens of another group of the same name are
 * higher. */
void group_lease_name(const char *name, char ret_name[GROUP_LEASE_SIZE]);

/* The group of a row that begins with GROUP_COLUMNS; the caller clears it. */
void group_store_row(pia_stmt_t *stmt, group_t *ret_group);

/* A key of a row of worker_group_key (key, state, settled, sequence, attempts, error, since).
 * False: it is damaged. */
bool group_store_read_key(pia_stmt_t *stmt, group_key_row_t *ret_row);

/* PIA_NOT_FOUND. On success the caller clears the group. */
pia_status_t group_store_find(pia_db_t *db, const char *name, group_t *ret_group);

/* Makes the rows of a new group; group->id is set. It begins after `from`. PIA_RATE_LIMITED: there
 * are GROUP_STORED_MAX, or GROUP_OWNED_MAX of its owner. */
pia_status_t group_store_make(
    pia_db_t *db, group_t *group, const cursor_t *from, uint32_t epoch, pia_problem_t *problem);

/* Where a new group begins: "" or NULL the beginning, "head", or a cursor of this history.
 * PIA_INVALID, PIA_GONE. */
pia_status_t group_store_read_from(pia_db_t *db,
                                   const receipt_t *head,
                                   const char *text,
                                   cursor_t *ret_from,
                                   pia_problem_t *problem);

/* Removes a group and its keys. */
pia_status_t group_store_remove(pia_db_t *db, int64_t id);

/* Notes which instance has it. */
pia_status_t group_store_set_endpoint(pia_db_t *db, int64_t id, const char *endpoint);

/* Reads how far it has come, on into the journal's present epoch: what an older one has lost does
 * not count as settled. *ret_reset: the place itself was lost, it goes on from the common one. The
 * caller clears the progress. */
pia_status_t
group_store_load(pia_db_t *db, int64_t id, group_progress_t *ret_progress, bool *ret_reset);
void group_progress_clear(group_progress_t *progress);

/* Writes what a commit changes. PIA_NOT_FOUND: the group was removed. */
pia_status_t
group_store_save(pia_db_t *db, int64_t id, uint32_t epoch, const group_changes_t *changes);

/* Keys on which was decided after *change, which moves on: an array of rows that the caller frees.
 */
pia_status_t group_store_decided(
    pia_db_t *db, int64_t id, int64_t *change, group_key_row_t **ret_rows, size_t *ret_count);

/* One key. PIA_NOT_FOUND. */
pia_status_t group_store_key(pia_db_t *db, int64_t id, const char *key, group_key_row_t *ret_row);

/* Lets a parked key go on, behind the event that failed (`skip`) or with it. */
pia_status_t group_store_unpark(pia_db_t *db, int64_t id, const group_key_row_t *row, bool skip);

#endif
