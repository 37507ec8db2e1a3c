/* ballot.h - whether a proposition is adopted (CRPA R133-11). Pure, any thread. */
#ifndef BALLOT_H
#define BALLOT_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { CHAIR_SILENT, CHAIR_FOR, CHAIR_AGAINST } chair_vote_t;

typedef struct {
    int64_t entitled; /* votes of members present or represented */
    int64_t in_favour, against;
    chair_vote_t chair; /* CHAIR_SILENT: has no vote, abstains, or the ballot is secret */
    bool by_votes;      /* the majority is of the votes for and against, not of all entitled */
} ballot_t;

/* More than half in favour. As many for as against (and some): the chair's vote settles it, if the
 * chair has given one; *ret_casting says that it did. Otherwise it is not adopted. */
bool ballot_adopts(const ballot_t *ballot, bool *ret_casting);

#endif
