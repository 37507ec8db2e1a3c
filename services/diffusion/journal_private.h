/* journal_private.h - what journal.c (appending) and journal_rows.c (writing rows) share. */
#ifndef DIFFUSION_JOURNAL_PRIVATE_H
#define DIFFUSION_JOURNAL_PRIVATE_H

#include "dedup.h"
#include "journal.h"
#include "journal_head.h"
#include "originals.h"

typedef struct {
    size_t end;                /* of its record in the pending bytes */
    size_t attributes_end;     /* of its entry in the pending attributes */
    uint8_t chain[CHAIN_SIZE]; /* after it */
    uint8_t hash[CHAIN_SIZE];  /* of its bytes */
    fingerprint_t fingerprint;
} pending_t;

/* Rows on their way into the table: neighbours become one where they are small, since each costs
 * SQLite a page at least. One thread at a time. */
typedef struct {
    buffer_t bytes, attributes, packed;
    uint64_t first;
    uint32_t count; /* 0: nothing waits */
    uint32_t epoch;
    uint8_t chain_before[CHAIN_SIZE];
} row_writer_t;

typedef struct journal_log journal_log_t;

struct journal {
    journal_meta_t meta;
    receipt_t committed; /* the last durable event */
    uint64_t turn;       /* as committed */
    pia_db_t *db;        /* in a transaction, else NULL */
    int64_t changes;     /* what `turns` is about: rows changed before the transaction */
    int64_t job_changes; /* before the present job */
    damage_t *damage;    /* not owned; NULL */
    dedup_t *dedup;
    originals_t originals;
    uint64_t forgotten;

    buffer_t bytes;      /* records of this transaction */
    buffer_t attributes; /* one entry a record, each whole */
    pending_t *pending;  /* one a record */
    size_t count;
    size_t capacity;
    int64_t now_ms;   /* when the present ones are recorded */
    size_t job_start; /* what the present job has appended begins here */
    buffer_t packed;  /* the attributes of a row being made */

    batch_t **ready; /* rows written, told of after the commit */
    size_t ready_count;
    size_t ready_capacity;

    journal_log_t *log; /* NULL: every commit is SQLite's, or PostgreSQL's */
    journal_fn *on_batch;
    void *on_batch_arg;

    uint32_t epoch;    /* of the head when it was opened */
    bool turns;        /* the present transaction is one more if it changes rows */
    bool excused;      /* what the present job changes does not count for that */
    bool ended;        /* it is damaged: nothing is appended any more */
    bool torn;         /* a run of fingerprints cannot be read */
    bool moved;        /* its end is not where this process, or another after it, has put it */
    bool added_before; /* the entry before the present one was new */
    bool needs_store;  /* what was tried without the database cannot be done without it */
};

/* journal.c */
/* Forgets what is pending. */
void journal_undo(journal_t *self);
/* What is pending is committed, or will be if the process lives: the head moves. */
void journal_advance(journal_t *self);
/* Tells of the rows that were made of it. */
void journal_tell(journal_t *self);

/* journal_rows.c */
/* Makes rows of what is pending. */
void journal_make_rows(journal_t *self);
void journal_drop_rows(journal_t *self);
/* Makes and writes them, and moves the head. */
pia_status_t journal_add_rows(journal_t *self, pia_db_t *db);

/* In a transaction, in order; after the last one, finish. */
pia_status_t row_writer_add(row_writer_t *self, pia_db_t *db, const batch_t *row);
pia_status_t row_writer_finish(row_writer_t *self, pia_db_t *db);
/* Forgets what a transaction that failed has left. */
void row_writer_reset(row_writer_t *self);
void row_writer_free(row_writer_t *self);
/* A row as it is, at once. */
pia_status_t journal_insert_row(pia_db_t *db, const batch_row_t *row);

#endif
