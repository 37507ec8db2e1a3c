/* commit_entry.h - one commit as it stands in the commit file (commit_file.h): rows of the journal,
 * in one piece that is there whole or not at all.
 *
 *   entry = "PIAC" kind:1 version:1 0:2 size:4 rows:4 check:8 journal:16 chain:32 turn:8 1*row,
 *           zeros
 *   row   = first:8 count:4 epoch:4 chain_before:32 attributes_size:4 size:4 attributes bytes
 *
 * Numbers are big-endian. It begins at a multiple of COMMIT_BLOCK and is filled up with zeros to
 * one; `size` is without these, `check` is XXH3 (64 bits) of all that follows it up to `size`,
 * `chain` the chain after its last event, `turn` journal_turn when it was written. Any thread. */
#ifndef DIFFUSION_COMMIT_ENTRY_H
#define DIFFUSION_COMMIT_ENTRY_H

#include "pia/uuid.h"

#include "batch.h"
#include "journal.h"

enum {
    COMMIT_BLOCK = 4096, /* no write touches a block that holds an earlier commit */
    COMMIT_HEAD_SIZE = 80,
};

/* A decoded entry; borrowed from its bytes. */
typedef struct {
    uint8_t journal[PIA_UUID_SIZE];
    uint32_t epoch;
    uint64_t turn;
    uint64_t first, last;        /* its events */
    const uint8_t *chain_before; /* CHAIN_SIZE bytes, as the next */
    const uint8_t *chain;        /* after the last event */
    uint32_t row_count;
    const uint8_t *rows;
    size_t rows_size;
    size_t padded; /* with the zeros: where the next one may begin */
} commit_entry_t;

/* What an entry of these rows takes, with its zeros. */
size_t commit_entry_size(batch_t *const *rows, size_t count);

/* Writes it to `bytes`, which have room for commit_entry_size. The rows are consecutive, of one
 * epoch; `end` is their last event. */
void commit_entry_write(uint8_t *bytes,
                        const uint8_t journal[PIA_UUID_SIZE],
                        batch_t *const *rows,
                        size_t count,
                        const receipt_t *end,
                        uint64_t turn);

/* Whether `bytes` begin with a whole entry as it was written. Never reads outside. */
bool commit_entry_read(const uint8_t *bytes, size_t size, commit_entry_t *ret_entry);

/* The row at *offset of the entry's rows (0: the first), and moves behind it; false at the end. */
bool commit_entry_row(const commit_entry_t *entry, size_t *offset, batch_row_t *ret_row);

#endif
