/* status.h - the one list of outcomes: name, wire text, HTTP status (also its number on the wire).
 */
#ifndef PIA_STATUS_H
#define PIA_STATUS_H

#define PIA_STATUS_MAP(X)                                                                          \
    X(OK, "ok", 200)                                                                               \
    X(INVALID, "invalid", 400)                                                                     \
    X(UNAUTHENTICATED, "unauthenticated", 401)                                                     \
    X(FORBIDDEN, "forbidden", 403)                                                                 \
    X(NOT_FOUND, "not_found", 404)                                                                 \
    X(CONFLICT, "conflict", 409)                                                                   \
    X(GONE, "gone", 410)                                                                           \
    X(TOO_LARGE, "too_large", 413)                                                                 \
    X(RATE_LIMITED, "rate_limited", 429)                                                           \
    X(INTERNAL, "internal", 500)                                                                   \
    X(UNAVAILABLE, "unavailable", 503)                                                             \
    X(TIMEOUT, "timeout", 504)

typedef enum {
#define X(name, text, http) PIA_##name,
    PIA_STATUS_MAP(X)
#undef X
} pia_status_t;

/* The wire text ("not_found"), static; "unknown" for a number outside the list. */
const char *pia_status_text(pia_status_t status);

/* The HTTP status, which is also the number in the header of an answer; 500 outside the list. */
int pia_status_http(pia_status_t status);

/* The status whose HTTP number is `http`; PIA_INTERNAL if none has it. */
pia_status_t pia_status_from_http(int http);

#endif
