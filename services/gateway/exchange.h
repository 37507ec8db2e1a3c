/* exchange.h - one request of the API, from its route to its answer: who asks, what is asked, the
 * cache or the service, and back into HTTP. */
#ifndef GATEWAY_EXCHANGE_H
#define GATEWAY_EXCHANGE_H

#include "gateway.h"
#include "http.h"
#include "routes.h"

/* Answers `request` (takes it), now or later. Takes the target. */
void exchange_begin(gateway_t *gateway,
                    const route_t *route,
                    target_t *target,
                    http_request_t **request_p);

#endif
