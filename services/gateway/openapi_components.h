/* openapi_components.h - the parts of the API's description that no single route gives. */
#ifndef GATEWAY_OPENAPI_COMPONENTS_H
#define GATEWAY_OPENAPI_COMPONENTS_H

#include "openapi_schemas.h"

/* The caller owns what they return. */
json_t *openapi_info(void);
json_t *openapi_components(const openapi_schemas_t *schemas);

#endif
