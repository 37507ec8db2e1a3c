/* gate_refusal.h - the answer to a request that never reached the HTTP server. */
#ifndef GATEWAY_GATE_REFUSAL_H
#define GATEWAY_GATE_REFUSAL_H

#include <stdbool.h>

/* The reason phrase of an HTTP status that the gateway uses; "Error" for others. */
const char *gate_phrase(int status);

/* Writes a problem+json answer with `Connection: close` to the socket, as far as it takes it, and
 * ends the sending side. Nothing else may be waiting to be written. */
void gate_refusal_send(int descriptor, int status, const char *reason, bool head);

#endif
