/* view.h - dossiers and labels as proto/ shows them, to those who may see them. Store thread. */
#ifndef VIEW_H
#define VIEW_H

#include <jansson.h>

#include "matter.h"
#include "pia/principal.h"

/* A dossier, for someone with these roles of matter_roles; the caller owns it. */
pia_status_t view_dossier(pia_db_t *db,
                          const matter_t *dossier,
                          const pia_principal_t *principal,
                          uint32_t roles,
                          json_t **ret_json);

/* A label; the same for everyone. */
json_t *view_label(const matter_t *label);

/* What someone with these roles may do with it now: proto's transition_list. */
pia_status_t view_transitions(pia_db_t *db,
                              matter_t *matter,
                              const pia_principal_t *principal,
                              uint32_t roles,
                              json_t **ret_json);

/* Whether these roles make a reader (who sees reviews and signatures too). */
bool view_is_reader(const matter_t *matter, uint32_t roles);

#endif
