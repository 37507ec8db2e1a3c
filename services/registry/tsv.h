/* tsv.h - reads a tab-separated table with a header line, one bounded line at a time. */
#ifndef REGISTRY_TSV_H
#define REGISTRY_TSV_H

#include <stddef.h>

#include "pia/problem.h"

enum { TSV_LINE_MAX = 1024, TSV_FIELDS_MAX = 8 };

typedef struct {
    const char *at, *end;
    int number;                        /* of the present line, the header is 1 */
    size_t columns;                    /* that each line must have */
    const char *field[TSV_FIELDS_MAX]; /* of the present line, into `line` */
    char line[TSV_LINE_MAX];
} tsv_t;

/* Starts on bytes (borrowed) and skips the header. */
void tsv_open(tsv_t *tsv, const char *bytes, size_t size, size_t columns);

/* PIA_OK: `field` is the next line. PIA_NOT_FOUND: no more. PIA_INVALID: too long or another number
 * of columns, with the line's number. */
pia_status_t tsv_next(tsv_t *tsv, pia_problem_t *problem);

#endif
