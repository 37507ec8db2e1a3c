/* request.h - one request in flight: it is answered exactly once, and the answer leaves only after
 * the transaction that made it true is durable. */
#ifndef PIA_REQUEST_H
#define PIA_REQUEST_H

#include <jansson.h>

#include "pia/principal.h"
#include "pia/problem.h"
#include "pia/schema.h"

typedef struct pia_request pia_request_t;

const pia_message_t *pia_request_message(const pia_request_t *request);

/* The proved principal; anonymous has no roles. Lives as long as the request. */
const pia_principal_t *pia_request_principal(const pia_request_t *request);

/* The decoded body: the struct of the message's schema (proto/<noun>.h). Borrowed. */
const void *pia_request_fields(const pia_request_t *request);
const json_t *pia_request_body(const pia_request_t *request);

/* Time left on the monotonic clock, ms; <= 0: the caller has stopped waiting. */
int64_t pia_request_time_left(const pia_request_t *request);

/* What a repeat with the same idempotency key is answered with, in place of the answer: the store
 * keeps this alone, so a secret that is shown once is on no disk. Takes `body`; before the answer.
 */
void pia_request_keep(pia_request_t *request, json_t *body);

/* Answers PIA_OK with `body` (takes; an object) and the resource's version (0 if none). Takes the
 * request, as every answer does. */
void pia_request_answer(pia_request_t **request_p, json_t *body, int64_t version);

/* The same with the body as the text of one JSON object, of which `size` bytes count: for answers
 * of a thousand items, where a tree costs ten times as much as the text. Takes the text. */
void pia_request_answer_text(pia_request_t **request_p, char *text, size_t size, int64_t version);

/* Answers with a problem; what the handler wrote to the database is undone. */
void pia_request_fail(pia_request_t **request_p, const pia_problem_t *problem);

/* The same for PIA_CONFLICT with what is there now (takes it; an object), as the problem's member
 * `present`: who comes second sees what the first one made. */
void pia_request_conflict(pia_request_t **request_p, const pia_problem_t *problem, json_t *present);

/* The same from parts. */
void pia_request_refuse(pia_request_t **request_p,
                        pia_status_t status,
                        const char *pointer,
                        const char *detail);

#endif
