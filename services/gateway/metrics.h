/* metrics.h - /metrics: the counters of all instances that the broker knows, and of the gateway. */
#ifndef GATEWAY_METRICS_H
#define GATEWAY_METRICS_H

#include "gateway.h"
#include "http.h"

/* Asks the broker who is there and each instance for its counters, then answers. An instance that
 * does not answer within a second is shown as down. Takes the request. */
void metrics_begin(gateway_t *gateway, http_request_t **request_p);

#endif
