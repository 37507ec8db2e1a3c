/* match_terms.c - the values of a filter. */
#include "match_terms.h"

#include <stdlib.h>

#include "pia/memory.h"

#include "filter.h"
#include "place.h"

typedef struct {
    match_terms_t *terms;
    match_index_t *index;
} target_t;

static void add(match_terms_t *self, match_index_t *index, criterion_t criterion, const char *text)
{
    if (self->count == self->room) {
        self->room = self->room ? self->room * 2 : 64;
        self->values = pia_realloc(self->values, self->room * sizeof(match_value_t *));
    }
    self->values[self->count++] = match_index_value(index, criterion, text);
}

static void add_below(void *arg, const char *place)
{
    target_t *target = arg;
    char below[MATCH_BELOW_SIZE];
    match_place_below(place, below);
    add(target->terms, target->index, CRITERION_TERRITORIES, below);
}

void match_terms_add(match_terms_t *self,
                     match_index_t *index,
                     criterion_t criterion,
                     const char *text)
{
    target_t target = {.terms = self, .index = index};
    char *value = filter_value(criterion, text);
    add(self, index, criterion, value);
    free(value);
    if (criterion == CRITERION_TERRITORIES)
        place_each_above(text, add_below, &target);
}

bool match_terms_of(match_terms_t *self,
                    match_index_t *index,
                    const json_t *filter,
                    uint32_t *ret_asks)
{
    self->count = 0;
    *ret_asks = 0;
    for (criterion_t c = 0; c < CRITERION_COUNT; c++) {
        const json_t *array = json_object_get(filter, criterion_member(c));
        size_t i = 0;
        const json_t *item = NULL;
        *ret_asks |= array ? 1U << c : 0;
        json_array_foreach(array, i, item)
        {
            if (!json_is_string(item))
                return false;
            match_terms_add(self, index, c, json_string_value(item));
        }
    }
    return json_is_object(filter);
}

void match_terms_free(match_terms_t *self)
{
    free(self->values);
    *self = (match_terms_t){0};
}
