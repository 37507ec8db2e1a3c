/* openapi.h - the API's description (OpenAPI 3.1), made from the table of routes and the schemas of
 * proto/, so that it says what is served. */
#ifndef GATEWAY_OPENAPI_H
#define GATEWAY_OPENAPI_H

/* JSON text; the caller owns it. Asserts that every route's message has a schema. */
char *openapi_build(void);

#endif
