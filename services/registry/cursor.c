/* cursor.c - a page's place: base64url of the sort key, a NUL and the id. */
#include "cursor.h"

#include <assert.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "text.h"

enum { RAW_MAX = FOLD_MAX + 1 + CURSOR_ID_SIZE };

/* A code or UUID of `size` bytes, and nothing that a database might stumble over. */
static bool is_id(const char *id, size_t size)
{
    return size > 0 && strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEF-") == size;
}

void cursor_write(const char *sort, const char *id, char ret_text[CURSOR_TEXT_SIZE])
{
    char raw[RAW_MAX];
    size_t sort_size = strlen(sort) + 1;
    assert(sort_size <= FOLD_MAX + 1);
    text_set(raw, sort_size, sort);
    text_set(raw + sort_size, CURSOR_ID_SIZE, id);
    sodium_bin2base64(ret_text, CURSOR_TEXT_SIZE, (const unsigned char *)raw,
                      sort_size + strlen(id), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

pia_status_t cursor_read(const char *text, page_cursor_t *ret_cursor, pia_problem_t *problem)
{
    memset(ret_cursor, 0, sizeof *ret_cursor);
    if (text == NULL) {
        return PIA_OK;
    }
    char raw[RAW_MAX + 1];
    size_t size = 0;
    int bad = sodium_base642bin((unsigned char *)raw, RAW_MAX, text, strlen(text), NULL, &size,
                                NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    const char *end = bad ? NULL : memchr(raw, '\0', size);
    if (end != NULL) {
        raw[size] = '\0';
        const char *id = end + 1;
        if (is_id(id, size - (size_t)(id - raw)) &&
            text_copy(ret_cursor->sort, sizeof ret_cursor->sort, raw) &&
            text_copy(ret_cursor->id, sizeof ret_cursor->id, id)) {
            return PIA_OK;
        }
    }
    memset(ret_cursor, 0, sizeof *ret_cursor);
    return pia_problem_set(problem, PIA_INVALID, "/after", "not a cursor of this list");
}
