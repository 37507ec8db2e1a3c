/* scan.c - one pass over the bytes of an event. */
#include "scan.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "pia/clock.h"

enum {
    DEPTH_MAX = 16,   /* as json.c */
    MEMBERS_MAX = 48, /* of an object: each is compared with those before it */
    DIGITS_MAX = 18,  /* of an integer: surely within 64 bits */
    REAL_MAX = 64,    /* digits of a real number, whose exponent has at most two: surely finite */
    EXTENSION_MAX = 1024,
    NAME_MAX_SIZE = 20,
};

typedef struct {
    const uint8_t *at, *end;
} reader_t;

/* A text as it stands between its quotes. */
typedef struct {
    const uint8_t *start;
    size_t size;
    bool plain; /* no escapes, no DEL: these bytes are the text */
} text_t;

static bool take(reader_t *reader, uint8_t byte)
{
    if (reader->at == reader->end || *reader->at != byte)
        return false;
    reader->at++;
    return true;
}

static void skip_space(reader_t *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' ||
                                        *reader->at == '\r' || *reader->at == '\t'))
        reader->at++;
}

/* Of WIDE bytes, how many stand before the first that is a control character, a quote, a backslash,
 * DEL or not ASCII; WIDE: none is. */
#if defined(__SSE2__)
enum { WIDE = 16 };

static size_t count_ordinary(const uint8_t *at)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i control =
        _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)); /* signed: not ASCII is negative */
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7F));
    __m128i found = _mm_or_si128(_mm_or_si128(control, quote), _mm_or_si128(slash, del));
    int marks = _mm_movemask_epi8(found);
    return marks ? (size_t)__builtin_ctz((unsigned)marks) : WIDE;
}
#else
enum { WIDE = 8 };

/* (x - 0x0101… & 0x8080… finds a zero byte; it may also mark what stands above one, never below.)
 */
static size_t count_ordinary(const uint8_t *at)
{
    const uint64_t ones = 0x0101010101010101U;
    const uint64_t tops = 0x8080808080808080U;
    uint64_t word;
    memcpy(&word, at, sizeof word);
    word = le64toh(word);
    uint64_t quote = word ^ (ones * '"');
    uint64_t slash = word ^ (ones * '\\');
    uint64_t del = word ^ (ones * 0x7F);
    uint64_t found = (word - ones * 0x20) | (quote - ones) | (slash - ones) | (del - ones);
    uint64_t marks = (found | word) & tops;
    return marks ? (size_t)__builtin_ctzll(marks) / 8 : WIDE;
}
#endif

static bool is_more(const uint8_t *at)
{
    return (*at & 0xC0) == 0x80;
}

/* Of three bytes; 0: not one, an overlong one, or half of a pair. */
static size_t character_of_3(const uint8_t *at, size_t left)
{
    if (left < 3 || !is_more(at + 1) || !is_more(at + 2))
        return 0;
    bool overlong = at[0] == 0xE0 && at[1] < 0xA0;
    bool surrogate = at[0] == 0xED && at[1] >= 0xA0;
    return overlong || surrogate ? 0 : 3;
}

/* The size of the character of UTF-8 that begins with this byte of 0x80 or more; 0: none does. */
static size_t character(const uint8_t *at, const uint8_t *end)
{
    size_t left = (size_t)(end - at);
    if (at[0] >= 0xC2 && at[0] <= 0xDF)
        return left >= 2 && is_more(at + 1) ? 2 : 0;
    if (at[0] >= 0xE0 && at[0] <= 0xEF)
        return character_of_3(at, left);
    if (at[0] < 0xF0 || at[0] > 0xF4 || left < 4 || !is_more(at + 1) || !is_more(at + 2) ||
        !is_more(at + 3))
        return 0;
    bool outside = (at[0] == 0xF0 && at[1] < 0x90) || (at[0] == 0xF4 && at[1] >= 0x90);
    return outside ? 0 : 4;
}

