/* match_query.h - what an event satisfies: for each criterion the values that a filter may name to
 * match it. The rules of proto/README.md, Filter, seen from the event. Any thread. */
#ifndef DIFFUSION_MATCH_QUERY_H
#define DIFFUSION_MATCH_QUERY_H

#include <stdbool.h>

#include "attributes.h"
#include "buffer.h"
#include "criterion.h"

typedef struct {
    uint32_t unbound; /* bit c: whatever a filter names of criterion c is matched */
    buffer_t values;  /* criterion:1 text NUL …, those of a criterion together */
} match_query_t;

/* Fills a zeroed query. */
void match_query_init(match_query_t *self, const attributes_t *attributes);
void match_query_clear(match_query_t *self);

/* The next value: moves *at (0 at first) behind it; false at the end. */
bool match_query_next(const match_query_t *self,
                      size_t *at,
                      criterion_t *ret_criterion,
                      const char **ret_text);

#endif
