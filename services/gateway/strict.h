/* strict.h - which bytes of a connection may reach the HTTP server: a reject-only state machine
 * over raw bytes. It never changes a byte; it says how many may pass, and whether the request is
 * whole or refused. The byte that would complete something malformed is never admitted, so a lax
 * parser behind it never sees a whole request that this one refuses. Pure: no I/O, no clock, no
 * allocation, the same result however the bytes are cut. */
#ifndef GATEWAY_STRICT_H
#define GATEWAY_STRICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    STRICT_TARGET_MAX = 4096,      /* bytes of the request target: 414 above */
    STRICT_HEADERS_MAX = 16384,    /* bytes of the header block, issue 2: 431 above */
    STRICT_HEADER_COUNT_MAX = 100, /* 431 above */
    STRICT_BODY_MAX = 1048576,     /* bytes of the body without its framing, issue 2: 413 above */
    STRICT_TOKEN_MAX = 32,         /* of a name or a value that matters to us */
};

typedef enum { STRICT_MORE, STRICT_COMPLETE, STRICT_REJECTED } strict_verdict_t;

typedef struct {
    int state;           /* index into strict.c's table of steps */
    int status;          /* HTTP status of a refusal, 0 before */
    const char *reason;  /* of a refusal, static, a sentence without its full stop */
    uint32_t count;      /* bytes of the target or header block so far */
    uint32_t headers;    /* header lines so far */
    uint64_t body;       /* bytes of body still to come in this chunk or request */
    uint64_t body_total; /* bytes of all chunks so far */
    uint8_t hosts, lengths, encodings;
    uint8_t version_minor; /* HTTP/1.0 or 1.1 */
    uint8_t digits;        /* of the chunk size so far; of a %XX triple still to come */
    bool head;             /* the method is HEAD: a refusal has no body either */
    bool bodyless;         /* a method that carries no body */
    bool value_begun;      /* past the white space before a header's value */
    bool value_ended;      /* white space seen after it */
    uint8_t header;        /* which framing header this line is, strict_header.c */
    uint8_t size;          /* bytes in token */
    char token[STRICT_TOKEN_MAX];
} strict_t;

void strict_init(strict_t *self);

/* Looks at the next bytes and says how many of them may pass. STRICT_MORE: all of them, and more
 * are needed. STRICT_COMPLETE: the request ends after *ret_admitted; nothing more passes until
 * strict_next. STRICT_REJECTED: status and reason are set; nothing passes any more. */
strict_verdict_t strict_feed(strict_t *self, const void *bytes, size_t size, size_t *ret_admitted);

/* After the answer: the next request may begin. Asserts that the last one was complete. */
void strict_next(strict_t *self);

/* Whether a byte of the present request has been seen. */
bool strict_begun(const strict_t *self);

#endif
