/* filter.c - compiled filters. A member is a NUL-separated run of values: small, and one allocation
 * for all, so that a million of them fit. */
#include "filter.h"

#include <string.h>

#include "pia/memory.h"
#include "pia/territory.h"
#include "proto/event.h"

#include "buffer.h"
#include "criterion.h"

typedef bool match_fn(const char *value, const attributes_t *attributes, attribute_t attribute);

typedef struct {
    attribute_t attribute;
    match_fn *matches;
} rule_t;

static bool is_equal(const char *value, const attributes_t *attributes, attribute_t attribute)
{
    const char *own = attributes->value[attribute];
    return own && strcmp(own, value) == 0;
}

static bool is_listed(const char *value, const attributes_t *attributes, attribute_t attribute)
{
    return attributes_list_has(attributes->value[attribute], value);
}

static bool is_national(const attributes_t *attributes)
{
    const char *scope = attributes->value[ATTRIBUTE_SCOPE];
    return scope && strcmp(scope, "national") == 0;
}

/* National, names the région, or names a département in it. */
static bool
touches_region(const char *region, const attributes_t *attributes, attribute_t attribute)
{
    if (is_national(attributes) || is_listed(region, attributes, attribute))
        return true;
    const char *at = attributes->value[ATTRIBUTE_DEPARTEMENTS];
    const char *item = NULL;
    size_t size = 0;
    while (attributes_list_next(&at, &item, &size)) {
        char code[4] = "";
        memcpy(code, item, size < sizeof code ? size : sizeof code - 1);
        const char *of = pia_territory_region_of(code);
        if (of && strcmp(of, region) == 0)
            return true;
    }
    return false;
}

/* National, names the département, or the région that it lies in. */
static bool
touches_departement(const char *code, const attributes_t *attributes, attribute_t attribute)
{
    if (is_national(attributes) || is_listed(code, attributes, attribute))
        return true;
    const char *region = pia_territory_region_of(code);
    return region && is_listed(region, attributes, ATTRIBUTE_REGIONS);
}

static const rule_t rules[CRITERION_COUNT] = {
    [CRITERION_TYPES] = {ATTRIBUTE_TYPE, is_equal},
    [CRITERION_SOURCES] = {ATTRIBUTE_SOURCE, is_equal},
    [CRITERION_KINDS] = {ATTRIBUTE_KIND, is_equal},
    [CRITERION_THEMES] = {ATTRIBUTE_THEMES, is_listed},
    [CRITERION_SECTORS] = {ATTRIBUTE_SECTORS, is_listed},
    [CRITERION_REGIONS] = {ATTRIBUTE_REGIONS, touches_region},
    [CRITERION_DEPARTEMENTS] = {ATTRIBUTE_DEPARTEMENTS, touches_departement},
    [CRITERION_POLES] = {ATTRIBUTE_POLE, is_equal},
    [CRITERION_TOPICS] = {ATTRIBUTE_TOPICS, is_listed},
    [CRITERION_SCOPES] = {ATTRIBUTE_SCOPE, is_equal},
};

static const char *const members[CRITERION_COUNT] = {
#define X(name, member) [CRITERION_##name] = (member),
    CRITERION_MAP(X)
#undef X
};

const char *criterion_member(criterion_t criterion)
{
    return members[criterion];
}

struct filter {
    uint32_t size;                   /* of the values, in bytes */
    uint16_t present;                /* bit c: criterion c is asked for */
    uint8_t counts[CRITERION_COUNT]; /* values of each member */
    char values[];                   /* all values in order, each with its NUL */
};

static void add_member(const json_t *array, uint8_t *ret_count, buffer_t *values)
{
    size_t index = 0;
    const json_t *item = NULL;
    json_array_foreach(array, index, item)
    {
        const char *text = json_string_value(item);
        buffer_add(values, text, strlen(text) + 1);
    }
    *ret_count = (uint8_t)json_array_size(array);
}

pia_status_t filter_compile(const json_t *json, filter_t **ret_filter, pia_problem_t *problem)
{
    pia_filter_t fields = {0};
    if (json && !json_is_null(json)) {
        pia_status_t status =
            pia_schema_decode(&pia_filter_schema, json, PIA_UNKNOWN_REFUSED, &fields, problem);
        if (status != PIA_OK)
            return status;
    }
    buffer_t values = {0};
    filter_t head = {0};
    for (size_t i = 0; i < CRITERION_COUNT; i++) {
        const json_t *array = json ? json_object_get(json, members[i]) : NULL;
        if (!array)
            continue;
        head.present = (uint16_t)(head.present | 1U << i);
        add_member(array, &head.counts[i], &values);
    }
    filter_t *self = pia_alloc(sizeof *self + values.size);
    *self = head;
    self->size = (uint32_t)values.size;
    if (values.size)
        memcpy(self->values, values.bytes, values.size);
    buffer_free(&values);
    *ret_filter = self;
    return PIA_OK;
}

void filter_destroy(filter_t **self_p)
{
    free(*self_p);
    *self_p = NULL;
}

bool filter_equal(const filter_t *self, const filter_t *other)
{
    return self->present == other->present && self->size == other->size &&
           memcmp(self->counts, other->counts, sizeof self->counts) == 0 &&
           memcmp(self->values, other->values, self->size) == 0;
}

filter_t *filter_copy(const filter_t *self)
{
    filter_t *copy = pia_alloc(sizeof *self + self->size);
    memcpy(copy, self, sizeof *self + self->size);
    return copy;
}

bool filter_is_empty(const filter_t *self)
{
    return self->present == 0;
}

bool filter_matches(const filter_t *self, const attributes_t *attributes)
{
    const char *value = self->values;
    for (size_t i = 0; self->present >> i; i++) {
        bool found = !(self->present >> i & 1);
        for (unsigned n = 0; n < self->counts[i]; n++, value += strlen(value) + 1)
            found = found || rules[i].matches(value, attributes, rules[i].attribute);
        if (!found)
            return false;
    }
    return true;
}

json_t *filter_members(const json_t *json)
{
    json_t *filter = json_object();
    for (size_t i = 0; i < CRITERION_COUNT; i++) {
        json_t *member = json_object_get(json, members[i]);
        if (member)
            json_object_set(filter, members[i], member);
    }
    return filter;
}
