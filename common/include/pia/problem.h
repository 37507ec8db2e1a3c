/* problem.h - why something was refused, in words and with a JSON pointer (RFC 9457, RFC 6901). */
#ifndef PIA_PROBLEM_H
#define PIA_PROBLEM_H

#include <jansson.h>

#include "pia/status.h"

enum { PIA_DETAIL_MAX = 256, PIA_POINTER_MAX = 128 };

typedef struct {
    pia_status_t status;
    char detail[PIA_DETAIL_MAX];   /* an English sentence, safe to show to the caller */
    char pointer[PIA_POINTER_MAX]; /* where in the body, "" if nowhere in particular */
} pia_problem_t;

/* Fills `problem` (may be NULL) and returns `status`, so that `return pia_problem_set(...)` reads
 * well. `pointer` may be NULL. Longer texts are cut at a UTF-8 boundary. */
pia_status_t pia_problem_set(pia_problem_t *problem,
                             pia_status_t status,
                             const char *pointer,
                             const char *format,
                             ...) __attribute__((format(printf, 4, 5)));

/* {"status": "invalid", "detail": …, "pointer": …}; the caller owns it. */
json_t *pia_problem_json(const pia_problem_t *problem);

/* Reads what pia_problem_json wrote, leniently: a missing part becomes "". */
void pia_problem_parse(pia_status_t status, const json_t *json, pia_problem_t *ret_problem);

#endif
