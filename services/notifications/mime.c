/* mime.c - composes e-mails. */
#include "mime.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/memory.h"

enum {
    WORD_BYTES = 45,  /* =?UTF-8?B? + 60 characters + ?= are 72 of the 75 allowed (RFC 2047, 2) */
    LINE_MAX_QP = 75, /* and the "=" of a soft line break (RFC 2045, 6.7) */
    PLAIN_MAX = 60,   /* a longer header value is folded, as encoded words */
    DATE_SIZE = 40,
};

/* A text that grows. */
typedef struct {
    char *text;
    size_t used, size;
} out_t;

static void put(out_t *out, const char *text, size_t size)
{
    if (out->used + size + 1 > out->size) {
        out->size = 2 * (out->used + size + 1);
        out->text = pia_realloc(out->text, out->size);
    }
    memcpy(out->text + out->used, text, size);
    out->used += size;
    out->text[out->used] = '\0';
}

static void put_text(out_t *out, const char *text)
{
    put(out, text, strlen(text));
}

static bool is_plain(const char *text)
{
    size_t size = 0;
    for (; text[size]; size++) {
        if (text[size] < ' ' || text[size] > '~' || size == PLAIN_MAX) {
            return false;
        }
    }
    return !strstr(text, "=?");
}

/* How many bytes of text fit into one encoded word without cutting a character. */
static size_t word_size(const char *text)
{
    size_t size = strlen(text);
    if (size <= WORD_BYTES) {
        return size;
    }
    size = WORD_BYTES;
    while (size > 1 && ((unsigned char)text[size] & 0xC0) == 0x80) {
        size--;
    }
    return size;
}

static void put_word(out_t *out, const char *text, size_t size)
{
    unsigned char clean[WORD_BYTES];
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        clean[i] = c < ' ' || c == 0x7F ? ' ' : c;
    }
    char encoded[2 * WORD_BYTES];
    (void)sodium_bin2base64(encoded, sizeof encoded, clean, size, sodium_base64_VARIANT_ORIGINAL);
    put_text(out, "=?UTF-8?B?");
    put_text(out, encoded);
    put_text(out, "?=");
}

char *mime_header(const char *text)
{
    out_t out = {0};
    put_text(&out, "");
    if (is_plain(text)) {
        put_text(&out, text);
        return out.text;
    }
    while (*text) {
        size_t size = word_size(text);
        put_word(&out, text, size);
        text += size;
        put_text(&out, *text ? "\n " : "");
    }
    return out.text;
}

/* One byte of a body: itself, or =XX. A blank before a line's end must be encoded. */
static size_t encode(char ret_text[4], unsigned char byte, char next)
{
    static const char hex[] = "0123456789ABCDEF";
    bool at_end = next == '\n' || next == '\0';
    if ((byte > ' ' && byte <= '~' && byte != '=') || ((byte == ' ' || byte == '\t') && !at_end)) {
        ret_text[0] = (char)byte;
        return 1;
    }
    ret_text[0] = '=';
    ret_text[1] = hex[byte >> 4];
    ret_text[2] = hex[byte & 15];
    return 3;
}

char *mime_quoted_printable(const char *text)
{
    out_t out = {0};
    put_text(&out, "");
    size_t column = 0;
    for (; *text; text++) {
        if (*text == '\n') {
            put_text(&out, "\n");
            column = 0;
            continue;
        }
        char encoded[4];
        size_t size = encode(encoded, (unsigned char)text[0], text[1]);
        if (column + size > LINE_MAX_QP) {
            put_text(&out, "=\n");
            column = 0;
        }
        put(&out, encoded, size);
        column += size;
    }
    return out.text;
}

/* "Thu, 26 Nov 2026 06:30:55 +0000" (RFC 5322, 3.3). */
static void date_text(int64_t time_ms, char ret_text[DATE_SIZE])
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char text[PIA_TIME_TEXT_SIZE];
    pia_time_format(time_ms, text);
    int month = (text[5] - '0') * 10 + (text[6] - '0');
    (void)snprintf(ret_text, DATE_SIZE, "%s, %.2s %s %.4s %.8s +0000", days[time_ms / 86400000 % 7],
                   text + 8, months[(month - 1) % 12], text, text + 11);
}

/* "name: value"; the value has no line end but those of mime_header. */
static void put_header(out_t *out, const char *name, const char *value)
{
    put_text(out, name);
    put_text(out, ": ");
    put_text(out, value);
    put_text(out, "\n");
}

static void put_address(out_t *out, const char *name, const char *display, const char *address)
{
    put_text(out, name);
    put_text(out, ": ");
    if (display && display[0]) {
        out_t word = {0};
        /* always encoded: a display name in plain ASCII would need quoting rules */
        while (*display) {
            size_t size = word_size(display);
            put_word(&word, display, size);
            display += size;
            put_text(&word, "\n ");
        }
        put_text(out, word.text);
        free(word.text);
    }
    put_text(out, "<");
    put_text(out, address);
    put_text(out, ">\n");
}

char *mime_compose(const mime_t *mime)
{
    out_t out = {0};
    char date[DATE_SIZE];
    date_text(mime->date_ms, date);
    const char *domain = strchr(mime->sender, '@');
    char *subject = mime_header(mime->subject);
    char *body = mime_quoted_printable(mime->body);
    put_address(&out, "From", mime->sender_name, mime->sender);
    put_address(&out, "To", NULL, mime->to);
    put_header(&out, "Subject", subject);
    put_header(&out, "Date", date);
    put_text(&out, "Message-ID: <");
    put_text(&out, mime->id);
    put_text(&out, domain ? domain : "@localhost");
    put_text(&out, ">\n");
    if (mime->unsubscribe) {
        put_text(&out, "List-Unsubscribe: <");
        put_text(&out, mime->unsubscribe);
        put_text(&out, ">\n");
    }
    put_header(&out, "Auto-Submitted", "auto-generated");
    put_header(&out, "MIME-Version", "1.0");
    put_header(&out, "Content-Type", "text/plain; charset=utf-8");
    put_header(&out, "Content-Transfer-Encoding", "quoted-printable");
    put_text(&out, "\n");
    put_text(&out, body);
    free(subject);
    free(body);
    return out.text;
}
