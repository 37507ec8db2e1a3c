/* reply.h - answers in the forms that the API has: JSON with an entity tag, problem+json
 * (RFC 9457), files; all with the headers that keep browsers safe. Each takes the request. */
#ifndef GATEWAY_REPLY_H
#define GATEWAY_REPLY_H

#include <jansson.h>

#include "http.h"
#include "pia/problem.h"

/* Fills `ret_tag` with the entity tag of bytes: W/"…" for what only content names. */
enum { REPLY_TAG_SIZE = 48 };
void reply_tag_of_bytes(char ret_tag[REPLY_TAG_SIZE], const void *bytes, size_t size);
/* "12" for version 12: strong, as If-Match needs it. */
void reply_tag_of_version(char ret_tag[REPLY_TAG_SIZE], int64_t version);

/* Whether an If-None-Match names this tag (weak comparison) or is "*". NULL: false. */
bool reply_tag_matches(const char *if_none_match, const char *tag);

typedef struct {
    int status;
    const char *content_type;
    const char *tag;           /* NULL: none; with it a GET that has it already gets 304 */
    const char *cache_control; /* NULL: no-store */
    const void *body;
    size_t size;
} reply_t;

void reply_send(http_request_t **request_p, const reply_t *reply);

/* A text that is JSON; with a tag of its bytes if the status is 200. */
void reply_text(http_request_t **request_p, int status, const char *text);

/* The headers of every answer, for one that is a stream. */
void reply_add_safe_headers(http_request_t *request);

/* A problem with what is there now (NULL: nothing is said), which a conflict shows. */
void reply_conflict(http_request_t **request_p,
                    int status,
                    const char *detail,
                    const char *pointer,
                    const char *parameter,
                    const json_t *present);

/* A problem; `parameter` (may be NULL) is the query parameter that it is about. `type` about:blank.
 */
void reply_problem(http_request_t **request_p,
                   int status,
                   const char *detail,
                   const char *pointer,
                   const char *parameter);

/* The problem of a service's answer. */
void reply_status(http_request_t **request_p, const pia_problem_t *problem);

#endif
