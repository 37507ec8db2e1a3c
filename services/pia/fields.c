/* fields.c - from --option to member. */
#include "fields.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/json.h"
#include "pia/memory.h"

enum { OPTION_MAX = 64, NO_FIELD = 0, NO_VALUE = 1, HAS_VALUE = 2 };

/* A field, and the object field it is a member of (NULL: of the message itself). */
typedef struct {
    const pia_field_t *field;
    const pia_field_t *parent;
} place_t;

/* "starts-at" names starts_at; "theme" names themes. */
static bool names(const char *option, const pia_field_t *field)
{
    const char *name = field->name;
    while (*option && *name && (*option == *name || (*option == '-' && *name == '_'))) {
        option++;
        name++;
    }
    if (*option)
        return false;
    return *name == '\0' || (field->type == PIA_FIELD_TEXTS && strcmp(name, "s") == 0);
}

static const pia_field_t *find_in(const pia_schema_t *schema, const char *option)
{
    for (const pia_field_t *field = schema->fields; field->name; field++)
        if (names(option, field))
            return field;
    return NULL;
}

static bool has_members(const pia_field_t *field)
{
    return field->type == PIA_FIELD_OBJECT && field->child;
}

/* "pole-code" of parent "pole"; or, unprefixed, "code". */
static const pia_field_t *find_member(const pia_field_t *parent, const char *option, bool prefixed)
{
    size_t size = strlen(parent->name);
    if (!prefixed)
        return find_in(parent->child, option);
    if (strncmp(option, parent->name, size) != 0 || option[size] != '-')
        return NULL;
    return find_in(parent->child, option + size + 1);
}

static place_t find_nested(const pia_schema_t *schema, const char *option, bool prefixed)
{
    place_t found = {NULL, NULL};
    for (const pia_field_t *parent = schema->fields; parent->name; parent++) {
        const pia_field_t *field =
            has_members(parent) ? find_member(parent, option, prefixed) : NULL;
        if (field && found.field)
            return (place_t){NULL, NULL}; /* of which parent? */
        if (field)
            found = (place_t){field, parent};
    }
    return found;
}

static place_t find(const pia_schema_t *schema, const char *option)
{
    place_t place = {find_in(schema, option), NULL};
    if (place.field && has_members(place.field))
        place.field = NULL;
    if (!place.field)
        place = find_nested(schema, option, true);
    if (!place.field)
        place = find_nested(schema, option, false);
    return place;
}

int fields_known(const pia_schema_t *schema, const char *option)
{
    place_t place = find(schema, option);
    if (!place.field)
        return NO_FIELD;
    return place.field->type == PIA_FIELD_BOOLEAN ? NO_VALUE : HAS_VALUE;
}

static json_t *read_integer(const char *value)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    return *value && *end == '\0' && errno == 0 ? json_integer(number) : NULL;
}

/* Adds to the list that is there, if any; the new list is the caller's. */
static json_t *read_list(json_t *before, const char *value)
{
    json_t *list = before ? json_copy(before) : json_array();
    char *copy = pia_strdup(value);
    char *rest = copy;
    for (char *item = strsep(&rest, ","); item; item = strsep(&rest, ","))
        if (*item)
            json_array_append_new(list, json_string(item));
    free(copy);
    return list;
}

static json_t *read_object(const char *value)
{
    json_t *json = NULL;
    (void)pia_json_parse(value, strlen(value), &json, NULL);
    return json;
}

/* Adds one object to the list that is there, if any; the new list is the caller's. */
static json_t *read_objects(json_t *before, const char *value)
{
    json_t *object = read_object(value);
    if (!object)
        return NULL;
    json_t *list = before ? json_copy(before) : json_array();
    json_array_append_new(list, object);
    return list;
}

/* NULL if the value is not one of this type. */
static json_t *read_value(const pia_field_t *field, json_t *before, const char *value)
{
    switch (field->type) {
    case PIA_FIELD_TEXT:
        return json_string(value);
    case PIA_FIELD_INTEGER:
        return read_integer(value);
    case PIA_FIELD_BOOLEAN:
        return json_true();
    case PIA_FIELD_TEXTS:
        return read_list(before, value);
    case PIA_FIELD_OBJECT:
        return read_object(value);
    case PIA_FIELD_OBJECTS:
        return read_objects(before, value);
    }
    return NULL;
}

