/* ask.c - builds messages from HTTP requests. */
#include "ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ask_body.h"
#include "pia/memory.h"
#include "pia/uuid.h"

/* Fills the problem; returns NULL, so that `return refuse(...)` reads well. */
static json_t *refuse(ask_problem_t *problem, int status, const char *parameter, const char *detail)
{
    problem->status = status;
    problem->parameter = parameter;
    (void)pia_problem_set(&problem->problem, PIA_INVALID, NULL, "%s", detail);
    return NULL;
}

const pia_field_t *ask_field(const pia_schema_t *schema, const char *name)
{
    for (const pia_field_t *field = schema->fields; field->name != NULL; field++)
        if (strcmp(field->name, name) == 0)
            return field;
    return NULL;
}

static bool is_in(const char *const *names, const char *name)
{
    for (; names != NULL && *names != NULL; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

static json_t *integer_of(const char *text)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    bool plain = (text[0] >= '0' && text[0] <= '9') || (text[0] == '-' && text[1] >= '0');
    return errno == 0 && plain && *end == '\0' ? json_integer(value) : NULL;
}

static json_t *boolean_of(const char *text)
{
    if (strcmp(text, "true") == 0)
        return json_true();
    return strcmp(text, "false") == 0 ? json_false() : NULL;
}

/* Adds the items of "a,b" to the member, which is made if need be. */
static void add_items(json_t *members, const char *name, const char *text)
{
    json_t *array = json_object_get(members, name);
    if (array == NULL) {
        array = json_array();
        (void)json_object_set_new(members, name, array);
    }
    for (const char *at = text; *at != '\0';) {
        size_t size = strcspn(at, ",");
        (void)json_array_append_new(array, json_stringn(at, size));
        at += size;
        at += *at == ',';
    }
}

/* One query parameter; false with a problem. */
static bool add_parameter(json_t *members,
                          const pia_field_t *field,
                          const target_parameter_t *parameter,
                          ask_problem_t *problem)
{
    if (field->type == PIA_FIELD_TEXTS) {
        add_items(members, parameter->name, parameter->value);
        return true;
    }
    if (json_object_get(members, parameter->name) != NULL)
        return refuse(problem, 400, parameter->name, "the query parameter is repeated") != NULL;
    json_t *value = NULL;
    if (field->type == PIA_FIELD_TEXT)
        value = json_string(parameter->value);
    else if (field->type == PIA_FIELD_INTEGER)
        value = integer_of(parameter->value);
    else if (field->type == PIA_FIELD_BOOLEAN)
        value = boolean_of(parameter->value);
    if (value == NULL)
        return refuse(problem, 400, parameter->name, "the query parameter is not of its type") !=
               NULL;
    (void)json_object_set_new(members, parameter->name, value);
    return true;
}

json_t *ask_query(const pia_schema_t *schema,
                  const target_t *target,
                  const char *const *except,
                  ask_problem_t *problem)
{
    json_t *members = json_object();
    for (size_t i = 0; i < target->parameters; i++) {
        const target_parameter_t *parameter = &target->parameter[i];
        const pia_field_t *field = ask_field(schema, parameter->name);
        bool known = field != NULL && !is_in(except, parameter->name);
        if (!known)
            (void)refuse(problem, 400, parameter->name, "the query parameter is unknown");
        if (!known || !add_parameter(members, field, parameter, problem)) {
            json_decref(members);
            return NULL;
        }
    }
    return members;
}

/* The members that the path and the route set, and nothing else may set otherwise. */
typedef struct {
    const ask_t *ask;
    json_t *members;
    bool contradicted;
} path_t;

static void set_member(path_t *path, const char *name, const char *value)
{
    const json_t *there = json_object_get(path->members, name);
    if (there != NULL && (!json_is_string(there) || strcmp(json_string_value(there), value) != 0))
        path->contradicted = true;
    (void)json_object_set_new(path->members, name, json_string(value));
}

static void add_segment(void *arg, size_t segment, const char *name, size_t size)
{
    path_t *path = arg;
    char *member = pia_strndup(name, size);
    set_member(path, member, path->ask->target->segment[segment]);
    free(member);
}

static bool add_path(const ask_t *ask, json_t *members, ask_problem_t *problem)
{
    path_t path = {.ask = ask, .members = members};
    route_each_name(ask->route, add_segment, &path);
    if (ask->route->fixed != NULL) {
        const char *value = strchr(ask->route->fixed, '=') + 1;
        char *name = pia_strndup(ask->route->fixed, (size_t)(value - 1 - ask->route->fixed));
        set_member(&path, name, value);
        free(name);
    }
    if (path.contradicted)
        (void)refuse(problem, 400, NULL, "the body or query names another resource than the path");
    return !path.contradicted;
}

/* If-Match: "12" is the version 12; only one strong tag makes sense here. */
static bool add_version(const ask_t *ask, json_t *members, ask_problem_t *problem)
{
    const pia_field_t *field = ask_field(ask->route->message->request, "version");
    if (ask->if_match != NULL) {
        size_t size = strlen(ask->if_match);
        char digits[24] = "";
        if (size > 2 && size < sizeof digits && ask->if_match[0] == '"' &&
            ask->if_match[size - 1] == '"')
            (void)snprintf(digits, sizeof digits, "%.*s", (int)size - 2, ask->if_match + 1);
        json_t *version = integer_of(digits);
        if (version == NULL || field == NULL) {
            json_decref(version);
            return refuse(problem, field == NULL ? 400 : 412, NULL,
                          field == NULL ? "If-Match makes no sense here"
                                        : "If-Match is not a version of this resource") != NULL;
        }
        (void)json_object_set_new(members, "version", version);
    }
    if (field != NULL && field->required && json_object_get(members, "version") == NULL)
        return refuse(problem, 428, NULL,
                      "say which version you have seen: If-Match, or the member version") != NULL;
    return true;
}

static bool add_key(const ask_t *ask, json_t *members, ask_problem_t *problem)
{
    static const char name[] = "idempotency_key";
    bool takes = ask->route->message->mutating && ask_field(ask->route->message->request, name);
    if (ask->idempotency_key != NULL && takes) {
        json_t *key = json_string(ask->idempotency_key);
        if (key == NULL)
            return refuse(problem, 400, NULL, "Idempotency-Key is not text") != NULL;
        (void)json_object_set_new(members, name, key);
    }
    if (takes && json_object_get(members, name) == NULL) {
        char key[PIA_UUID_TEXT_SIZE];
        pia_uuid7_text(key);
        (void)json_object_set_new(members, name, json_string(key));
    }
    return true;
}

static bool check(const ask_t *ask, const json_t *members, ask_problem_t *problem)
{
    const pia_schema_t *schema = ask->route->message->request;
    void *fields = pia_alloc(schema->size);
    pia_status_t status =
        pia_schema_decode(schema, members, PIA_UNKNOWN_REFUSED, fields, &problem->problem);
    free(fields);
    if (status != PIA_OK)
        problem->status = pia_status_http(status);
    return status == PIA_OK;
}

/* Of a route of bytes: the query gives the members, the body the member `content`. */
static json_t *members_of_bytes(const ask_t *ask, ask_problem_t *problem)
{
    static const char *const except[] = {"content", NULL};
    json_t *content = ask_bytes(ask, problem);
    json_t *members = content == NULL
                          ? NULL
                          : ask_query(ask->route->message->request, ask->target, except, problem);
    if (members != NULL)
        (void)json_object_set(members, "content", content);
    json_decref(content);
    return members;
}

/* Members from the body or the query, whichever the route takes. */
static json_t *members_of(const ask_t *ask, ask_problem_t *problem)
{
    bool reads = strcmp(ask->route->method, "GET") == 0;
    if (reads || strcmp(ask->route->method, "DELETE") == 0)
        return ask_query(ask->route->message->request, ask->target, NULL, problem);
    if (ask->route->flags & ROUTE_BYTES)
        return members_of_bytes(ask, problem);
    if (ask->target->parameters > 0)
        return refuse(problem, 400, ask->target->parameter[0].name,
                      "there are no query parameters here");
    return ask_body(ask, problem);
}

bool ask_range(const ask_t *ask, int64_t *ret_first, int64_t *ret_last)
{
    static const char unit[] = "bytes=";
    char *end = NULL;
    bool bytes = (ask->route->flags & ROUTE_BYTES) && strcmp(ask->route->method, "GET") == 0;
    if (!bytes || ask->range == NULL || strncmp(ask->range, unit, sizeof unit - 1) != 0)
        return false;
    const char *at = ask->range + sizeof unit - 1;
    errno = 0;
    *ret_first = strtoll(at, &end, 10);
    if (at[0] < '0' || at[0] > '9' || *end != '-')
        return false;
    at = end + 1;
    *ret_last = INT64_MAX;
    if (*at != '\0')
        *ret_last = strtoll(at, &end, 10);
    bool whole = *at == '\0' || (at[0] >= '0' && at[0] <= '9' && *end == '\0');
    return errno == 0 && whole && *ret_last >= *ret_first;
}

/* The range that was asked for, at most as much as one message gives. */
static void add_range(const ask_t *ask, json_t *members)
{
    int64_t first, last;
    if (!ask_range(ask, &first, &last))
        return;
    int64_t max = ask_field(ask->route->message->request, "size")->max;
    int64_t size = last - first < max ? last - first + 1 : max;
    (void)json_object_set_new(members, "offset", json_integer(first));
    (void)json_object_set_new(members, "size", json_integer(size));
}

json_t *ask_build(const ask_t *ask, ask_problem_t *problem)
{
    *problem = (ask_problem_t){0};
    json_t *members = members_of(ask, problem);
    if (members == NULL)
        return NULL;
    add_range(ask, members);
    if (add_path(ask, members, problem) && add_version(ask, members, problem) &&
        add_key(ask, members, problem) && check(ask, members, problem))
        return members;
    json_decref(members);
    return NULL;
}

static void locate_event(const ask_t *ask, pia_problem_t *problem)
{
    static const char prefix[] = "/events/";
    if (strncmp(problem->pointer, prefix, sizeof prefix - 1) != 0)
        return;
    const char *rest = problem->pointer + sizeof prefix - 2;
    if (ask_body_kind(ask->content_type) == ASK_BODY_EVENT) {
        const char *member = strchr(rest + 1, '/');
        rest = member == NULL ? "" : member;
    }
    memmove(problem->pointer, rest, strlen(rest) + 1);
}

/* Whether the message's member `name` came from the path, the route or a header. */
static bool came_otherwise(const ask_t *ask, const char *name)
{
    size_t size = strlen(name);
    if (route_value(ask->route, ask->target, name) != NULL || strcmp(name, "idempotency_key") == 0)
        return true;
    if (strcmp(name, "version") == 0 && ask->if_match != NULL)
        return true;
    return ask->route->fixed != NULL && strncmp(ask->route->fixed, name, size) == 0 &&
           ask->route->fixed[size] == '=';
}

void ask_locate(const ask_t *ask, pia_problem_t *problem, const char **ret_parameter)
{
    char name[PIA_POINTER_MAX];
    if (problem->pointer[0] != '/')
        return;
    if (ask->route->flags & ROUTE_EVENTS) {
        locate_event(ask, problem);
        return;
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(problem->pointer + 1, "/"),
                   problem->pointer + 1);
    for (size_t i = 0; i < ask->target->parameters; i++)
        if (strcmp(ask->target->parameter[i].name, name) == 0)
            *ret_parameter = ask->target->parameter[i].name;
    if (*ret_parameter != NULL || came_otherwise(ask, name))
        problem->pointer[0] = '\0';
}