static int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Four digits behind "\u"; -1: they are none. */
static int32_t read_hex(const uint8_t *at, const uint8_t *end)
{
    int32_t value = 0;
    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* The size of the escape that begins with this backslash; 0: it is none that is allowed here (a
 * NUL, half a character). */
static size_t escape(const uint8_t *at, const uint8_t *end)
{
    if (end - at < 2)
        return 0;
    if (at[1] != 'u')
        return at[1] && strchr("\"\\/bfnrt", at[1]) ? 2 : 0;
    int32_t value = read_hex(at + 2, end);
    if (value <= 0 || (value >= 0xDC00 && value <= 0xDFFF))
        return 0;
    if (value < 0xD800 || value > 0xDBFF)
        return 6;
    int32_t low = end - at >= 12 && at[6] == '\\' && at[7] == 'u' ? read_hex(at + 8, end) : -1;
    return low >= 0xDC00 && low <= 0xDFFF ? 12 : 0;
}

/* What is neither a quote nor plain ASCII: its size, or 0. */
static size_t special(const uint8_t *at, const uint8_t *end, bool *plain)
{
    if (*at >= 0x80)
        return character(at, end);
    *plain = false;
    if (*at == '\\')
        return escape(at, end);
    return *at == 0x7F ? 1 : 0;
}

/* The rest of a text whose opening quote was taken. */
static bool read_text(reader_t *reader, text_t *ret_text)
{
    const uint8_t *at = reader->at;
    const uint8_t *end = reader->end;
    bool plain = true;
    for (;;) {
        size_t ordinary = WIDE;
        while (ordinary == WIDE && end - at >= WIDE) {
            ordinary = count_ordinary(at);
            at += ordinary;
        }
        while (ordinary == WIDE && at < end && *at >= 0x20 && *at < 0x7F && *at != '"' &&
               *at != '\\')
            at++;
        if (at == end)
            return false;
        if (*at == '"')
            break;
        size_t size = special(at, end, &plain);
        if (!size)
            return false;
        at += size;
    }
    *ret_text = (text_t){reader->at, (size_t)(at - reader->at), plain};
    reader->at = at + 1;
    return true;
}

static size_t skip_digits(reader_t *reader)
{
    const uint8_t *start = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
        reader->at++;
    return (size_t)(reader->at - start);
}

static bool skip_exponent(reader_t *reader)
{
    if (!take(reader, 'e') && !take(reader, 'E'))
        return true;
    if (!take(reader, '+'))
        (void)take(reader, '-');
    size_t digits = skip_digits(reader);
    return digits >= 1 && digits <= 2;
}

/* A number; *ret_integer says whether it is one. */
static bool skip_number(reader_t *reader, bool *ret_integer)
{
    (void)take(reader, '-');
    bool zero = reader->at < reader->end && *reader->at == '0';
    size_t digits = skip_digits(reader);
    if (digits == 0 || (zero && digits > 1) || digits > DIGITS_MAX)
        return false;
    const uint8_t *after = reader->at;
    if (take(reader, '.')) {
        size_t decimals = skip_digits(reader);
        if (decimals == 0 || decimals > REAL_MAX)
            return false;
    }
    bool good = skip_exponent(reader);
    *ret_integer = reader->at == after;
    return good;
}

static bool skip_word(reader_t *reader, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, word, size) != 0)
        return false;
    reader->at += size;
    return true;
}

/* Names mostly differ in size or in their first byte: a call for each is more than that. */
static bool is_same(const void *name, const text_t *other)
{
    const uint8_t *bytes = name;
    return other->size > 0 && bytes[0] == other->start[0] &&
           memcmp(bytes, other->start, other->size) == 0;
}

/* The names of an object's members so far. */
typedef struct {
    size_t count;
    text_t names[MEMBERS_MAX];
} members_t;

/* The next name and its colon; false if it was there before, or is not plain. */
static bool read_name(reader_t *reader, members_t *members)
{
    text_t *name = &members->names[members->count];
    if (members->count == MEMBERS_MAX || !take(reader, '"') || !read_text(reader, name) ||
        !name->plain)
        return false;
    for (size_t i = 0; i < members->count; i++) {
        const text_t *other = &members->names[i];
        if (other->size == name->size && (name->size == 0 || is_same(other->start, name)))
            return false;
    }
    members->count++;
    skip_space(reader);
    if (!take(reader, ':'))
        return false;
    skip_space(reader);
    return true;
}

static bool skip_value(reader_t *reader, int depth);

/* After a value: whether another follows (*ret_more), or the closing bracket. */
static bool separate(reader_t *reader, uint8_t close, bool *ret_more)
{
    skip_space(reader);
    *ret_more = take(reader, ',');
    if (!*ret_more)
        return take(reader, close);
    skip_space(reader);
    return true;
}

static bool skip_object(reader_t *reader, int depth)
{
    members_t members;
    members.count = 0;
    bool more = true;
    skip_space(reader);
    if (take(reader, '}'))
        return true;
    while (more) {
        if (!read_name(reader, &members) || !skip_value(reader, depth) ||
            !separate(reader, '}', &more))
            return false;
    }
    return true;
}

static bool skip_array(reader_t *reader, int depth)
{
    bool more = true;
    skip_space(reader);
    if (take(reader, ']'))
        return true;
    while (more) {
        if (!skip_value(reader, depth) || !separate(reader, ']', &more))
            return false;
    }
    return true;
}

/* A value inside `depth` brackets. */
static bool skip_value(reader_t *reader, int depth)
{
    text_t text;
    bool integer = false;
    if (reader->at == reader->end)
        return false;
    switch (*reader->at) {
    case '"':
        reader->at++;
        return read_text(reader, &text);
    case '{':
        reader->at++;
        return depth < DEPTH_MAX && skip_object(reader, depth + 1);
    case '[':
        reader->at++;
        return depth < DEPTH_MAX && skip_array(reader, depth + 1);
    case 't':
        return skip_word(reader, "true");
    case 'f':
        return skip_word(reader, "false");
    case 'n':
        return skip_word(reader, "null");
    default:
        return skip_number(reader, &integer);
    }
}

