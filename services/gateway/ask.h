/* ask.h - from an HTTP request to the JSON object of a message: path, query, body and headers each
 * give their members, and the message's schema checks the whole. Pure: no I/O. */
#ifndef GATEWAY_ASK_H
#define GATEWAY_ASK_H

#include <jansson.h>
#include <stddef.h>

#include "routes.h"

/* What was sent, borrowed. Headers are NULL if absent. */
typedef struct {
    const route_t *route;
    const target_t *target;
    const char *content_type;
    const char *if_match;
    const char *idempotency_key;
    const char *range; /* of a GET of bytes: one range of a file; others are not heeded */
    const void *body;
    size_t body_size;
} ask_t;

/* Why it was refused: an HTTP status beyond those of pia_status_t, and where. */
typedef struct {
    int status;
    const char *parameter; /* the query parameter, or NULL; borrowed from the target */
    pia_problem_t problem;
} ask_problem_t;

/* Members of `schema` from query parameters, typed by the schema: texts as they are, integers,
 * true or false; for arrays of texts commas and repeated parameters separate items. NULL with
 * `problem` for a parameter that is unknown, repeated or not of its type. `except` (NULL-ended,
 * may be NULL) are members that the query does not set. The caller owns the object. */
json_t *ask_query(const pia_schema_t *schema,
                  const target_t *target,
                  const char *const *except,
                  ask_problem_t *problem);

/* The message's object, checked against its schema with unknown members refused. A mutating
 * message that takes an idempotency key has one. NULL with `problem`. The caller owns it. */
json_t *ask_build(const ask_t *ask, ask_problem_t *problem);

/* Whether a GET of bytes asks for one range ("bytes=0-99", "bytes=100-"), and which: INT64_MAX is
 * to the end. */
bool ask_range(const ask_t *ask, int64_t *ret_first, int64_t *ret_last);

/* Whether the message's schema has this member. */
const pia_field_t *ask_field(const pia_schema_t *schema, const char *name);

/* Turns a pointer into the message into one into what was sent: of a CloudEvents batch it is
 * /3/type, of one CloudEvent /type; a member of the query becomes *ret_parameter (the name,
 * borrowed from the target, else NULL); what the path or a header gave has no pointer. */
void ask_locate(const ask_t *ask, pia_problem_t *problem, const char **ret_parameter);

#endif
