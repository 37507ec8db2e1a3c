/* verify.h - the walk over the chain: which event is the first that is not as it was written. */
#ifndef DIFFUSION_VERIFY_H
#define DIFFUSION_VERIFY_H

#include "pia/db.h"

#include "journal.h"

typedef struct {
    uint64_t from;      /* first event looked at */
    uint64_t good;      /* last event found as it was written */
    uint64_t next;      /* go on from here; 0: the end was reached */
    uint64_t bad;       /* the first bad event; 0: none */
    const char *detail; /* what is wrong with it; static; NULL */
    receipt_t end;      /* of `good`; sequence 0: unknown */
    bool chained;       /* the bad event is as the chain has it: its marker is wrong */
} verification_t;

/* Walks the chain over about `limit` events from `from` (1..): each event against its chain, each
 * row against its checks, each epoch against its row, the end against the head. This alone decides
 * where the journal ends. Over any connection, in a transaction that has appended nothing. */
pia_status_t
journal_walk(pia_db_t *db, uint64_t from, uint64_t limit, verification_t *ret_verification);

/* The same, and each removed event against its marker. */
pia_status_t
journal_verify(pia_db_t *db, uint64_t from, uint64_t limit, verification_t *ret_verification);

#endif
