/* appel.h - calls (appels à candidatures): whether dossiers may be filed under one. Store thread.
 */
#ifndef APPEL_H
#define APPEL_H

#include "act.h"
#include "matter.h"
#include "pia/problem.h"
#include "view.h"

/* Whether its state takes dossiers (the definition's standing "open"). */
bool appel_is_open(const matter_t *appel);

/* The guard filing_open: the dossier's call takes dossiers at this moment; without a call, the
 * procedure's intake is permanent (`intake`). */
pia_status_t appel_filing_open(const act_t *act, const json_t *parameters, pia_problem_t *problem);

view_fn view_appel;

#endif
