/* format.h - what a file is, as its content says, not its name. Store thread (libmagic keeps
 * state). */
#ifndef FORMAT_H
#define FORMAT_H

#include <jansson.h>
#include <stddef.h>

#include "pia/problem.h"

enum { FORMAT_HEAD_SIZE = 65536 }; /* as much of a file's beginning as is looked at */

/* A kind of file that a piece may accept. */
typedef struct {
    const char *name;       /* "pdf" */
    const char *media_type; /* "application/pdf", as libmagic calls it */
} format_t;

/* NULL if there is no format of this name. */
const format_t *format_find(const char *name);

typedef struct format_reader format_reader_t;

/* Opens libmagic with its database. PIA_UNAVAILABLE: it cannot be read. */
pia_status_t format_reader_new(format_reader_t **ret_reader, pia_problem_t *problem);
void format_reader_destroy(format_reader_t **reader_p);

/* The format of a file that begins with these bytes, if it is one of `accepted` (an array of
 * names). PIA_INVALID at /content: of none; the detail says what it is. */
pia_status_t format_read(format_reader_t *reader,
                         const void *head,
                         size_t size,
                         const json_t *accepted,
                         const format_t **ret_format,
                         pia_problem_t *problem);

#endif
