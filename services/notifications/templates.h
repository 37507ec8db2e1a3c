/* templates.h - the texts people are sent: Mustache files embedded in the program, one an occasion
 * and language.
 * The first line is the title (an e-mail's subject), then an empty line, then the text. */
#ifndef TEMPLATES_H
#define TEMPLATES_H

#include <jansson.h>
#include <stdbool.h>

#include "dates.h"
#include "pia/problem.h"

enum { TITLE_MAX = 512 };

typedef struct {
    char *title; /* one line, at most TITLE_MAX bytes */
    char *body;
} message_text_t;

bool template_exists(const char *name);

/* Renders a template (asserts that it exists) in a language. On success the caller frees with
 * message_text_clear. PIA_INVALID: it is not well formed or has no title. */
pia_status_t template_render(const char *name,
                             language_t language,
                             const json_t *view,
                             message_text_t *ret_text,
                             pia_problem_t *problem);
void message_text_clear(message_text_t *text);

#endif
