/* specification.h - specifications (cahiers des charges): criteria with weights, scales and
 * thresholds, versioned; what is stored never changes. Store thread. */
#ifndef SPECIFICATION_H
#define SPECIFICATION_H

#include <jansson.h>
#include <stdint.h>

#include "pia/db.h"
#include "pia/problem.h"

/* Whether codes, scales and thresholds of proto's specification fit: PIA_INVALID with a pointer. */
pia_status_t specification_check(const json_t *specification, pia_problem_t *problem);

/* Stores the next version of the name, which `specification` (proto's, without created_at) may say
 * itself: PIA_CONFLICT if it is another one. Completes it with version and created_at. */
pia_status_t
specification_add(pia_db_t *db, json_t *specification, int64_t now_ms, pia_problem_t *problem);

/* Proto's specification of this name and version (0: the latest); the caller owns it.
 * PIA_NOT_FOUND. */
pia_status_t
specification_find(pia_db_t *db, const char *name, int64_t version, json_t **ret_specification);

/* {"name", "version"} of what a choice (proto's specification_choice) names; the caller owns it.
 * PIA_INVALID at `pointer` if there is none. */
pia_status_t specification_choose(pia_db_t *db,
                                  const json_t *choice,
                                  const char *pointer,
                                  json_t **ret_ref,
                                  pia_problem_t *problem);

/* Cards after this name and version, in order, at most `limit`; the caller owns the array. */
pia_status_t specification_cards(
    pia_db_t *db, const char *name, int64_t version, int64_t limit, json_t **ret_cards);

/* Stores the specification that comes with the program, if it is new. */
pia_status_t specification_ship(pia_db_t *db, const char *text, int64_t now_ms);

#endif
