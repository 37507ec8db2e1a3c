/* event.c - making and checking CloudEvents. */
#include "pia/event.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/json.h"
#include "pia/schema.h"
#include "pia/uuid.h"

enum { NAME_MAX_SIZE = 20, EXTENSION_MAX = 1024, AUDIENCE_MAX = 4096 };

json_t *pia_event_new(const char *service,
                      const char *type,
                      const char *subject,
                      const char *visibility,
                      const char *restricted_to,
                      json_t *data)
{
    char id[PIA_UUID_TEXT_SIZE];
    char time[PIA_TIME_TEXT_SIZE];
    char source[64];
    pia_uuid7_text(id);
    pia_time_format(pia_clock_now(), time);
    (void)snprintf(source, sizeof source, "/services/%s", service);
    json_t *event = json_object();
    json_object_set_new(event, "specversion", json_string("1.0"));
    json_object_set_new(event, "id", json_string(id));
    json_object_set_new(event, "source", json_string(source));
    json_object_set_new(event, "type", json_string(type));
    json_object_set_new(event, "time", json_string(time));
    if (subject)
        json_object_set_new(event, "subject", json_string(subject));
    json_object_set_new(event, "datacontenttype", json_string("application/json"));
    json_object_set_new(event, "visibility", json_string(visibility));
    if (restricted_to)
        json_object_set_new(event, "restrictedto", json_string(restricted_to));
    json_object_set_new(event, "data", data);
    return event;
}

/* An attribute whose text has a limit of its own. */
typedef struct {
    const char *name;
    bool required;
    size_t max; /* bytes */
} attribute_t;

static const attribute_t ATTRIBUTES[] = {
    {"specversion", true, 3},
    {"id", true, 128},
    {"source", true, 256},
    {"type", true, 128},
    {"time", false, 40},
    {"subject", false, 256},
    {"datacontenttype", false, 128},
    {"dataschema", false, 512},
    {"visibility", false, 16},
    {"restrictedto", false, AUDIENCE_MAX},
};

static const attribute_t *find_attribute(const char *name)
{
    for (size_t i = 0; i < sizeof ATTRIBUTES / sizeof ATTRIBUTES[0]; i++)
        if (strcmp(ATTRIBUTES[i].name, name) == 0)
            return &ATTRIBUTES[i];
    return NULL;
}

static pia_status_t refuse(pia_problem_t *problem, const char *name, const char *why)
{
    char pointer[PIA_POINTER_MAX];
    (void)snprintf(pointer, sizeof pointer, "/%.*s", NAME_MAX_SIZE, name);
    return pia_problem_set(problem, PIA_INVALID, pointer, "%s", why);
}

