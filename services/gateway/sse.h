/* sse.h - texts of an event stream (HTML, server-sent events). The caller owns what is returned. */
#ifndef GATEWAY_SSE_H
#define GATEWAY_SSE_H

#include <stdbool.h>

#include "pia/event.h"
#include "pia/problem.h"

/* What an answer begins with: how soon to connect again, and from which cursor (NULL: as before).
 */
char *sse_start(const char *cursor);

/* id: cursor, event: type, data: the CloudEvents object in one line. */
char *sse_event(const pia_event_t *event);

/* A comment; with a cursor (may be NULL) also an id, which dispatches nothing. */
char *sse_heartbeat(const char *cursor);

/* event: live or waiting - whether the journal is there. */
char *sse_state(bool live);

/* event: gap - what lies in (from, cursor] cannot be given. */
char *sse_gap(const char *from, const char *cursor, const char *reason);

/* event: epoch - the id was of another history; the stream goes on from `cursor`. */
char *sse_epoch(const char *cursor);

/* event: problem - the stream ends; data is problem+json. */
char *sse_problem(const pia_problem_t *problem);

#endif
