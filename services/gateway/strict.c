/* strict.c - the strict filter's state machine: which step takes the next byte, and the framing of
 * bodies (RFC 9112, 6 and 7), without chunk extensions and trailers. */
#include "strict.h"

#include <assert.h>
#include <string.h>

#include "strict_internal.h"

enum { CHUNK_DIGITS_MAX = 8 };

void strict_init(strict_t *self)
{
    memset(self, 0, sizeof *self);
    self->state = STRICT_METHOD;
}

void strict_next(strict_t *self)
{
    assert(self->state == STRICT_DONE);
    strict_init(self);
}

bool strict_begun(const strict_t *self)
{
    return self->state != STRICT_METHOD || self->size > 0;
}

bool strict_refuse(strict_t *self, int status, const char *reason)
{
    self->state = STRICT_REFUSED;
    self->status = status;
    self->reason = reason;
    return false;
}

bool strict_token_add(strict_t *self, uint8_t byte)
{
    if (self->size == STRICT_TOKEN_MAX)
        return false;
    self->token[self->size++] = (char)byte;
    return true;
}

bool strict_token_is(const strict_t *self, const char *text)
{
    return strlen(text) == self->size && memcmp(text, self->token, self->size) == 0;
}

bool strict_is_hex(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
           (byte >= 'A' && byte <= 'F');
}

bool strict_is_tchar(uint8_t byte)
{
    if ((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
        (byte >= 'A' && byte <= 'Z'))
        return true;
    return byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL;
}

static bool expect(strict_t *self, uint8_t byte, uint8_t wanted, strict_state_t next)
{
    if (byte != wanted)
        return strict_refuse(self, 400, "Chunk framing is not CRLF where it must be");
    self->state = (int)next;
    return true;
}

static uint64_t hex_value(uint8_t byte)
{
    if (byte <= '9')
        return byte - (uint64_t)'0';
    return (byte | 0x20U) - (uint64_t)'a' + 10;
}

/* No sign, no space, no 0x, no extension: hexadecimal digits, then CR. */
static bool step_chunk_size(strict_t *self, uint8_t byte)
{
    if (byte == '\r' && self->digits > 0) {
        self->state = STRICT_CHUNK_SIZE_LF;
        return true;
    }
    if (!strict_is_hex(byte))
        return strict_refuse(self, 400, "A chunk size is 1 to 8 hexadecimal digits");
    if (self->digits == CHUNK_DIGITS_MAX)
        return strict_refuse(self, 400, "A chunk size has more than 8 digits");
    self->digits++;
    self->body = self->body * 16 + hex_value(byte);
    if (self->body_total + self->body > STRICT_BODY_MAX)
        return strict_refuse(self, 413, "The body is larger than 1 MiB");
    return true;
}

static bool step_chunk_size_lf(strict_t *self, uint8_t byte)
{
    self->body_total += self->body;
    return expect(self, byte, '\n', self->body > 0 ? STRICT_CHUNK_DATA : STRICT_LAST_CR);
}

static bool step_chunk_data_cr(strict_t *self, uint8_t byte)
{
    return expect(self, byte, '\r', STRICT_CHUNK_DATA_LF);
}

static bool step_chunk_data_lf(strict_t *self, uint8_t byte)
{
    self->digits = 0;
    self->body = 0;
    return expect(self, byte, '\n', STRICT_CHUNK_SIZE);
}

static bool step_last_cr(strict_t *self, uint8_t byte)
{
    if (byte != '\r')
        return strict_refuse(self, 400, "Trailers are not accepted");
    self->state = STRICT_LAST_LF;
    return true;
}

static bool step_last_lf(strict_t *self, uint8_t byte)
{
    return expect(self, byte, '\n', STRICT_DONE);
}

/* Indexed by state; NULL where bytes are taken in bulk or not at all. */
static strict_step_fn *const steps[] = {
    [STRICT_METHOD] = strict_step_method,
    [STRICT_TARGET] = strict_step_target,
    [STRICT_VERSION] = strict_step_version,
    [STRICT_LINE_LF] = strict_step_line_lf,
    [STRICT_HEADER_START] = strict_step_header_start,
    [STRICT_HEADER_NAME] = strict_step_header_name,
    [STRICT_HEADER_VALUE] = strict_step_header_value,
    [STRICT_HEADER_LF] = strict_step_header_lf,
    [STRICT_HEADERS_LF] = strict_step_headers_lf,
    [STRICT_BODY] = NULL,
    [STRICT_CHUNK_SIZE] = step_chunk_size,
    [STRICT_CHUNK_SIZE_LF] = step_chunk_size_lf,
    [STRICT_CHUNK_DATA] = NULL,
    [STRICT_CHUNK_DATA_CR] = step_chunk_data_cr,
    [STRICT_CHUNK_DATA_LF] = step_chunk_data_lf,
    [STRICT_LAST_CR] = step_last_cr,
    [STRICT_LAST_LF] = step_last_lf,
    [STRICT_DONE] = NULL,
    [STRICT_REFUSED] = NULL,
};

static size_t skip_body(strict_t *self, size_t size)
{
    size_t taken = size < self->body ? size : (size_t)self->body;
    self->body -= taken;
    if (self->body == 0)
        self->state = self->state == STRICT_BODY ? STRICT_DONE : STRICT_CHUNK_DATA_CR;
    return taken;
}

strict_verdict_t strict_feed(strict_t *self, const void *bytes, size_t size, size_t *ret_admitted)
{
    const uint8_t *at = bytes;
    size_t done = 0;
    while (done < size && self->state < STRICT_DONE) {
        if (self->state == STRICT_BODY || self->state == STRICT_CHUNK_DATA)
            done += skip_body(self, size - done);
        else if (steps[self->state](self, at[done]))
            done++;
    }
    *ret_admitted = done;
    if (self->state == STRICT_REFUSED)
        return STRICT_REJECTED;
    return self->state == STRICT_DONE ? STRICT_COMPLETE : STRICT_MORE;
}
