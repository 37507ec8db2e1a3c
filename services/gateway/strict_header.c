/* strict_header.c - the strict filter's rules for the header block (RFC 9112, 5 and 6.3): names
 * are tokens, lines end with CRLF and are not folded, and what decides where the body ends is said
 * once and in one way. */
#include <string.h>

#include "strict_internal.h"

/* The headers that are looked at; all others only have to be well-formed. */
enum { HEADER_OTHER, HEADER_HOST, HEADER_LENGTH, HEADER_ENCODING, HEADER_EXPECT };

static const struct {
    const char *name; /* lower case */
    uint8_t header;
} known[] = {
    {"host", HEADER_HOST},
    {"content-length", HEADER_LENGTH},
    {"transfer-encoding", HEADER_ENCODING},
    {"expect", HEADER_EXPECT},
};

static bool count_byte(strict_t *self)
{
    if (++self->count > STRICT_HEADERS_MAX)
        return strict_refuse(self, 431, "The header block is larger than 16 KiB");
    return true;
}

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

bool strict_step_header_start(strict_t *self, uint8_t byte)
{
    if (!count_byte(self))
        return false;
    if (byte == '\r') {
        self->state = STRICT_HEADERS_LF;
        return true;
    }
    if (byte == ' ' || byte == '\t')
        return strict_refuse(self, 400, "A header line is folded");
    if (!strict_is_tchar(byte))
        return strict_refuse(self, 400, "A header name is not a token");
    if (++self->headers > STRICT_HEADER_COUNT_MAX)
        return strict_refuse(self, 431, "There are more than 100 header lines");
    self->size = 0;
    self->state = STRICT_HEADER_NAME;
    return strict_token_add(self, lower(byte));
}

static void name_ended(strict_t *self)
{
    self->header = HEADER_OTHER;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strict_token_is(self, known[i].name))
            self->header = known[i].header;
    self->size = 0;
    self->value_begun = false;
    self->value_ended = false;
    self->state = STRICT_HEADER_VALUE;
}

/* A name longer than the token keeps its first bytes only; no known name is that long. */
bool strict_step_header_name(strict_t *self, uint8_t byte)
{
    if (!count_byte(self))
        return false;
    if (byte == ':') {
        name_ended(self);
        return true;
    }
    if (!strict_is_tchar(byte))
        return strict_refuse(self, 400, "A header name is not a token");
    (void)strict_token_add(self, lower(byte));
    return true;
}

static bool host_ended(strict_t *self)
{
    if (self->hosts++ > 0)
        return strict_refuse(self, 400, "There is more than one Host header");
    if (!self->value_begun)
        return strict_refuse(self, 400, "The Host header is empty");
    return true;
}

static bool length_ended(strict_t *self)
{
    if (self->lengths++ > 0)
        return strict_refuse(self, 400, "There is more than one Content-Length header");
    if (self->size == 0 || (self->size > 1 && self->token[0] == '0'))
        return strict_refuse(self, 400, "Content-Length is not a plain number");
    uint64_t length = 0;
    for (uint8_t i = 0; i < self->size; i++) {
        length = length * 10 + (uint64_t)(self->token[i] - '0');
        if (length > STRICT_BODY_MAX)
            return strict_refuse(self, 413, "The body is larger than 1 MiB");
    }
    self->body = length;
    return true;
}

static bool encoding_ended(strict_t *self)
{
    if (self->encodings++ > 0)
        return strict_refuse(self, 400, "There is more than one Transfer-Encoding header");
    if (!strict_token_is(self, "chunked"))
        return strict_refuse(self, 501, "Transfer-Encoding is not exactly chunked");
    return true;
}

static bool value_ended(strict_t *self)
{
    self->state = STRICT_HEADER_LF;
    switch (self->header) {
    case HEADER_HOST:
        return host_ended(self);
    case HEADER_LENGTH:
        return length_ended(self);
    case HEADER_ENCODING:
        return encoding_ended(self);
    case HEADER_EXPECT:
        if (!strict_token_is(self, "100-continue"))
            return strict_refuse(self, 417, "Only 100-continue can be expected");
        return true;
    default:
        return true;
    }
}

static bool is_host_char(uint8_t byte)
{
    if ((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
        (byte >= 'A' && byte <= 'Z'))
        return true;
    return byte != 0 && strchr(".-_~:[]%", byte) != NULL;
}

/* One byte of a value, white space around it left out. */
static bool value_byte(strict_t *self, uint8_t byte)
{
    if (self->header == HEADER_OTHER)
        return true;
    if (self->value_ended)
        return strict_refuse(self, 400, "A framing header has white space inside its value");
    if (self->header == HEADER_HOST)
        return is_host_char(byte) || strict_refuse(self, 400, "The Host header is not a host");
    if (self->header == HEADER_LENGTH && (byte < '0' || byte > '9'))
        return strict_refuse(self, 400, "Content-Length is not a plain number");
    if (self->header == HEADER_LENGTH && self->size == STRICT_TOKEN_MAX)
        return strict_refuse(self, 413, "The body is larger than 1 MiB");
    if (!strict_token_add(self, self->header == HEADER_EXPECT ? lower(byte) : byte))
        return strict_refuse(self, 400, "A framing header's value is too long");
    return true;
}

bool strict_step_header_value(strict_t *self, uint8_t byte)
{
    if (!count_byte(self))
        return false;
    if (byte == '\r')
        return value_ended(self);
    if (byte == ' ' || byte == '\t') {
        self->value_ended = self->value_begun;
        return true;
    }
    if (byte < ' ' || byte == 0x7f)
        return strict_refuse(self, 400, "A header value holds a control character");
    if (!value_byte(self, byte))
        return false;
    self->value_begun = true;
    self->value_ended = false;
    return true;
}

bool strict_step_header_lf(strict_t *self, uint8_t byte)
{
    if (!count_byte(self))
        return false;
    if (byte != '\n')
        return strict_refuse(self, 400, "A header line ends with CR without LF");
    self->state = STRICT_HEADER_START;
    return true;
}

static bool framing_is_plain(strict_t *self)
{
    if (self->hosts == 0)
        return strict_refuse(self, 400, "There is no Host header");
    if (self->encodings > 0 && self->lengths > 0)
        return strict_refuse(self, 400, "Content-Length stands beside Transfer-Encoding");
    if (self->encodings > 0 && self->version_minor == 0)
        return strict_refuse(self, 400, "HTTP/1.0 has no Transfer-Encoding");
    if (self->bodyless && (self->encodings > 0 || self->body > 0))
        return strict_refuse(self, 400, "This method carries no body");
    return true;
}

bool strict_step_headers_lf(strict_t *self, uint8_t byte)
{
    if (byte != '\n')
        return strict_refuse(self, 400, "The header block ends with CR without LF");
    if (!framing_is_plain(self))
        return false;
    self->digits = 0;
    self->body_total = 0;
    if (self->encodings > 0)
        self->state = STRICT_CHUNK_SIZE;
    else
        self->state = self->body > 0 ? STRICT_BODY : STRICT_DONE;
    return true;
}
