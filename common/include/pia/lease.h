/* lease.h - which instance does what only one may do (relays and follows; has a group): a row with
 * a term (the fencing token). Where one process holds the database it is taken once; on a shared
 * one the holder beats, and another takes over when it has seen the beat stand still for 3 s on its
 * own monotonic clock: no two clocks are ever compared. Store thread. */
#ifndef PIA_LEASE_H
#define PIA_LEASE_H

#include "pia/db.h"

typedef struct {
    const char *name;   /* of the row; NULL: the relay's */
    const char *holder; /* this instance */
    int64_t term;       /* ours, if held */
    bool held;
    int64_t seen_term, seen_beat; /* another's, as last seen */
    int64_t seen_ms;              /* when they last changed */
} pia_lease_t;

enum {
    PIA_LEASE_PERIOD_MS = 500,
    PIA_LEASE_STILL_MS = 3000, /* so long it must stand still before another takes it */
    PIA_LEASE_SURE_MS = 2500,  /* so long after it began to keep it, its holder may do what only one
                                  may without asking again: half a second before another can */
};

/* Makes the row of a name, if there is none. */
pia_status_t pia_lease_make(pia_db_t *db, const char *name);

/* Takes, keeps or watches the lease, in a transaction: call every PIA_LEASE_PERIOD_MS. */
pia_status_t pia_lease_keep(pia_db_t *db, pia_lease_t *lease, int64_t monotonic_ms);

/* In a transaction that needs the lease: PIA_CONFLICT if it is not (no longer) ours. The row is
 * locked to the end of the transaction. */
pia_status_t pia_lease_check(pia_db_t *db, const pia_lease_t *lease);

/* Lets go, so that another need not wait. */
pia_status_t pia_lease_release(pia_db_t *db, pia_lease_t *lease);

#endif
