/* retention.h - removing events by kind, age or size, a piece in a transaction. Of a removed event
 * its number, its time and the hash of its bytes stay, so that the chain still holds; its identity
 * stays in the runs of fingerprints; a signed marker in the journal says that, and why. What it
 * changed (publications) stays as it is. Store thread. */
#ifndef DIFFUSION_RETENTION_H
#define DIFFUSION_RETENTION_H

#include "pia/db.h"

#include "journal.h"
#include "marker.h"

typedef struct {
    const char *kind; /* "-": events that have none */
    marker_rule_t rule;
    int64_t limit;     /* see marker.h */
    int64_t before_ms; /* only events recorded before */
    uint64_t from;     /* 1..: looks from here on */
    uint64_t before;   /* only events before this one */
    bool dry;          /* only counts */
} retention_t;

typedef struct {
    uint64_t next;  /* go on from here; 0: the end was reached */
    uint64_t count; /* removed, or to be */
    uint64_t bytes; /* of these events, as they were */
    bool waiting;   /* nothing was looked at: what identifies the events is being put into runs */
} retention_result_t;

/* Looks at the next rows, about 8 MiB, and removes what the rule says. A problem if it cannot. */
pia_status_t retention_run(pia_db_t *db,
                           journal_t *journal,
                           const signer_t *signer,
                           const retention_t *rule,
                           retention_result_t *ret_result,
                           pia_problem_t *problem);

typedef struct {
    uint64_t next; /* go on before this one; 0: the beginning was reached */
    uint64_t count, bytes;
    bool full; /* with the event before `next` it would be more than `keep` bytes */
} retention_usage_t;

/* What the events of a kind before `before`, which exist, take: the last ones that are together at
 * most `keep` bytes, as far as about 8 MiB of the journal. Over any connection. */
pia_status_t retention_usage(
    pia_db_t *db, const char *kind, uint64_t before, uint64_t keep, retention_usage_t *ret_usage);

#endif
