/* cursor.h - the place after an item in a list ordered by (sort, id); opaque text outside. */
#ifndef REGISTRY_CURSOR_H
#define REGISTRY_CURSOR_H

#include <stddef.h>
#include <stdint.h>

#include "fold.h"
#include "pia/problem.h"

enum { CURSOR_ID_SIZE = 64, CURSOR_TEXT_SIZE = 513, PAGE_DEFAULT = 50 };

/* The zero value is before the first item. */
typedef struct {
    char sort[FOLD_MAX + 1]; /* folded name; "" in a list ordered by id alone */
    char id[CURSOR_ID_SIZE];
} page_cursor_t;

void cursor_write(const char *sort, const char *id, char ret_text[CURSOR_TEXT_SIZE]);

/* Reads what cursor_write wrote; NULL is the beginning. PIA_INVALID for anything else. */
pia_status_t cursor_read(const char *text, page_cursor_t *ret_cursor, pia_problem_t *problem);

#endif
