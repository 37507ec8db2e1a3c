/* json.h - JSON as our modules read it: bytes from outside, and the members of an object. A member
 * that is asked for may be absent, or `object` NULL or no object: there is then no such member. Any
 * thread. */
#ifndef PIA_JSON_H
#define PIA_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "pia/problem.h"

/* Parses bytes from outside: one object, no duplicate keys, no NUL, depth <= 16, valid UTF-8.
 * On success the caller owns *ret_json. */
pia_status_t
pia_json_parse(const void *bytes, size_t size, json_t **ret_json, pia_problem_t *problem);

/* A member's text, borrowed from `object`; without it (or where it is no text): NULL, or what
 * `otherwise` says. */
const char *pia_json_text(const json_t *object, const char *name);
const char *pia_json_text_or(const json_t *object, const char *name, const char *otherwise);

/* A member's integer; 0 without it, or where it is none. */
int64_t pia_json_integer(const json_t *object, const char *name);

#endif
