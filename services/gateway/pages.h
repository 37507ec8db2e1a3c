/* pages.h - the files of the web page, embedded at build. */
#ifndef GATEWAY_PAGES_H
#define GATEWAY_PAGES_H

#include <stdbool.h>

#include "http.h"

/* Answers if the path names a file (takes the request then); false if not. GET and HEAD only. */
bool pages_serve(const char *path, http_request_t **request_p);

#endif
