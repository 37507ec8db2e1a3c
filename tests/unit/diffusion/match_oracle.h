/* match_oracle.h - filters and events made at random, and whether one matches the other by the
 * rules of proto/README.md written a second time: on JSON, without any of the product's tables. */
#ifndef MATCH_ORACLE_H
#define MATCH_ORACLE_H

#include <jansson.h>
#include <stdbool.h>

#include "attributes.h"

/* A fixed sequence of numbers, so that a failure comes again. */
unsigned oracle_random(unsigned *seed, unsigned below);

/* A filter object, and what its keywords mean; the caller owns both. */
json_t *oracle_filter(unsigned *seed, json_t **ret_meanings);

/* An event's attributes as an object of texts, as they stand in CloudEvents; the caller owns it. */
json_t *oracle_event(unsigned *seed);

/* The same as the product takes them; borrowed from the event. */
attributes_t oracle_attributes(const json_t *event);

bool oracle_matches(const json_t *filter, const json_t *meanings, const json_t *event);

#endif
