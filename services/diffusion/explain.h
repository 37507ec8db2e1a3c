/* explain.h - why a filter matches an event or not, criterion by criterion, in French for people.
 * Any thread. */
#ifndef DIFFUSION_EXPLAIN_H
#define DIFFUSION_EXPLAIN_H

#include <jansson.h>
#include <stdbool.h>

#include "attributes.h"

/* The criteria that a filter (which filter_compile has passed) asks for, as
 * subscription.schema.json has them, and whether all are satisfied; the caller owns the array. */
json_t *explain_criteria(const json_t *filter, const attributes_t *attributes, bool *ret_satisfied);

/* One sentence for all: the array of criteria, and whether the subscription holds and may see the
 * event. */
json_t *explain_text(const json_t *array, bool holds, bool visible);

#endif
