/* filter.c - compiled filters. A member is a NUL-separated run of values: small, and one allocation
 * for all, so that a million of them fit. */
#include "filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pia/fold.h"
#include "pia/memory.h"
#include "proto/event.h"

#include "buffer.h"
#include "criterion.h"
#include "place.h"

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

static bool touches_place(const char *place, const attributes_t *attributes, attribute_t attribute)
{
    (void)attribute;
    return place_is_touched(attributes, place);
}

static bool
touches_region(const char *region, const attributes_t *attributes, attribute_t attribute)
{
    char place[PLACE_SIZE];
    (void)snprintf(place, sizeof place, "region:%s", region);
    return touches_place(place, attributes, attribute);
}

static bool
touches_departement(const char *code, const attributes_t *attributes, attribute_t attribute)
{
    char place[PLACE_SIZE];
    (void)snprintf(place, sizeof place, "departement:%s", code);
    return touches_place(place, attributes, attribute);
}

/* A language of two letters, whatever the country behind it. */
static bool is_language(const char *value, const attributes_t *attributes, attribute_t attribute)
{
    const char *own = attributes->value[attribute];
    return own && attributes_language_size(own) == 2 && strncasecmp(own, value, 2) == 0;
}

/* All words of the keyword are among the event's; both are sorted. */
static bool has_words(const char *wanted, const attributes_t *attributes, attribute_t attribute)
{
    const char *own = attributes->value[attribute];
    while (own && *wanted) {
        size_t size = strcspn(wanted, " ");
        size_t own_size = strcspn(own, " ");
        if (own_size == size && memcmp(own, wanted, size) == 0)
            wanted += size + (wanted[size] == ' ');
        own = own[own_size] ? own + own_size + 1 : NULL;
    }
    return !*wanted;
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
    [CRITERION_LANGUAGES] = {ATTRIBUTE_LANGUAGE, is_language},
    [CRITERION_TERRITORIES] = {ATTRIBUTE_COMMUNES, touches_place},
    [CRITERION_KEYWORDS] = {ATTRIBUTE_WORDS, has_words},
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
    uint32_t present;                /* bit c: criterion c is asked for */
    uint8_t counts[CRITERION_COUNT]; /* values of each member */
    char values[];                   /* all values in order, each with its NUL */
};

/* The form in which a value is compared; the caller owns it. */
char *filter_value(criterion_t criterion, const char *text)
{
    const char *texts[] = {text, NULL};
    return criterion == CRITERION_KEYWORDS ? pia_fold_words(texts) : pia_strdup(text);
}

/* PIA_INVALID: a keyword without a word. */
static pia_status_t
add_member(const json_t *array, criterion_t criterion, buffer_t *values, pia_problem_t *problem)
{
    size_t index = 0;
    const json_t *item = NULL;
    json_array_foreach(array, index, item)
    {
        char *value = filter_value(criterion, json_string_value(item));
        bool empty = !*value;
        buffer_add(values, value, strlen(value) + 1);
        free(value);
        if (!empty)
            continue;
        char pointer[PIA_POINTER_MAX];
        (void)snprintf(pointer, sizeof pointer, "/%s/%zu", members[criterion], index);
        return pia_problem_set(problem, PIA_INVALID, pointer, "There is no word in it.");
    }
    return PIA_OK;
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
    pia_status_t status = PIA_OK;
    for (criterion_t c = 0; status == PIA_OK && c < CRITERION_COUNT; c++) {
        const json_t *array = json ? json_object_get(json, members[c]) : NULL;
        if (!array)
            continue;
        head.present |= 1U << c;
        head.counts[c] = (uint8_t)json_array_size(array);
        status = add_member(array, c, &values, problem);
    }
    if (status == PIA_OK) {
        filter_t *self = pia_alloc(sizeof *self + values.size);
        *self = head;
        self->size = (uint32_t)values.size;
        if (values.size)
            memcpy(self->values, values.bytes, values.size);
        *ret_filter = self;
    }
    buffer_free(&values);
    return status;
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
