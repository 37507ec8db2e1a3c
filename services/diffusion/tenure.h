/* tenure.h - how long what was proved by a token holds: a stream and a membership end with their
 * token, unless they show another one of the same rights in time. Pure. */
#ifndef DIFFUSION_TENURE_H
#define DIFFUSION_TENURE_H

#include "pia/principal.h"
#include "pia/problem.h"

/* When the token that proved the principal ends, ms on the monotonic clock; INT64_MAX: never, it is
 * anonymous. */
int64_t tenure_end(const pia_principal_t *principal);

/* What a token shows that is to renew another. */
typedef struct {
    pia_principal_t principal; /* PIA_OK: whom it proves */
    pia_problem_t problem;     /* else what is wrong with it */
} tenure_t;

/* Whether it goes on for `principal`: then *end_ms is the end of it. Otherwise, where it is not
 * good or has other rights, its problem says so. */
bool tenure_renew(tenure_t *tenure, const pia_principal_t *principal, int64_t *end_ms);

/* What those are told whose token has ended. */
void tenure_over(pia_problem_t *ret_problem);

#endif
