/* words.h - how a definition's codes are written for people: its member `words`. Any thread. */
#ifndef WORDS_H
#define WORDS_H

#include "definition.h"

/* The words of a code of a list that proto's definition_words names; NULL if it has none. */
const char *words_find(const definition_t *definition, const char *list, const char *code);
/* The same; the code itself if it has none. */
const char *words_of(const definition_t *definition, const char *list, const char *code);

/* Each is a text of at most 200 bytes without control characters. */
pia_status_t words_check(const definition_t *definition, pia_problem_t *problem);

#endif
