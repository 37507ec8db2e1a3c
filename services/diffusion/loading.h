/* loading.h - a second thread loads the subscriptions while the journal opens: two halves of the
 * start that do not touch each other. */
#ifndef DIFFUSION_LOADING_H
#define DIFFUSION_LOADING_H

#include "matching.h"

typedef struct loading loading_t;

/* Begins to load into `matching`, which nobody else touches until the end, over a reading
 * connection of its own. */
loading_t *loading_begin(matching_t *matching, const char *url);

/* Waits for it. What it could not read, and what has changed since, is for matching_refresh. */
void loading_end(loading_t **self_p);

#endif
