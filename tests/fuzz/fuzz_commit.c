/* fuzz_commit.c - what stands in the commit file after a crash: anything, or anything whose check
 * is right all the same. */
#include "fuzz.h"

#include <xxhash.h>

#include "commit_entry.h"

enum { SIZE_AT = 8, CHECK_AT = 16, CHECKED_AT = 24 };

/* A whole entry has consecutive rows that lie in it. */
static void check(const uint8_t *bytes, size_t size)
{
    commit_entry_t entry;
    batch_row_t row;
    size_t offset = 0;
    if (!commit_entry_read(bytes, size, &entry))
        return;
    uint64_t next = entry.first;
    FUZZ_CHECK(entry.padded % COMMIT_BLOCK == 0 && entry.rows + entry.rows_size <= bytes + size);
    FUZZ_CHECK(entry.first > 0 && entry.last >= entry.first);
    while (commit_entry_row(&entry, &offset, &row)) {
        const uint8_t *attributes = row.attributes;
        const uint8_t *records = row.bytes;
        FUZZ_CHECK(row.first == next && row.count > 0 && row.epoch == entry.epoch);
        FUZZ_CHECK(attributes + row.attributes_size == records);
        FUZZ_CHECK(records + row.size <= entry.rows + entry.rows_size);
        batch_t *batch = batch_new(&row);
        FUZZ_CHECK(batch->good <= batch->count);
        batch_release(&batch);
        next += row.count;
    }
    FUZZ_CHECK(offset == entry.rows_size && next == entry.last + 1);
}

/* The fuzzer cannot guess a check. */
static void make_right(uint8_t *bytes, size_t size)
{
    memcpy(bytes, "PIAC\1\1\0\0", SIZE_AT);
    bytes_put_u32(bytes + SIZE_AT, (uint32_t)size);
    bytes_put_u64(bytes + CHECK_AT, XXH3_64bits(bytes + CHECKED_AT, size - CHECKED_AT));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t fuzz = {data, size};
    size_t taken = 0;
    uint8_t *bytes = fuzz_block(&fuzz, size, &taken);
    check(bytes, taken);
    if (taken >= COMMIT_HEAD_SIZE) {
        make_right(bytes, taken);
        check(bytes, taken);
    }
    free(bytes);
    return 0;
}
