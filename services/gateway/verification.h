/* verification.h - the public page that certificates lead to: /verification/NUMBER says in French,
 * without a script, whether the label of a number is valid, suspended or ended. Loop's thread. */
#ifndef GATEWAY_VERIFICATION_H
#define GATEWAY_VERIFICATION_H

#include "gateway.h"
#include "http.h"
#include "target.h"

/* Answers the request (takes it), now or later, if its target is of this page; false: it is not. */
bool verification_serve(gateway_t *gateway, const target_t *target, http_request_t **request_p);

#endif
