/* openapi_schemas.h - the schemas of proto/ as components of the API's description. */
#ifndef GATEWAY_OPENAPI_SCHEMAS_H
#define GATEWAY_OPENAPI_SCHEMAS_H

#include <jansson.h>

typedef struct openapi_schemas openapi_schemas_t;

/* Reads the embedded schema files, their references rewritten to components. */
openapi_schemas_t *openapi_schemas_new(void);
void openapi_schemas_destroy(openapi_schemas_t **self_p);

/* The definition of a message ("registry.pole.get"), or NULL. Borrowed. */
const json_t *openapi_schemas_message(const openapi_schemas_t *self, const char *name);

/* The reference to the schema that answers a message; any object if it says none. The caller owns
 * it. */
json_t *openapi_schemas_answer(const openapi_schemas_t *self, const char *message);

/* What is not a message, under its name, for components/schemas. Borrowed. */
json_t *openapi_schemas_resources(const openapi_schemas_t *self);

#endif
