/* match_query.c - what an event satisfies. */
#include "match_query.h"

#include <string.h>

#include "pia/territory.h"

#include "place.h"

static void add(match_query_t *self, criterion_t criterion, const char *text, size_t size)
{
    buffer_add_u8(&self->values, (uint8_t)criterion);
    buffer_add(&self->values, text, size);
    buffer_add_u8(&self->values, '\0');
}

static void add_text(match_query_t *self, criterion_t criterion, const char *text)
{
    if (text)
        add(self, criterion, text, strlen(text));
}

static void add_list(match_query_t *self, criterion_t criterion, const char *list)
{
    const char *item = NULL;
    size_t size = 0;
    while (attributes_list_next(&list, &item, &size))
        add(self, criterion, item, size);
}

static void add_language(match_query_t *self, const char *language)
{
    char lower[3];
    size_t size = language ? attributes_language_size(language) : 0;
    if (size != 2)
        return; /* filters name those of two letters */
    for (size_t i = 0; i < size; i++)
        lower[i] = (char)(language[i] | 0x20);
    add(self, CRITERION_LANGUAGES, lower, size);
}

static void add_words(match_query_t *self, const char *words)
{
    while (words && *words) {
        size_t size = strcspn(words, " ");
        add(self, CRITERION_KEYWORDS, words, size);
        words += size + (words[size] == ' ');
    }
}

static void add_region(void *arg, const char *place)
{
    add_text(arg, CRITERION_REGIONS, place_code(place, "region:"));
}

static void add_regions_of(void *arg, const char *place)
{
    add_region(arg, place);
    place_each_above(place, add_region, arg);
}

static void add_departement(void *arg, const char *place)
{
    add_text(arg, CRITERION_DEPARTEMENTS, place_code(place, "departement:"));
}

static void add_departements_of(void *arg, const char *place)
{
    const char *region = place_code(place, "region:");
    const char *departement = NULL;
    while (region && (departement = pia_territory_next_departement(region, departement)))
        add_text(arg, CRITERION_DEPARTEMENTS, departement);
    add_departement(arg, place);
    place_each_above(place, add_departement, arg);
}

static void add_place(void *arg, const char *place)
{
    add_text(arg, CRITERION_TERRITORIES, place);
}

/* The place, those above it, and whatever lies below it (match_place_below). */
static void add_places_of(void *arg, const char *place)
{
    char below[MATCH_BELOW_SIZE];
    match_place_below(place, below);
    add_place(arg, place);
    add_place(arg, below);
    place_each_above(place, add_place, arg);
}

void match_place_below(const char *place, char ret_text[MATCH_BELOW_SIZE])
{
    size_t size = strnlen(place, MATCH_BELOW_SIZE - 2);
    ret_text[0] = '<';
    memcpy(ret_text + 1, place, size);
    ret_text[size + 1] = '\0';
}

void match_query_init(match_query_t *self, const attributes_t *attributes)
{
    const char *const *value = attributes->value;
    if (place_is_everywhere(attributes))
        self->unbound =
            1U << CRITERION_REGIONS | 1U << CRITERION_DEPARTEMENTS | 1U << CRITERION_TERRITORIES;
    add_text(self, CRITERION_TYPES, value[ATTRIBUTE_TYPE]);
    add_text(self, CRITERION_SOURCES, value[ATTRIBUTE_SOURCE]);
    add_text(self, CRITERION_KINDS, value[ATTRIBUTE_KIND]);
    add_list(self, CRITERION_THEMES, value[ATTRIBUTE_THEMES]);
    add_list(self, CRITERION_SECTORS, value[ATTRIBUTE_SECTORS]);
    place_each_of(attributes, add_regions_of, self);
    place_each_of(attributes, add_departements_of, self);
    add_text(self, CRITERION_POLES, value[ATTRIBUTE_POLE]);
    add_list(self, CRITERION_TOPICS, value[ATTRIBUTE_TOPICS]);
    add_text(self, CRITERION_SCOPES, value[ATTRIBUTE_SCOPE]);
    add_language(self, value[ATTRIBUTE_LANGUAGE]);
    place_each_of(attributes, add_places_of, self);
    add_words(self, value[ATTRIBUTE_WORDS]);
}

void match_query_clear(match_query_t *self)
{
    buffer_free(&self->values);
    *self = (match_query_t){0};
}

bool match_query_next(const match_query_t *self,
                      size_t *at,
                      criterion_t *ret_criterion,
                      const char **ret_text)
{
    if (*at >= self->values.size)
        return false;
    *ret_criterion = (criterion_t)self->values.bytes[*at];
    *ret_text = (const char *)self->values.bytes + *at + 1;
    *at += strlen(*ret_text) + 2;
    return true;
}
