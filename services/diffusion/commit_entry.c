/* commit_entry.c - commits as bytes. */
#include "commit_entry.h"

#include <assert.h>
#include <string.h>
#include <xxhash.h>

enum {
    ROW_HEAD_SIZE = 56,
    CHECK_AT = 16,
    CHECKED_AT = 24,
    JOURNAL_AT = 24,
    CHAIN_AT = 40,
    TURN_AT = 72
};

/* Name, kind (rows), version, nothing. */
static const uint8_t BEGINNING[8] = {'P', 'I', 'A', 'C', 1, 1, 0, 0};

static size_t pad(size_t size)
{
    return (size + COMMIT_BLOCK - 1) / COMMIT_BLOCK * COMMIT_BLOCK;
}

static size_t size_of(batch_t *const *rows, size_t count)
{
    size_t size = COMMIT_HEAD_SIZE;
    for (size_t i = 0; i < count; i++)
        size += ROW_HEAD_SIZE + rows[i]->attributes_size + rows[i]->size;
    return size;
}

size_t commit_entry_size(batch_t *const *rows, size_t count)
{
    return pad(size_of(rows, count));
}

static uint8_t *write_row(uint8_t *at, const batch_t *row)
{
    bytes_put_u64(at, row->first);
    bytes_put_u32(at + 8, row->count);
    bytes_put_u32(at + 12, row->epoch);
    memcpy(at + 16, row->chain_before, CHAIN_SIZE);
    bytes_put_u32(at + 48, (uint32_t)row->attributes_size);
    bytes_put_u32(at + 52, (uint32_t)row->size);
    memcpy(at + ROW_HEAD_SIZE, row->attributes, row->attributes_size);
    memcpy(at + ROW_HEAD_SIZE + row->attributes_size, row->bytes, row->size);
    return at + ROW_HEAD_SIZE + row->attributes_size + row->size;
}

void commit_entry_write(uint8_t *bytes,
                        const uint8_t journal[PIA_UUID_SIZE],
                        batch_t *const *rows,
                        size_t count,
                        const receipt_t *end,
                        uint64_t turn)
{
    size_t size = size_of(rows, count);
    assert(size <= UINT32_MAX && count <= UINT32_MAX);
    memcpy(bytes, BEGINNING, sizeof BEGINNING);
    bytes_put_u32(bytes + 8, (uint32_t)size);
    bytes_put_u32(bytes + 12, (uint32_t)count);
    memcpy(bytes + JOURNAL_AT, journal, PIA_UUID_SIZE);
    memcpy(bytes + CHAIN_AT, end->chain, CHAIN_SIZE);
    bytes_put_u64(bytes + TURN_AT, turn);
    uint8_t *at = bytes + COMMIT_HEAD_SIZE;
    for (size_t i = 0; i < count; i++)
        at = write_row(at, rows[i]);
    assert(at == bytes + size);
    memset(at, 0, pad(size) - size);
    bytes_put_u64(bytes + CHECK_AT, XXH3_64bits(bytes + CHECKED_AT, size - CHECKED_AT));
}

bool commit_entry_row(const commit_entry_t *entry, size_t *offset, batch_row_t *ret_row)
{
    const uint8_t *at = entry->rows + *offset;
    size_t left = entry->rows_size - *offset;
    if (left < ROW_HEAD_SIZE)
        return false;
    left -= ROW_HEAD_SIZE;
    *ret_row = (batch_row_t){.first = bytes_get_u64(at),
                             .count = bytes_get_u32(at + 8),
                             .epoch = bytes_get_u32(at + 12),
                             .chain_before = at + 16,
                             .attributes = at + ROW_HEAD_SIZE,
                             .attributes_size = bytes_get_u32(at + 48),
                             .size = bytes_get_u32(at + 52)};
    if (ret_row->attributes_size > left || ret_row->size > left - ret_row->attributes_size)
        return false;
    ret_row->bytes = at + ROW_HEAD_SIZE + ret_row->attributes_size;
    *offset += ROW_HEAD_SIZE + ret_row->attributes_size + ret_row->size;
    return true;
}

/* Whether its rows are consecutive and fill it. */
static bool read_rows(commit_entry_t *entry)
{
    size_t offset = 0;
    batch_row_t row;
    for (uint32_t i = 0; i < entry->row_count; i++) {
        if (!commit_entry_row(entry, &offset, &row) || row.count == 0 ||
            row.first > (uint64_t)INT64_MAX - row.count)
            return false;
        if (i == 0) {
            entry->first = row.first;
            entry->epoch = row.epoch;
            entry->chain_before = row.chain_before;
        } else if (row.first != entry->last + 1 || row.epoch != entry->epoch) {
            return false;
        }
        entry->last = row.first + row.count - 1;
    }
    return entry->row_count > 0 && entry->first > 0 && offset == entry->rows_size;
}

bool commit_entry_read(const uint8_t *bytes, size_t size, commit_entry_t *ret_entry)
{
    if (size < COMMIT_HEAD_SIZE || memcmp(bytes, BEGINNING, sizeof BEGINNING) != 0)
        return false;
    size_t whole = bytes_get_u32(bytes + 8);
    if (whole < COMMIT_HEAD_SIZE || whole > size ||
        bytes_get_u64(bytes + CHECK_AT) != XXH3_64bits(bytes + CHECKED_AT, whole - CHECKED_AT))
        return false;
    commit_entry_t entry = {.turn = bytes_get_u64(bytes + TURN_AT),
                            .chain = bytes + CHAIN_AT,
                            .row_count = bytes_get_u32(bytes + 12),
                            .rows = bytes + COMMIT_HEAD_SIZE,
                            .rows_size = whole - COMMIT_HEAD_SIZE,
                            .padded = pad(whole)};
    memcpy(entry.journal, bytes + JOURNAL_AT, PIA_UUID_SIZE);
    if (!read_rows(&entry))
        return false;
    *ret_entry = entry;
    return true;
}
