/* report.h - the reports on a dossier: who reads which of them, what their grids say, whether they
 * diverge, and what the candidate answers. Store thread. */
#ifndef REPORT_H
#define REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "matter.h"
#include "pia/principal.h"
#include "pia/problem.h"

/* The specification (proto's) that a dossier, or its review, is pinned to; the caller owns it.
 * PIA_CONFLICT: to none. */
pia_status_t report_specification(pia_db_t *db,
                                  const matter_t *matter,
                                  json_t **ret_json,
                                  pia_problem_t *problem);

/* Whether reports of the dossier's open reviews diverge: opinions that the definition opposes, or
 * totals further apart than the specification (else the definition) lets them. */
pia_status_t report_diverges(pia_db_t *db, const matter_t *dossier, bool *ret_diverges);

/* Proto's dossier_review_list of what this principal, with these roles on the dossier, may read of
 * it; the caller owns it. PIA_FORBIDDEN: nothing. */
pia_status_t report_list(pia_db_t *db,
                         const matter_t *dossier,
                         const pia_principal_t *principal,
                         uint32_t roles,
                         json_t **ret_list,
                         pia_problem_t *problem);

/* Stores the candidate's answer, a text that the history names. */
pia_status_t
report_answer(pia_db_t *db, const char *dossier, const char *text_hash, int64_t answered_ms);

#endif
