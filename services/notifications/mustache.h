/* mustache.h - the part of Mustache that messages need (mustache.5): variables, sections over
 * lists, objects and truth, inverted sections, comments, dotted names, the implicit iterator.
 * No partials, lambdas or changed delimiters: a template that uses them is refused. */
#ifndef MUSTACHE_H
#define MUSTACHE_H

#include <jansson.h>

#include "pia/problem.h"

/* What {{name}} does to a value; {{{name}}} and {{&name}} never escape. */
typedef enum { MUSTACHE_PLAIN, MUSTACHE_HTML } mustache_escape_t;

enum { MUSTACHE_DEPTH_MAX = 16, MUSTACHE_OUTPUT_MAX = 256 * 1024 };

/* Renders `text` with `view` (an object). On success the caller frees *ret_text.
 * PIA_INVALID: the template is not well formed; PIA_TOO_LARGE: more than MUSTACHE_OUTPUT_MAX. */
pia_status_t mustache_render(const char *text,
                             const json_t *view,
                             mustache_escape_t escape,
                             char **ret_text,
                             pia_problem_t *problem);

#endif
