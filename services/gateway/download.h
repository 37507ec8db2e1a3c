/* download.h - a GET of bytes: the answer of a message whose member `file` (or `attachment`) tells
 * of a file and whose `content` are some of its bytes. What was asked for as a range is 206; a
 * whole file that is larger than one message is a stream, asked for part after part as fast as the
 * client takes it. */
#ifndef GATEWAY_DOWNLOAD_H
#define GATEWAY_DOWNLOAD_H

#include "gateway.h"
#include "http.h"
#include "routes.h"

/* What the first part was asked with; all borrowed for the call. */
typedef struct {
    const route_t *route;
    const json_t *body;   /* of the message */
    const char *key;      /* the API key */
    bool ranged, partial; /* a range was asked for; by the query a part was */
} download_t;

/* Answers with the first part, `answer`, and what follows. Takes the request. */
void download_begin(gateway_t *gateway,
                    http_request_t **request_p,
                    const download_t *download,
                    const json_t *answer);

#endif
