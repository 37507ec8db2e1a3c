/* dedup_private.h - what dedup.c (looking) and dedup_keep.c (writing runs) share. */
#ifndef DIFFUSION_DEDUP_PRIVATE_H
#define DIFFUSION_DEDUP_PRIVATE_H

#include <stdbool.h>

#include "dedup.h"
#include "run.h"
#include "seen.h"

enum { REMAINS_MAX = 2 * RUN_MERGE, KEEPER_SIZE = 33 };

typedef enum { MERGE_NONE, MERGE_RUNNING, MERGE_WRITTEN } merge_state_t;

/* How far the work on runs has come; copied at each transaction, so that it is undone with it. */
typedef struct {
    bool building; /* the run of `sealed` is being written */
    bool built;    /* its row is there */
    uint64_t page; /* its next one */
    merge_state_t merge;
    size_t merge_from;            /* index of its first run */
    uint64_t merge_page;          /* the next one of its runs */
    uint64_t credit;              /* what events have paid for merging and removing */
    int64_t remains[REMAINS_MAX]; /* numbers of runs whose pages are to be removed */
    size_t remain_count;
    bool keeper; /* this instance writes runs */
} work_t;

struct dedup {
    uint8_t key[FINGERPRINT_KEY_SIZE];
    uint64_t absorbed; /* events up to this one are known */
    claims_t *recent;
    claims_t *sealed; /* of which a run is being made; NULL */
    run_t sealed_run;
    seen_t *seen;
    run_t *runs; /* oldest first */
    size_t run_count;
    work_t done, staged;
    uint64_t cover;           /* events up to this one are to be in runs */
    bool shared;              /* other instances write too */
    bool blind;               /* runs may have events that `seen` has not: others' */
    int64_t version;          /* of the set of runs, if shared */
    char name[KEEPER_SIZE];   /* this instance's */
    char keeper[KEEPER_SIZE]; /* that of who writes runs, if shared */
};

/* dedup.c: the end of what runs cover. */
uint64_t dedup_runs_end(const dedup_t *self);

/* dedup_keep.c: the table of one row for all instances. */
pia_status_t dedup_keep_open(dedup_t *self, pia_db_t *db);
/* Reads who keeps the runs, and their version. */
pia_status_t dedup_keep_look(dedup_t *self, pia_db_t *db, int64_t *ret_version);
/* Forgets what is being written; the runs were loaded anew. */
void dedup_keep_forget(dedup_t *self);

#endif
