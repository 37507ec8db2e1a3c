/* event.h - an event is a CloudEvents 1.0 record in the journal (proto/event.schema.json). */
#ifndef PIA_EVENT_H
#define PIA_EVENT_H

#include <jansson.h>
#include <stdint.h>

#include "pia/problem.h"

enum { PIA_EVENT_SIZE_MAX = 65536, PIA_CURSOR_SIZE = 48 };

/* An event as it was read back from the journal. Borrowed for the call that gives it. */
typedef struct {
    uint64_t epoch;
    uint64_t sequence;   /* from 1, consecutive */
    int64_t recorded_ms; /* when it was made durable, legal time */
    const char *cursor;  /* resume after this event */
    const char *id, *source, *type;
    const char *subject; /* NULL if absent */
    const json_t *json;  /* the whole CloudEvents object */
    const json_t *data;  /* its data member, or NULL */
} pia_event_t;

/* Starts an event of a service: id (a new UUIDv7), source "/services/NAME", specversion, type,
 * time (legal), subject (NULL: none), datacontenttype, visibility, data (takes).
 * `visibility` is "public", "network" or "restricted"; then `restricted_to` says to whom
 * (principal.h), else NULL. The caller owns it and may add extension attributes (kind, themes,
 * sectors, regions, departements, pole, partitionkey …: comma-separated texts). */
json_t *pia_event_new(const char *service,
                      const char *type,
                      const char *subject,
                      const char *visibility,
                      const char *restricted_to,
                      json_t *data);

/* Checks a CloudEvents object from outside against the format and our limits. Its visibility may be
 * absent: what that means is the journal's to say. */
pia_status_t pia_event_check(const json_t *event, pia_problem_t *problem);

/* The same without its size: for who holds the bytes that it was read from (measuring means writing
 * it out again, 1.6 of the check's 2.4 us). */
pia_status_t pia_event_check_content(const json_t *event, pia_problem_t *problem);

#endif
