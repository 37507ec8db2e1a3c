/* serve.h - what each request is: a page, a probe, a stream, or a row of the API's table. */
#ifndef GATEWAY_SERVE_H
#define GATEWAY_SERVE_H

#include "http.h"

/* http_options_t's handler; `arg` is the gateway_t. */
void serve(void *arg, http_request_t *request);

#endif
