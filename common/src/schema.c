/* schema.c - checks JSON against a generated table, then fills the struct; and the way back. */
#include "pia/schema.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { VALUES_SIZE = 200 /* of a list of values; a detail has room for it */ };

/* A JSON pointer that grows on the way down and is cut back on the way up. */
typedef struct {
    pia_unknown_t unknown;
    pia_problem_t *problem;
    char pointer[PIA_POINTER_MAX];
} check_t;

static pia_status_t check_object(check_t *check, const pia_schema_t *schema, const json_t *json);

static size_t pointer_length(const check_t *check)
{
    return strlen(check->pointer);
}

static void pointer_cut(check_t *check, size_t length)
{
    check->pointer[length] = '\0';
}

/* Appends "/name", with ~ and / escaped (RFC 6901); what does not fit is left out. */
static void pointer_name(check_t *check, const char *name)
{
    size_t used = pointer_length(check);
    size_t last = sizeof check->pointer - 3;
    if (used < last) {
        check->pointer[used++] = '/';
    }
    for (const char *c = name; *c && used < last; c++) {
        if (*c == '~' || *c == '/') {
            check->pointer[used++] = '~';
            check->pointer[used++] = *c == '~' ? '0' : '1';
        } else {
            check->pointer[used++] = *c;
        }
    }
    check->pointer[used] = '\0';
}

static void pointer_index(check_t *check, size_t index)
{
    char name[24];
    (void)snprintf(name, sizeof name, "%zu", index);
    pointer_name(check, name);
}

#define REFUSE(check, ...)                                                                         \
    pia_problem_set((check)->problem, PIA_INVALID, (check)->pointer, __VA_ARGS__)

static bool has_control(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if ((*c < 0x20 && *c != '\n' && *c != '\t') || *c == 0x7F) {
            return true;
        }
        if (c[0] == 0xC2 && c[1] >= 0x80 && c[1] <= 0x9F) { /* U+0080 to U+009F */
            return true;
        }
    }
    return false;
}

static bool is_value(const char *const *values, const char *text)
{
    for (; *values; values++) {
        if (strcmp(*values, text) == 0) {
            return true;
        }
    }
    return false;
}

/* Names the values where there is room for all of them. */
static pia_status_t refuse_value(check_t *check, const char *const *values)
{
    char list[VALUES_SIZE] = "";
    size_t used = 0;
    for (const char *const *value = values; *value; value++) {
        int size = snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", *value);
        if (size < 0 || (size_t)size >= sizeof list - used) {
            return REFUSE(check, "Is not one of the allowed values.");
        }
        used += (size_t)size;
    }
    return REFUSE(check, "Is not one of the allowed values: %s.", list);
}

/* A text, or one of the texts of an array; `min` and `max` in bytes. */
static pia_status_t
check_text(check_t *check, const pia_field_t *field, const json_t *json, int64_t min, int64_t max)
{
    const char *text = json_string_value(json);
    if (!text) {
        return REFUSE(check, "Must be a text.");
    }
    size_t size = json_string_length(json);
    if ((int64_t)size < min || (int64_t)size > max) {
        return REFUSE(check, "Must have %" PRId64 " to %" PRId64 " bytes; it has %zu.", min, max,
                      size);
    }
    if (strlen(text) != size || has_control(text)) {
        return REFUSE(check, "Must not contain control characters.");
    }
    if (field->values && !is_value(field->values, text)) {
        return refuse_value(check, field->values);
    }
    if (field->format && !pia_format_check(field->format, text)) {
        return REFUSE(check, "Is not a valid %s.", field->format);
    }
    return PIA_OK;
}

static pia_status_t check_integer(check_t *check, const pia_field_t *field, const json_t *json)
{
    if (!json_is_integer(json)) {
        return REFUSE(check, "Must be an integer.");
    }
    int64_t value = json_integer_value(json);
    if (value < field->min || value > field->max) {
        return REFUSE(check, "Must be from %" PRId64 " to %" PRId64 ".", field->min, field->max);
    }
    return PIA_OK;
}

static pia_status_t check_child(check_t *check, const pia_field_t *field, const json_t *json)
{
    if (!json_is_object(json)) {
        return REFUSE(check, "Must be an object.");
    }
    return field->child ? check_object(check, field->child, json) : PIA_OK;
}

static pia_status_t check_array(check_t *check, const pia_field_t *field, const json_t *json)
{
    if (!json_is_array(json)) {
        return REFUSE(check, "Must be an array.");
    }
    size_t count = json_array_size(json);
    if ((int64_t)count < field->min || (int64_t)count > field->max) {
        return REFUSE(check, "Must have %" PRId64 " to %" PRId64 " items; it has %zu.", field->min,
                      field->max, count);
    }
    size_t length = pointer_length(check);
    pia_status_t status = PIA_OK;
    for (size_t i = 0; i < count && status == PIA_OK; i++) {
        const json_t *item = json_array_get(json, i);
        pointer_index(check, i);
        status = field->type == PIA_FIELD_TEXTS
                     ? check_text(check, field, item, field->item_min, field->item_max)
                     : check_child(check, field, item);
        pointer_cut(check, length);
    }
    return status;
}

