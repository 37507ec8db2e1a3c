/* row_check.c - checksums of rows, and what of a damaged row can still be given. */
#include "row_check.h"

#include <string.h>
#include <xxhash.h>

row_check_t row_check(const batch_row_t *row)
{
    uint8_t head[20 + CHAIN_SIZE];
    bytes_put_u64(head, row->first);
    bytes_put_u32(head + 8, row->count);
    bytes_put_u32(head + 12, row->epoch);
    bytes_put_u32(head + 16, (uint32_t)row->attributes_size);
    memcpy(head + 20, row->chain_before, CHAIN_SIZE);
    uint64_t seed = XXH3_64bits(head, sizeof head);
    return (row_check_t){.row = XXH3_64bits_withSeed(row->attributes, row->attributes_size, seed),
                         .bytes = XXH3_64bits(row->bytes, row->size)};
}

/* How many records, from the first, are those that the chain was made of. */
static uint32_t count_chained(const batch_t *batch)
{
    uint8_t chain[CHAIN_SIZE];
    memcpy(chain, batch->chain_before, CHAIN_SIZE);
    for (uint32_t i = 0; i < batch->good; i++) {
        record_t record;
        uint8_t hash[CHAIN_SIZE];
        if (!batch_find(batch, batch->first + i, &record))
            return i;
        record_event_hash(&record, hash);
        record_chain(chain, hash);
        if (record.cursor.chain != bytes_get_u32(chain))
            return i;
    }
    return batch->good;
}

const char *row_check_cut(batch_t *batch, const batch_row_t *row, const row_check_t *stored)
{
    row_check_t found = row_check(row);
    const char *damage = "The stored record is not as it was written.";
    uint32_t good = batch->good;
    if (found.row == stored->row && found.bytes == stored->bytes && good == batch->count)
        return NULL;
    if (found.row != stored->row) {
        good = 0;
        damage = "What stands beside the row's events is not as it was written.";
    } else if (found.bytes != stored->bytes) {
        good = count_chained(batch);
        if (good == batch->count) { /* every event is as it was: then it is a time, and nobody */
            good = 0;               /* knows whose */
            damage = "A time in the row is not as it was written.";
        }
    }
    batch_cut(batch, good);
    return damage;
}
