/* strict_internal.h - what the files of the strict filter share: strict.c (framing),
 * strict_line.c (request line) and strict_header.c (header block). */
#ifndef GATEWAY_STRICT_INTERNAL_H
#define GATEWAY_STRICT_INTERNAL_H

#include "strict.h"

/* States in the order of a request; each has one step. */
typedef enum {
    STRICT_METHOD,
    STRICT_TARGET,
    STRICT_VERSION,
    STRICT_LINE_LF,
    STRICT_HEADER_START,
    STRICT_HEADER_NAME,
    STRICT_HEADER_VALUE,
    STRICT_HEADER_LF,
    STRICT_HEADERS_LF,
    STRICT_BODY,
    STRICT_CHUNK_SIZE,
    STRICT_CHUNK_SIZE_LF,
    STRICT_CHUNK_DATA,
    STRICT_CHUNK_DATA_CR,
    STRICT_CHUNK_DATA_LF,
    STRICT_LAST_CR,
    STRICT_LAST_LF,
    STRICT_DONE,
    STRICT_REFUSED,
} strict_state_t;

/* Takes one byte; false if it was refused (then status, reason and state are set). */
typedef bool strict_step_fn(strict_t *self, uint8_t byte);

strict_step_fn strict_step_method, strict_step_target, strict_step_version, strict_step_line_lf;
strict_step_fn strict_step_header_start, strict_step_header_name, strict_step_header_value;
strict_step_fn strict_step_header_lf, strict_step_headers_lf;

/* Ends everything with this status; returns false. */
bool strict_refuse(strict_t *self, int status, const char *reason);

/* Appends to the token; false if it is full. */
bool strict_token_add(strict_t *self, uint8_t byte);

/* Whether the token is exactly this text. */
bool strict_token_is(const strict_t *self, const char *text);

/* RFC 9110's tchar, RFC 3986's HEXDIG; locale plays no part. */
bool strict_is_tchar(uint8_t byte);
bool strict_is_hex(uint8_t byte);

#endif
