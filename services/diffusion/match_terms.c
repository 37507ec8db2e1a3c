/* match_terms.c - the values of a filter. */
#include "match_terms.h"

#include <jansson.h>
#include <stdlib.h>

#include "pia/memory.h"

#include "filter.h"
#include "filter_text.h"
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
    if (criterion == CRITERION_KEYWORDS) {
        char *value = filter_value(criterion, text);
        add(self, index, criterion, value);
        free(value);
        return;
    }
    add(self, index, criterion, text);
    if (criterion == CRITERION_TERRITORIES)
        place_each_above(text, add_below, &target);
}

static void add_told(void *arg, criterion_t criterion, const char *value)
{
    target_t *target = arg;
    match_terms_add(target->terms, target->index, criterion, value);
}

/* The long way, for texts with escapes. */
static bool read_json(target_t *target, const char *filter, uint32_t *ret_asks)
{
    json_t *json = json_loads(filter, 0, NULL);
    bool good = json_is_object(json);
    for (criterion_t c = 0; good && c < CRITERION_COUNT; c++) {
        const json_t *array = json_object_get(json, criterion_member(c));
        *ret_asks |= array ? 1U << c : 0;
        for (size_t i = 0; good && i < json_array_size(array); i++) {
            const char *value = json_string_value(json_array_get(array, i));
            good = value;
            if (good)
                add_told(target, c, value);
        }
    }
    json_decref(json);
    return good;
}

bool match_terms_of(match_terms_t *self,
                    match_index_t *index,
                    const char *filter,
                    uint32_t *ret_asks)
{
    target_t target = {.terms = self, .index = index};
    self->count = 0;
    if (filter_text_read(filter, add_told, &target, ret_asks))
        return true;
    self->count = 0;
    *ret_asks = 0;
    return read_json(&target, filter, ret_asks);
}

void match_terms_free(match_terms_t *self)
{
    free(self->values);
    *self = (match_terms_t){0};
}
