/* fold.c - folding by Unicode's own tables (utf8proc), stems by Snowball's French (libstemmer). */
#include "pia/fold.h"

#include <assert.h>
#include <libstemmer.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "pia/memory.h"

static const utf8proc_option_t OPTIONS = UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_DECOMPOSE |
                                         UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK |
                                         UTF8PROC_IGNORE;

/* The text with case, accents and marks taken off, still with what is between words; NULL if it is
 * not UTF-8. The caller owns it. */
static utf8proc_uint8_t *map_text(const char *text)
{
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_ssize_t size = utf8proc_map((const utf8proc_uint8_t *)text, 0, &mapped, OPTIONS);
    if (size == UTF8PROC_ERROR_NOMEM)
        abort();
    return size >= 0 ? mapped : NULL;
}

/* The next code point of a mapped text; 0 at its end. */
static utf8proc_int32_t next_codepoint(const utf8proc_uint8_t **at)
{
    utf8proc_int32_t codepoint = 0;
    utf8proc_ssize_t size = **at ? utf8proc_iterate(*at, -1, &codepoint) : 0;
    *at += size > 0 ? size : 0;
    return size > 0 ? codepoint : 0;
}

static bool is_apostrophe(utf8proc_int32_t codepoint)
{
    return codepoint == '\'' || codepoint == 0x2019 || codepoint == 0x02BC;
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
        return !is_apostrophe(codepoint);
    default:
        return false;
    }
}

/* Writes the letters of a code point (case folding leaves the ligatures that French sorts as two);
 * returns how many bytes. */
static size_t letters_of(utf8proc_int32_t codepoint, utf8proc_uint8_t ret_bytes[4])
{
    if (codepoint != 0x0153 && codepoint != 0x00E6)
        return (size_t)utf8proc_encode_char(codepoint, ret_bytes);
    ret_bytes[0] = codepoint == 0x0153 ? 'o' : 'a';
    ret_bytes[1] = 'e';
    return 2;
}

/* Appends a code point's letters, after a space if `gap`; false when the key is full. */
static bool
append_letters(char *key, size_t size, size_t *length, bool gap, utf8proc_int32_t codepoint)
{
    utf8proc_uint8_t bytes[4];
    size_t more = letters_of(codepoint, bytes);
    if (*length + more + gap >= size)
        return false;
    if (gap)
        key[(*length)++] = ' ';
    memcpy(key + *length, bytes, more);
    *length += more;
    return true;
}

size_t pia_fold_text(const char *text, char *ret_key, size_t size)
{
    utf8proc_uint8_t *mapped = map_text(text);
    const utf8proc_uint8_t *at = mapped;
    utf8proc_int32_t codepoint = 0;
    size_t length = 0;
    bool gap = false;
    while (at && (codepoint = next_codepoint(&at))) {
        if (!is_word(codepoint)) {
            gap = length > 0;
            continue;
        }
        if (!append_letters(ret_key, size, &length, gap, codepoint))
            break;
        gap = false;
    }
    ret_key[length] = '\0';
    free(mapped);
    return length;
}

/* Words being gathered: each ends with a NUL in `bytes`. */
typedef struct {
    struct sb_stemmer *stemmer;
    char *bytes;
    size_t size, capacity;
    size_t word; /* where the word that is being read begins */
    size_t count;
} words_t;

static void add_bytes(words_t *words, const void *bytes, size_t size)
{
    if (!words->bytes || words->size + size > words->capacity) {
        words->capacity = (words->size + size) * 2 + 1;
        words->bytes = pia_realloc(words->bytes, words->capacity);
    }
    memcpy(words->bytes + words->size, bytes, size);
    words->size += size;
}

static bool is_one_of(const char *const *list, const char *word)
{
    while (*list && strcmp(*list, word) != 0)
        list++;
    return *list;
}

