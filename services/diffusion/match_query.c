/* match_query.c - what an event satisfies. */
#include "match_query.h"

#include <string.h>

#include "pia/territory.h"

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

/* A code of a list as a text of its own; "" if it is longer than a code. */
static void copy_code(char ret_code[4], const char *item, size_t size)
{
    size = size < 4 ? size : 0;
    memcpy(ret_code, item, size);
    ret_code[size] = '\0';
}

/* The régions that are named, and those of the named départements. */
static void add_regions(match_query_t *self, const char *regions, const char *departements)
{
    const char *item = NULL;
    size_t size = 0;
    add_list(self, CRITERION_REGIONS, regions);
    while (attributes_list_next(&departements, &item, &size)) {
        char code[4];
        copy_code(code, item, size);
        add_text(self, CRITERION_REGIONS, pia_territory_region_of(code));
    }
}

/* The départements that are named, and those in the named régions. */
static void add_departements(match_query_t *self, const char *regions, const char *departements)
{
    const char *item = NULL;
    size_t size = 0;
    add_list(self, CRITERION_DEPARTEMENTS, departements);
    while (attributes_list_next(&regions, &item, &size)) {
        char code[4];
        copy_code(code, item, size);
        const char *departement = NULL;
        while ((departement = pia_territory_next_departement(code, departement)))
            add_text(self, CRITERION_DEPARTEMENTS, departement);
    }
}

static void add_territory(match_query_t *self, const char *const *value)
{
    const char *regions = value[ATTRIBUTE_REGIONS];
    const char *departements = value[ATTRIBUTE_DEPARTEMENTS];
    const char *scope = value[ATTRIBUTE_SCOPE];
    if (scope && strcmp(scope, "national") == 0) {
        self->unbound |= 1U << CRITERION_REGIONS | 1U << CRITERION_DEPARTEMENTS;
        return;
    }
    add_regions(self, regions, departements);
    add_departements(self, regions, departements);
}

void match_query_init(match_query_t *self, const attributes_t *attributes)
{
    const char *const *value = attributes->value;
    add_text(self, CRITERION_TYPES, value[ATTRIBUTE_TYPE]);
    add_text(self, CRITERION_SOURCES, value[ATTRIBUTE_SOURCE]);
    add_text(self, CRITERION_KINDS, value[ATTRIBUTE_KIND]);
    add_list(self, CRITERION_THEMES, value[ATTRIBUTE_THEMES]);
    add_list(self, CRITERION_SECTORS, value[ATTRIBUTE_SECTORS]);
    add_territory(self, value);
    add_text(self, CRITERION_POLES, value[ATTRIBUTE_POLE]);
    add_list(self, CRITERION_TOPICS, value[ATTRIBUTE_TOPICS]);
    add_text(self, CRITERION_SCOPES, value[ATTRIBUTE_SCOPE]);
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
