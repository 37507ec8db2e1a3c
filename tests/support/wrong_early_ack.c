/* wrong_early_ack.c - a journal that acknowledges before the commit: of many transactions only one
 * is committed, together with those before it, and of many logged commits only one is written. What
 * is acknowledged in between lives in memory only. */
#include <stdatomic.h>
#include <string.h>

#include "commit_entry.h"

enum { HONEST = 10, COMMITTED_ONE_IN = 50 }; /* the tables must be there first */

static _Atomic(pia_db_t *) open_still; /* its transaction was "committed" */
static atomic_uint commits;

/* The linker's names (--wrap): the true functions, and what is called instead. */
pia_status_t true_begin(pia_db_t *db) __asm__("__real_pia_db_begin");
pia_status_t true_commit(pia_db_t *db) __asm__("__real_pia_db_commit");
void true_rollback(pia_db_t *db) __asm__("__real_pia_db_rollback");
pia_status_t wrong_begin(pia_db_t *db) __asm__("__wrap_pia_db_begin");
pia_status_t wrong_commit(pia_db_t *db) __asm__("__wrap_pia_db_commit");
void wrong_rollback(pia_db_t *db) __asm__("__wrap_pia_db_rollback");
void true_write(uint8_t *bytes,
                const uint8_t journal[PIA_UUID_SIZE],
                batch_t *const *rows,
                size_t count,
                const receipt_t *end,
                uint64_t turn) __asm__("__real_commit_entry_write");
void wrong_write(uint8_t *bytes,
                 const uint8_t journal[PIA_UUID_SIZE],
                 batch_t *const *rows,
                 size_t count,
                 const receipt_t *end,
                 uint64_t turn) __asm__("__wrap_commit_entry_write");

pia_status_t wrong_begin(pia_db_t *db)
{
    return atomic_load(&open_still) == db ? PIA_OK : true_begin(db);
}

pia_status_t wrong_commit(pia_db_t *db)
{
    unsigned number = atomic_fetch_add(&commits, 1);
    bool really = number < HONEST || number % COMMITTED_ONE_IN == 0;
    atomic_store(&open_still, really ? NULL : db);
    return really ? true_commit(db) : PIA_OK;
}

void wrong_rollback(pia_db_t *db)
{
    if (atomic_load(&open_still) == db)
        atomic_store(&open_still, NULL);
    true_rollback(db);
}

void wrong_write(uint8_t *bytes,
                 const uint8_t journal[PIA_UUID_SIZE],
                 batch_t *const *rows,
                 size_t count,
                 const receipt_t *end,
                 uint64_t turn)
{
    static atomic_uint logged;
    true_write(bytes, journal, rows, count, end, turn);
    if (atomic_fetch_add(&logged, 1) % COMMITTED_ONE_IN != 0)
        memset(bytes, 0, COMMIT_HEAD_SIZE);
}
