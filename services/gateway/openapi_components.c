/* openapi_components.c - what all operations of the API share. */
#include "openapi_components.h"

#include <assert.h>

#include "pia/event.h"

static json_t *header_parameter(const char *name, const char *description, int size_max)
{
    return json_pack("{s:s,s:s,s:s,s:{s:s,s:i}}", "name", name, "in", "header", "description",
                     description, "schema", "type", "string", "maxLength", size_max);
}

static json_t *parameters(void)
{
    json_t *last_id = header_parameter(
        "last_event_id", "Resume after this id; empty: from the beginning of the journal",
        PIA_CURSOR_SIZE);
    (void)json_object_set_new(last_id, "in", json_string("query"));
    return json_pack(
        "{s:o,s:o,s:o,s:o}", "IdempotencyKey",
        header_parameter("Idempotency-Key", "Repeats with the same key get the first answer", 128),
        "IfMatch",
        header_parameter("If-Match", "The ETag that you have seen, instead of the member version",
                         32),
        "LastEventIdHeader",
        header_parameter("Last-Event-ID", "Resume after this id", PIA_CURSOR_SIZE), "LastEventId",
        last_id);
}

static json_t *text_property(const char *description)
{
    return json_pack("{s:s,s:s}", "type", "string", "description", description);
}

/* RFC 9457 with our three members. */
static json_t *problem_schema(void)
{
    return json_pack(
        "{s:s,s:[s,s,s],s:{s:o,s:o,s:{s:s},s:o,s:o,s:o,s:{s:s,s:s}}}", "type", "object", "required",
        "type", "title", "status", "properties", "type", text_property("about:blank"), "title",
        text_property("The status in words"), "status", "type", "integer", "detail",
        text_property("An English sentence"), "pointer",
        text_property("JSON pointer to the member of the body that was refused"), "parameter",
        text_property("The query parameter that was refused"), "present", "type", "object",
        "description", "After a conflict: what is there now, if it says so");
}

static json_t *responses(void)
{
    return json_pack("{s:{s:s,s:{s:{s:{s:s}}}}}", "Problem", "description", "A problem (RFC 9457)",
                     "content", "application/problem+json", "schema", "$ref",
                     "#/components/schemas/Problem");
}

static json_t *headers(void)
{
    return json_pack("{s:{s:s,s:{s:s}}}", "ETag", "description",
                     "For If-None-Match; of one resource, its version, for If-Match", "schema",
                     "type", "string");
}

json_t *openapi_components(const openapi_schemas_t *schemas)
{
    json_t *resources = json_deep_copy(openapi_schemas_resources(schemas));
    (void)json_object_set_new(resources, "Problem", problem_schema());
    json_t *components =
        json_pack("{s:o,s:o,s:o,s:o,s:{s:{s:s,s:s,s:s}}}", "schemas", resources, "parameters",
                  parameters(), "responses", responses(), "headers", headers(), "securitySchemes",
                  "key", "type", "http", "scheme", "bearer", "description", "An API key");
    assert(components != NULL);
    return components;
}

json_t *openapi_info(void)
{
    return json_pack("{s:s,s:s,s:s,s:{s:s,s:s}}", "title",
                     "PIA: the network of pôles d'innovation pour l'artisanat", "version",
                     PIA_VERSION, "description",
                     "Pôles, dossiers, publications, the journal of events and its stream.",
                     "license", "name", "Apache-2.0", "identifier", "Apache-2.0");
}
