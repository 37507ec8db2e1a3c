/* target.h - a request target taken apart: path segments and query parameters, percent-decoded.
 * Decoded texts are UTF-8 without control characters. */
#ifndef GATEWAY_TARGET_H
#define GATEWAY_TARGET_H

#include <stdbool.h>
#include <stddef.h>

enum { TARGET_SEGMENTS_MAX = 8, TARGET_PARAMETERS_MAX = 32 };

typedef struct {
    const char *name, *value; /* value "" if there is no "=" */
} target_parameter_t;

typedef struct {
    size_t segments; /* of "/v1/poles": 2; of "/": 0 */
    const char *segment[TARGET_SEGMENTS_MAX];
    size_t parameters;
    target_parameter_t parameter[TARGET_PARAMETERS_MAX];
    char *text; /* owned: all of the above point into it */
} target_t;

/* Reads "/a/b?c=d&e". False, with a reason (static) and nothing to free: too many parts, an empty
 * path segment, or a part that is not such text once decoded. */
bool target_parse(const char *raw, target_t *ret_target, const char **ret_reason);
void target_clear(target_t *target);

/* The value of a parameter, or NULL. */
const char *target_parameter(const target_t *target, const char *name);

#endif
