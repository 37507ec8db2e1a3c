/* originals.h - the receipts of events that are published again. They often come many together,
 * after a lost connection say: the rows that were read last are kept. Store thread. */
#ifndef DIFFUSION_ORIGINALS_H
#define DIFFUSION_ORIGINALS_H

#include "pia/db.h"

#include "cursor.h"

enum { ORIGINALS_ROWS = 4 };

typedef struct {
    uint32_t epoch;
    uint8_t chain[CHAIN_SIZE]; /* after the event */
    uint8_t hash[CHAIN_SIZE];  /* of its bytes */
} original_t;

typedef struct {
    uint64_t first;
    size_t count;
    original_t *events; /* owned */
} originals_row_t;

typedef struct {
    originals_row_t rows[ORIGINALS_ROWS]; /* of committed events, which do not change */
    size_t next;                          /* the place to be given up */
} originals_t;

void originals_clear(originals_t *self);

/* Event `sequence`, which is committed. */
pia_status_t
originals_find(originals_t *self, pia_db_t *db, uint64_t sequence, original_t *ret_original);

#endif
