/* tenure.c - how long what was proved by a token holds. */
#include "tenure.h"

#include <string.h>

#include "pia/clock.h"

int64_t tenure_end(const pia_principal_t *principal)
{
    if (!principal->expires_at)
        return INT64_MAX;
    return pia_clock_monotonic() + (principal->expires_at - pia_clock_wall());
}

static bool same_rights(const pia_principal_t *a, const pia_principal_t *b)
{
    return a->roles == b->roles && strcmp(a->subject, b->subject) == 0 &&
           strcmp(a->person, b->person) == 0 && strcmp(a->structure, b->structure) == 0 &&
           strcmp(a->pole, b->pole) == 0;
}

bool tenure_renew(tenure_t *tenure, const pia_principal_t *principal, int64_t *end_ms)
{
    if (tenure->problem.status == PIA_OK && !same_rights(&tenure->principal, principal))
        (void)pia_problem_set(&tenure->problem, PIA_UNAUTHENTICATED, "",
                              "The new token has other rights: begin again with it.");
    if (tenure->problem.status != PIA_OK)
        return false;
    *end_ms = tenure_end(&tenure->principal);
    return true;
}

void tenure_over(pia_problem_t *ret_problem)
{
    *ret_problem = (pia_problem_t){0};
    (void)pia_problem_set(ret_problem, PIA_UNAUTHENTICATED, "", "The token has expired.");
}
