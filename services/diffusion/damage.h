/* damage.h - what is known to be damaged in the journal: found by whoever reads it, kept in a file
 * until an operator has decided, so that a restart does not forget it. While it is known the
 * journal is read, and nothing is appended. Any thread. */
#ifndef DIFFUSION_DAMAGE_H
#define DIFFUSION_DAMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "pia/db.h"
#include "pia/problem.h"

typedef struct damage damage_t;

/* What is known is in the file `path` (copied), if there is one. */
damage_t *damage_new(const char *path);
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
/* The database engine says that its file is. */
void damage_found_in_database(damage_t *self, const char *detail);
/* Event `sequence` could not be read (PIA_INTERNAL): finds out what is left before it. The
 * connection's thread. */
void damage_look(damage_t *self, pia_db_t *db, uint64_t sequence);

/* An operator has decided: forgotten; the file is renamed, not removed. */
void damage_resolve(damage_t *self);

#endif
