/* match_terms.h - under which values of the index a filter stands. */
#ifndef DIFFUSION_MATCH_TERMS_H
#define DIFFUSION_MATCH_TERMS_H

#include <stdbool.h>

#include "match_index.h"

/* A growing array; zeroed at first. */
typedef struct {
    match_value_t **values;
    size_t count, room;
} match_terms_t;

/* Adds those of one value of a filter: itself, in the form in which it is compared, and for a place
 * also "below" each place above it. */
void match_terms_add(match_terms_t *self,
                     match_index_t *index,
                     criterion_t criterion,
                     const char *text);

/* Replaces them by those of a whole filter, JSON as it is stored, and says which criteria it asks
 * for. False if it is no filter that filter_compile has passed. */
bool match_terms_of(match_terms_t *self,
                    match_index_t *index,
                    const char *filter,
                    uint32_t *ret_asks);

void match_terms_free(match_terms_t *self);

#endif
