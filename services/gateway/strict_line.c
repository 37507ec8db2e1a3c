/* strict_line.c - the strict filter's rules for the request line (RFC 9112, 3): an allowed method,
 * a bounded target in origin form, HTTP/1.0 or HTTP/1.1, single spaces, CRLF. */
#include <string.h>

#include "strict_internal.h"

enum { METHOD_SIZE_MAX = 16, VERSION_SIZE = 8 };

static bool token_in(const strict_t *self, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strict_token_is(self, *names))
            return true;
    return false;
}

static bool method_ended(strict_t *self)
{
    static const char *const with_body[] = {"POST", "PUT", "PATCH", NULL};
    static const char *const without_body[] = {"GET", "HEAD", "DELETE", "OPTIONS", NULL};
    static const char *const refused[] = {"CONNECT", "TRACE", NULL};
    if (token_in(self, refused))
        return strict_refuse(self, 405, "CONNECT and TRACE are not served");
    self->head = strict_token_is(self, "HEAD");
    self->bodyless = token_in(self, without_body);
    if (!self->bodyless && !token_in(self, with_body))
        return strict_refuse(self, 501, "The method is unknown");
    self->state = STRICT_TARGET;
    self->count = 0;
    self->digits = 0;
    return true;
}

bool strict_step_method(strict_t *self, uint8_t byte)
{
    if (byte == ' ' && self->size > 0)
        return method_ended(self);
    if (!strict_is_tchar(byte))
        return strict_refuse(self, 400, "The request line does not begin with a method");
    if (self->size == METHOD_SIZE_MAX || !strict_token_add(self, byte))
        return strict_refuse(self, 501, "The method is unknown");
    return true;
}

/* RFC 3986's pchar, "/" and "?"; a "%" begins a triple. */
static bool is_target_char(uint8_t byte)
{
    if ((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
        (byte >= 'A' && byte <= 'Z'))
        return true;
    return byte != 0 && strchr("/?:@-._~!$&'()*+,;=%", byte) != NULL;
}

bool strict_step_target(strict_t *self, uint8_t byte)
{
    if (self->count == 0 && byte != '/')
        return strict_refuse(self, 400, "The request target does not begin with a slash");
    if (self->digits > 0) {
        if (!strict_is_hex(byte))
            return strict_refuse(self, 400, "A % in the target is not followed by two digits");
        self->digits--;
    } else if (byte == ' ') {
        self->state = STRICT_VERSION;
        self->size = 0;
        return true;
    } else if (!is_target_char(byte)) {
        return strict_refuse(self, 400, "A byte of the request target is not allowed there");
    } else if (byte == '%') {
        self->digits = 2;
    }
    if (++self->count > STRICT_TARGET_MAX)
        return strict_refuse(self, 414, "The request target is longer than 4096 bytes");
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool version_ended(strict_t *self)
{
    const char *v = self->token;
    if (self->size != VERSION_SIZE || memcmp(v, "HTTP/", 5) != 0 || !is_digit(v[5]) ||
        v[6] != '.' || !is_digit(v[7]))
        return strict_refuse(self, 400, "The request line does not end with an HTTP version");
    if (v[5] != '1' || v[7] > '1')
        return strict_refuse(self, 505, "Only HTTP/1.0 and HTTP/1.1 are spoken");
    self->version_minor = (uint8_t)(v[7] - '0');
    self->state = STRICT_LINE_LF;
    return true;
}

bool strict_step_version(strict_t *self, uint8_t byte)
{
    if (byte == '\r')
        return version_ended(self);
    if (byte <= ' ' || byte > '~' || self->size == VERSION_SIZE || !strict_token_add(self, byte))
        return strict_refuse(self, 400, "The request line does not end with an HTTP version");
    return true;
}

bool strict_step_line_lf(strict_t *self, uint8_t byte)
{
    if (byte != '\n')
        return strict_refuse(self, 400, "The request line ends with CR without LF");
    self->state = STRICT_HEADER_START;
    self->count = 0;
    return true;
}
