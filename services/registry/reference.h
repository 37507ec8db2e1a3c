/* reference.h - reference lists, territories and the pôles that public sources name, from files
 * into the database: each file once for each content. */
#ifndef REGISTRY_REFERENCE_H
#define REGISTRY_REFERENCE_H

#include "pia/db.h"

/* Loads what has changed, in the present transaction. `directory`: see reference_files.h. Pôles
 * that are already there are left as they are; new ones are announced. PIA_INVALID names file and
 * line. */
pia_status_t
reference_load(pia_db_t *db, const char *directory, int64_t now_ms, pia_problem_t *problem);

/* The same from bytes, for one file ("poles.json" …). */
pia_status_t reference_load_file(
    pia_db_t *db, const char *name, const char *bytes, size_t size, pia_problem_t *problem);

#endif
