/* rights.h - who may append which event, and to whom an event may be restricted. */
#ifndef DIFFUSION_RIGHTS_H
#define DIFFUSION_RIGHTS_H

#include <stdbool.h>

#include "pia/principal.h"
#include "pia/problem.h"

#include "attributes.h"

/* Whether the principal may append an event with these attributes, as far as its token and the
 * event's source and type say; whether the pôle is active is asked of publishers.h. */
pia_status_t rights_check_append(const pia_principal_t *principal,
                                 const attributes_t *attributes,
                                 pia_problem_t *problem);

/* Whether a restrictedto list is well formed and names only roles that exist. */
bool rights_list_valid(const char *list);

#endif
