/* openapi.c - paths and operations of the API's description. */
#include "openapi.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "openapi_components.h"
#include "openapi_schemas.h"
#include "routes.h"

/* What is served beside the table of routes. */
static const struct {
    const char *path, *summary, *media_type;
} extras[] = {
    {"/openapi.json", "This description", "application/json"},
    {"/livez", "Whether the process lives", "application/json"},
    {"/readyz",
     "Whether it can serve: 503 while starting or draining, degraded when an instance says what "
     "is wrong with it",
     "application/json"},
    {"/metrics", "Counters of all instances, for Prometheus", "text/plain"},
};

static json_t *ref(const char *kind, const char *name)
{
    return json_pack("{s:o}", "$ref", json_sprintf("#/components/%s/%s", kind, name));
}

static json_t *content(const char *media_type, json_t *schema)
{
    return json_pack("{s:{s:o}}", media_type, "schema", schema);
}

/* A parameter of the path or the query from a member's schema. */
static json_t *parameter(const char *in, const char *name, const json_t *member, bool required)
{
    json_t *schema = json_deep_copy(member);
    json_t *description = json_incref(json_object_get(schema, "description"));
    (void)json_object_del(schema, "description");
    json_t *result = json_pack("{s:s,s:s,s:b,s:o*,s:o}", "name", name, "in", in, "required",
                               required, "description", description, "schema", schema);
    assert(result != NULL);
    if (json_object_get(schema, "items") != NULL) {
        (void)json_object_set_new(result, "style", json_string("form"));
        (void)json_object_set_new(result, "explode", json_false());
    }
    return result;
}

typedef struct {
    json_t *parameters;
    json_t *members; /* what is left for the query or the body */
} parameters_t;

static void take_path_name(void *arg, size_t segment, const char *name, size_t size)
{
    (void)segment;
    parameters_t *self = arg;
    char member[64];
    (void)snprintf(member, sizeof member, "%.*s", (int)size, name);
    const json_t *schema = json_object_get(self->members, member);
    assert(schema != NULL); /* a route's {name} is a member of its message */
    (void)json_array_append_new(self->parameters, parameter("path", member, schema, true));
    (void)json_object_del(self->members, member);
}

/* The members that headers or the route itself set. */
static void take_headers(parameters_t *self, const route_t *route)
{
    if (json_object_get(self->members, "idempotency_key") != NULL) {
        (void)json_array_append_new(self->parameters, ref("parameters", "IdempotencyKey"));
        (void)json_object_del(self->members, "idempotency_key");
    }
    if (strcmp(route->method, "GET") != 0 && json_object_get(self->members, "version") != NULL)
        (void)json_array_append_new(self->parameters, ref("parameters", "IfMatch"));
    if (route->fixed != NULL) {
        char member[64];
        (void)snprintf(member, sizeof member, "%.*s", (int)strcspn(route->fixed, "="),
                       route->fixed);
        (void)json_object_del(self->members, member);
    }
    if (route->flags & ROUTE_STREAM) {
        (void)json_object_del(self->members, "after");
        (void)json_object_del(self->members, "limit");
        (void)json_array_append_new(self->parameters, ref("parameters", "LastEventId"));
        (void)json_array_append_new(self->parameters, ref("parameters", "LastEventIdHeader"));
    }
}

static bool has_body(const route_t *route)
{
    return strcmp(route->method, "GET") != 0 && strcmp(route->method, "DELETE") != 0;
}

static bool has_text(const json_t *list, const char *text)
{
    size_t index;
    const json_t *item;
    json_array_foreach(list, index, item)
    {
        if (strcmp(json_string_value(item), text) == 0)
            return true;
    }
    return false;
}

/* Objects have no place in a query. */
static bool fits_query(const json_t *member)
{
    const json_t *items = json_object_get(member, "items");
    return json_object_get(items != NULL ? items : member, "$ref") == NULL;
}

/* What is not a member of the query but the body. */
static bool is_content(const route_t *route, const char *name)
{
    return (route->flags & ROUTE_BYTES) && strcmp(name, "content") == 0;
}

static json_t *bytes(void)
{
    return json_pack("{s:s,s:s}", "type", "string", "format", "binary");
}

static void take_query(parameters_t *self, const route_t *route, const json_t *message)
{
    const char *name;
    json_t *member;
    if (has_body(route) && !(route->flags & ROUTE_BYTES))
        return;
    const json_t *required = json_object_get(message, "required");
    json_object_foreach(self->members, name, member)
    {
        if (fits_query(member) && !is_content(route, name))
            json_array_append_new(self->parameters,
                                  parameter("query", name, member, has_text(required, name)));
    }
}

/* "version" may come by If-Match and what the path says need not be said again. */
static json_t *required_left(const json_t *message, const json_t *members)
{
    json_t *left = json_array();
    size_t index;
    json_t *name;
    json_array_foreach(json_object_get(message, "required"), index, name)
    {
        const char *text = json_string_value(name);
        if (strcmp(text, "version") != 0 && json_object_get(members, text) != NULL)
            (void)json_array_append(left, name);
    }
    return left;
}

