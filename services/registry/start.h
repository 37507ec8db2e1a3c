/* start.h - what the registry makes at its first start, and completes at each later one. */
#ifndef REGISTRY_START_H
#define REGISTRY_START_H

#include "pia/db.h"

/* Keys of the operator (admin.key) and of the other services (run/keys/NAME.key), then reference
 * data; in the working directory. Killed at any instruction, the next start completes it; two
 * instances that start together on one PostgreSQL take turns. A file that is lost or holds no valid
 * key gets a new key, the old one is revoked. `reference`: see reference_files.h. */
pia_status_t start_complete(pia_db_t *db, const char *reference, pia_problem_t *problem);

#endif
