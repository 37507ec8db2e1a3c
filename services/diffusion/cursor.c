/* cursor.c - cursors as text: epoch "." sequence "." 8 hexadecimal digits of the chain. */
#include "cursor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { CHAIN_DIGITS = 8 };

void cursor_format(const cursor_t *cursor, char ret_text[CURSOR_TEXT_SIZE])
{
    (void)snprintf(ret_text, CURSOR_TEXT_SIZE, "%" PRIu32 ".%" PRIu64 ".%08" PRIx32, cursor->epoch,
                   cursor->sequence, cursor->chain);
}

/* Reads digits up to "." and steps over it; false without digits, with a leading zero or when the
 * number passes `max`. */
static bool read_number(const char **at, const char *end, uint64_t max, uint64_t *ret_value)
{
    const char *start = *at;
    uint64_t value = 0;
    for (; *at < end && **at >= '0' && **at <= '9'; (*at)++) {
        uint64_t digit = (uint64_t)(**at - '0');
        if (value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (*at == start || (*start == '0' && *at != start + 1) || *at == end || **at != '.')
        return false;
    (*at)++;
    *ret_value = value;
    return true;
}

static bool read_chain(const char *at, const char *end, uint32_t *ret_chain)
{
    if (end - at != CHAIN_DIGITS)
        return false;
    uint32_t chain = 0;
    for (; at < end; at++) {
        const char *digits = "0123456789abcdef";
        const char *digit = *at ? strchr(digits, *at) : NULL;
        if (!digit)
            return false;
        chain = chain << 4 | (uint32_t)(digit - digits);
    }
    *ret_chain = chain;
    return true;
}

bool cursor_parse(const char *text, size_t size, cursor_t *ret_cursor)
{
    const char *at = text;
    const char *end = text + size;
    uint64_t epoch = 0;
    uint64_t sequence = 0;
    uint32_t chain = 0;
    if (size >= CURSOR_TEXT_SIZE || !read_number(&at, end, UINT32_MAX, &epoch) ||
        !read_number(&at, end, INT64_MAX, &sequence) || !read_chain(at, end, &chain))
        return false;
    *ret_cursor = (cursor_t){.epoch = (uint32_t)epoch, .sequence = sequence, .chain = chain};
    return true;
}

bool cursor_equal(const cursor_t *a, const cursor_t *b)
{
    return a->epoch == b->epoch && a->sequence == b->sequence && a->chain == b->chain;
}