static json_t *body_of(const route_t *route, const json_t *message, json_t *members)
{
    if (route->flags & ROUTE_EVENTS) {
        json_t *event = json_pack("{s:s}", "type", "object");
        json_t *batch = json_deep_copy(json_object_get(members, "events"));
        return json_pack("{s:b,s:{s:{s:o},s:{s:o}}}", "required", 1, "content",
                         "application/cloudevents+json", "schema", event,
                         "application/cloudevents-batch+json", "schema", batch);
    }
    if (route->flags & ROUTE_BYTES)
        return json_pack("{s:b,s:o}", "required", 1, "content",
                         content("application/octet-stream", bytes()));
    json_t *required = required_left(message, members);
    json_t *schema = json_pack("{s:s,s:b,s:o,s:O}", "type", "object", "additionalProperties", 0,
                               "required", required, "properties", members);
    return json_pack("{s:b,s:o}", "required", json_array_size(required) > 0, "content",
                     content("application/json", schema));
}

static json_t *responses_of(const route_t *route, const openapi_schemas_t *schemas)
{
    json_t *success;
    if (route->flags & ROUTE_STREAM) {
        json_t *text = json_pack("{s:s}", "type", "string");
        success = json_pack("{s:s,s:o}", "description",
                            "Events; id is the cursor, event the type, data the CloudEvents object",
                            "content", content("text/event-stream", text));
    } else if ((route->flags & ROUTE_BYTES) && strcmp(route->method, "GET") == 0) {
        success = json_pack("{s:s,s:o}", "description",
                            "The bytes, of the file's own type; 206 for one range of them",
                            "content", content("application/octet-stream", bytes()));
    } else {
        json_t *schema = openapi_schemas_answer(schemas, route->message->name);
        success = json_pack("{s:s,s:{s:o},s:o}", "description", "The answer", "headers", "ETag",
                            ref("headers", "ETag"), "content", content("application/json", schema));
    }
    return json_pack("{s:o,s:o}", route->flags & ROUTE_CREATES ? "201" : "200", success, "default",
                     ref("responses", "Problem"));
}

/* "get_v1_poles_code" */
static json_t *operation_id(const route_t *route)
{
    char id[128];
    size_t size = 0;
    for (const char *at = route->method; *at != '\0'; at++)
        id[size++] = (char)tolower((unsigned char)*at);
    for (const char *at = route->path; *at != '\0' && size < sizeof id; at++)
        if (*at == '/')
            id[size++] = '_';
        else if (*at != '{' && *at != '}')
            id[size++] = *at;
    return json_stringn(id, size);
}

static json_t *operation_of(const route_t *route, const openapi_schemas_t *schemas)
{
    const json_t *message = openapi_schemas_message(schemas, route->message->name);
    assert(message != NULL);
    parameters_t self = {
        .parameters = json_array(),
        .members = json_deep_copy(json_object_get(message, "properties")),
    };
    route_each_name(route, take_path_name, &self);
    take_headers(&self, route);
    take_query(&self, route, message);
    const char *tag = route->path + strlen("/v1/");
    json_t *operation =
        json_pack("{s:o,s:s,s:s,s:[o],s:o,s:o,s:[{},{s:[]}]}", "operationId", operation_id(route),
                  "summary", route->summary, "x-message", route->message->name, "tags",
                  json_stringn(tag, strcspn(tag, "/")), "parameters", self.parameters, "responses",
                  responses_of(route, schemas), "security", "key");
    assert(operation != NULL);
    if (has_body(route))
        (void)json_object_set_new(operation, "requestBody", body_of(route, message, self.members));
    json_decref(self.members);
    return operation;
}

static void add_operation(json_t *paths, const char *path, const char *method, json_t *operation)
{
    json_t *item = json_object_get(paths, path);
    if (item == NULL) {
        item = json_object();
        (void)json_object_set_new(paths, path, item);
    }
    char lower[8] = "";
    for (size_t i = 0; i + 1 < sizeof lower && method[i] != '\0'; i++)
        lower[i] = (char)tolower((unsigned char)method[i]);
    (void)json_object_set_new(item, lower, operation);
}

static json_t *extra_operation(size_t index)
{
    bool text = strncmp(extras[index].media_type, "text/", 5) == 0;
    return json_pack(
        "{s:s,s:s,s:{s:{s:s,s:o}}}", "operationId", extras[index].path + 1, "summary",
        extras[index].summary, "responses", "200", "description", "The answer", "content",
        content(extras[index].media_type, json_pack("{s:s}", "type", text ? "string" : "object")));
}

char *openapi_build(void)
{
    openapi_schemas_t *schemas = openapi_schemas_new();
    json_t *paths = json_object();
    for (const route_t *route = gateway_routes; route->method != NULL; route++)
        add_operation(paths, route->path, route->method, operation_of(route, schemas));
    for (size_t i = 0; i < sizeof extras / sizeof *extras; i++)
        add_operation(paths, extras[i].path, "GET", extra_operation(i));
    json_t *root =
        json_pack("{s:s,s:o,s:[{s:s}],s:o,s:o}", "openapi", "3.1.0", "info", openapi_info(),
                  "servers", "url", "/", "paths", paths, "components", openapi_components(schemas));
    assert(root != NULL);
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    openapi_schemas_destroy(&schemas);
    return text;
}