/* Lower-case letters and digits only, as CloudEvents names are. */
static bool is_name(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789");
    return size > 0 && size <= NAME_MAX_SIZE && name[size] == '\0';
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

static pia_status_t check_text(const char *name, const json_t *value, pia_problem_t *problem)
{
    const attribute_t *attribute = find_attribute(name);
    size_t max = attribute ? attribute->max : EXTENSION_MAX;
    size_t size = json_string_length(value);
    if (size == 0 || size > max)
        return refuse(problem, name, "this text is empty or too long");
    if (strlen(json_string_value(value)) != size || has_control(json_string_value(value)))
        return refuse(problem, name, "this text holds control characters");
    return PIA_OK;
}

/* Context attributes are texts; extensions may also be booleans and 32-bit integers. */
static pia_status_t check_attribute(const char *name, const json_t *value, pia_problem_t *problem)
{
    if (!is_name(name))
        return pia_problem_set(problem, PIA_INVALID, NULL,
                               "an attribute's name is 1 to 20 lower-case letters and digits");
    if (json_is_string(value))
        return check_text(name, value, problem);
    if (find_attribute(name))
        return refuse(problem, name, "this is a text");
    if (json_is_boolean(value))
        return PIA_OK;
    json_int_t number = json_integer_value(value);
    if (json_is_integer(value) && number >= INT32_MIN && number <= INT32_MAX)
        return PIA_OK;
    return refuse(problem, name, "an extension is a text, a boolean or a 32-bit integer");
}

static pia_status_t check_required(const json_t *event, pia_problem_t *problem)
{
    for (size_t i = 0; i < sizeof ATTRIBUTES / sizeof ATTRIBUTES[0]; i++)
        if (ATTRIBUTES[i].required && !pia_json_text(event, ATTRIBUTES[i].name))
            return refuse(problem, ATTRIBUTES[i].name, "this is required");
    if (strcmp(pia_json_text(event, "specversion"), "1.0") != 0)
        return refuse(problem, "specversion", "only CloudEvents 1.0 is spoken here");
    int64_t time_ms;
    const char *time = pia_json_text(event, "time");
    if (time && !pia_time_parse(time, &time_ms))
        return refuse(problem, "time", "this is not an RFC 3339 date-time");
    const char *source = pia_json_text(event, "source");
    if (source[0] != '/' && !strchr(source, ':'))
        return refuse(problem, "source", "this is a path or a URI");
    return PIA_OK;
}

static bool is_audience(const char *item, size_t size)
{
    char text[64];
    if (size == 0 || size >= sizeof text)
        return false;
    memcpy(text, item, size);
    text[size] = '\0';
    if (strncmp(text, "role:", 5) == 0)
        return text[5 + strspn(text + 5, "abcdefghijklmnopqrstuvwxyz")] == '\0' && text[5];
    const char *id = strncmp(text, "person:", 7) == 0       ? text + 7
                     : strncmp(text, "structure:", 10) == 0 ? text + 10
                                                            : "";
    return pia_format_check("uuid", id);
}

static bool are_audiences(const char *list)
{
    for (;;) {
        size_t size = strcspn(list, ",");
        if (!is_audience(list, size))
            return false;
        if (list[size] == '\0')
            return true;
        list += size + 1;
    }
}

static pia_status_t check_visibility(const json_t *event, pia_problem_t *problem)
{
    const char *visibility = pia_json_text(event, "visibility");
    const char *list = pia_json_text(event, "restrictedto");
    if (!visibility)
        return list ? refuse(problem, "visibility", "who names an audience restricts") : PIA_OK;
    bool restricted = strcmp(visibility, "restricted") == 0;
    if (!restricted && strcmp(visibility, "public") != 0 && strcmp(visibility, "network") != 0)
        return refuse(problem, "visibility", "this is public, network or restricted");
    if (restricted && (!list || !are_audiences(list)))
        return refuse(problem, "restrictedto",
                      "this is a list of role:NAME, person:UUID and structure:UUID");
    if (!restricted && list)
        return refuse(problem, "restrictedto", "only a restricted event has this");
    return PIA_OK;
}

pia_status_t pia_event_check_content(const json_t *event, pia_problem_t *problem)
{
    if (!json_is_object(event))
        return pia_problem_set(problem, PIA_INVALID, NULL, "an event is a JSON object");
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)event, name, value)
    {
        if (strcmp(name, "data") == 0)
            continue;
        if (strcmp(name, "data_base64") == 0)
            return pia_problem_set(problem, PIA_INVALID, NULL, "data is JSON here, not base64");
        pia_status_t status = check_attribute(name, value, problem);
        if (status != PIA_OK)
            return status;
    }
    pia_status_t status = check_required(event, problem);
    if (status == PIA_OK)
        status = check_visibility(event, problem);
    return status;
}

pia_status_t pia_event_check(const json_t *event, pia_problem_t *problem)
{
    pia_status_t status = pia_event_check_content(event, problem);
    if (status == PIA_OK && json_dumpb(event, NULL, 0, JSON_COMPACT) > PIA_EVENT_SIZE_MAX)
        return pia_problem_set(problem, PIA_TOO_LARGE, NULL, "an event holds at most 64 KiB");
    return status;
}
