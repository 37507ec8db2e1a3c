/* openapi_schemas.c - reads proto/'s schemas, embedded at build. */
#include "openapi_schemas.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pia/json.h"
#include "pia/memory.h"

/* The nouns that routes speak of; each is a file of proto/, embedded by CMakeLists.txt. */
#define NOUNS(X)                                                                                   \
    X(appel)                                                                                       \
    X(authority)                                                                                   \
    X(certificate)                                                                                 \
    X(committee)                                                                                   \
    X(contact)                                                                                     \
    X(deadline)                                                                                    \
    X(decision)                                                                                    \
    X(delivery)                                                                                    \
    X(dossier)                                                                                     \
    X(event)                                                                                       \
    X(evidence)                                                                                    \
    X(inbox)                                                                                       \
    X(label)                                                                                       \
    X(letter)                                                                                      \
    X(person)                                                                                      \
    X(piece)                                                                                       \
    X(pole)                                                                                        \
    X(process)                                                                                     \
    X(publication)                                                                                 \
    X(receipt)                                                                                     \
    X(reference)                                                                                   \
    X(remedy)                                                                                      \
    X(review)                                                                                      \
    X(section)                                                                                     \
    X(session)                                                                                     \
    X(specification)                                                                               \
    X(structure)                                                                                   \
    X(subscription)

#define X(noun) extern const char gateway_schema_##noun[];
NOUNS(X)
#undef X

struct openapi_schemas {
    json_t *messages;  /* by name */
    json_t *resources; /* by name */
};

/* "label.schema.json#/$defs/label" is "#/components/schemas/label" there: names are unique. */
static void rewrite(json_t *json)
{
    const char *name;
    json_t *child;
    size_t index;
    const char *target = pia_json_text(json, "$ref");
    if (target != NULL) {
        const char *noun = strrchr(target, '/') + 1;
        (void)json_object_set_new(json, "$ref", json_sprintf("#/components/schemas/%s", noun));
    }
    json_object_foreach(json, name, child) rewrite(child);
    json_array_foreach(json, index, child) rewrite(child);
}

static void add_definition(openapi_schemas_t *self, const char *name, json_t *definition)
{
    json_t *into =
        json_object_get(definition, "x-number") != NULL ? self->messages : self->resources;
    assert(json_object_get(into, name) == NULL);
    rewrite(definition);
    (void)json_object_set(into, name, definition);
}

static void add_file(openapi_schemas_t *self, const char *text)
{
    json_t *file = json_loads(text, 0, NULL);
    assert(file != NULL);
    const char *name;
    json_t *definition;
    json_object_foreach(json_object_get(file, "$defs"), name, definition)
        add_definition(self, name, definition);
    json_decref(file);
}

openapi_schemas_t *openapi_schemas_new(void)
{
    static const char *const texts[] = {
#define X(noun) gateway_schema_##noun,
        NOUNS(X)
#undef X
    };
    openapi_schemas_t *self = pia_alloc(sizeof *self);
    self->messages = json_object();
    self->resources = json_object();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        add_file(self, texts[i]);
    return self;
}

void openapi_schemas_destroy(openapi_schemas_t **self_p)
{
    openapi_schemas_t *self = *self_p;
    *self_p = NULL;
    if (self == NULL)
        return;
    json_decref(self->messages);
    json_decref(self->resources);
    free(self);
}

const json_t *openapi_schemas_message(const openapi_schemas_t *self, const char *name)
{
    return json_object_get(self->messages, name);
}

json_t *openapi_schemas_answer(const openapi_schemas_t *self, const char *message)
{
    json_t *answer = json_object_get(json_object_get(self->messages, message), "x-answer");
    return answer != NULL ? json_incref(answer) : json_pack("{s:s}", "type", "object");
}

json_t *openapi_schemas_resources(const openapi_schemas_t *self)
{
    return self->resources;
}