static json_t *object_for(json_t *body, const pia_field_t *parent)
{
    if (!parent)
        return body;
    json_t *made = json_object_get(body, parent->name);
    if (!made) {
        made = json_object();
        json_object_set_new(body, parent->name, made);
    }
    return made;
}

pia_status_t fields_set(const pia_schema_t *schema,
                        json_t *body,
                        const char *option,
                        const char *value,
                        pia_problem_t *problem)
{
    place_t place = find(schema, option);
    if (!place.field)
        return pia_problem_set(problem, PIA_INVALID, NULL, "--%s is not an option here", option);
    json_t *object = object_for(body, place.parent);
    json_t *json = read_value(place.field, json_object_get(object, place.field->name), value);
    if (!json)
        return pia_problem_set(problem, PIA_INVALID, NULL, "--%s: '%s' is not %s", option, value,
                               place.field->type == PIA_FIELD_INTEGER ? "a whole number"
                                                                      : "UTF-8 text or JSON");
    json_object_set_new(object, place.field->name, json);
    return PIA_OK;
}

pia_status_t fields_check(const pia_schema_t *schema, const json_t *body, pia_problem_t *problem)
{
    void *fields = pia_alloc(schema->size);
    pia_status_t status = pia_schema_decode(schema, body, PIA_UNKNOWN_REFUSED, fields, problem);
    free(fields);
    return status;
}

bool words_have(const char *list, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = list; at && (at = strstr(at, word)); at += size) {
        bool starts = at == list || at[-1] == ' ';
        bool ends = at[size] == '\0' || at[size] == ' ';
        if (starts && ends)
            return true;
    }
    return false;
}

static void print_values(const pia_field_t *field)
{
    for (const char *const *value = field->values; *value; value++)
        (void)printf("%s%s", value == field->values ? " " : "|", *value);
}

static void print_type(const pia_field_t *field)
{
    switch (field->type) {
    case PIA_FIELD_BOOLEAN:
        return;
    case PIA_FIELD_INTEGER:
        (void)printf(" N");
        return;
    case PIA_FIELD_OBJECT:
    case PIA_FIELD_OBJECTS:
        (void)printf(" JSON");
        return;
    case PIA_FIELD_TEXT:
    case PIA_FIELD_TEXTS:
        break;
    }
    if (field->values)
        print_values(field);
    else
        (void)printf(" %s", field->format ? field->format : "TEXT");
    if (field->type == PIA_FIELD_TEXTS)
        (void)printf(",…");
}

static void print_field(const pia_field_t *field, const pia_field_t *owner)
{
    char option[OPTION_MAX];
    (void)snprintf(option, sizeof option, "%s%s%s", owner ? owner->name : "", owner ? "-" : "",
                   field->name);
    for (char *letter = option; *letter; letter++)
        if (*letter == '_')
            *letter = '-';
    (void)printf("  --%s", option);
    print_type(field);
    (void)printf("%s\n", field->required && (!owner || owner->required) ? "  (required)" : "");
}

void fields_print_help(const pia_schema_t *schema, const char *positional, const char *heading)
{
    for (const pia_field_t *own = schema->fields; own->name; own++) {
        if (words_have(positional, own->name))
            continue;
        (void)fputs(heading, stdout);
        heading = "";
        if (!has_members(own)) {
            print_field(own, NULL);
            continue;
        }
        for (const pia_field_t *inner = own->child->fields; inner->name; inner++)
            print_field(inner, own);
    }
}

static void print_member(const pia_field_t *field, const pia_field_t *owner)
{
    (void)printf("  %s%s%s", owner ? owner->name : "", owner ? "." : "", field->name);
    print_type(field);
    (void)puts(field->required ? "  (required)" : "");
}

void fields_print_members(const pia_schema_t *schema)
{
    (void)puts("\nthe file's members:");
    for (const pia_field_t *own = schema->fields; own->name; own++) {
        if (strcmp(own->name, "idempotency_key") == 0)
            continue; /* an option */
        print_member(own, NULL);
        if (!own->child)
            continue;
        for (const pia_field_t *inner = own->child->fields; inner->name; inner++)
            print_member(inner, own);
    }
}
