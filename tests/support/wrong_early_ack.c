/* wrong_early_ack.c - a journal that acknowledges before the commit: of many transactions only one
 * is committed, together with those before it. What is acknowledged in between lives in memory
 * only. */
#include <stdatomic.h>

#include "pia/db.h"

enum { HONEST = 20, COMMITTED_ONE_IN = 50 }; /* the tables must be there first */

static _Atomic(pia_db_t *) open_still; /* its transaction was "committed" */
static atomic_uint commits;

/* The linker's names (--wrap): the true functions, and what is called instead. */
pia_status_t true_begin(pia_db_t *db) __asm__("__real_pia_db_begin");
pia_status_t true_commit(pia_db_t *db) __asm__("__real_pia_db_commit");
void true_rollback(pia_db_t *db) __asm__("__real_pia_db_rollback");
pia_status_t wrong_begin(pia_db_t *db) __asm__("__wrap_pia_db_begin");
pia_status_t wrong_commit(pia_db_t *db) __asm__("__wrap_pia_db_commit");
void wrong_rollback(pia_db_t *db) __asm__("__wrap_pia_db_rollback");

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
