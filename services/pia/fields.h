/* fields.h - the options of a command from its message's schema, and the message's body from them.
 *
 * A field `starts_at` is --starts-at. Lists are separated by commas or given again and again, and
 * --theme is --themes. The members of an object field are options too: --pole-code, or --code where
 * nothing else has this name. */
#ifndef FIELDS_H
#define FIELDS_H

#include "arguments.h"
#include "pia/schema.h"

/* 0: no such field; 1: a boolean (no value); 2: takes a value. */
int fields_known(const pia_schema_t *schema, const char *option);

/* Sets the field of this option in `body`. PIA_INVALID with a sentence if the value is none. */
pia_status_t fields_set(const pia_schema_t *schema,
                        json_t *body,
                        const char *option,
                        const char *value,
                        pia_problem_t *problem);

/* What the service would refuse in `body`, said before it is sent. */
pia_status_t fields_check(const pia_schema_t *schema, const json_t *body, pia_problem_t *problem);

/* Prints the options after `heading`, but for those in `positional` (names with spaces between);
 * nothing if there are none. */
void fields_print_help(const pia_schema_t *schema, const char *positional, const char *heading);

/* Prints the members of the JSON that a file is to hold. */
void fields_print_members(const pia_schema_t *schema);

/* Whether `list`, words with spaces between, has this word. */
bool words_have(const char *list, const char *word);

#endif
