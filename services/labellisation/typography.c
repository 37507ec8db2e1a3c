/* typography.c - French typography. */
#include "typography.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "pia/memory.h"

static const char NBSP[] = "\xc2\xa0", NARROW[] = "\xe2\x80\xaf", OPEN[] = "\xc2\xab",
                  CLOSE[] = "\xc2\xbb", APOSTROPHE[] = "\xe2\x80\x99", ELLIPSIS[] = "\xe2\x80\xa6";

enum { GROWTH = 6 }; /* a straight quote becomes a guillemet and its space: 4 bytes */

typedef struct {
    char *bytes;
    size_t size;
    bool quoted; /* within straight quotes */
} out_t;

static void put(out_t *out, const char *text)
{
    size_t size = strlen(text);
    memcpy(out->bytes + out->size, text, size);
    out->size += size;
}

static bool ends_with(const out_t *out, const char *text)
{
    size_t size = strlen(text);
    return out->size >= size && memcmp(out->bytes + out->size - size, text, size) == 0;
}

/* The spaces before a mark become one that does not break; none where there was none: 12:30. */
static void bind_before(out_t *out, const char *space)
{
    bool spaced = false;
    while (out->size > 0 && out->bytes[out->size - 1] == ' ') {
        out->size--;
        spaced = true;
    }
    if (spaced && out->size > 0)
        put(out, space);
}

static void put_quote(out_t *out)
{
    if (!out->quoted) {
        put(out, OPEN);
        put(out, NBSP);
    } else {
        bind_before(out, "");
        put(out, NBSP);
        put(out, CLOSE);
    }
    out->quoted = !out->quoted;
}

/* An ASCII character that may be a mark; returns how many bytes of the text it took. */
static size_t put_ascii(out_t *out, const char *at)
{
    const char one[2] = {at[0], '\0'};
    if (at[0] == '\'') {
        put(out, APOSTROPHE);
    } else if (at[0] == '"') {
        put_quote(out);
    } else if (strncmp(at, "...", 3) == 0) {
        put(out, ELLIPSIS);
        return 3;
    } else {
        if (at[0] == ':')
            bind_before(out, NBSP);
        else if (strchr(";!?", at[0]))
            bind_before(out, NARROW);
        put(out, one);
    }
    return 1;
}

/* A guillemet with the space that belongs to it; returns the bytes of the text that it took. */
static size_t put_guillemet(out_t *out, const char *at)
{
    size_t size = sizeof OPEN - 1;
    if (memcmp(at, CLOSE, size) == 0) {
        bind_before(out, "");
        if (!ends_with(out, NBSP) && !ends_with(out, NARROW))
            put(out, NBSP);
        put(out, CLOSE);
        return size;
    }
    put(out, OPEN);
    put(out, NBSP);
    while (at[size] == ' ')
        size++;
    return strncmp(at + size, NBSP, 2) == 0 ? size + 2 : size;
}

char *typography_french(const char *text)
{
    out_t out = {.bytes = pia_alloc(strlen(text) * GROWTH + 1)};
    while (*text != '\0') {
        const char one[2] = {*text, '\0'};
        if (strncmp(text, OPEN, 2) == 0 || strncmp(text, CLOSE, 2) == 0) {
            text += put_guillemet(&out, text);
        } else if ((unsigned char)*text < 0x80) {
            text += put_ascii(&out, text);
        } else {
            put(&out, one);
            text++;
        }
    }
    out.bytes[out.size] = '\0';
    return out.bytes;
}
