/* authority.h - who may sign in which capacity, by which act, from when until when: matters of the
 * kind authority. Their card holds `capacity`, `title` (the holder's function) and `act`, their
 * facts `from` and `until` (the last day). Store thread. */
#ifndef AUTHORITY_H
#define AUTHORITY_H

#include "rule.h"
#include "view.h"

/* What is asked: whether this person may sign on this day. */
typedef struct {
    const char *capacity; /* NULL: in any */
    const char *datum;    /* that names the capacity; NULL: none */
    const char *person;
    int64_t day;
} authority_asked_t;

/* Writes the id of the authority that covers the day; "" if none was ever recorded for the
 * capacity, so that roles suffice. PIA_FORBIDDEN: the person has none, or none that covers the day;
 * the problem says which there is. */
pia_status_t authority_find(pia_db_t *db,
                            const authority_asked_t *asked,
                            char ret_id[PIA_UUID_TEXT_SIZE],
                            pia_problem_t *problem);

/* Whether a transition of the procedure asks for an authority in this capacity; PIA_INVALID. */
pia_status_t authority_check_capacity(const matter_t *authority, pia_problem_t *problem);

/* A guard: the asker has an authority that covers today, in the capacity that the datum names. */
guard_fn authority_held;

view_fn view_authority;

#endif
