/* row_check.h - whether a row of the journal is as it was written: what is looked at with every
 * read from the disk, since the chain costs too much for that and does not cover all of the row.
 *
 * XXH3, 64 bits, from libxxhash: it finds damage, not forgery (the chain does), and is made to run
 * at the speed of memory. */
#ifndef DIFFUSION_ROW_CHECK_H
#define DIFFUSION_ROW_CHECK_H

#include "batch.h"

typedef struct {
    uint64_t row;   /* numbers, chain before, attributes */
    uint64_t bytes; /* the records */
} row_check_t;

row_check_t row_check(const batch_row_t *row);

/* Cuts `batch`, made of `row`, to the records that are surely as they were written: all of them if
 * the checks are those that were stored with the row; those that the chain proves if only the
 * bytes are not; else none. NULL, or what is wrong with the record after them, static. */
const char *row_check_cut(batch_t *batch, const batch_row_t *row, const row_check_t *stored);

#endif
