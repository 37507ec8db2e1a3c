/* counters.h - the gateway's own numbers, for service.stats and /metrics. */
#ifndef GATEWAY_COUNTERS_H
#define GATEWAY_COUNTERS_H

#include <jansson.h>

#include "gateway.h"

/* Numbers by name; a name may carry one label: "http_responses_total{code=200}". Names that end
 * with _total only grow. The caller owns it. */
json_t *counters_of(const gateway_t *gateway);

#endif
