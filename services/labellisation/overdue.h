/* overdue.h - timers that are due: each is applied, and one that cannot be holds up no other. It is
 * tried again ever more seldom, up to once an hour, and an operator sees that it is held. Store
 * thread, in the present transaction. */
#ifndef OVERDUE_H
#define OVERDUE_H

#include "labellisation.h"
#include "pia/problem.h"
#include "store_matter.h"

/* Applies what is due, within a bound of matters and of time: the rest waits for the next call. */
pia_status_t overdue_run(labellisation_t *self, int64_t now_ms);

/* A matter whose due timers could not be applied. */
typedef struct {
    const matter_key_t *key;
    int64_t version;  /* that was tried; 0: it could not even be read */
    const char *what; /* the first transition that was due; NULL: not known */
    pia_status_t status;
    const char *why;
} overdue_failure_t;

/* Lets it wait. Where another instance has moved the matter meanwhile nothing is held, and the
 * first conflict alone delays nothing: what it met may be what another has just done. */
pia_status_t overdue_hold(pia_db_t *db, const overdue_failure_t *failure, int64_t now_ms);

/* How many matters are held. */
pia_status_t overdue_count(pia_db_t *db, int64_t *ret_count);

#endif