/* What stands before an apostrophe and is no word of its own. */
static bool is_elided(const char *word)
{
    static const char *const elided[] = {"c", "d",  "j",     "l",      "m",      "n",      "s",
                                         "t", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", NULL};
    return is_one_of(elided, word);
}

/* Brings plurals to their singulars by their writing: the stemmer keeps some apart ("boulanger" and
 * "boulangers"), and does not know those in -x. -s is cut unless it is -ss; -eux and -oux become
 * -eu and -ou; of those in -aux the ones that are not -al are listed. What is no plural is cut all
 * the same ("bois"), everywhere. Returns the length. */
static size_t singular(char *word, size_t size)
{
    static const char *const ail[] = {"baux",    "coraux",  "emaux",   "soupiraux",
                                      "travaux", "vantaux", "vitraux", NULL};
    static const char *const au[] = {"boyaux", "joyaux",  "noyaux", "tuyaux",
                                     "fleaux", "landaux", NULL};
    if (size < 4)
        return size;
    char last = word[size - 1];
    char before = word[size - 2];
    if (last == 's')
        return before == 's' ? size : size - 1;
    if (last != 'x' || before != 'u')
        return size;
    if (is_one_of(ail, word)) {
        word[size - 2] = 'i';
        word[size - 1] = 'l';
        return size;
    }
    char third = word[size - 3];
    bool strip = third == 'e' || third == 'o' || is_one_of(au, word) ||
                 (third == 'a' && word[size - 4] == 'e');
    return strip ? size - 1 : size;
}

/* Ends the word that is being read, which an apostrophe follows or not. */
static void end_word(words_t *words, bool apostrophe)
{
    size_t size = words->size - words->word;
    if (!size)
        return;
    add_bytes(words, "", 1);
    char *word = words->bytes + words->word;
    words->size = words->word;
    if (apostrophe && is_elided(word))
        return;
    size = singular(word, size);
    const sb_symbol *stem = sb_stemmer_stem(words->stemmer, (const sb_symbol *)word, (int)size);
    if (!stem)
        abort();
    size = (size_t)sb_stemmer_length(words->stemmer);
    add_bytes(words, stem, size);
    add_bytes(words, "", 1);
    words->word = words->size;
    words->count++;
}

static void read_words(words_t *words, const char *text)
{
    utf8proc_uint8_t *mapped = map_text(text);
    const utf8proc_uint8_t *at = mapped;
    utf8proc_int32_t codepoint = 0;
    while (at && (codepoint = next_codepoint(&at))) {
        if (is_word(codepoint)) {
            utf8proc_uint8_t letters[4];
            size_t size = letters_of(codepoint, letters);
            add_bytes(words, letters, size);
        } else {
            end_word(words, is_apostrophe(codepoint));
        }
    }
    end_word(words, false);
    free(mapped);
}

static int compare(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The words as one text. */
static char *join(const words_t *words)
{
    const char **sorted = pia_alloc((words->count + 1) * sizeof(const char *));
    const char *word = words->bytes;
    for (size_t i = 0; i < words->count; i++, word += strlen(word) + 1)
        sorted[i] = word;
    qsort(sorted, words->count, sizeof(const char *), compare);
    char *joined = pia_alloc(words->size + 1);
    size_t length = 0;
    for (size_t i = 0; i < words->count; i++) {
        if (i && strcmp(sorted[i], sorted[i - 1]) == 0)
            continue;
        if (length)
            joined[length++] = ' ';
        size_t size = strlen(sorted[i]);
        memcpy(joined + length, sorted[i], size);
        length += size;
    }
    free(sorted);
    return joined;
}

char *pia_fold_words(const char *const *texts)
{
    words_t words = {.stemmer = sb_stemmer_new("french", "UTF_8")};
    assert(words.stemmer); /* libstemmer has French */
    for (; *texts; texts++)
        read_words(&words, *texts);
    char *joined = join(&words);
    sb_stemmer_delete(words.stemmer);
    free(words.bytes);
    return joined;
}
