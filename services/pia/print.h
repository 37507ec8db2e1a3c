/* print.h - answers for people (tables, one line a member) and for programs (JSON). */
#ifndef PRINT_H
#define PRINT_H

#include <jansson.h>
#include <stdio.h>

/* Indented, with a newline. */
void print_json(const json_t *json);

/* A table of `items` (an array of objects); `columns`: member names with spaces between, "a.b" for
 * a member's member. Says "(none)" if there are none. */
void print_table(const json_t *items, const char *columns);

/* One line a member; members of members as "a.b", of lists of objects as "a.1.b". */
void print_object(const json_t *object);

/* How many columns of a terminal a text takes: letters, not bytes. */
size_t print_width(const char *text);

/* Any JSON value as one line of text, of a list of objects their names; the caller frees it.
 * Control characters become spaces. */
char *print_text(const json_t *value);

#endif
