/* damage.h - what is known to be damaged in the journal: found by whoever reads it, kept until an
 * operator has decided, so that a restart does not forget it. While it is known the journal is
 * read, and nothing is appended. Any thread.
 *
 * It is kept in a file beside an embedded database, which is not written any more. Where several
 * instances share the store it is noted in the journal's head row (journal_head.h), which each of
 * them locks when it begins a batch: so all stop at the same place. */
#ifndef DIFFUSION_DAMAGE_H
#define DIFFUSION_DAMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "pia/db.h"
#include "pia/problem.h"

enum { DAMAGE_DETAIL_SIZE = 128 };

typedef struct damage damage_t;

/* As the head row has it. */
typedef struct {
    bool known;
    uint64_t good; /* the last event before it */
    char detail[DAMAGE_DETAIL_SIZE];
} damage_note_t;

/* What is known is in the file `path` (copied), if there is one. `shared`: the file is only for a
 * database that is malformed itself. */
damage_t *damage_new(const char *path, bool shared);
void damage_destroy(damage_t **self_p);

/* Whether anything is known. `problem` (may be NULL) says what, as why nothing can be stored now.
 */
bool damage_is_known(damage_t *self, pia_problem_t *problem);
/* Whether it is the database itself that is malformed, which must then not be written at all. */
bool damage_is_of_database(damage_t *self);
/* The last event before all that is known to be damaged; UINT64_MAX: nothing is. */
uint64_t damage_good(damage_t *self);

/* What follows event `good` is damaged. Kept if nothing before it is known already. */
void damage_found(damage_t *self, uint64_t good, const char *detail);
/* What is known, for the head row; not known: nothing, or it must not be written at all. */
void damage_note(damage_t *self, damage_note_t *ret_note);
/* The database engine says that its file is. */
void damage_found_in_database(damage_t *self, const char *detail);
/* Event `sequence` could not be read (PIA_INTERNAL): finds out what is left before it. The
 * connection's thread. */
void damage_look(damage_t *self, pia_db_t *db, uint64_t sequence);

/* An operator has decided: forgotten; the file is renamed, not removed. */
void damage_resolve(damage_t *self);

#endif
