/* tsv.c - tab-separated tables. */
#include "tsv.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

/* Copies the next line; false if there is none. Sets its length, TSV_LINE_MAX if it is too long. */
static bool take_line(tsv_t *tsv, size_t *ret_length)
{
    if (tsv->at == tsv->end) {
        return false;
    }
    size_t left = (size_t)(tsv->end - tsv->at);
    const char *newline = memchr(tsv->at, '\n', left);
    size_t length = newline == NULL ? left : (size_t)(newline - tsv->at);
    *ret_length = length < TSV_LINE_MAX ? length : TSV_LINE_MAX;
    memcpy(tsv->line, tsv->at, *ret_length == TSV_LINE_MAX ? 0 : length);
    tsv->line[*ret_length == TSV_LINE_MAX ? 0 : length] = '\0';
    tsv->at += length + (newline != NULL);
    tsv->number++;
    return true;
}

void tsv_open(tsv_t *tsv, const char *bytes, size_t size, size_t columns)
{
    assert(columns <= TSV_FIELDS_MAX);
    memset(tsv, 0, sizeof *tsv);
    tsv->at = bytes;
    tsv->end = bytes + size;
    tsv->columns = columns;
    size_t length;
    (void)take_line(tsv, &length);
}

pia_status_t tsv_next(tsv_t *tsv, pia_problem_t *problem)
{
    size_t length;
    if (!take_line(tsv, &length)) {
        return PIA_NOT_FOUND;
    }
    size_t count = 0;
    bool bad = length == TSV_LINE_MAX || memchr(tsv->line, '\0', length) != NULL;
    char *rest = tsv->line;
    while (!bad && rest != NULL && count < TSV_FIELDS_MAX) {
        tsv->field[count++] = rest;
        rest = strchr(rest, '\t');
        if (rest != NULL) {
            *rest++ = '\0';
        }
    }
    if (bad || rest != NULL || count != tsv->columns) {
        return pia_problem_set(problem, PIA_INVALID, NULL, "line %d has not %zu columns",
                               tsv->number, tsv->columns);
    }
    return PIA_OK;
}
