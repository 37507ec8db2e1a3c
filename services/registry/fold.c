/* fold.c - sort and search keys by Unicode's own tables (utf8proc). */
#include "fold.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static const utf8proc_option_t OPTIONS = UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_DECOMPOSE |
                                         UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK |
                                         UTF8PROC_IGNORE;

/* Case folding leaves the ligatures that French sorts as two letters. */
static const char *ligature(utf8proc_int32_t codepoint)
{
    switch (codepoint) {
    case 0x0153:
        return "oe";
    case 0x00E6:
        return "ae";
    default:
        return NULL;
    }
}

static bool is_word(utf8proc_int32_t codepoint)
{
    switch (utf8proc_category(codepoint)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
        return true;
    default:
        return false;
    }
}

/* Appends what fits whole; false when the key is full. */
static bool append(char *key, size_t *length, const char *bytes, size_t size)
{
    if (*length + size > FOLD_MAX) {
        return false;
    }
    memcpy(key + *length, bytes, size);
    *length += size;
    return true;
}

/* Appends one code point of a word. */
static bool append_letter(char *key, size_t *length, utf8proc_int32_t codepoint)
{
    const char *letters = ligature(codepoint);
    if (letters != NULL) {
        return append(key, length, letters, strlen(letters));
    }
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t size = utf8proc_encode_char(codepoint, bytes);
    return append(key, length, (const char *)bytes, (size_t)size);
}

static size_t squeeze(const utf8proc_uint8_t *mapped, char *key)
{
    size_t length = 0;
    bool gap = false;
    bool room = true;
    while (room && *mapped != '\0') {
        utf8proc_int32_t codepoint;
        utf8proc_ssize_t size = utf8proc_iterate(mapped, -1, &codepoint);
        if (size < 1) {
            break;
        }
        mapped += size;
        if (!is_word(codepoint)) {
            gap = length > 0;
            continue;
        }
        room = (!gap || append(key, &length, " ", 1)) && append_letter(key, &length, codepoint);
        gap = false;
    }
    while (length > 0 && key[length - 1] == ' ') {
        length--;
    }
    return length;
}

size_t fold_text(const char *text, char ret_key[FOLD_MAX + 1])
{
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_ssize_t size = utf8proc_map((const utf8proc_uint8_t *)text, 0, &mapped, OPTIONS);
    size_t length = 0;
    if (size == UTF8PROC_ERROR_NOMEM) {
        abort();
    }
    if (size >= 0) {
        length = squeeze(mapped, ret_key);
    }
    ret_key[length] = '\0';
    free(mapped);
    return length;
}

size_t fold_code(const char *text, char ret_code[FOLD_MAX + 1])
{
    size_t length = fold_text(text, ret_code);
    for (size_t i = 0; i < length; i++) {
        if (ret_code[i] == ' ') {
            ret_code[i] = '-';
        }
    }
    return length;
}
