/* match_query.h - what an event satisfies: for each criterion the values that a filter may name to
 * match it. The rules of proto/README.md, Filter, seen from the event. Any thread. */
#ifndef DIFFUSION_MATCH_QUERY_H
#define DIFFUSION_MATCH_QUERY_H

#include <stdbool.h>

#include "attributes.h"
#include "buffer.h"
#include "criterion.h"

/* Of a criterion's values, those of keywords are single words: who asks for several is found by
 * them (match_index.h). */
typedef struct {
    uint32_t unbound; /* bit c: whatever a filter names of criterion c is matched */
    buffer_t values;  /* criterion:1 text NUL …, those of a criterion together */
} match_query_t;

/* Fills a zeroed query. */
void match_query_init(match_query_t *self, const attributes_t *attributes);
void match_query_clear(match_query_t *self);

/* Under this value stand those who name a place of a lower level that shares ground with `place`.
 */
enum { MATCH_BELOW_SIZE = 32 };
void match_place_below(const char *place, char ret_text[MATCH_BELOW_SIZE]);

/* The next value: moves *at (0 at first) behind it; false at the end. */
bool match_query_next(const match_query_t *self,
                      size_t *at,
                      criterion_t *ret_criterion,
                      const char **ret_text);

#endif
