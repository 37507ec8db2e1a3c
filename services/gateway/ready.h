/* ready.h - /readyz: whether the gateway can serve, and what instances say is wrong with them. */
#ifndef GATEWAY_READY_H
#define GATEWAY_READY_H

#include "gateway.h"
#include "http.h"

/* Answers {"status":"ready"}, or "degraded" with `problems` ([{service, instance, detail}]), both
 * 200: what can be read is still served. 503: it drains, or the broker is not there. Takes the
 * request. */
void ready_begin(gateway_t *gateway, http_request_t **request_p);

#endif
