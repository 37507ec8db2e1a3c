/* legal_view.h - a computed period as proto's deadline. Any thread. */
#ifndef LEGAL_VIEW_H
#define LEGAL_VIEW_H

#include <jansson.h>

#include "legal_clock.h"

/* The caller owns it. */
json_t *legal_view(const legal_facts_t *facts, const legal_deadline_t *deadline);

/* Adds what proto's deadline_result has. */
void legal_view_result(json_t *json, const legal_deadline_t *deadline);

/* Adds `what_if`: the same facts with the last request's pieces coming on a day. PIA_INVALID at
 * /if_produced. */
pia_status_t
legal_view_what_if(const char *produced, legal_facts_t facts, json_t *json, pia_problem_t *problem);

#endif
