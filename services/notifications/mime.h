/* mime.h - an e-mail as RFC 5322 text: headers encoded by RFC 2047, body quoted-printable, LF line
 * ends. Everything in it follows from the delivery, so a repeat is the same bytes. */
#ifndef MIME_H
#define MIME_H

#include <stdint.h>

typedef struct {
    const char *id;     /* the delivery: Message-ID is <id@domain of the sender> */
    const char *sender; /* address */
    const char *sender_name;
    const char *to; /* address */
    const char *subject, *body;
    const char *unsubscribe; /* URL, or NULL */
    int64_t date_ms;
} mime_t;

/* Composes the message; the caller frees it. */
char *mime_compose(const mime_t *mime);

/* Text as an unstructured header value: as it is if plain ASCII, else encoded words of at most 75
 * bytes, folded by "\n ". Control characters become spaces. The caller frees it. */
char *mime_header(const char *text);

/* Text as quoted-printable, lines of at most 76 bytes. The caller frees it. */
char *mime_quoted_printable(const char *text);

#endif
