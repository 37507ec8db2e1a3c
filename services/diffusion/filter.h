/* filter.h - which events someone wants: compiled once from JSON, matched on attributes. */
#ifndef DIFFUSION_FILTER_H
#define DIFFUSION_FILTER_H

#include <jansson.h>
#include <stdbool.h>

#include "pia/problem.h"

#include "attributes.h"
#include "criterion.h"

typedef struct filter filter_t;

/* Compiles a filter object (proto/event.schema.json); NULL matches everything. PIA_INVALID with a
 * pointer. On success the caller owns *ret_filter, which keeps nothing of the JSON. */
pia_status_t filter_compile(const json_t *json, filter_t **ret_filter, pia_problem_t *problem);
void filter_destroy(filter_t **self_p);

/* Of the same members with the same values in the same order. */
bool filter_equal(const filter_t *self, const filter_t *other);
filter_t *filter_copy(const filter_t *self);
/* Whether it has no member, and so matches everything. */
bool filter_is_empty(const filter_t *self);

/* Whether the event has, for each member that the filter has, one of its values. */
bool filter_matches(const filter_t *self, const attributes_t *attributes);

/* The form in which a value of a criterion is compared: of a keyword its words' stems. The caller
 * owns it. */
char *filter_value(criterion_t criterion, const char *text);

/* The members of a filter in a larger object, as an object of their own; the caller owns it. */
json_t *filter_members(const json_t *json);

#endif
