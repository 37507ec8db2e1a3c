/* ask_body.h - the body of an HTTP request as a message's object. */
#ifndef GATEWAY_ASK_BODY_H
#define GATEWAY_ASK_BODY_H

#include "ask.h"

typedef enum { ASK_BODY_OTHER, ASK_BODY_JSON, ASK_BODY_EVENT, ASK_BODY_BATCH } ask_body_kind_t;

/* By media type; parameters other than charset=utf-8 make it another one. NULL: OTHER. */
ask_body_kind_t ask_body_kind(const char *content_type);

/* The body as the member `content` in base64. NULL with `problem`: 415 unless it is
 * application/octet-stream, 413 if the message takes fewer bytes. The caller owns the text. */
json_t *ask_bytes(const ask_t *ask, ask_problem_t *problem);

/* The object; an absent body is an empty object, a CloudEvent or a batch the member `events`.
 * NULL with `problem` (415 for another media type). The caller owns it. */
json_t *ask_body(const ask_t *ask, ask_problem_t *problem);

#endif
