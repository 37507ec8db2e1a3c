/* reference_poles.h - poles.json: the network's lists and the pôles that public sources name. */
#ifndef REGISTRY_REFERENCE_POLES_H
#define REGISTRY_REFERENCE_POLES_H

#include <jansson.h>

#include "pia/db.h"
#include "pole.h"

/* Loads the lists anew and the pôles that are missing, which are announced. */
pia_status_t
reference_load_poles(pia_db_t *db, const char *bytes, size_t size, pia_problem_t *problem);

/* Reads one of its pôles: what is absent stays absent, also the state. PIA_INVALID: a member is
 * missing, too long or of the wrong kind. */
pia_status_t reference_read_pole(const json_t *json, pole_t *ret_pole, pia_problem_t *problem);

#endif
