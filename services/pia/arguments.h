/* arguments.h - a command line taken apart: options and what stands by itself. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

enum { ARGUMENTS_MAX = 256 };

/* An option that a command knows. */
typedef struct {
    const char *name;  /* "count", for --count */
    const char *value; /* what its value is called in help ("N"); NULL: it has none */
    const char *help;
} flag_t;

typedef struct {
    const char *name;  /* as written after "--": "name" or "name=value" */
    const char *value; /* NULL if it has none */
} option_t;

/* All texts are borrowed from argv, names from flags. */
typedef struct {
    option_t options[ARGUMENTS_MAX];
    size_t option_count;
    size_t before_count; /* how many of the options stand before the command */
    const char *positionals[ARGUMENTS_MAX];
    size_t positional_count;
} arguments_t;

/* Whether an option exists and has a value: 0 none, 1 no value, 2 a value. */
typedef int arguments_known_fn(const void *arg, const char *name);

/* Adds the words of `argv` until its end or, with `stop_at_positional`, the first that is no
 * option; returns how many were read, or -1 after having put a sentence into `ret_error`. "--"
 * makes all that follows positional; "-" is positional. A value that begins with "--" is written
 * --name=--value. */
int arguments_read(arguments_t *arguments,
                   char *const *argv,
                   bool stop_at_positional,
                   arguments_known_fn *known,
                   const void *arg,
                   char ret_error[256]);

/* The last value of an option, or NULL; "" for one without value. */
const char *arguments_get(const arguments_t *arguments, const char *name);

#endif
