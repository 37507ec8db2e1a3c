/* library.h - the definitions that the store holds, by name and version. A stored version never
 * changes; one that another instance has added is read when it is first needed. Store thread. */
#ifndef LIBRARY_H
#define LIBRARY_H

#include <jansson.h>

#include "definition.h"
#include "pia/db.h"

typedef struct library library_t;

library_t *library_new(void);
void library_destroy(library_t **library_p);

/* Stores a definition unless its name and version are there already, with the same bytes.
 * PIA_CONFLICT: with other bytes. PIA_INVALID: not a definition; the problem says where. */
pia_status_t library_add(
    library_t *library, pia_db_t *db, const char *bytes, size_t size, pia_problem_t *problem);

/* The definition of this name and version (0: the latest). It lives as long as the library.
 * PIA_NOT_FOUND. */
pia_status_t library_find(library_t *library,
                          pia_db_t *db,
                          const char *name,
                          int64_t version,
                          const definition_t **ret_definition,
                          pia_problem_t *problem);

/* What is told of a stored version, without its content (proto's process); the caller owns it.
 * PIA_NOT_FOUND. */
pia_status_t library_card(pia_db_t *db, const char *name, int64_t version, json_t **ret_card);

/* The cards after this name and version, in order, at most `limit`; the caller owns the array. */
pia_status_t
library_cards(pia_db_t *db, const char *name, int64_t version, int64_t limit, json_t **ret_cards);

#endif
