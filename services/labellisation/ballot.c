/* ballot.c - counting a ballot. */
#include "ballot.h"

bool ballot_adopts(const ballot_t *ballot, bool *ret_casting)
{
    int64_t of = ballot->by_votes ? ballot->in_favour + ballot->against : ballot->entitled;
    bool even = ballot->in_favour == ballot->against && ballot->in_favour > 0;
    *ret_casting = even && ballot->chair != CHAIR_SILENT;
    if (*ret_casting)
        return ballot->chair == CHAIR_FOR;
    return 2 * ballot->in_favour > of;
}