static pia_status_t check_value(check_t *check, const pia_field_t *field, const json_t *json)
{
    switch (field->type) {
    case PIA_FIELD_TEXT:
        return check_text(check, field, json, field->min, field->max);
    case PIA_FIELD_INTEGER:
        return check_integer(check, field, json);
    case PIA_FIELD_BOOLEAN:
        return json_is_boolean(json) ? PIA_OK : REFUSE(check, "Must be true or false.");
    case PIA_FIELD_TEXTS:
    case PIA_FIELD_OBJECTS:
        return check_array(check, field, json);
    case PIA_FIELD_OBJECT:
        return check_child(check, field, json);
    }
    assert(!"a field type that is not in schema.h");
    return PIA_INTERNAL;
}

static pia_status_t check_fields(check_t *check, const pia_schema_t *schema, const json_t *json)
{
    size_t length = pointer_length(check);
    for (const pia_field_t *field = schema->fields; field->name; field++) {
        const json_t *value = json_object_get(json, field->name);
        pointer_name(check, field->name);
        if (!value && field->required) {
            return REFUSE(check, "Is missing.");
        }
        pia_status_t status = value ? check_value(check, field, value) : PIA_OK;
        if (status != PIA_OK) {
            return status;
        }
        pointer_cut(check, length);
    }
    return PIA_OK;
}

static bool is_known(const pia_schema_t *schema, const char *name)
{
    for (const pia_field_t *field = schema->fields; field->name; field++) {
        if (strcmp(field->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static pia_status_t check_unknown(check_t *check, const pia_schema_t *schema, const json_t *json)
{
    void *iterator = json_object_iter((json_t *)json);
    for (; iterator; iterator = json_object_iter_next((json_t *)json, iterator)) {
        const char *name = json_object_iter_key(iterator);
        if (!is_known(schema, name)) {
            pointer_name(check, name);
            return REFUSE(check, "Is not a member of %s.", schema->name);
        }
    }
    return PIA_OK;
}

static pia_status_t check_object(check_t *check, const pia_schema_t *schema, const json_t *json)
{
    if (check->unknown == PIA_UNKNOWN_REFUSED) {
        pia_status_t status = check_unknown(check, schema, json);
        if (status != PIA_OK) {
            return status;
        }
    }
    return check_fields(check, schema, json);
}

/* Sets one member; memcpy, because `struct_bytes` has the type only of the generated struct. */
static void fill(const pia_field_t *field, const json_t *json, char *struct_bytes)
{
    char *place = struct_bytes + field->offset;
    bool present = true;
    switch (field->type) {
    case PIA_FIELD_TEXT: {
        const char *text = json_string_value(json);
        memcpy(place, &text, sizeof text);
        break;
    }
    case PIA_FIELD_INTEGER: {
        int64_t value = json_integer_value(json);
        memcpy(place, &value, sizeof value);
        memcpy(struct_bytes + field->has_offset, &present, sizeof present);
        break;
    }
    case PIA_FIELD_BOOLEAN: {
        bool value = json_is_true(json);
        memcpy(place, &value, sizeof value);
        memcpy(struct_bytes + field->has_offset, &present, sizeof present);
        break;
    }
    case PIA_FIELD_TEXTS:
    case PIA_FIELD_OBJECT:
    case PIA_FIELD_OBJECTS:
        memcpy(place, &json, sizeof(void *));
        break;
    }
}

pia_status_t pia_schema_decode(const pia_schema_t *schema,
                               const json_t *json,
                               pia_unknown_t unknown,
                               void *ret_fields,
                               pia_problem_t *problem)
{
    check_t check = {.unknown = unknown, .problem = problem};
    if (!json_is_object(json)) {
        return REFUSE(&check, "Must be an object.");
    }
    pia_status_t status = check_object(&check, schema, json);
    if (status != PIA_OK) {
        return status;
    }
    memset(ret_fields, 0, schema->size);
    for (const pia_field_t *field = schema->fields; field->name; field++) {
        const json_t *value = json_object_get(json, field->name);
        if (value) {
            fill(field, value, ret_fields);
        }
    }
    return PIA_OK;
}

/* A new reference to the JSON of one member; NULL if it is absent. */
static json_t *member_json(const pia_field_t *field, const char *struct_bytes)
{
    const char *place = struct_bytes + field->offset;
    bool present = false;
    switch (field->type) {
    case PIA_FIELD_TEXT: {
        const char *text = NULL;
        memcpy(&text, place, sizeof text);
        return text ? json_string(text) : NULL;
    }
    case PIA_FIELD_INTEGER: {
        int64_t value = 0;
        memcpy(&value, place, sizeof value);
        memcpy(&present, struct_bytes + field->has_offset, sizeof present);
        return present ? json_integer(value) : NULL;
    }
    case PIA_FIELD_BOOLEAN: {
        bool value = false;
        memcpy(&value, place, sizeof value);
        memcpy(&present, struct_bytes + field->has_offset, sizeof present);
        return present ? json_boolean(value) : NULL;
    }
    case PIA_FIELD_TEXTS:
    case PIA_FIELD_OBJECT:
    case PIA_FIELD_OBJECTS: {
        json_t *json = NULL;
        memcpy(&json, place, sizeof(void *));
        return json_incref(json);
    }
    }
    assert(!"a field type that is not in schema.h");
    return NULL;
}

json_t *pia_schema_encode(const pia_schema_t *schema, const void *fields)
{
    json_t *json = json_object();
    for (const pia_field_t *field = schema->fields; field->name; field++) {
        json_t *value = member_json(field, fields);
        if (value) {
            json_object_set_new(json, field->name, value);
        }
    }
    return json;
}
