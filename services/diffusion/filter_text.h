/* filter_text.h - reading a filter as we store it, without a tree. jansson takes 4 us for one, and
 * a start reads a million; this 0.2 us. Any thread. */
#ifndef DIFFUSION_FILTER_TEXT_H
#define DIFFUSION_FILTER_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "criterion.h"

typedef void filter_text_fn(void *arg, criterion_t criterion, const char *value);

/* Calls `each` with each value, in the order of the text, and says which criteria are asked for.
 * Only texts without escapes and of at most 255 bytes are read this way, with blanks between the
 * parts or without. False: it is of another form, and some values may have been told. */
bool filter_text_read(const char *text, filter_text_fn *each, void *arg, uint32_t *ret_asks);

#endif