/* What a member is, where its text goes. */
typedef struct {
    const char *name;
    size_t size; /* of the name */
    size_t value;
} known_t;

/* The texts with a limit of their own, in bytes: as event.c. */
static const known_t limits[] = {
    {"specversion", 11, 3},
    {"id", 2, 128},
    {"source", 6, 256},
    {"type", 4, 128},
    {"time", 4, 40},
    {"subject", 7, 256},
    {"datacontenttype", 15, 128},
    {"dataschema", 10, 512},
    {"visibility", 10, 16},
};

static const known_t attributes[] = {
#define X(name, text, tag) {(text), sizeof(text) - 1, ATTRIBUTE_##name},
    ATTRIBUTE_MAP(X)
#undef X
};

static const known_t *look_up(const known_t *table, size_t count, const text_t *name)
{
    for (size_t i = 0; i < count; i++) {
        if (table[i].size == name->size && is_same(table[i].name, name))
            return &table[i];
    }
    return NULL;
}

static bool is_named(const text_t *name, const char *text)
{
    return strlen(text) == name->size && memcmp(name->start, text, name->size) == 0;
}

static bool is_attribute_name(const text_t *name)
{
    for (size_t i = 0; i < name->size; i++) {
        uint8_t c = name->start[i];
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9'))
            return false;
    }
    return name->size >= 1 && name->size <= NAME_MAX_SIZE;
}

/* What stands at the top of an event. */
typedef struct {
    char *room; /* for the next text */
    scan_t scan;
    const char *version, *time;
} top_t;

static const char *keep(top_t *top, const text_t *text)
{
    char *kept = top->room;
    memcpy(kept, text->start, text->size);
    kept[text->size] = '\0';
    top->room += text->size + 1;
    return kept;
}

static bool take_text(top_t *top, const text_t *name, const text_t *text)
{
    const known_t *limit = look_up(limits, sizeof limits / sizeof *limits, name);
    const known_t *known = look_up(attributes, sizeof attributes / sizeof *attributes, name);
    if (!text->plain || text->size == 0 || text->size > (limit ? limit->value : EXTENSION_MAX))
        return false;
    if (known)
        top->scan.attributes.value[known->value] = keep(top, text);
    else if (is_named(name, "id"))
        top->scan.id = keep(top, text);
    else if (is_named(name, "specversion"))
        top->version = keep(top, text);
    else if (is_named(name, "time"))
        top->time = keep(top, text);
    return true;
}

/* An extension of ours or of CloudEvents is a text; others may be something else. */
static bool skip_extension(reader_t *reader, const text_t *name)
{
    bool integer = false;
    const uint8_t *start = reader->at;
    if (look_up(limits, sizeof limits / sizeof *limits, name) ||
        look_up(attributes, sizeof attributes / sizeof *attributes, name))
        return false;
    if (skip_word(reader, "true") || skip_word(reader, "false"))
        return true;
    return skip_number(reader, &integer) && integer && reader->at - start < 10;
}

static bool read_member(reader_t *reader, top_t *top, const text_t *name)
{
    text_t text;
    if (is_named(name, "data"))
        return skip_value(reader, 1);
    if (!is_attribute_name(name) || is_named(name, "restrictedto"))
        return false;
    if (!take(reader, '"'))
        return skip_extension(reader, name);
    return read_text(reader, &text) && take_text(top, name, &text);
}

static bool read_members(reader_t *reader, top_t *top)
{
    members_t members;
    members.count = 0;
    bool more = true;
    skip_space(reader);
    while (more) {
        if (!read_name(reader, &members) ||
            !read_member(reader, top, &members.names[members.count - 1]) ||
            !separate(reader, '}', &more))
            return false;
    }
    skip_space(reader);
    return reader->at == reader->end;
}

static bool is_complete(const top_t *top)
{
    int64_t time_ms = 0;
    const char *source = top->scan.attributes.value[ATTRIBUTE_SOURCE];
    return top->version && strcmp(top->version, "1.0") == 0 && top->scan.id && source &&
           (source[0] == '/' || strchr(source, ':')) &&
           top->scan.attributes.value[ATTRIBUTE_TYPE] &&
           (!top->time || pia_time_parse(top->time, &time_ms));
}

bool scan_event(const void *bytes, size_t size, char *room, scan_t *ret_scan)
{
    reader_t reader = {.at = bytes, .end = (const uint8_t *)bytes + size};
    top_t top = {.version = NULL};
    top.room = room;
    skip_space(&reader);
    if (!take(&reader, '{') || !read_members(&reader, &top) || !is_complete(&top))
        return false;
    *ret_scan = top.scan;
    return true;
}
